//! All bounds of the sandbox: those of a call (js-runtime.md 3), and our own where the contract sets none, so
//! that no script can hang or exhaust a node.

use std::{cell::Cell, time::Duration};

/// Native stack that a thread needs to run scripts under any stored limits. Such a thread says so with
/// [`declare_thread_stack`]; on others, scripts get what a thread of the standard size can give.
pub const REQUIRED_STACK_BYTES: usize = MAX_STACK_BYTES + STACK_MARGIN_BYTES;

/// Largest stack a script can get, whatever is stored.
pub(crate) const MAX_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Native stack kept free below and above a script: the caller's frames, native functions at the edge of the
/// script's stack, and the inner context of `ccf.gov.validateConstitution`.
pub(crate) const STACK_MARGIN_BYTES: usize = 768 * 1024;

/// Stack of a thread that has declared nothing: the standard size of a Rust thread.
const UNDECLARED_STACK_BYTES: usize = 2 * 1024 * 1024;

/// Stack of a context that runs inside another one's call, the engine's own default.
pub(crate) const INNER_STACK_BYTES: usize = 256 * 1024;

/// Stack for reading what a script has thrown, where the call itself had less.
pub(crate) const READING_STACK_BYTES: usize = 128 * 1024;

/// Heap for compiling a module and running its top level.
pub(crate) const LOAD_HEAP_BYTES: usize = 256 * 1024 * 1024;

/// Longest source text that is compiled.
pub(crate) const SOURCE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of `console` output that one context may log.
pub(crate) const CONSOLE_BYTES: usize = 1024 * 1024;

/// Bytes of keys and values that one context may write to the store.
pub(crate) const WRITTEN_BYTES: usize = 256 * 1024 * 1024;

/// Longest array whose elements a native function of the engine may walk without a look at the clock.
pub(crate) const WALKED_ELEMENTS: f64 = (1_u32 << 26) as f64;

/// Largest product of the lengths of a text and what is searched in it.
pub(crate) const SEARCH_STEPS: u64 = 1 << 34;

/// Largest RSA key that a script may have made, in bits: larger ones take longer than any call may last.
pub(crate) const RSA_BITS: u32 = 4096;

/// Frames in a stack trace; the engine records no more.
pub(crate) const TRACE_FRAMES: i32 = 64;

/// Native messages are cut to this many bytes (js-runtime.md, conventions).
pub(crate) const MESSAGE_BYTES: usize = 255;

/// Compiled modules kept by the process, in bytes of bytecode.
pub(crate) const CACHED_PROGRAM_BYTES: usize = 32 * 1024 * 1024;

/// Shortest source text whose compiled form is kept.
pub(crate) const CACHED_SOURCE_BYTES_MIN: usize = 2 * 1024;

/// Heap in use at which cycles are first looked for, and the least growth between two searches.
pub(crate) const COLLECT_BYTES: usize = 16 * 1024 * 1024;

/// Bounds of one call (js-runtime.md 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Engine allocation limit in bytes; 0 lets every call fail.
    pub heap_bytes: usize,
    /// Native stack below the call in bytes; 0 means as much as the thread can give.
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
    /// Each bound raised to its default where it is lower: stored options can widen governance's limits but
    /// never strangle it. A stack of 0 is unlimited, so it stays.
    #[must_use]
    pub fn at_least_defaults(self) -> Self {
        let default = Self::default();
        Self {
            heap_bytes: self.heap_bytes.max(default.heap_bytes),
            stack_bytes: match self.stack_bytes {
                0 => 0,
                bytes => bytes.max(default.stack_bytes),
            },
            time: self.time.max(default.time),
        }
    }

    /// The stack that a call on this thread gets.
    pub(crate) fn stack_on_this_thread(&self) -> usize {
        let available = THREAD_STACK
            .get()
            .saturating_sub(STACK_MARGIN_BYTES)
            .min(MAX_STACK_BYTES);
        match self.stack_bytes {
            0 => available,
            bytes => bytes.min(available),
        }
    }
}

thread_local! {
    static THREAD_STACK: Cell<usize> = const { Cell::new(UNDECLARED_STACK_BYTES) };
}

/// Says how large the native stack of the current thread is, so that scripts on it may use more (or less)
/// than a thread of the standard size could give. A wrong figure lets a script overflow the native stack,
/// which ends the process.
pub fn declare_thread_stack(bytes: usize) {
    THREAD_STACK.set(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn governance_limits_are_never_below_the_defaults() {
        let default = Limits::default();
        let tiny = Limits {
            heap_bytes: 100,
            stack_bytes: 100,
            time: Duration::ZERO,
        };
        assert_eq!(tiny.at_least_defaults(), default);
        let wide = Limits {
            heap_bytes: 1 << 30,
            stack_bytes: 2 << 20,
            time: Duration::from_secs(60),
        };
        assert_eq!(wide.at_least_defaults(), wide);
        let unlimited = Limits {
            stack_bytes: 0,
            ..wide
        };
        assert_eq!(unlimited.at_least_defaults(), unlimited);
    }

    #[test]
    fn the_stack_of_a_call_fits_the_thread() {
        let limits = |stack_bytes| Limits {
            stack_bytes,
            ..Limits::default()
        };
        assert_eq!(Limits::default().stack_on_this_thread(), 1 << 20);
        assert_eq!(
            limits(usize::MAX).stack_on_this_thread(),
            UNDECLARED_STACK_BYTES - STACK_MARGIN_BYTES
        );
        assert_eq!(
            limits(0).stack_on_this_thread(),
            UNDECLARED_STACK_BYTES - STACK_MARGIN_BYTES
        );
        assert_eq!(limits(1000).stack_on_this_thread(), 1000);
        declare_thread_stack(REQUIRED_STACK_BYTES);
        assert_eq!(limits(usize::MAX).stack_on_this_thread(), MAX_STACK_BYTES);
        assert_eq!(limits(0).stack_on_this_thread(), MAX_STACK_BYTES);
    }
}
