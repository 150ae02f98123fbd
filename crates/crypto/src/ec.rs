//! Elliptic-curve keys: ECDSA on P-256, P-384 and P-521.

use zeroize::Zeroizing;

use crate::cose::CoseAlg;
use crate::{CryptoError, Digest, Entropy, Hash};

/// A NIST curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// An ECDSA key pair. The private half is wiped on drop.
pub struct EcKeyPair(());

/// An ECDSA public key.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPublicKey(());

impl Curve {
    /// The hash that certificates signed on this curve use: SHA-256, SHA-384, SHA-512.
    pub const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// The number of bytes of a field element and of each half of a raw signature: 32, 48, 66.
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// `secp256r1`, `secp384r1`, `secp521r1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "secp256r1",
            Self::P384 => "secp384r1",
            Self::P521 => "secp521r1",
        }
    }
}

impl EcKeyPair {
    /// A fresh key pair.
    pub fn generate(_curve: Curve, _entropy: &dyn Entropy) -> Self {
        unimplemented!()
    }

    /// Reads a private key: PKCS#8, or SEC 1 with or without an `EC PARAMETERS` block before it.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The PKCS#8 PEM of the private key, byte for byte as OpenSSL writes it (js-runtime.md 7).
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        unimplemented!()
    }

    /// The `EC PARAMETERS` and `EC PRIVATE KEY` blocks that `openssl ecparam -genkey` writes (governance-api.md 12.3).
    pub fn to_sec1_pem(&self) -> Zeroizing<String> {
        unimplemented!()
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        unimplemented!()
    }

    /// The public half.
    pub fn public_key(&self) -> &EcPublicKey {
        unimplemented!()
    }

    /// Signs `digest` itself, of any length, whatever the curve (ledger.md 4.2). DER.
    pub fn sign_prehash_der(&self, _digest: &[u8]) -> Vec<u8> {
        unimplemented!()
    }

    /// Signs `message` with the hash of `alg`, which need not be that of the curve. Raw `r‖s`.
    pub fn sign_cose(&self, alg: CoseAlg, message: &[u8]) -> Vec<u8> {
        self.sign_raw(alg.hash(), message)
    }

    /// Signs `message` hashed with `hash`. Raw `r‖s`, each as wide as the field.
    pub fn sign_raw(&self, _hash: Hash, _message: &[u8]) -> Vec<u8> {
        unimplemented!()
    }

    /// Signs `message` hashed with `hash`. DER.
    pub fn sign_der(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        self.sign_prehash_der(&hash.digest(message))
    }
}

impl EcPublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki_der(_der: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Reads a `PUBLIC KEY` PEM.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Reads a SEC 1 point, compressed or not.
    pub fn from_sec1(_curve: Curve, _point: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The uncompressed SEC 1 point.
    pub fn to_sec1(&self) -> &[u8] {
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

    /// The curve.
    pub fn curve(&self) -> Curve {
        unimplemented!()
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the id of the node that has this key.
    pub fn fingerprint(&self) -> Digest {
        unimplemented!()
    }

    /// Whether `signature` (DER) is of `digest` itself, of any length (ledger.md 4.2).
    pub fn verify_prehash_der(&self, _digest: &[u8], _signature: &[u8]) -> bool {
        unimplemented!()
    }

    /// Whether `signature` (raw `r‖s`) is of `message` hashed with `hash`.
    pub fn verify_raw(&self, _hash: Hash, _message: &[u8], _signature: &[u8]) -> bool {
        unimplemented!()
    }

    /// Whether `signature` (DER) is of `message` hashed with `hash`.
    pub fn verify_der(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.verify_prehash_der(&hash.digest(message), signature)
    }
}
