//! The library's error queue as a Rust error.

use std::ffi::{CStr, c_char};
use std::fmt;

use aws_lc_sys as sys;

/// An error reported by the library, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// Takes the oldest error of this thread's queue and empties the queue. `operation` says what failed, for the
    /// functions that report nothing.
    pub(crate) fn take(operation: &str) -> Self {
        let mut buffer = [0 as c_char; 256];
        // SAFETY: these functions only touch the queue of the calling thread; ERR_error_string_n writes at most the
        // given length, terminating NUL included, so that the buffer holds a C string afterwards.
        let text = unsafe {
            let code = sys::ERR_get_error();
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
