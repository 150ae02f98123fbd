//! Requests signed by members and users (governance-api.md 2 and 12.1): decoding with exactly the leniencies and texts
//! of CCF, and writing as `ccf_cose_sign1` does. Who may sign what is not known here.

use super::CoseError;
use super::cbor::{CborError, Head, Reader, Remaining, Writer, inside};
use super::sign1::{CoseAlg, TAG, encode_sign1, sig_digest, sign_parts, verify_parts};
use crate::cert::Certificate;
use crate::limits::{COSE_TAGS, COSE_UNKNOWN_PARAMETERS};
use crate::{CryptoError, EcKeyPair, EcPublicKey};

/// The text labels of the header parameters that a policy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelSet {
    /// The label of the message type.
    pub msg_type: &'static str,
    /// The label of the time.
    pub created_at: &'static str,
    /// The label of the proposal id, if the policy has one.
    pub proposal_id: Option<&'static str>,
    /// Whether the time must be present.
    pub created_at_required: bool,
}

impl LabelSet {
    /// The labels of governance requests.
    pub const GOVERNANCE: Self = Self {
        msg_type: "ccf.gov.msg.type",
        created_at: "ccf.gov.msg.created_at",
        proposal_id: Some("ccf.gov.msg.proposal_id"),
        created_at_required: true,
    };
}

/// A request whose header was decoded. Its signature is not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Header parameter 1, any number.
    pub alg: i64,
    /// Header parameter 4: the ASCII bytes of the signer's id.
    pub kid: Vec<u8>,
    /// The message type.
    pub msg_type: Option<String>,
    /// The time, unix seconds; never negative.
    pub created_at: Option<i64>,
    /// The proposal id.
    pub proposal_id: Option<String>,
    /// The payload; empty if the message has none (it does not verify then).
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The bytes of the protected header.
    pub protected: Vec<u8>,
    /// Whether all that a verifier asks of structure and parameters holds; if not, no signature verifies.
    acceptable: bool,
}

impl SignedRequest {
    /// Whether `alg` is one of the three accepted (governance-api.md 2.2, step 3).
    pub fn is_ecdsa(&self) -> bool {
        CoseAlg::from_id(self.alg).is_some()
    }

    /// The signer's id as text, `None` when it is no UTF-8 (and thus nobody's).
    pub fn kid_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.kid).ok()
    }

    /// Whether the message is well formed and signed by `key` (governance-api.md 2.2, step 5). The curve of the key
    /// need not be that of `alg`.
    pub fn verify(&self, key: &EcPublicKey) -> bool {
        match CoseAlg::from_id(self.alg) {
            Some(alg) if self.acceptable => {
                verify_parts(alg, key, &self.protected, &self.payload, &self.signature)
            }
            _ => false,
        }
    }
}

/// Decodes a governance request. Errors have the texts of governance-api.md 2.2, step 2, and are status 500.
pub fn decode_request(bytes: &[u8]) -> Result<SignedRequest, CoseError> {
    decode_request_with(bytes, &LabelSet::GOVERNANCE)
}

/// Decodes a request with labels of one's own.
pub fn decode_request_with(bytes: &[u8], labels: &LabelSet) -> Result<SignedRequest, CoseError> {
    let mut reader = Reader::new(bytes);
    let mut elements = outer_array(&mut reader)?;
    let header_error = |error: CborError| CoseError::ProtectedHeader(error.number());
    let protected = first_element(&mut reader, &mut elements).map_err(header_error)?;
    let header = Header::read(protected, labels).map_err(header_error)?;
    let alg = header.alg.ok_or(CoseError::Missing("algorithm"))?;
    let kid = header.kid.ok_or(CoseError::Missing("kid"))?;
    if labels.created_at_required && header.created_at.is_none() {
        return Err(CoseError::Missing("created_at"));
    }
    if header.created_at.is_some_and(|time| time < 0) {
        return Err(CoseError::Negative("created_at"));
    }
    let rest = Rest::read(&mut reader, &mut elements).map_err(|_| CoseError::Sign1)?;
    reader.finish().map_err(|_| CoseError::Sign1)?;
    let acceptable = rest.well_formed && parameters_are_acceptable(protected, rest.unprotected);
    Ok(SignedRequest {
        alg,
        kid,
        msg_type: header.msg_type,
        created_at: header.created_at,
        proposal_id: header.proposal_id,
        payload: rest.payload.to_vec(),
        signature: rest.signature.to_vec(),
        protected: protected.to_vec(),
        acceptable,
    })
}

/// The tags and the head of the outer array. The innermost tag must be that of COSE_Sign1, others may stand around it.
fn outer_array(reader: &mut Reader<'_>) -> Result<Remaining, CoseError> {
    let mut innermost = None;
    for _ in 0..=COSE_TAGS {
        match reader.head().map_err(|_| CoseError::OuterArray)? {
            Head::Tag(tag) => innermost = Some(tag),
            head @ Head::Array(_) => {
                let remaining = Remaining::of(head).ok_or(CoseError::OuterArray)?;
                return if innermost == Some(TAG) {
                    Ok(remaining)
                } else {
                    Err(CoseError::NotTagged)
                };
            }
            _ => return Err(CoseError::OuterArray),
        }
    }
    Err(CoseError::OuterArray)
}

/// The byte string of the protected header.
fn first_element<'a>(
    reader: &mut Reader<'a>,
    elements: &mut Remaining,
) -> Result<&'a [u8], CborError> {
    if !reader.more(elements)? {
        return Err(CborError::NoMoreItems);
    }
    reader.bytes().map_err(inside)
}

/// The parameters of the protected header that the policy reads.
#[derive(Default)]
struct Header {
    alg: Option<i64>,
    kid: Option<Vec<u8>>,
    msg_type: Option<String>,
    created_at: Option<i64>,
    proposal_id: Option<String>,
}

impl Header {
    /// Reads the map; what follows it is not examined. Of the listed labels each must come once and have its type;
    /// any others are passed over.
    fn read(protected: &[u8], labels: &LabelSet) -> Result<Self, CborError> {
        let mut reader = Reader::new(protected);
        let mut remaining = reader.map()?;
        let mut header = Self::default();
        while reader.more(&mut remaining)? {
            match reader.head().map_err(inside)? {
                Head::Unsigned(1) => set(&mut header.alg, int(&mut reader)?)?,
                Head::Unsigned(4) => {
                    set(&mut header.kid, reader.bytes().map_err(inside)?.to_vec())?
                }
                Head::Text(label) if label == labels.msg_type.as_bytes() => {
                    set(&mut header.msg_type, text(&mut reader)?)?;
                }
                Head::Text(label) if label == labels.created_at.as_bytes() => {
                    set(&mut header.created_at, int(&mut reader)?)?;
                }
                Head::Text(label)
                    if labels
                        .proposal_id
                        .is_some_and(|own| own.as_bytes() == label) =>
                {
                    set(&mut header.proposal_id, text(&mut reader)?)?;
                }
                Head::Unsigned(_) | Head::Negative(_) | Head::Text(_) | Head::Bytes(_) => {
                    // Around the value are the array, the byte string and the map.
                    reader.skip(3).map_err(inside)?;
                }
                Head::Break => return Err(CborError::BadBreak),
                _ => return Err(CborError::LabelType),
            }
        }
        Ok(header)
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), CborError> {
    if slot.replace(value).is_some() {
        Err(CborError::DuplicateLabel)
    } else {
        Ok(())
    }
}

/// A signed 64-bit integer. One above is another type for CCF's library, one below is a range error.
fn int(reader: &mut Reader<'_>) -> Result<i64, CborError> {
    match reader.head().map_err(inside)? {
        Head::Unsigned(value) => i64::try_from(value).map_err(|_| CborError::UnexpectedType),
        head => head.as_int(),
    }
}

/// A text. CCF's library does not check that it is UTF-8; what is not can equal no expected text.
fn text(reader: &mut Reader<'_>) -> Result<String, CborError> {
    match reader.head().map_err(inside)? {
        Head::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => Err(CborError::UnexpectedType),
    }
}

/// What follows the protected header.
struct Rest<'a> {
    unprotected: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    /// Whether there are three parts of the right types. More elements are passed over.
    well_formed: bool,
}

impl<'a> Rest<'a> {
    fn read(reader: &mut Reader<'a>, elements: &mut Remaining) -> Result<Self, CborError> {
        let mut rest = Self {
            unprotected: &[],
            payload: &[],
            signature: &[],
            well_formed: true,
        };
        let mut count = 0;
        while reader.more(elements)? {
            let start = reader.position();
            let head = reader.head().map_err(inside)?;
            reader.skip_rest(head, 1)?;
            match (count, head) {
                (0, Head::Map(_)) => rest.unprotected = reader.since(start),
                (1, Head::Bytes(payload)) => rest.payload = payload,
                (2, Head::Bytes(signature)) => rest.signature = signature,
                (3.., _) => {}
                _ => rest.well_formed = false,
            }
            count += 1;
        }
        rest.well_formed &= count >= 3;
        Ok(rest)
    }
}

/// The rules on header parameters that count as part of the signature check (governance-api.md 2.1): no parameter in
/// both maps, `alg` and `crit` only protected, nothing critical that is unknown, not too many unknown ones, the
/// registered ones of their type. Unknown labels may come twice.
fn parameters_are_acceptable(protected: &[u8], unprotected: &[u8]) -> bool {
    let mut seen = Parameters::default();
    seen.read(protected, true).is_ok()
        && seen.read(unprotected, false).is_ok()
        && seen.unknown_ints.len() <= COSE_UNKNOWN_PARAMETERS
        && seen.unknown_texts.len() <= COSE_UNKNOWN_PARAMETERS
        && seen.critical_are_known()
}

#[derive(Default)]
struct Parameters<'a> {
    known: Vec<u64>,
    unknown_ints: Vec<i64>,
    unknown_texts: Vec<&'a [u8]>,
    critical: Vec<Head<'a>>,
}

impl<'a> Parameters<'a> {
    fn read(&mut self, map: &'a [u8], protected: bool) -> Result<(), CborError> {
        let mut reader = Reader::new(map);
        let mut remaining = reader.map()?;
        let earlier_ints = self.unknown_ints.len();
        let earlier_texts = self.unknown_texts.len();
        while reader.more(&mut remaining)? {
            match reader.head()? {
                Head::Unsigned(label @ 1..=6) => {
                    if self.known.contains(&label) {
                        return Err(CborError::DuplicateLabel);
                    }
                    self.known.push(label);
                    self.read_known(&mut reader, label, protected)?;
                }
                Head::Text(label) => {
                    if !protected && self.unknown_texts[..earlier_texts].contains(&label) {
                        return Err(CborError::DuplicateLabel);
                    }
                    reader.skip(3)?;
                    bounded_push(&mut self.unknown_texts, label)?;
                }
                head => {
                    let label = head.as_int()?;
                    if !protected && self.unknown_ints[..earlier_ints].contains(&label) {
                        return Err(CborError::DuplicateLabel);
                    }
                    reader.skip(3)?;
                    bounded_push(&mut self.unknown_ints, label)?;
                }
            }
        }
        Ok(())
    }

    /// A registered parameter: alg, crit, content type, kid, IV, partial IV.
    fn read_known(
        &mut self,
        reader: &mut Reader<'a>,
        label: u64,
        protected: bool,
    ) -> Result<(), CborError> {
        match label {
            1 if protected => reader.int().map(drop),
            2 if protected => {
                let mut remaining = reader.array()?;
                while reader.more(&mut remaining)? {
                    match reader.head()? {
                        head @ (Head::Unsigned(_) | Head::Negative(_) | Head::Text(_)) => {
                            bounded_push(&mut self.critical, head)?;
                        }
                        _ => return Err(CborError::UnexpectedType),
                    }
                }
                if self.critical.is_empty() {
                    Err(CborError::NoMoreItems)
                } else {
                    Ok(())
                }
            }
            3 => match reader.head()? {
                Head::Unsigned(0..=0xffff) | Head::Text(_) => Ok(()),
                _ => Err(CborError::UnexpectedType),
            },
            4..=6 => reader.bytes().map(drop),
            _ => Err(CborError::UnexpectedType),
        }
    }

    /// Only the registered parameters are processed; one that is critical and not among them is unknown, whether or
    /// not it is present (RFC 9052, 3.1).
    fn critical_are_known(&self) -> bool {
        self.critical
            .iter()
            .all(|label| matches!(label, Head::Unsigned(1..=6)))
    }
}

fn bounded_push<T>(list: &mut Vec<T>, item: T) -> Result<(), CborError> {
    if list.len() == COSE_UNKNOWN_PARAMETERS {
        return Err(CborError::TooManyItems);
    }
    list.push(item);
    Ok(())
}

/// In which order the header parameters are written (governance-api.md 12.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderOrder {
    /// 1, 4, type, \[proposal id\], created at: the tools of 6.0.
    #[default]
    V6,
    /// 1, 4, type, created at, \[proposal id\]: the tools of 7.x.
    V7,
}

/// What the header of a governance request says.
#[derive(Clone, Copy, Debug)]
pub struct RequestHeader<'a> {
    /// The message type.
    pub msg_type: &'a str,
    /// Unix seconds.
    pub created_at: u64,
    /// The proposal, for ballots and withdrawals.
    pub proposal_id: Option<&'a str>,
}

/// Signs a governance request as `ccf_cose_sign1` does, byte for byte but for the signature, which is randomised.
pub fn sign_request(
    key: &EcKeyPair,
    cert: &Certificate,
    header: &RequestHeader<'_>,
    payload: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    sign_request_ordered(HeaderOrder::default(), key, cert, header, payload)
}

/// [`sign_request`] with the header in the given order. The key must be that of the certificate.
pub fn sign_request_ordered(
    order: HeaderOrder,
    key: &EcKeyPair,
    cert: &Certificate,
    header: &RequestHeader<'_>,
    payload: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    if cert.ec_public_key()? != key.public_key() {
        return Err(CryptoError::KeyKind {
            what: "the signing key",
            expected: "the key of the signing certificate",
            found: "another one".to_owned(),
        });
    }
    let (alg, protected) = protected_header(order, cert, header)?;
    let signature = sign_parts(alg, key, &protected, payload);
    Ok(encode_sign1(
        &protected,
        &EMPTY_MAP,
        Some(payload),
        &signature,
    ))
}

/// The algorithm and the digest that a signer elsewhere has to sign (`ccf_cose_sign1_prepare`). The hash is that of
/// `alg`.
pub fn request_to_be_signed(
    order: HeaderOrder,
    cert: &Certificate,
    header: &RequestHeader<'_>,
    payload: &[u8],
) -> Result<(CoseAlg, Vec<u8>), CryptoError> {
    let (alg, protected) = protected_header(order, cert, header)?;
    Ok((alg, sig_digest(alg, &protected, payload)))
}

/// The message with a signature made elsewhere, raw `r‖s` (`ccf_cose_sign1_finish`). It must verify.
pub fn assemble_request(
    order: HeaderOrder,
    cert: &Certificate,
    header: &RequestHeader<'_>,
    payload: &[u8],
    signature: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (alg, protected) = protected_header(order, cert, header)?;
    if !verify_parts(alg, cert.ec_public_key()?, &protected, payload, signature) {
        return Err(CryptoError::BadSignature("the signature of the request"));
    }
    Ok(encode_sign1(
        &protected,
        &EMPTY_MAP,
        Some(payload),
        signature,
    ))
}

const EMPTY_MAP: [u8; 1] = [0xa0];

fn protected_header(
    order: HeaderOrder,
    cert: &Certificate,
    header: &RequestHeader<'_>,
) -> Result<(CoseAlg, Vec<u8>), CryptoError> {
    let labels = LabelSet::GOVERNANCE;
    let alg = CoseAlg::for_curve(cert.ec_public_key()?.curve());
    let mut writer = Writer::new();
    writer.map(4 + u64::from(header.proposal_id.is_some()));
    writer.int(1).int(alg.id());
    writer
        .int(4)
        .bytes(cert.fingerprint().to_string().as_bytes());
    writer.text(labels.msg_type).text(header.msg_type);
    if order == HeaderOrder::V7 {
        writer.text(labels.created_at).uint(header.created_at);
    }
    if let (Some(label), Some(id)) = (labels.proposal_id, header.proposal_id) {
        writer.text(label).text(id);
    }
    if order == HeaderOrder::V6 {
        writer.text(labels.created_at).uint(header.created_at);
    }
    Ok((alg, writer.into_bytes()))
}

#[cfg(test)]
mod tests;
