//! Every bound of this crate, in one place.

use std::time::Duration;

/// Largest file that the configuration may name, in bytes: a certificate, a constitution, data.
pub const INPUT_FILE_BYTES_MAX: u64 = 16 << 20;

/// Largest configuration file that is read, in bytes: one more than is accepted, so that a longer one is refused as such.
pub const CONFIG_BYTES_MAX: u64 = quorate_config::limits::MAX_TEXT_BYTES as u64 + 1;

/// Connections that may wait to be accepted on an interface, as far as the system allows.
pub const BACKLOG: i32 = 4096;

/// Longest wait for the create transaction to commit.
pub const GENESIS_TIME: Duration = Duration::from_secs(30);

/// Longest wait for the open run to commit at a stop.
pub const FINAL_COMMIT_TIME: Duration = Duration::from_secs(4);

/// How long scripts that still run at a stop may take to end.
pub const SCRIPTS_TIME: Duration = Duration::from_secs(2);

/// From the signal to the end at the latest; operators' scripts allow 10 s (node-and-operations.md 8.1).
pub const STOP_TIME: Duration = Duration::from_secs(9);

// The parts of a stop that have bounds of their own fit.
const _: () = assert!(
    quorate_http::limits::SHUTDOWN_TIME.as_secs()
        + FINAL_COMMIT_TIME.as_secs()
        + SCRIPTS_TIME.as_secs()
        < STOP_TIME.as_secs()
);
