//! What `rquickjs` lacks of the QuickJS-NG engine, behind a safe interface: a heap that is bounded and can be
//! closed while a script runs, a stack limit and a
//! garbage collector that can be used while a script runs, the bytes of buffers
//! and strings, errors that no script can catch, and compiled programs that can be loaded again.
//!
//! Every `unsafe` block of the sandbox stands here; `ccf` objects, permissions and time are the business of
//! `quorate-script`.

mod engine;
mod heap;
mod limits;
mod program;
mod value;

pub use engine::Engine;
pub use heap::{Guard, Heap};
pub use program::Program;
pub use value::{buffer_bytes, string_from_units, string_length, string_wtf8, throw_uncatchable};
