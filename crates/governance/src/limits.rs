//! The limits of this room, all in one place.

/// Largest `created_at` of a proposal, seconds since 1970: ten digits (governance-api.md 4.2).
pub const MAX_CREATED_AT: i64 = 9_999_999_999;

/// Length of a path id in hex digits (governance-api.md 1.6).
pub const ID_HEX_LEN: usize = 64;
