//! Signatures of certificates and signing requests, and X.509 path validation.

use aws_lc_sys as sys;

use crate::Error;
use crate::owned::Owned;

/// A certificate.
pub struct Certificate(Owned<sys::X509>);

impl Certificate {
    /// Reads a DER certificate; nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let len = long(der)?;
        let mut cursor = der.as_ptr();
        // SAFETY: `cursor` points to `len` readable bytes; null asks for a new object, which we own.
        let certificate = unsafe {
            let parsed = sys::d2i_X509(std::ptr::null_mut(), &raw mut cursor, len);
            Owned::new(parsed, "reading a certificate")?
        };
        if cursor != der.as_ptr_range().end {
            return Err(Error::new("reading a certificate failed: bytes follow it"));
        }
        Ok(Self(certificate))
    }

    /// Whether this is the certificate of an authority: basic constraints say so, or it is self-signed version 1.
    pub fn is_ca(&self) -> bool {
        // SAFETY: the object is valid and not shared with another thread (it is not Sync).
        unsafe { sys::X509_check_ca(self.0.as_mut_ptr()) == 1 }
    }

    /// Whether the key of `issuer` made the signature of this certificate. Names and dates are not examined.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        // SAFETY: both objects are valid; X509_get_pubkey returns a reference that we own.
        unsafe {
            let key = Owned::new(
                sys::X509_get_pubkey(issuer.0.as_ptr()),
                "reading a public key",
            );
            let result = key.map(|key| sys::X509_verify(self.0.as_mut_ptr(), key.as_mut_ptr()));
            sys::ERR_clear_error();
            result == Ok(1)
        }
    }
}

/// Whether the self-signature of a DER signing request holds, with whatever algorithm it names.
pub fn is_request_self_signed(der: &[u8]) -> Result<bool, Error> {
    let len = long(der)?;
    let mut cursor = der.as_ptr();
    // SAFETY: `cursor` points to `len` readable bytes; null asks for a new object, which we own; X509_REQ_get_pubkey
    // returns a reference that we own.
    unsafe {
        let parsed = sys::d2i_X509_REQ(std::ptr::null_mut(), &raw mut cursor, len);
        let request = Owned::new(parsed, "reading a signing request")?;
        let key = Owned::new(
            sys::X509_REQ_get_pubkey(request.as_ptr()),
            "reading the key of a signing request",
        )?;
        let result = sys::X509_REQ_verify(request.as_mut_ptr(), key.as_mut_ptr());
        sys::ERR_clear_error();
        Ok(result == 1)
    }
}

/// Whether a path leads from `target` over `intermediates` to one of `trusted`, any of which may be the anchor, with
/// all certificates in force at `now` (unix seconds).
pub fn verify_chain(
    target: &Certificate,
    intermediates: &[Certificate],
    trusted: &[Certificate],
    now: i64,
) -> Result<bool, Error> {
    // SAFETY: all objects are valid. X509_STORE_add_cert takes a reference of its own; the stack only holds pointers
    // to `intermediates`, which outlive it, and freeing it does not free them; the context is used before, and dropped
    // after which, the store and the stack go (variables are dropped in reverse order). STACK_OF(X509) and
    // OPENSSL_STACK are the same object.
    unsafe {
        let store = Owned::new(sys::X509_STORE_new(), "making a certificate store")?;
        for certificate in trusted {
            crate::error::check(
                sys::X509_STORE_add_cert(store.as_mut_ptr(), certificate.0.as_mut_ptr()),
                "adding a trusted certificate",
            )?;
        }
        let stack = Owned::new(sys::OPENSSL_sk_new_null(), "making a stack")?;
        for certificate in intermediates {
            if sys::OPENSSL_sk_push(stack.as_mut_ptr(), certificate.0.as_mut_ptr().cast()) == 0 {
                return Err(Error::take("adding an intermediate certificate"));
            }
        }
        let context = Owned::new(sys::X509_STORE_CTX_new(), "making a verification context")?;
        crate::error::check(
            sys::X509_STORE_CTX_init(
                context.as_mut_ptr(),
                store.as_mut_ptr(),
                target.0.as_mut_ptr(),
                stack.as_mut_ptr().cast(),
            ),
            "preparing the verification of a certificate",
        )?;
        let parameters = sys::X509_STORE_CTX_get0_param(context.as_mut_ptr());
        sys::X509_VERIFY_PARAM_set_flags(parameters, sys::X509_V_FLAG_PARTIAL_CHAIN as _);
        sys::X509_VERIFY_PARAM_set_time_posix(parameters, now);
        let result = sys::X509_verify_cert(context.as_mut_ptr());
        sys::ERR_clear_error();
        Ok(result == 1)
    }
}

fn long(der: &[u8]) -> Result<std::ffi::c_long, Error> {
    der.len()
        .try_into()
        .map_err(|_| Error::new("a DER object is too long"))
}
