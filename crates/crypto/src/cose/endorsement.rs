//! Endorsement of an earlier service identity by the present one (ledger.md 6.5, recovery-and-membership.md 11).

use super::CoseError;
use super::cbor::{CborError, Reader, Writer};
use super::ledger::{CCF, CWT_CLAIMS, IAT, service_alg};
use super::sign1::{HeaderValue, Sign1, encode_sign1, sign_parts};
use crate::{CryptoError, Digest, EcKeyPair, EcPublicKey};

const EPOCH_BEGIN: &str = "epoch.start.txid";
const EPOCH_END: &str = "epoch.end.txid";
const LAST_ROOT: &str = "epoch.end.merkle.root";
const MESSAGE: &str = "identity endorsement";

/// What an endorsement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityEndorsement {
    /// Unix seconds.
    pub iat: i64,
    /// The DER SubjectPublicKeyInfo of the endorsed key.
    pub endorsed_key: Vec<u8>,
    /// The first transaction of the epoch, `<view>.<seqno>`.
    pub epoch_begin: String,
    /// The last transaction of the epoch; absent in a self-endorsement.
    pub epoch_end: Option<String>,
    /// The last signed root of the epoch; absent in a self-endorsement.
    pub last_root: Option<Digest>,
}

/// Signs an endorsement with the present service key. P-521 is refused.
pub fn sign_identity_endorsement(
    key: &EcKeyPair,
    endorsement: &IdentityEndorsement,
) -> Result<Vec<u8>, CryptoError> {
    let alg = service_alg(key.curve())?;
    let optional =
        u64::from(endorsement.epoch_end.is_some()) + u64::from(endorsement.last_root.is_some());
    let mut protected = Writer::with_capacity(192);
    protected.map(3);
    protected.int(1).int(alg.id());
    protected
        .int(CWT_CLAIMS)
        .map(1)
        .int(IAT)
        .int(endorsement.iat);
    protected
        .text(CCF)
        .map(1 + optional)
        .text(EPOCH_BEGIN)
        .text(&endorsement.epoch_begin);
    if let Some(end) = &endorsement.epoch_end {
        protected.text(EPOCH_END).text(end);
    }
    if let Some(root) = &endorsement.last_root {
        protected.text(LAST_ROOT).bytes(root.as_bytes());
    }
    let protected = protected.into_bytes();
    let signature = sign_parts(alg, key, &protected, &endorsement.endorsed_key);
    Ok(encode_sign1(
        &protected,
        &[0xa0],
        Some(&endorsement.endorsed_key),
        &signature,
    ))
}

/// Verifies an endorsement by `key` and returns what it says. Which epochs it may cover is for the caller to check.
pub fn verify_identity_endorsement(
    bytes: &[u8],
    key: &EcPublicKey,
) -> Result<IdentityEndorsement, CryptoError> {
    let format = |reason: String| CoseError::Format {
        message: MESSAGE,
        reason,
    };
    let message = Sign1::decode(bytes)?;
    if message.alg != Some(service_alg(key.curve())?.id()) {
        return Err(format(
            "header parameter 1 (alg) must be that of the endorsing key".to_owned(),
        )
        .into());
    }
    if !message.verify(key, None) {
        return Err(CryptoError::BadSignature(
            "the endorsement of a service identity",
        ));
    }
    let mut claims = Claims::default();
    for (value, name, read) in [
        (
            message.int_header(CWT_CLAIMS),
            "15",
            Claims::read_cwt as fn(&mut Claims, &[u8]) -> Result<(), CborError>,
        ),
        (message.text_header(CCF), CCF, Claims::read_ccf),
    ] {
        let Some(HeaderValue::Other(map)) = value else {
            return Err(format(format!("header parameter {name} must be a map")).into());
        };
        read(&mut claims, map)
            .map_err(|error| format(format!("header parameter {name}: {error}")))?;
    }
    let missing = |name: &str| CryptoError::from(format(format!("the header must have {name}")));
    Ok(IdentityEndorsement {
        iat: claims.iat.ok_or_else(|| missing("iat"))?,
        endorsed_key: message.payload.unwrap_or_default(),
        epoch_begin: claims.epoch_begin.ok_or_else(|| missing(EPOCH_BEGIN))?,
        epoch_end: claims.epoch_end,
        last_root: claims.last_root,
    })
}

#[derive(Default)]
struct Claims {
    iat: Option<i64>,
    epoch_begin: Option<String>,
    epoch_end: Option<String>,
    last_root: Option<Digest>,
}

impl Claims {
    fn read_cwt(&mut self, map: &[u8]) -> Result<(), CborError> {
        let mut reader = Reader::new(map);
        let mut remaining = reader.map()?;
        while reader.more(&mut remaining)? {
            match reader.int()? {
                IAT => self.iat = Some(reader.int()?),
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
                EPOCH_BEGIN => self.epoch_begin = Some(reader.text()?.to_owned()),
                EPOCH_END => self.epoch_end = Some(reader.text()?.to_owned()),
                LAST_ROOT => {
                    let root = reader
                        .bytes()?
                        .try_into()
                        .map_err(|_| CborError::UnexpectedType)?;
                    self.last_root = Some(Digest::from_bytes(root));
                }
                _ => reader.skip(4)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, SystemEntropy, sha256};

    fn endorsement(key: &EcKeyPair, closed: bool) -> IdentityEndorsement {
        IdentityEndorsement {
            iat: 1_795_334_634,
            endorsed_key: key.public_key().to_spki_der(),
            epoch_begin: "2.1".to_owned(),
            epoch_end: closed.then(|| "2.124".to_owned()),
            last_root: closed.then(|| sha256(b"root")),
        }
    }

    #[test]
    fn endorsements_survive_and_verify() {
        for curve in [Curve::P256, Curve::P384] {
            let key = EcKeyPair::generate(curve, &SystemEntropy);
            for closed in [false, true] {
                let said = endorsement(&key, closed);
                let bytes = sign_identity_endorsement(&key, &said).unwrap();
                assert_eq!(
                    verify_identity_endorsement(&bytes, key.public_key()),
                    Ok(said)
                );
                let other = EcKeyPair::generate(curve, &SystemEntropy);
                assert!(verify_identity_endorsement(&bytes, other.public_key()).is_err());
            }
        }
    }

    #[test]
    fn the_header_of_a_self_endorsement_has_the_bytes_of_the_specification() {
        let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let bytes = sign_identity_endorsement(&key, &endorsement(&key, false)).unwrap();
        let header =
            "a30138220fa1061a6b02a1ea666363662e7631a17065706f63682e73746172742e7478696463322e31";
        assert_eq!(hex::encode(&bytes[..46]), format!("d2845829{header}a0"));
        assert_eq!(hex::encode(&bytes[46..48]), "5878");
    }

    #[test]
    fn a_ledger_signature_is_no_endorsement() {
        let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let root = sha256(b"root");
        let kid = key.public_key().fingerprint();
        let bytes = super::super::sign_ledger_root(&key, &kid, 1, "", "", "2.2", &root).unwrap();
        assert!(verify_identity_endorsement(&bytes, key.public_key()).is_err());
    }
}
