//! Bundles and chains as scripts check them (js-runtime.md 7.5).

use crate::CryptoError;

/// Whether the first certificate in the text parses; the empty text counts as valid, the rest is not examined.
pub fn is_valid_bundle(_pem: &str) -> bool {
    unimplemented!()
}

/// Whether the first certificate of `chain` leads, over the others, to one of `trusted` at `now` (unix seconds).
/// An unparseable target, or one whose key is neither EC nor RSA, is an error.
pub fn is_valid_chain(_chain: &str, _trusted: &str, _now: i64) -> Result<bool, CryptoError> {
    unimplemented!()
}
