//! What the whole-program tests share: real node processes, the system's `curl`, and the independent Python tools.
//!
//! The tests in `tests/` are written from the contract, as by somebody who has not seen the code of the node. Nothing
//! here links the node; only keys and certificates of members are made with the crypto crate. A step that fails makes
//! the test panic with what was expected and what came, so nothing here returns errors.
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

pub mod ballots;
pub mod cbor;
pub mod http;
pub mod identity;
pub mod ledger;
pub mod node;
pub mod programs;
pub mod recording;
pub mod service;
pub mod signer;
pub mod wait;

pub use http::{Client, Response};
pub use identity::Identity;
pub use ledger::Walk;
pub use node::{Node, NodeOptions};
pub use service::{Service, ServiceOptions, TxId};
