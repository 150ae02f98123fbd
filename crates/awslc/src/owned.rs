//! Owners of C objects: each frees what it points to when dropped.

use std::ptr::NonNull;

use aws_lc_sys as sys;

use crate::Error;

/// A C object that this value owns.
pub(crate) struct Owned<T: Free>(NonNull<T>);

/// How to release a C object.
pub(crate) trait Free {
    /// Releases `object`.
    ///
    /// # Safety
    /// `object` must be valid, and the caller must own it and not use it afterwards.
    unsafe fn free(object: *mut Self);
}

impl<T: Free> Owned<T> {
    /// Takes over a pointer that a constructor returned; null is that constructor's error.
    ///
    /// # Safety
    /// `object` must be null, or valid and owned by the caller.
    pub(crate) unsafe fn new(object: *mut T, operation: &str) -> Result<Self, Error> {
        NonNull::new(object)
            .map(Self)
            .ok_or_else(|| Error::take(operation))
    }

    /// The pointer, for functions that read.
    pub(crate) fn as_ptr(&self) -> *const T {
        self.0.as_ptr()
    }

    /// The pointer, for functions that are declared to write. The C interface says of each whether it may be called
    /// from several threads at a time.
    pub(crate) fn as_mut_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: Free> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is valid and owned by the contract of `new`, and is not used after the drop.
        unsafe { T::free(self.0.as_ptr()) }
    }
}

macro_rules! free {
    ($($object:ident => $function:ident),* $(,)?) => {$(
        impl Free for sys::$object {
            unsafe fn free(object: *mut Self) {
                // SAFETY: passed on from the caller.
                unsafe { sys::$function(object) }
            }
        }
    )*};
}

// The library wipes all memory that it frees, so that key material does not survive its owner.
free! {
    BIGNUM => BN_clear_free,
    BN_CTX => BN_CTX_free,
    EC_KEY => EC_KEY_free,
    EC_POINT => EC_POINT_free,
    ECDSA_SIG => ECDSA_SIG_free,
    EVP_PKEY => EVP_PKEY_free,
    EVP_PKEY_CTX => EVP_PKEY_CTX_free,
    RSA => RSA_free,
    X509 => X509_free,
    X509_REQ => X509_REQ_free,
    X509_STORE => X509_STORE_free,
    X509_STORE_CTX => X509_STORE_CTX_free,
    OPENSSL_STACK => OPENSSL_sk_free,
}

/// The big-endian number in `bytes`.
pub(crate) fn bignum(bytes: &[u8]) -> Result<Owned<sys::BIGNUM>, Error> {
    // SAFETY: pointer and length are those of one slice; null as the last argument asks for a new number, which we own.
    unsafe {
        Owned::new(
            sys::BN_bin2bn(bytes.as_ptr(), bytes.len(), std::ptr::null_mut()),
            "reading a number",
        )
    }
}

/// A number to be written to.
pub(crate) fn new_bignum() -> Result<Owned<sys::BIGNUM>, Error> {
    // SAFETY: BN_new returns a new object or null.
    unsafe { Owned::new(sys::BN_new(), "making a number") }
}
