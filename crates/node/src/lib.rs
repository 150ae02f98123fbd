//! One running node of a service: configuration, life cycle, listeners, the built-in endpoints. A Rust
//! application links this library and calls [`application_main`]; `quorate-node` is the program without an
//! application of its own.
//!
//! | module | holds |
//! |---|---|
//! | [`application`] | what an application gives, and the `main` of a node program |
//! | [`run`] | the life of the process: arguments, signals, stop |
//! | [`start`] | founding a service, and putting the node together |
//! | [`local_node`] | the node by itself: keys, certificates, gates, signing |
//! | [`service_node`] | the node with its write path, as endpoints and governance see it |
//! | [`hooks`] | reactions to the node's own tables |
//! | [`interfaces`] | sockets, addresses, TLS |
//! | [`gov_api`], [`node_api`] | the endpoints under `/gov` and `/node` |
//! | [`logging`], [`files`], [`process`], [`exit`] | what the operator sees |

pub mod application;
mod clock;
mod command_line;
pub mod exit;
mod files;
mod gov_api;
mod hooks;
mod identity;
mod interfaces;
mod limits;
mod load;
mod local_node;
mod logging;
mod node_api;
mod process;
mod run;
mod service_node;
mod start;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod version;

pub use application::{Application, Register, application_main};
pub use quorate_endpoints as endpoints;
