//! Every bound of this crate that is no setting.

use std::time::Duration;

/// A TLS handshake that takes longer ends the connection.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// From its first byte on, the head of a request may take so long.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// After a refusal, what the client still sends is read and dropped for at most so long ...
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// ... and at most so many bytes.
pub const DRAIN_BYTES: u64 = 64 * 1024 * 1024;
/// How long sessions may take to end once the server is told to stop.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(2);
/// Pause of accepting while the process has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
