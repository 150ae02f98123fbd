//! Validity periods and the formats of `valid_from` (governance-api.md 8.6).

use crate::CryptoError;

/// A validity period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second, unix seconds.
    pub from: i64,
    /// The length in days; the last second is `from + days * 86400 - 1`.
    pub days: u64,
}

impl Validity {
    /// The last second, unix seconds.
    pub fn not_after(&self) -> Result<i64, CryptoError> {
        unimplemented!()
    }
}

/// Reads a time in any of the accepted formats; the result is in unix seconds.
pub fn parse_valid_from(_text: &str) -> Result<i64, CryptoError> {
    unimplemented!()
}
