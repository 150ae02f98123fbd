//! The memory of one runtime: counted and bounded.
//!
//! The engine is not safe against every refused allocation: its parser writes out of bounds when a small one
//! fails. So the limit refuses only what the engine can take, a large block asked for as a whole, which a
//! script sees as `InternalError: out of memory`. Anything else is granted for a while beyond the limit, and
//! the [`Guard`] is told to end the script.

use std::{cell::Cell, rc::Rc};

use rquickjs::{
    Result, Runtime,
    allocator::{Allocator, RustAllocator},
};

use crate::limits::{
    GRACE_BYTES_MAX, GRACE_BYTES_MIN, HARD_EXTRA_BYTES, HARD_FACTOR, LARGE_BYTES,
    LARGE_WHEN_LATE_BYTES, MAX_BLOCK_BYTES,
};

/// Whoever watches a script, asked and told by its heap. Must not touch the engine's values: the engine is in
/// the midst of changing an object.
pub trait Guard {
    /// Whether the script's time is over. Asked each time a large block is asked for or grows. If so, no
    /// function may be entered any more ([`crate::Engine::set_stack_limit`]).
    fn is_late(&self) -> bool;
    /// The heap holds clearly more than its limit: no function may be entered any more
    /// ([`crate::Engine::set_stack_limit`]).
    fn exhausted(&self);
}

/// The heap of one [`Runtime`]. Clones share it.
///
/// The engine takes memory from it in arenas of 4 KiB and in larger single blocks.
#[derive(Clone)]
pub struct Heap(Rc<State>);

struct State {
    used: Cell<usize>,
    limit: Cell<usize>,
    refused: Cell<bool>,
    guard: Rc<dyn Guard>,
}

impl Heap {
    /// An unbounded heap.
    pub fn new(guard: Rc<dyn Guard>) -> Self {
        Self(Rc::new(State {
            used: Cell::new(0),
            limit: Cell::new(usize::MAX),
            refused: Cell::new(false),
            guard,
        }))
    }

    /// A new runtime on this heap.
    ///
    /// It never collects cycles by itself: the engine would do so while it makes the error for a refused
    /// allocation, when the object that was to grow is in no consistent state. Call
    /// [`crate::Engine::collect_garbage`] between operations instead.
    ///
    /// # Errors
    /// No memory for the runtime itself.
    pub fn runtime(&self) -> Result<Runtime> {
        let runtime = Runtime::new_with_alloc(HeapAllocator(Rc::clone(&self.0)))?;
        runtime.set_gc_threshold(usize::MAX);
        Ok(runtime)
    }

    /// Bounds the heap to `bytes`. What is in use above it stays.
    pub fn set_limit(&self, bytes: usize) {
        self.0.limit.set(bytes);
    }

    /// Bytes in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.0.used.get()
    }

    /// Whether more is in use than the limit allows.
    #[must_use]
    pub fn is_over_limit(&self) -> bool {
        self.0.used.get() > self.0.limit.get()
    }

    /// Whether memory has been refused since [`Heap::forget_refusal`] (or ever), for want of room or of time.
    #[must_use]
    pub fn has_refused(&self) -> bool {
        self.0.refused.get()
    }

    /// Resets [`Heap::has_refused`].
    pub fn forget_refusal(&self) {
        self.0.refused.set(false);
    }
}

impl State {
    fn admits_new(&self, size: usize) -> bool {
        let late = self.is_late(size);
        let over = size >= LARGE_BYTES && self.used.get().saturating_add(size) > self.limit.get();
        if late || over {
            self.refused.set(true);
            return false;
        }
        self.admits_growth(size)
    }

    /// Whether time is over, asked for large blocks only.
    fn is_late(&self, size: usize) -> bool {
        size >= LARGE_WHEN_LATE_BYTES && self.guard.is_late()
    }

    fn admits_growth(&self, more: usize) -> bool {
        let limit = self.limit.get();
        let after = self.used.get().saturating_add(more);
        if after <= limit {
            return true;
        }
        let grace = (limit / 4).clamp(GRACE_BYTES_MIN, GRACE_BYTES_MAX);
        if after > limit.saturating_add(grace) {
            self.guard.exhausted();
        }
        let hard = limit
            .saturating_mul(HARD_FACTOR)
            .saturating_add(HARD_EXTRA_BYTES);
        if after > hard {
            self.refused.set(true);
        }
        after <= hard
    }

    fn took(&self, bytes: usize) {
        self.used.set(self.used.get().saturating_add(bytes));
    }

    fn gave_back(&self, bytes: usize) {
        self.used.set(self.used.get().saturating_sub(bytes));
    }
}

struct HeapAllocator(Rc<State>);

// SAFETY: every block comes from `RustAllocator`, which fulfils the contract of the trait; this layer only
// refuses requests (by null, as the trait allows) and counts. The engine calls the methods through
// `extern "C"` functions, out of which a panic would abort the process; there is nothing here that panics.
unsafe impl Allocator for HeapAllocator {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        if size > MAX_BLOCK_BYTES || !self.0.admits_new(size) {
            return std::ptr::null_mut();
        }
        self.counted(RustAllocator.alloc(size))
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        match count.checked_mul(size) {
            Some(total) if total <= MAX_BLOCK_BYTES && self.0.admits_new(total) => {
                self.counted(RustAllocator.calloc(count, size))
            }
            _ => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&mut self, ptr: *mut u8) {
        if ptr.is_null() {
            return;
        }
        // SAFETY: the caller hands back a block of this allocator, and those are all of `RustAllocator`.
        let size = unsafe { RustAllocator::usable_size(ptr) };
        self.0.gave_back(size);
        // SAFETY: as above.
        unsafe { RustAllocator.dealloc(ptr) }
    }

    unsafe fn realloc(&mut self, ptr: *mut u8, new_size: usize) -> *mut u8 {
        if ptr.is_null() {
            return self.alloc(new_size);
        }
        // SAFETY: the caller hands in a block of this allocator, and those are all of `RustAllocator`.
        let old_size = unsafe { RustAllocator::usable_size(ptr) };
        // What is growing may grow on, but whoever watches learns that time is over.
        self.0.is_late(new_size);
        if new_size > MAX_BLOCK_BYTES
            || (new_size > old_size && !self.0.admits_growth(new_size - old_size))
        {
            return std::ptr::null_mut();
        }
        // SAFETY: as above; the size is in range.
        let grown = unsafe { RustAllocator.realloc(ptr, new_size) };
        if !grown.is_null() {
            self.0.gave_back(old_size);
        }
        self.counted(grown)
    }

    unsafe fn usable_size(ptr: *mut u8) -> usize
    where
        Self: Sized,
    {
        // SAFETY: the caller hands in a block of this allocator, and those are all of `RustAllocator`.
        unsafe { RustAllocator::usable_size(ptr) }
    }
}

impl HeapAllocator {
    fn counted(&self, block: *mut u8) -> *mut u8 {
        if !block.is_null() {
            // SAFETY: `RustAllocator` has just handed out this block.
            self.0.took(unsafe { RustAllocator::usable_size(block) });
        }
        block
    }
}

#[cfg(test)]
mod tests;
