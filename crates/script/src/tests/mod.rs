//! Tests of whole calls: what a script sees and what its caller gets. Those of single rooms stand beside them.

mod boundary;
mod calls;
mod errors;
mod extensions;
mod language;
mod support;

pub(crate) use support::{Eval, State};
