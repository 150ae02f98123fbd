//! All bounds of the sandbox (js-runtime.md 3, and our own where it sets none).

use std::time::Duration;

/// Native stack that a thread must have to run scripts under any stored limits.
pub const REQUIRED_STACK_BYTES: usize = 18 * 1024 * 1024;

/// Bounds of one call (js-runtime.md 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Engine allocation limit in bytes; 0 lets every allocation fail.
    pub heap_bytes: usize,
    /// Native stack below the call in bytes; 0 means as much as the thread has.
    pub stack_bytes: usize,
    /// Wall clock for the call.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            heap_bytes: 100 * 1024 * 1024,
            stack_bytes: 1024 * 1024,
            time: Duration::from_millis(5000),
        }
    }
}

impl Limits {
    /// Each bound raised to its default where it is lower: stored options can
    /// widen governance's limits but never strangle it.
    #[must_use]
    pub fn at_least_defaults(self) -> Self {
        let default = Self::default();
        Self {
            heap_bytes: self.heap_bytes.max(default.heap_bytes),
            stack_bytes: self.stack_bytes.max(default.stack_bytes),
            time: self.time.max(default.time),
        }
    }
}
