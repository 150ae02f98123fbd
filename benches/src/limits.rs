//! Every bound of this crate.

use std::time::Duration;

/// Largest head of a response, in fields.
pub const RESPONSE_FIELDS: usize = 64;
/// Largest response, in bytes.
pub const RESPONSE_BYTES: usize = 64 * 1024 * 1024;
/// Read buffer of a connection, in bytes.
pub const READ_BUFFER: usize = 64 * 1024;
/// A server that says nothing for so long has failed.
pub const SILENCE: Duration = Duration::from_secs(30);
/// How long the last transaction may take to be committed.
pub const COMMIT_TIME: Duration = Duration::from_secs(30);
/// Pause between two questions for it.
pub const COMMIT_PAUSE: Duration = Duration::from_millis(2);
