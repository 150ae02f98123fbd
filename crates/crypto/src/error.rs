//! The error enum of this crate.

use crate::cose::CoseError;

/// What can go wrong with keys, certificates, messages and shares. The text is complete in itself and is what
/// callers put after their own prefix ("Failed to unwrap key: ...").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A text that should be PEM has no `-----BEGIN` line (js-runtime.md 7).
    #[error("PEM constructed with non-PEM data: {0}")]
    NotPem(String),
    /// A PEM argument of zero length (js-runtime.md 7).
    #[error("Got PEM of size 0")]
    EmptyPem,
    /// A PEM or DER object that does not parse as what it should be.
    #[error("{what} cannot be read: {reason}")]
    Malformed {
        /// The kind of object that was expected.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A key of a kind that the operation does not take.
    #[error("{what} must be {expected}, found {found}")]
    KeyKind {
        /// Which key.
        what: &'static str,
        /// The kinds that are accepted.
        expected: &'static str,
        /// The kind that was given.
        found: String,
    },
    /// A value of the wrong number of bytes.
    #[error("{what} must be {expected} bytes long, found {found}")]
    Length {
        /// Which value.
        what: &'static str,
        /// The lengths that are accepted.
        expected: &'static str,
        /// The length that was given.
        found: usize,
    },
    /// A parameter outside of what is accepted.
    #[error("{what} must be {expected}, found {found}")]
    Parameter {
        /// Which parameter.
        what: &'static str,
        /// The values that are accepted.
        expected: &'static str,
        /// The value that was given.
        found: String,
    },
    /// Authenticated decryption failed: wrong key, or changed data.
    #[error("authentication failed: the key is another one, or the data was changed")]
    Authentication,
    /// The cryptographic library refused the operation.
    #[error("{0}")]
    Library(#[from] quorate_awslc::Error),
    /// Combined unwrapping: the input ends within, or directly after, the wrapped AES key (js-runtime.md 7.3).
    #[error("not enough ciphertext")]
    NotEnoughCiphertext,
    /// Combined unwrapping: the inner key is no AES key (js-runtime.md 7.3).
    #[error("invalid key size")]
    InvalidKeySize,
    /// A time that is in none of the accepted formats (governance-api.md 8.6).
    #[error("'{0}' does not match any accepted time format")]
    TimeFormat(String),
    /// A validity period that ends before it begins or leaves the years 1950 to 9999.
    #[error("validity of {days} days from {from} (unix seconds) {reason}")]
    Validity {
        /// The begin, unix seconds.
        from: i64,
        /// The length, days.
        days: u64,
        /// What is wrong with the period.
        reason: &'static str,
    },
    /// A subject name that is not `KEY=value[,KEY=value...]` with known keys.
    #[error("subject name '{subject}': {reason}")]
    Subject {
        /// The text given.
        subject: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A signature that does not verify.
    #[error("{0} does not verify")]
    BadSignature(&'static str),
    /// Too few shares to reach the threshold (recovery-and-membership.md 5.2).
    #[error("{given} shares are not enough, the threshold is {threshold}")]
    NotEnoughShares {
        /// How many shares were given.
        given: usize,
        /// How many are needed.
        threshold: usize,
    },
    /// Two shares for the same x (recovery-and-membership.md 5.2).
    #[error("two shares have the same index {0}")]
    DuplicateShare(u32),
    /// A threshold or number of shares that allows no sharing (recovery-and-membership.md 5.3).
    #[error(
        "cannot split into {shares} shares with threshold {threshold}: 1 <= threshold <= shares must hold"
    )]
    Sharing {
        /// The number of shares asked for.
        shares: usize,
        /// The threshold asked for.
        threshold: usize,
    },
    /// A COSE message that cannot be decoded.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// A JWK that cannot be read.
    #[error("{0}")]
    Jwk(String),
}

/// Ends the thread: an operation failed that fails only when memory is exhausted or the library is not what it should
/// be. There is nothing that a caller could do, and going on without the signature or key would be worse.
#[allow(clippy::panic)]
pub(crate) fn library_broken(operation: &str) -> ! {
    panic!("the cryptographic library failed at {operation}")
}
