//! Keys, certificates, COSE_Sign1, AEAD, key wrapping, secret sharing and digests.
//!
//! This crate is the one place of the workspace that names a cryptographic library. It knows nothing of ledgers,
//! tables or HTTP: what it offers are the primitives and the message formats that those rooms are built from.
//! Random bytes are an input ([`Entropy`]); secrets are types that are wiped on drop and cannot be printed.

mod digest;
mod entropy;
mod error;
mod mac;

pub mod aead;
pub mod cert;
pub mod cose;
pub mod ec;
pub mod eddsa;
pub mod jwk;
pub mod limits;
pub mod pem;
pub mod rsa;
pub mod sharing;
pub mod verify;
pub mod wrap;

pub use digest::{Digest, DigestParseError, sha256, sha256_parts};
pub use ec::{Curve, EcKeyPair, EcPublicKey};
pub use entropy::{Entropy, SystemEntropy};
pub use error::CryptoError;
pub use mac::{Hash, HmacKey, hkdf_sha256, hmac, hmac_sha256};
pub use rsa::{RsaKeyPair, RsaPublicKey};

/// Bytes that are wiped when they go out of scope.
pub use zeroize::Zeroizing;
