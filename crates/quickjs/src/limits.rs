//! When a heap refuses memory (see `heap`).

/// A new block of this size is refused at the limit; a smaller one, or the growth of an old one, is not.
pub(crate) const LARGE_BYTES: usize = 64 * 1024;

/// A new block of this size is refused once time is over: what is left runs on small ones.
pub(crate) const LARGE_WHEN_LATE_BYTES: usize = 8 * 1024;

/// What a heap may hold above its limit before the guard has to stop the script at once: a quarter of the
/// limit, within these bounds.
pub(crate) const GRACE_BYTES_MIN: usize = 1024 * 1024;

pub(crate) const GRACE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a heap may hold at most is this many times its limit, and [`HARD_EXTRA_BYTES`]: room for one native
/// operation that was under way when the script was stopped.
pub(crate) const HARD_FACTOR: usize = 3;

pub(crate) const HARD_EXTRA_BYTES: usize = 64 * 1024 * 1024;

/// Keeps the sums of `RustAllocator` in range.
pub(crate) const MAX_BLOCK_BYTES: usize = isize::MAX as usize / 2;
