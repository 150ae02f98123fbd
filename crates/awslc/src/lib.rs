//! Thin safe wrappers over AWS-LC for what `aws-lc-rs` lacks.
//!
//! This is the only crate of the workspace where `unsafe` is allowed, because the C functions behind it have no safe
//! binding: ECDSA over a digest of any length on any curve, RSA keys of any size with OAEP and PSS of any salt length,
//! AES key wrap with padding for all key sizes, X.509 path validation, and SHA-256 contexts that can be copied.
//! Every `unsafe` block names the rule of the C interface that makes it sound.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod sha256;

/// An error reported by the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Fills `out` from the library's generator, which aborts the process rather than fail.
pub fn random_bytes(_out: &mut [u8]) {
    unimplemented!()
}
