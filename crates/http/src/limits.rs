//! Every bound of this crate that is no setting.

use std::time::Duration;

use crate::settings::HttpLimits;

/// A TLS handshake that takes longer ends the connection.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// From its first byte on, the head of a request may take so long.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// After a refusal, what the client still sends is read and dropped for at most so long ...
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// ... and at most so many bytes.
pub const DRAIN_BYTES: u64 = 64 * 1024 * 1024;
/// What is read in one piece while it is dropped.
pub const DRAIN_BUFFER: usize = 16 * 1024;
/// How long the last bytes of a connection may take to be handed to the network.
pub const CLOSE_TIME: Duration = Duration::from_secs(2);
/// Connections beyond the soft cap that have had their answer and are still read from. They no
/// longer count as sessions.
pub const LINGERING: usize = 64;
/// A body may take so long ...
pub const BODY_TIME: Duration = Duration::from_secs(60);
/// ... and longer if it comes in at this rate at least, in bytes a second.
pub const BODY_RATE: u64 = 16 * 1024;
/// Read buffer of a session that has little to do, in bytes.
pub const READ_BUFFER_MIN: usize = 8 * 1024;
/// Read buffer of a session that is busy, in bytes.
pub const READ_BUFFER_MAX: usize = 256 * 1024;
/// A session with nothing to read for so long gives large buffers back.
pub const SHRINK_AFTER: Duration = Duration::from_secs(1);
/// Answers are sent at the latest when so many bytes of them wait.
pub const WRITE_BUFFER: usize = 256 * 1024;
/// Bodies from this size on are sent from where they are.
pub const COPIED_BODY: usize = 64 * 1024;
/// After so many requests that came in together ...
pub const PACE_REQUESTS: u32 = 32;
/// ... and took so long, the session lets others go on.
pub const PACE_TIME: Duration = Duration::from_millis(5);
/// How often an HTTP/2 session that waits for the service looks at its idle time again.
pub const IDLE_GRANULARITY: Duration = Duration::from_millis(500);
/// How long sessions may take to end once the server is told to stop.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(2);
/// Pause of accepting while the process has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Extensions of the chunks of one body, in bytes.
pub const CHUNK_EXTENSION_BYTES: usize = 16 * 1024;
/// How much room a parser keeps ready for its next request, in bytes.
pub const KEPT_CAPACITY: usize = 1024;
/// Least room for a request target, in bytes.
pub const TARGET_BYTES: usize = 64 * 1024;

/// Longest request target of HTTP/1, in bytes. No setting speaks of it.
pub fn target_bytes(limits: &HttpLimits) -> usize {
    usize::try_from(limits.max_header_size.bytes).map_or(usize::MAX, |size| size.max(TARGET_BYTES))
}

/// How long a body may take of which so many bytes have come in.
pub fn body_time(received: u64) -> Duration {
    BODY_TIME + Duration::from_secs(received / BODY_RATE)
}
