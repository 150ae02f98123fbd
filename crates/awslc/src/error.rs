//! The library's error queue as a Rust error.

use std::ffi::{CStr, c_char};
use std::fmt;

use aws_lc_sys as sys;

/// An error reported by the library, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// Takes the newest error of this thread's queue, since others may have left older ones, and empties the queue.
    /// `operation` says what failed, also for the functions that report nothing.
    pub(crate) fn take(operation: &str) -> Self {
        let mut buffer = [0 as c_char; 256];
        // SAFETY: these functions only touch the queue of the calling thread; ERR_error_string_n writes at most the
        // given length, terminating NUL included, so that the buffer holds a C string afterwards.
        let text = unsafe {
            let code = sys::ERR_peek_last_error();
            sys::ERR_clear_error();
            if code == 0 {
                return Self(format!("{operation} failed"));
            }
            sys::ERR_error_string_n(code, buffer.as_mut_ptr(), buffer.len());
            CStr::from_ptr(buffer.as_ptr())
        };
        Self(format!("{operation} failed: {}", text.to_string_lossy()))
    }

    /// An error found before the library was asked.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// `Ok` for the library's "one on success".
pub(crate) fn check(result: i32, operation: &str) -> Result<(), Error> {
    if result == 1 {
        Ok(())
    } else {
        Err(Error::take(operation))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use crate::rsa;

    #[test]
    fn an_error_has_the_words_of_the_library_for_that_operation() {
        let too_large = rsa::PublicKey::from_components(&[0xff; 4096], &[3]).err();
        let no_key = rsa::PublicKey::from_pkcs1_der(b"no key").err();
        let texts = [too_large, no_key]
            .map(|error| error.map(|error| error.to_string()).unwrap_or_default());
        assert!(
            texts[0].contains("RSA routines") && texts[0].contains("MODULUS_TOO_LARGE"),
            "{texts:?}"
        );
        assert!(
            texts[1].contains("RSA routines") && texts[1].contains("BAD_ENCODING"),
            "{texts:?}"
        );
    }
}
