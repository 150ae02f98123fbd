//! Reading certificates.

use super::San;
use crate::eddsa::OkpPublicKey;
use crate::{CryptoError, Digest, EcPublicKey, RsaPublicKey};

/// An X.509 certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate(());

/// The public key of a certificate.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// ECDSA.
    Ec(EcPublicKey),
    /// RSA.
    Rsa(RsaPublicKey),
    /// Ed25519 or X25519.
    Okp(OkpPublicKey),
    /// Anything else: the object identifier of the algorithm.
    Other(String),
}

impl Certificate {
    /// Reads the first certificate in the text, whatever stands around it.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Reads a DER certificate.
    pub fn from_der(_der: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        unimplemented!()
    }

    /// The PEM text, 64 columns, final newline.
    pub fn to_pem(&self) -> String {
        unimplemented!()
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        unimplemented!()
    }

    /// The public key if it is EC.
    pub fn ec_public_key(&self) -> Result<&EcPublicKey, CryptoError> {
        unimplemented!()
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        unimplemented!()
    }

    /// The subject, `CN=...`; several parts are separated by `, `.
    pub fn subject(&self) -> String {
        unimplemented!()
    }

    /// The issuer, in the form of [`Self::subject`].
    pub fn issuer(&self) -> String {
        unimplemented!()
    }

    /// The serial number, big endian.
    pub fn serial(&self) -> &[u8] {
        unimplemented!()
    }

    /// The first second of validity, unix seconds.
    pub fn not_before(&self) -> i64 {
        unimplemented!()
    }

    /// The last second of validity, unix seconds.
    pub fn not_after(&self) -> i64 {
        unimplemented!()
    }

    /// The subject alternative names.
    pub fn sans(&self) -> Vec<San> {
        unimplemented!()
    }

    /// SHA-256 of the DER bytes: the id of the member or user that has this certificate.
    pub fn fingerprint(&self) -> Digest {
        unimplemented!()
    }

    /// Whether `issuer`'s key signed this certificate and `issuer`'s subject is its issuer; dates are ignored.
    pub fn issued_by(&self, _issuer: &Certificate) -> bool {
        unimplemented!()
    }
}
