//! Every bound this crate sets on what it reads.

/// Deepest nesting of CBOR containers and tags that is followed. Deeper input is refused.
pub const CBOR_DEPTH: usize = 15;

/// Longest PEM text that is read, in bytes: far above any bundle in use.
pub const PEM_BYTES: usize = 4 * 1024 * 1024;

/// Most certificates read from one text of concatenated PEM.
pub const PEM_CERTIFICATES: usize = 1024;

/// Largest RSA modulus, in bits. The library's own bound.
pub const RSA_MODULUS_BITS: u32 = 16384;

/// Smallest RSA modulus generated, in bits (js-runtime.md 7.1).
pub const RSA_MODULUS_BITS_MIN: u32 = 512;

/// Most parameters of a header that are read into memory.
pub const COSE_PARAMETERS: usize = 64;

/// Most parameters of a header that are unknown, integer-labelled and text-labelled each
/// (governance-api.md 2.1).
pub const COSE_UNKNOWN_PARAMETERS: usize = 10;

/// Most recovery shares in one issue: x must be a non-zero field element, the threshold fits an octet
/// (recovery-and-membership.md 5.1).
pub const SHARES: usize = 1 << 20;

/// Most tags around a message.
pub const COSE_TAGS: usize = 4;
