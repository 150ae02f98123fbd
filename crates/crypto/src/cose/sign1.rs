//! The COSE_Sign1 structure itself (RFC 9052).

use super::CoseError;
use super::cbor::{CborError, Head, Reader, Remaining, Writer};
use crate::{Curve, EcKeyPair, EcPublicKey, Hash};

/// The tag of a COSE_Sign1 message.
pub(crate) const TAG: u64 = 18;

/// The signature algorithms in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoseAlg {
    /// ECDSA with SHA-256.
    Es256,
    /// ECDSA with SHA-384.
    Es384,
    /// ECDSA with SHA-512.
    Es512,
}

impl CoseAlg {
    /// The algorithm of a curve.
    pub const fn for_curve(curve: Curve) -> Self {
        match curve {
            Curve::P256 => Self::Es256,
            Curve::P384 => Self::Es384,
            Curve::P521 => Self::Es512,
        }
    }

    /// The number in the header: -7, -35, -36.
    pub const fn id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
        }
    }

    /// The algorithm of a number.
    pub const fn from_id(id: i64) -> Option<Self> {
        match id {
            -7 => Some(Self::Es256),
            -35 => Some(Self::Es384),
            -36 => Some(Self::Es512),
            _ => None,
        }
    }

    /// `ES256`, `ES384`, `ES512`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// Its hash function.
    pub const fn hash(self) -> Hash {
        match self {
            Self::Es256 => Hash::Sha256,
            Self::Es384 => Hash::Sha384,
            Self::Es512 => Hash::Sha512,
        }
    }
}

/// The value of a header parameter, if of a simple type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// An integer that fits.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Anything else, as encoded.
    Other(Vec<u8>),
}

/// The label of a header parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A registered parameter.
    Int(i64),
    /// A parameter of one's own.
    Text(String),
}

/// A decoded COSE_Sign1 message; strict decoding: tag 18, an array of exactly four, nothing after it, in the protected
/// header no label twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign1 {
    /// The bytes of the protected header map, as signed.
    pub protected: Vec<u8>,
    /// The encoded unprotected header map.
    pub unprotected: Vec<u8>,
    /// The payload; `None` when detached (nil).
    pub payload: Option<Vec<u8>>,
    /// The signature.
    pub signature: Vec<u8>,
    /// Header parameter 1.
    pub alg: Option<i64>,
    /// Header parameter 4.
    pub kid: Option<Vec<u8>>,
    headers: Vec<(Label, HeaderValue)>,
}

impl Sign1 {
    /// Decodes a whole message.
    pub fn decode(bytes: &[u8]) -> Result<Self, CoseError> {
        Self::read(bytes).map_err(|error| CoseError::Format {
            message: "COSE_Sign1",
            reason: error.to_string(),
        })
    }

    /// Encodes the message with the tag, keeping the bytes of both headers.
    pub fn encode(&self) -> Vec<u8> {
        encode_sign1(
            &self.protected,
            &self.unprotected,
            self.payload.as_deref(),
            &self.signature,
        )
    }

    /// The protected header parameter with a text label.
    pub fn text_header(&self, label: &str) -> Option<&HeaderValue> {
        let matches = |found: &Label| matches!(found, Label::Text(text) if text == label);
        self.headers
            .iter()
            .find(|(found, _)| matches(found))
            .map(|(_, value)| value)
    }

    /// The protected header parameter with an integer label.
    pub fn int_header(&self, label: i64) -> Option<&HeaderValue> {
        self.headers
            .iter()
            .find(|(found, _)| *found == Label::Int(label))
            .map(|(_, value)| value)
    }

    /// The protected header parameters, in their order.
    pub fn headers(&self) -> &[(Label, HeaderValue)] {
        &self.headers
    }

    /// Whether the signature is by `key` over the headers and the payload: the attached one or, if the message has
    /// none, `detached`.
    pub fn verify(&self, key: &EcPublicKey, detached: Option<&[u8]>) -> bool {
        let payload = match (&self.payload, detached) {
            (Some(payload), None) => payload,
            (None, Some(payload)) => payload,
            _ => return false,
        };
        let Some(alg) = self.alg.and_then(CoseAlg::from_id) else {
            return false;
        };
        verify_parts(alg, key, &self.protected, payload, &self.signature)
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(bytes);
        reader.tag(TAG)?;
        reader.array_of(4)?;
        let protected = reader.bytes()?;
        let start = reader.position();
        let head = reader.head()?;
        if !matches!(head, Head::Map(_)) {
            return Err(CborError::UnexpectedType);
        }
        reader.skip_rest(head, 1)?;
        let unprotected = reader.since(start).to_vec();
        let payload = reader.bytes_or_null()?.map(<[u8]>::to_vec);
        let signature = reader.bytes()?.to_vec();
        reader.finish()?;
        let headers = read_headers(protected)?;
        let value = |label| {
            headers
                .iter()
                .find(|(found, _)| *found == Label::Int(label))
                .map(|(_, value)| value)
        };
        let alg = value(1).and_then(|value| {
            if let HeaderValue::Int(alg) = value {
                Some(*alg)
            } else {
                None
            }
        });
        let kid = value(4).and_then(|value| {
            if let HeaderValue::Bytes(kid) = value {
                Some(kid.clone())
            } else {
                None
            }
        });
        Ok(Self {
            protected: protected.to_vec(),
            unprotected,
            payload,
            signature,
            alg,
            kid,
            headers,
        })
    }
}

/// Writes a tagged message; `unprotected` is an encoded map, no `payload` means nil.
pub fn encode_sign1(
    protected: &[u8],
    unprotected: &[u8],
    payload: Option<&[u8]>,
    signature: &[u8],
) -> Vec<u8> {
    let size =
        protected.len() + unprotected.len() + payload.map_or(0, <[u8]>::len) + signature.len() + 32;
    let mut writer = Writer::with_capacity(size);
    writer.tag(TAG).array(4).bytes(protected).raw(unprotected);
    match payload {
        Some(payload) => writer.bytes(payload),
        None => writer.null(),
    };
    writer.bytes(signature);
    writer.into_bytes()
}

/// The bytes that are signed: `["Signature1", protected, h'', payload]`.
pub fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = sig_structure_prefix(protected, payload.len());
    bytes.extend_from_slice(payload);
    bytes
}

/// The digest that is signed, by the hash of `alg`.
pub(crate) fn sig_digest(alg: CoseAlg, protected: &[u8], payload: &[u8]) -> Vec<u8> {
    alg.hash()
        .digest_parts(&[&sig_structure_prefix(protected, payload.len()), payload])
}

pub(crate) fn sign_parts(
    alg: CoseAlg,
    key: &EcKeyPair,
    protected: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    key.sign_prehash_raw(&sig_digest(alg, protected, payload))
}

pub(crate) fn verify_parts(
    alg: CoseAlg,
    key: &EcPublicKey,
    protected: &[u8],
    payload: &[u8],
    signature: &[u8],
) -> bool {
    key.verify_prehash_raw(&sig_digest(alg, protected, payload), signature)
}

/// Reads a map of parameters with integer and text labels, none twice.
pub(crate) fn read_headers(map: &[u8]) -> Result<Vec<(Label, HeaderValue)>, CborError> {
    let mut reader = Reader::new(map);
    let mut headers: Vec<(Label, HeaderValue)> = Vec::new();
    let head = reader.head()?;
    let mut remaining = match (head, Remaining::of(head)) {
        (Head::Map(_), Some(remaining)) => remaining,
        _ => return Err(CborError::UnexpectedType),
    };
    while reader.more(&mut remaining)? {
        let label = match reader.head()? {
            Head::Text(text) => {
                Label::Text(String::from_utf8(text.to_vec()).map_err(|_| CborError::NotUtf8)?)
            }
            head => Label::Int(head.as_int().map_err(|_| CborError::LabelType)?),
        };
        if headers.len() == crate::limits::COSE_PARAMETERS {
            return Err(CborError::TooManyItems);
        }
        if headers.iter().any(|(found, _)| *found == label) {
            return Err(CborError::DuplicateLabel);
        }
        let start = reader.position();
        let head = reader.head()?;
        let value = match head {
            Head::Unsigned(_) | Head::Negative(_) if head.as_int().is_ok() => {
                HeaderValue::Int(head.as_int()?)
            }
            Head::Text(text) => {
                HeaderValue::Text(String::from_utf8(text.to_vec()).map_err(|_| CborError::NotUtf8)?)
            }
            Head::Bytes(bytes) => HeaderValue::Bytes(bytes.to_vec()),
            head => {
                reader.skip_rest(head, 3)?;
                HeaderValue::Other(reader.since(start).to_vec())
            }
        };
        headers.push((label, value));
    }
    reader.finish()?;
    Ok(headers)
}

fn sig_structure_prefix(protected: &[u8], payload_len: usize) -> Vec<u8> {
    let mut writer = Writer::with_capacity(protected.len() + 32);
    writer
        .array(4)
        .text("Signature1")
        .bytes(protected)
        .bytes(&[])
        .bytes_head(payload_len as u64);
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn the_signed_bytes_are_those_of_rfc_9052() {
        assert_eq!(
            hex::encode(sig_structure(&[0xa0], &[1, 2])),
            "846a5369676e61747572653141a040420102"
        );
    }

    #[test]
    fn a_message_survives_and_is_verified() {
        let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let mut protected = Writer::new();
        protected
            .map(3)
            .int(1)
            .int(-35)
            .int(4)
            .bytes(b"kid")
            .text("x")
            .array(1)
            .int(7);
        let protected = protected.into_bytes();
        let signature = sign_parts(CoseAlg::Es384, &key, &protected, b"payload");
        for payload in [Some(&b"payload"[..]), None] {
            let bytes = encode_sign1(&protected, &[0xa0], payload, &signature);
            let message = Sign1::decode(&bytes).unwrap();
            assert_eq!(message.encode(), bytes);
            assert_eq!(
                (message.alg, message.kid.as_deref()),
                (Some(-35), Some(&b"kid"[..]))
            );
            assert_eq!(
                message.text_header("x"),
                Some(&HeaderValue::Other(vec![0x81, 7]))
            );
            let detached = if payload.is_some() {
                None
            } else {
                Some(&b"payload"[..])
            };
            assert!(message.verify(key.public_key(), detached));
            assert!(!message.verify(key.public_key(), Some(b"other")));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, framed: bool) {
            let data = if framed { [&[0xd2, 0x84], &bytes[..]].concat() } else { bytes };
            if let Ok(message) = Sign1::decode(&data) {
                prop_assert_eq!(Sign1::decode(&message.encode()).unwrap(), message);
            }
        }
    }
}
