//! The node as a process: what an operator's scripts meet at start-up, in trouble and at the end
//! (node-and-operations.md 1, 6 to 8). The whole program in normal operation is tested in the workspace's `tests`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod program;
mod running;
mod starting;
