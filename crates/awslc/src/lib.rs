//! Thin safe wrappers over AWS-LC for what `aws-lc-rs` lacks.
//!
//! This is the only crate of the workspace where `unsafe` is allowed, because the C functions behind it have no safe
//! binding: ECDSA over a digest of any length on any curve, RSA keys of any size with OAEP and PSS of any salt length,
//! AES key wrap with padding for all key sizes, X.509 signatures and path validation, and SHA-256 contexts that can
//! be copied. Each `unsafe` block names the rule of the C interface that makes it sound. Formats (PEM, PKCS#8, COSE)
//! do not live here.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod ec;
pub mod keywrap;
pub mod rsa;
pub mod sha256;
pub mod x509;

mod error;
mod owned;

pub use error::Error;

use aws_lc_sys as sys;

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

impl Hash {
    fn evp(self) -> *const sys::EVP_MD {
        // SAFETY: these functions take nothing and return pointers to static tables.
        unsafe {
            match self {
                Self::Sha256 => sys::EVP_sha256(),
                Self::Sha384 => sys::EVP_sha384(),
                Self::Sha512 => sys::EVP_sha512(),
            }
        }
    }

    const fn nid(self) -> i32 {
        match self {
            Self::Sha256 => sys::NID_sha256,
            Self::Sha384 => sys::NID_sha384,
            Self::Sha512 => sys::NID_sha512,
        }
    }
}

/// Fills `out` from the library's generator, which aborts the process rather than fail.
pub fn random_bytes(out: &mut [u8]) {
    // SAFETY: the pointer and the length are those of one writable slice.
    let done = unsafe { sys::RAND_bytes(out.as_mut_ptr(), out.len()) };
    // RAND_bytes is documented to return one always; anything else means that `out` is not random.
    if done != 1 {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn random_bytes_fill_all_of_the_slice() {
        let mut seen = [0_u8; 100];
        for _ in 0..64 {
            let mut bytes = [0; 100];
            super::random_bytes(&mut bytes);
            seen.iter_mut()
                .zip(bytes)
                .for_each(|(seen, byte)| *seen |= byte);
        }
        assert!(
            seen.iter().all(|byte| *byte != 0),
            "a byte that stays zero has a chance of 2^-512"
        );
        super::random_bytes(&mut []);
    }
}
