//! The wire level: TCP, TLS, HTTP/1.1, HTTP/2, sessions and their caps (apps-and-endpoints.md 9).
//!
//! It turns bytes into [`Request`]s, hands them to a [`Service`] and writes its [`Response`]s. It
//! knows no endpoint, no error code but those of its own refusals, and keeps no log of requests.
//!
//! | module | holds |
//! |---|---|
//! | [`headers`], [`message`] | [`Headers`], [`Request`], [`Response`], [`Service`] |
//! | [`session`] | [`Session`]: what a request knows of its connection |
//! | [`settings`] | what an interface is configured with |
//! | [`metrics`] | [`Sessions`]: counts of all interfaces, ids of sessions |
//! | [`tls`] | server configurations for rustls |
//! | [`parser`], [`writer`] | HTTP/1 without I/O |
//! | [`server`] | [`serve`]: accepts connections of one interface |
//! | [`limits`] | every bound that is no setting |

mod connection;
pub mod headers;
mod http1;
mod http2;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod parser;
mod refusal;
pub mod server;
pub mod session;
pub mod settings;
pub mod status;
pub mod tls;
pub mod writer;

pub use headers::Headers;
pub use http::Method;
pub use message::{Reply, Request, Response, Service};
pub use metrics::{InterfaceCounts, InterfaceMetrics, Sessions, SessionsMetrics};
pub use server::{Interface, serve};
pub use session::Session;
pub use settings::{HttpLimits, Protocol, Security, SessionLimits, Size};
pub use tls::TlsError;
