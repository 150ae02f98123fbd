//! RSA keys: OAEP, PSS, PKCS#1 v1.5 verification.

use zeroize::Zeroizing;

use crate::{CryptoError, Hash};

/// An RSA key pair; the private half is wiped on drop.
pub struct RsaKeyPair(());

/// An RSA public key.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey(());

/// The salt length of an RSA-PSS signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltLength {
    /// That many bytes.
    Bytes(u32),
    /// As long as the digest (OpenSSL -1).
    Digest,
    /// Signing: the longest possible. Verifying: whatever the signature has (OpenSSL -2).
    Auto,
    /// The longest possible (OpenSSL -3).
    Max,
}

impl RsaKeyPair {
    /// A fresh key pair with exponent 65537.
    pub fn generate(bits: u32) -> Result<Self, CryptoError> {
        Self::generate_with_exponent(bits, 65537)
    }

    /// A fresh key pair; `bits` from 512 (js-runtime.md 7.1), an odd `exponent` from 3.
    pub fn generate_with_exponent(_bits: u32, _exponent: u32) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Reads a private key: PKCS#8 or PKCS#1.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The PKCS#8 PEM of the private key.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        unimplemented!()
    }

    /// The public half.
    pub fn public_key(&self) -> RsaPublicKey {
        unimplemented!()
    }

    /// RSAES-OAEP decryption with SHA-256 for both hash and MGF1.
    pub fn decrypt_oaep_sha256(&self, _ciphertext: &[u8], _label: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        unimplemented!()
    }

    /// RSASSA-PSS over `message`, MGF1 with the same hash.
    pub fn sign_pss(&self, _hash: Hash, _salt: SaltLength, _message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        unimplemented!()
    }
}

impl RsaPublicKey {
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

    /// The `PUBLIC KEY` PEM, 64 columns, final newline.
    pub fn to_pem(&self) -> String {
        unimplemented!()
    }

    /// The number of bytes of the modulus, and of each ciphertext and signature.
    pub fn modulus_bytes(&self) -> usize {
        unimplemented!()
    }

    /// RSAES-OAEP encryption with SHA-256 for both hash and MGF1.
    pub fn encrypt_oaep_sha256(&self, _plaintext: &[u8], _label: &[u8]) -> Result<Vec<u8>, CryptoError> {
        unimplemented!()
    }

    /// Whether `signature` is RSASSA-PSS of `message`.
    pub fn verify_pss(&self, _hash: Hash, _salt: SaltLength, _message: &[u8], _signature: &[u8]) -> bool {
        unimplemented!()
    }

    /// Whether `signature` is RSASSA-PKCS1-v1_5 of `message`.
    pub fn verify_pkcs1(&self, _hash: Hash, _message: &[u8], _signature: &[u8]) -> bool {
        unimplemented!()
    }
}
