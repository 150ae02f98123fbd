//! Every bound of this crate, in one place.

use std::time::Duration;

/// How often a request is executed at most, dispatch and authentication included
/// (apps-and-endpoints.md 7).
pub const ATTEMPTS_MAX: u32 = 30;

/// Value of `retry-after`, in seconds, when all attempts were used up (apps-and-endpoints.md 7).
pub const RETRY_AFTER_SECONDS: u32 = 3;

/// Default of `consensus.max_uncommitted_tx_count`; 0 switches back-pressure off.
pub const MAX_UNCOMMITTED_DEFAULT: u64 = 10_000;

/// Parsed certificates that are kept, so that a keep-alive session does not parse its client's
/// certificate again with each request: those of the sessions of two interfaces at their default
/// caps.
pub const CERTIFICATES_CACHED: usize = 2_048;

/// Path template parameters of one endpoint.
pub const TEMPLATE_PARAMETERS_MAX: usize = 8;

/// Threads that run scripts, by default.
pub const SCRIPT_THREADS_DEFAULT: usize = 2;

/// Stack of a script thread, in bytes: what scripts may use by a member's decision, and room for the
/// native code around it.
pub const SCRIPT_STACK_BYTES: usize = quorate_script::REQUIRED_STACK_BYTES;

/// Requests that wait for a script thread, each for governance and for applications.
pub const SCRIPT_QUEUE_DEFAULT: usize = 256;

/// How long a stopping pool waits for the scripts that are running.
pub const SCRIPT_STOP: Duration = Duration::from_secs(6);

/// Entries of an `accept` header that are looked at; more are refused.
pub const ACCEPT_ENTRIES_MAX: usize = 256;
