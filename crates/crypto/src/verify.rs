//! Signing and verifying with keys given as PEM, as scripts do (js-runtime.md 7.2).

use crate::cert::{Certificate, PublicKey};
use crate::eddsa::{OkpKeyPair, OkpPublicKey};
use crate::rsa::SaltLength;
use crate::{CryptoError, EcKeyPair, EcPublicKey, Hash, RsaKeyPair, RsaPublicKey};

/// What a certificate given in the place of a key begins with.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE";

/// `EdDSA`: the raw signature by an Ed25519 private key.
pub fn sign_eddsa(private_pem: &str, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(OkpKeyPair::from_pem(private_pem)?.sign(data)?.to_vec())
}

/// `ECDSA`: the raw `r‖s` by an EC private key. The hash does not depend on the curve.
pub fn sign_ecdsa(private_pem: &str, hash: Hash, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    Ok(EcKeyPair::from_pem(private_pem)?.sign_raw(hash, data))
}

/// `RSA-PSS`: the signature by an RSA private key.
pub fn sign_rsa_pss(
    private_pem: &str,
    hash: Hash,
    salt: SaltLength,
    data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    RsaKeyPair::from_pem(private_pem)?.sign_pss(hash, salt, data)
}

/// `EdDSA`: whether `signature` is by the owner of the Ed25519 public key.
pub fn verify_eddsa(public_pem: &str, signature: &[u8], data: &[u8]) -> Result<bool, CryptoError> {
    OkpPublicKey::from_pem(public_pem)?.verify(data, signature)
}

/// `ECDSA`: whether the raw `r‖s` is by the owner of `key_or_certificate_pem` (SPKI, or an X.509 certificate).
pub fn verify_ecdsa(
    key_or_certificate_pem: &str,
    hash: Hash,
    signature: &[u8],
    data: &[u8],
) -> Result<bool, CryptoError> {
    let key = if key_or_certificate_pem.starts_with(CERTIFICATE) {
        Certificate::from_pem(key_or_certificate_pem)?
            .ec_public_key()?
            .clone()
    } else {
        EcPublicKey::from_pem(key_or_certificate_pem)?
    };
    Ok(key.verify_raw(hash, data, signature))
}

/// `RSA-PSS`: as [`verify_ecdsa`] for an RSA key. With a certificate, PKCS#1 v1.5 is verified instead, as CCF does.
pub fn verify_rsa_pss(
    key_or_certificate_pem: &str,
    hash: Hash,
    salt: SaltLength,
    signature: &[u8],
    data: &[u8],
) -> Result<bool, CryptoError> {
    if !key_or_certificate_pem.starts_with(CERTIFICATE) {
        return Ok(
            RsaPublicKey::from_pem(key_or_certificate_pem)?.verify_pss(hash, salt, data, signature)
        );
    }
    match Certificate::from_pem(key_or_certificate_pem)?.public_key() {
        PublicKey::Rsa(key) => Ok(key.verify_pkcs1(hash, data, signature)),
        other => Err(CryptoError::KeyKind {
            what: "the key of the certificate",
            expected: "an RSA key",
            found: other.kind(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::{Validity, self_signed};
    use crate::eddsa::OkpCurve;
    use crate::{Curve, SystemEntropy};

    #[test]
    fn every_algorithm_verifies_what_it_signed() {
        let okp = OkpKeyPair::generate(OkpCurve::Ed25519, &SystemEntropy);
        let signature = sign_eddsa(&okp.to_pkcs8_pem(), b"data").unwrap();
        assert_eq!(signature.len(), 64);
        assert_eq!(
            verify_eddsa(&okp.public_key().to_pem(), &signature, b"data"),
            Ok(true)
        );
        assert_eq!(
            verify_eddsa(&okp.public_key().to_pem(), &signature, b"date"),
            Ok(false)
        );

        let ec = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let signature = sign_ecdsa(&ec.to_pkcs8_pem(), Hash::Sha256, b"data").unwrap();
        assert_eq!(signature.len(), 96);
        let certificate =
            self_signed(&ec, "CN=x", &[], Validity { from: 0, days: 1 }, &[1; 16]).unwrap();
        for key in [ec.public_key().to_pem(), certificate.to_pem()] {
            assert_eq!(
                verify_ecdsa(&key, Hash::Sha256, &signature, b"data"),
                Ok(true)
            );
            assert_eq!(
                verify_ecdsa(&key, Hash::Sha256, &signature, b"date"),
                Ok(false)
            );
            assert_eq!(verify_ecdsa(&key, Hash::Sha256, b"", b"data"), Ok(false));
        }
        assert!(
            verify_rsa_pss(
                &certificate.to_pem(),
                Hash::Sha256,
                SaltLength::Auto,
                b"",
                b""
            )
            .is_err()
        );

        let rsa = RsaKeyPair::generate(2048).unwrap();
        let salt = SaltLength::Bytes(0);
        let signature = sign_rsa_pss(&rsa.to_pkcs8_pem(), Hash::Sha256, salt, b"data").unwrap();
        let key = rsa.public_key().to_pem();
        assert_eq!(
            verify_rsa_pss(&key, Hash::Sha256, salt, &signature, b"data"),
            Ok(true)
        );
        assert_eq!(
            verify_rsa_pss(&key, Hash::Sha256, salt, &signature, b"date"),
            Ok(false)
        );
    }

    #[test]
    fn keys_of_the_wrong_kind_and_texts_that_are_no_pem_are_errors() {
        let ec = EcKeyPair::generate(Curve::P256, &SystemEntropy);
        let (private, public) = (ec.to_pkcs8_pem(), ec.public_key().to_pem());
        assert!(sign_eddsa(&private, b"").is_err());
        assert!(verify_eddsa(&public, b"", b"").is_err());
        assert!(sign_rsa_pss(&private, Hash::Sha256, SaltLength::Auto, b"").is_err());
        assert!(verify_rsa_pss(&public, Hash::Sha256, SaltLength::Auto, b"", b"").is_err());
        let error = sign_ecdsa("key", Hash::Sha256, b"")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "PEM constructed with non-PEM data: key");
        assert!(sign_ecdsa(&public, Hash::Sha256, b"").is_err());
    }
}
