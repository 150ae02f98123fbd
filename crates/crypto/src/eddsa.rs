//! Ed25519 and X25519 key pairs (js-runtime.md 7.1: `generateEddsaKeyPair`).

use zeroize::Zeroizing;

use crate::{CryptoError, Entropy};

/// Which of the two curves of RFC 8410.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OkpCurve {
    /// Signatures.
    Ed25519,
    /// Key agreement.
    X25519,
}

/// An Ed25519 or X25519 key pair; the private half is wiped on drop.
pub struct OkpKeyPair(());

/// An Ed25519 or X25519 public key.
#[derive(Clone, PartialEq, Eq)]
pub struct OkpPublicKey(());

impl OkpKeyPair {
    /// A fresh key pair.
    pub fn generate(_curve: OkpCurve, _entropy: &dyn Entropy) -> Self {
        unimplemented!()
    }

    /// Reads a PKCS#8 PEM (RFC 8410).
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// PKCS#8 version 0, without the public key, as OpenSSL writes it.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        unimplemented!()
    }

    /// Which curve.
    pub fn curve(&self) -> OkpCurve {
        unimplemented!()
    }

    /// The public half.
    pub fn public_key(&self) -> &OkpPublicKey {
        unimplemented!()
    }

    /// The 64-byte Ed25519 signature of `message`; refused on an X25519 key.
    pub fn sign(&self, _message: &[u8]) -> Result<[u8; 64], CryptoError> {
        unimplemented!()
    }
}

impl OkpPublicKey {
    /// Reads a `PUBLIC KEY` PEM.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki_der(_der: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        unimplemented!()
    }

    /// The `PUBLIC KEY` PEM.
    pub fn to_pem(&self) -> String {
        unimplemented!()
    }

    /// Which curve.
    pub fn curve(&self) -> OkpCurve {
        unimplemented!()
    }

    /// Whether `signature` is the Ed25519 signature of `message`; refused on an X25519 key.
    pub fn verify(&self, _message: &[u8], _signature: &[u8]) -> Result<bool, CryptoError> {
        unimplemented!()
    }
}
