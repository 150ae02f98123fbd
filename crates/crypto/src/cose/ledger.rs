//! The service's COSE signature over a Merkle root (ledger.md 4.3).

use super::CoseError;
use super::cbor::{CborError, Reader, Writer};
use super::sign1::{CoseAlg, HeaderValue, Sign1, encode_sign1, sign_parts};
use crate::{CryptoError, Curve, Digest, EcKeyPair, EcPublicKey};

/// The header parameter "verifiable data structure", and its value for this ledger.
const VDS: i64 = 395;
const VDS_CCF_LEDGER_SHA256: i64 = 2;
/// The header parameter of the CWT claims, and the claims used.
pub(super) const CWT_CLAIMS: i64 = 15;
const ISS: i64 = 1;
const SUB: i64 = 2;
pub(super) const IAT: i64 = 6;
/// The header parameter of the service's own claims.
pub(super) const CCF: &str = "ccf.v1";
const TXID: &str = "txid";
const MESSAGE: &str = "ledger signature";

/// What the protected header of a ledger signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSignatureHeader {
    /// -7 or -35.
    pub alg: i64,
    /// The ASCII bytes of the service key's fingerprint.
    pub kid: Vec<u8>,
    /// Unix seconds.
    pub iat: i64,
    /// The issuer of the founding node's configuration.
    pub issuer: String,
    /// The subject of the founding node's configuration.
    pub subject: String,
    /// The id of the signature transaction, `<view>.<seqno>`.
    pub txid: String,
}

/// Signs `root` as the detached payload. `kid` is the fingerprint of `key`. P-521 is refused.
pub fn sign_ledger_root(
    key: &EcKeyPair,
    kid: &Digest,
    iat: i64,
    issuer: &str,
    subject: &str,
    txid: &str,
    root: &Digest,
) -> Result<Vec<u8>, CryptoError> {
    let alg = service_alg(key.curve())?;
    let mut protected = Writer::with_capacity(160 + issuer.len() + subject.len());
    protected.map(5);
    protected.int(1).int(alg.id());
    protected.int(4).bytes(kid.to_string().as_bytes());
    protected.int(VDS).int(VDS_CCF_LEDGER_SHA256);
    protected
        .int(CWT_CLAIMS)
        .map(3)
        .int(IAT)
        .int(iat)
        .int(ISS)
        .text(issuer)
        .int(SUB)
        .text(subject);
    protected.text(CCF).map(1).text(TXID).text(txid);
    let protected = protected.into_bytes();
    let signature = sign_parts(alg, key, &protected, root.as_bytes());
    Ok(encode_sign1(&protected, &[0xa0], None, &signature))
}

/// Verifies a signature over `root` and returns its header. `alg` must be that of the key.
pub fn verify_ledger_root(
    bytes: &[u8],
    key: &EcPublicKey,
    root: &Digest,
) -> Result<LedgerSignatureHeader, CryptoError> {
    let (message, header) = decode(bytes)?;
    if header.alg != service_alg(key.curve())?.id() {
        let reason = format!(
            "the algorithm {} is not that of the service key",
            header.alg
        );
        return Err(CoseError::Format {
            message: MESSAGE,
            reason,
        }
        .into());
    }
    if !message.verify(key, Some(root.as_bytes())) {
        return Err(CryptoError::BadSignature(
            "the COSE signature over the Merkle root",
        ));
    }
    Ok(header)
}

/// Reads the header of a ledger signature without verifying it (a recovering node: issuer and subject).
pub fn decode_ledger_signature_header(bytes: &[u8]) -> Result<LedgerSignatureHeader, CoseError> {
    decode(bytes).map(|(_, header)| header)
}

/// The algorithm of a service key: P-256 and P-384 only.
pub(super) fn service_alg(curve: Curve) -> Result<CoseAlg, CryptoError> {
    match curve {
        Curve::P256 | Curve::P384 => Ok(CoseAlg::for_curve(curve)),
        Curve::P521 => Err(CryptoError::KeyKind {
            what: "the service key",
            expected: "on secp256r1 or secp384r1",
            found: curve.name().to_owned(),
        }),
    }
}

fn decode(bytes: &[u8]) -> Result<(Sign1, LedgerSignatureHeader), CoseError> {
    let format = |reason: &str| CoseError::Format {
        message: MESSAGE,
        reason: reason.to_owned(),
    };
    let message = Sign1::decode(bytes)?;
    let alg = message
        .alg
        .ok_or_else(|| format("header parameter 1 (alg) must be an integer"))?;
    let kid = message
        .kid
        .clone()
        .ok_or_else(|| format("header parameter 4 (kid) must be bytes"))?;
    if message.int_header(VDS) != Some(&HeaderValue::Int(VDS_CCF_LEDGER_SHA256)) {
        return Err(format("header parameter 395 must be 2"));
    }
    if message.payload.is_some() {
        return Err(format("the payload must be detached"));
    }
    let Some(HeaderValue::Other(cwt)) = message.int_header(CWT_CLAIMS) else {
        return Err(format("header parameter 15 must be a map"));
    };
    let mut claims = Claims::default();
    claims
        .read_cwt(cwt)
        .map_err(|error| format(&format!("header parameter 15: {error}")))?;
    let Some(HeaderValue::Other(ccf)) = message.text_header(CCF) else {
        return Err(format("header parameter ccf.v1 must be a map"));
    };
    claims
        .read_ccf(ccf)
        .map_err(|error| format(&format!("header parameter ccf.v1: {error}")))?;
    let header = LedgerSignatureHeader {
        alg,
        kid,
        iat: claims
            .iat
            .ok_or_else(|| format("header parameter 15 must have 6 (iat)"))?,
        issuer: claims
            .issuer
            .ok_or_else(|| format("header parameter 15 must have 1 (iss)"))?,
        subject: claims
            .subject
            .ok_or_else(|| format("header parameter 15 must have 2 (sub)"))?,
        txid: claims
            .txid
            .ok_or_else(|| format("header parameter ccf.v1 must have txid"))?,
    };
    Ok((message, header))
}

#[derive(Default)]
struct Claims {
    iat: Option<i64>,
    issuer: Option<String>,
    subject: Option<String>,
    txid: Option<String>,
}

impl Claims {
    fn read_cwt(&mut self, map: &[u8]) -> Result<(), CborError> {
        let mut reader = Reader::new(map);
        let mut remaining = reader.map()?;
        while reader.more(&mut remaining)? {
            match reader.int()? {
                IAT => self.iat = Some(reader.int()?),
                ISS => self.issuer = Some(reader.text()?.to_owned()),
                SUB => self.subject = Some(reader.text()?.to_owned()),
                _ => reader.skip(4)?,
            }
        }
        Ok(())
    }

    fn read_ccf(&mut self, map: &[u8]) -> Result<(), CborError> {
        let mut reader = Reader::new(map);
        let mut remaining = reader.map()?;
        while reader.more(&mut remaining)? {
            match reader.text()? {
                TXID => self.txid = Some(reader.text()?.to_owned()),
                _ => reader.skip(4)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SystemEntropy, sha256};

    fn sign(key: &EcKeyPair, root: &Digest) -> Vec<u8> {
        let kid = key.public_key().fingerprint();
        sign_ledger_root(key, &kid, 1_795_334_611, "issuer", "subject", "2.4", root).unwrap()
    }

    #[test]
    fn the_header_has_the_bytes_of_the_specification() {
        let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let root = sha256(b"root");
        let bytes = sign(&key, &root);
        let kid = hex::encode(key.public_key().fingerprint().to_string());
        let header = [
            &format!("a5013822045840{kid}"),
            "19018b02",
            "0fa3061a6b02a1d3016669737375657202677375626a656374",
            "666363662e7631a1647478696463322e34",
        ]
        .concat();
        assert_eq!(hex::encode(&bytes[..3]), "d28458");
        assert_eq!(hex::encode(&bytes[4..4 + header.len() / 2]), header);
        assert_eq!(hex::encode(&bytes[4 + header.len() / 2..][..4]), "a0f65860");
        assert_eq!(bytes.len(), 4 + header.len() / 2 + 4 + 96);
    }

    #[test]
    fn a_signature_verifies_over_its_root_only() {
        for curve in [Curve::P256, Curve::P384] {
            let key = EcKeyPair::generate(curve, &SystemEntropy);
            let root = sha256(b"root");
            let bytes = sign(&key, &root);
            let header = verify_ledger_root(&bytes, key.public_key(), &root).unwrap();
            assert_eq!((header.iat, header.txid.as_str()), (1_795_334_611, "2.4"));
            assert_eq!(
                (header.issuer.as_str(), header.subject.as_str()),
                ("issuer", "subject")
            );
            assert_eq!(decode_ledger_signature_header(&bytes), Ok(header));
            assert!(verify_ledger_root(&bytes, key.public_key(), &sha256(b"other")).is_err());
            let other = EcKeyPair::generate(curve, &SystemEntropy);
            assert!(verify_ledger_root(&bytes, other.public_key(), &root).is_err());
        }
    }

    #[test]
    fn another_curve_is_an_error() {
        let key = EcKeyPair::generate(Curve::P521, &SystemEntropy);
        assert!(
            sign_ledger_root(
                &key,
                &Digest::default(),
                0,
                "",
                "",
                "2.2",
                &Digest::default()
            )
            .is_err()
        );
        let p256 = EcKeyPair::generate(Curve::P256, &SystemEntropy);
        let p384 = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let root = sha256(b"root");
        let error = verify_ledger_root(&sign(&p256, &root), p384.public_key(), &root)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "ledger signature: the algorithm -7 is not that of the service key"
        );
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_refused(at: prop::sample::Index, bit in 0..8) {
            let key = EcKeyPair::from_scalar(Curve::P256, &[5]).unwrap();
            let root = sha256(b"root");
            let mut bytes = sign(&key, &root);
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            prop_assert!(verify_ledger_root(&bytes, key.public_key(), &root).is_err());
        }
    }
}
