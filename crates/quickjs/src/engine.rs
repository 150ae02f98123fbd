//! The controls of a runtime that `rquickjs` locks while a script runs: stack limit and garbage collection.

use std::ptr::NonNull;

use rquickjs::{
    Context,
    qjs::{self, JSRuntime},
    runtime::WeakRuntime,
};

/// A handle on the runtime of a context, usable while a script runs: from an interrupt handler or a function
/// that the script has called.
pub struct Engine {
    runtime: WeakRuntime,
    raw: NonNull<JSRuntime>,
}

impl Engine {
    /// The engine below `context`. `None`: the context names no runtime.
    #[must_use]
    pub fn of(context: &Context) -> Option<Self> {
        let raw = context.with(|ctx| {
            // SAFETY: the pointer is that of a live context, which `with` holds locked.
            NonNull::new(unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) })
        })?;
        Some(Self {
            runtime: context.runtime().weak(),
            raw,
        })
    }

    /// Measures the stack limit from the caller's place on the stack, instead of the place where the runtime
    /// was made. Does nothing when the runtime is gone.
    pub fn measure_stack_from_here(&self) {
        if let Some(_alive) = self.runtime.try_ref() {
            // SAFETY: `raw` is the runtime of `self.runtime`, which `_alive` keeps, on its own thread. The
            // call only sets numbers, which the engine reads at its next check.
            unsafe { qjs::JS_UpdateStackTop(self.raw.as_ptr()) }
        }
    }

    /// Bounds the native stack to `bytes`. With 1, no function can be entered any more. Does nothing when the
    /// runtime is gone.
    pub fn set_stack_limit(&self, bytes: usize) {
        if let Some(_alive) = self.runtime.try_ref() {
            // SAFETY: `raw` is the runtime of `self.runtime`, which `_alive` keeps. A runtime is not `Send`
            // and neither is `self`, so this is the runtime's thread. The call only sets two numbers, which
            // the engine reads at its next check; the engine allows it at any time.
            unsafe { qjs::JS_SetMaxStackSize(self.raw.as_ptr(), bytes as qjs::size_t) }
        }
    }

    /// Frees unreachable cycles. Does nothing when the runtime is gone.
    ///
    /// To be called between operations of the engine only, as from an interrupt handler; never from the gate
    /// of a [`crate::Heap`], where the engine is in the midst of changing an object.
    pub fn collect_garbage(&self) {
        if let Some(_alive) = self.runtime.try_ref() {
            // SAFETY: as above. The collector frees only what nobody outside of the heap refers to; values on
            // the stack of a running script count as referred to.
            unsafe { qjs::JS_RunGC(self.raw.as_ptr()) }
        }
    }
}

#[cfg(test)]
mod tests;
