//! AES key wrap with padding (RFC 5649).

use std::mem::MaybeUninit;

use aws_lc_sys as sys;
use zeroize::Zeroizing;

use crate::Error;

/// Wraps `plaintext` (1 byte or more) under an AES key of 16, 24 or 32 bytes.
pub fn wrap(key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let key = Schedule::new(key, true)?;
    let mut out = vec![0; plaintext.len().div_ceil(8) * 8 + 8];
    let mut len = 0;
    // SAFETY: the schedule was set for encryption; pointers and lengths are those of a slice and a vector; at most
    // `max_out` bytes are written.
    let done = unsafe {
        sys::AES_wrap_key_padded(
            &raw const key.0,
            out.as_mut_ptr(),
            &raw mut len,
            out.len(),
            plaintext.as_ptr(),
            plaintext.len(),
        )
    };
    if done != 1 {
        return Err(Error::new(
            "AES key wrap failed: the key to wrap must have 1 to 2^32 - 1 bytes",
        ));
    }
    out.truncate(len);
    Ok(out)
}

/// The reverse of [`wrap`].
pub fn unwrap(key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if wrapped.len() < 16 || !wrapped.len().is_multiple_of(8) {
        return Err(Error::new(
            "AES key unwrap failed: the input must have 16 bytes or more, a multiple of 8",
        ));
    }
    let key = Schedule::new(key, false)?;
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let mut len = 0;
    // SAFETY: the schedule was set for decryption; pointers and lengths are those of a slice and a vector; at most
    // `max_out` bytes are written.
    let done = unsafe {
        sys::AES_unwrap_key_padded(
            &raw const key.0,
            out.as_mut_ptr(),
            &raw mut len,
            out.len(),
            wrapped.as_ptr(),
            wrapped.len(),
        )
    };
    if done != 1 {
        return Err(Error::new(
            "AES key unwrap failed: the key is another one, or the data was changed",
        ));
    }
    out.truncate(len);
    Ok(out)
}

/// An expanded AES key; wiped on drop.
struct Schedule(sys::AES_KEY);

impl Schedule {
    fn new(key: &[u8], encrypt: bool) -> Result<Self, Error> {
        let bits = match key.len() {
            16 => 128,
            24 => 192,
            32 => 256,
            _ => return Err(Error::new("an AES key must have 16, 24 or 32 bytes")),
        };
        let mut schedule = MaybeUninit::<sys::AES_KEY>::zeroed();
        // SAFETY: the key has the number of bits that is told; the function fills the schedule it is given. AES_KEY is
        // plain data, all-zero bytes are a value of it.
        unsafe {
            let set = if encrypt {
                sys::AES_set_encrypt_key
            } else {
                sys::AES_set_decrypt_key
            };
            if set(key.as_ptr(), bits, schedule.as_mut_ptr()) != 0 {
                return Err(Error::take("expanding an AES key"));
            }
            Ok(Self(schedule.assume_init()))
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        // SAFETY: the schedule is plain data without pointers; pointer and length are those of the whole of it.
        unsafe { sys::OPENSSL_cleanse((&raw mut self.0).cast(), size_of::<sys::AES_KEY>()) }
    }
}
