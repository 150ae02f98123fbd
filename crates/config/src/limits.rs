//! The limits of this crate.

/// Largest text of a configuration file, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 << 20;
/// Most extra request threads; more is refused when the node is created (node-and-operations.md 1.2).
pub const MAX_WORKER_THREADS: u64 = 23;
/// Least `max_frame_size` of an HTTP/2 interface (RFC 9113 6.5.2).
pub const MIN_FRAME_BYTES: u64 = 16 << 10;
/// Largest `max_frame_size` of an HTTP/2 interface (RFC 9113 6.5.2: one byte below 16 MiB; the full 16 MiB of the
/// contract is accepted and means that).
pub const MAX_FRAME_BYTES: u64 = 16 << 20;
/// Largest `initial_window_size` of an HTTP/2 interface (RFC 9113 6.5.2).
pub const MAX_WINDOW_BYTES: u64 = (1 << 31) - 1;
/// Longest text of one regular expression in `accepted_endpoints`, in bytes.
pub const MAX_PATTERN_BYTES: usize = 4096;
/// Largest number of errors that are listed one by one.
pub const MAX_LISTED_ERRORS: usize = 100;
