//! Signing and verifying with keys given as PEM, as scripts do (js-runtime.md 7.2).

use crate::rsa::SaltLength;
use crate::{CryptoError, Hash};

/// `EdDSA`: the raw signature by an Ed25519 private key.
pub fn sign_eddsa(_private_pem: &str, _data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// `ECDSA`: the raw `r‖s` by an EC private key.
pub fn sign_ecdsa(_private_pem: &str, _hash: Hash, _data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// `RSA-PSS`: the signature by an RSA private key.
pub fn sign_rsa_pss(
    _private_pem: &str,
    _hash: Hash,
    _salt: SaltLength,
    _data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// `EdDSA`: whether `signature` is by the owner of the Ed25519 public key.
pub fn verify_eddsa(_public_pem: &str, _signature: &[u8], _data: &[u8]) -> Result<bool, CryptoError> {
    unimplemented!()
}

/// `ECDSA`: whether the raw `r‖s` is by the owner of `key_or_certificate_pem` (SPKI, or an X.509 certificate).
pub fn verify_ecdsa(
    _key_or_certificate_pem: &str,
    _hash: Hash,
    _signature: &[u8],
    _data: &[u8],
) -> Result<bool, CryptoError> {
    unimplemented!()
}

/// `RSA-PSS`: as [`verify_ecdsa`] for an RSA key. With a certificate, PKCS#1 v1.5 is verified instead, as CCF does.
pub fn verify_rsa_pss(
    _key_or_certificate_pem: &str,
    _hash: Hash,
    _salt: SaltLength,
    _signature: &[u8],
    _data: &[u8],
) -> Result<bool, CryptoError> {
    unimplemented!()
}
