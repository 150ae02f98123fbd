//! From a parsed HTTP request to a response: endpoint registry, path templates, authentication
//! policies, the execution loop with its retries, error bodies and OpenAPI documents
//! (apps-and-endpoints.md 1, 3 to 5, 7, 8.4 and 10).
//!
//! What the single endpoints do is not here, but for the ones that every frontend has
//! ([`common`]). The wire level is `quorate_http`; what the running node offers comes in through
//! [`Host`].
//!
//! | module | holds |
//! |---|---|
//! | [`endpoint`] | the [`Endpoint`] builder: what an endpoint declares |
//! | [`frontend`] | [`Frontend`]: the endpoints of one path prefix, lookup |
//! | [`template`] | path templates |
//! | [`context`] | [`Context`]: what a handler sees |
//! | [`content`], [`query`] | JSON adapter, `accept`, query strings, percent decoding |
//! | [`auth`], [`caller`] | authentication policies and who they establish |
//! | [`error`] | [`ApiError`], error codes, and the one table from errors to statuses |
//! | [`host`] | [`Host`]: what execution needs of the node |
//! | [`dispatch`] | [`Dispatcher`]: routing, checks in order, the execution loop |
//! | [`interface`] | what an interface admits |
//! | [`pool`] | [`ScriptPool`]: the bounded threads that run scripts |
//! | [`openapi`] | schemas and documents |
//! | [`version`] | the governance API's `api-version` |

pub mod auth;
pub mod caller;
pub mod common;
pub mod content;
pub mod context;
pub mod dispatch;
pub mod endpoint;
pub mod error;
pub mod frontend;
pub mod host;
pub mod interface;
pub mod limits;
pub mod openapi;
pub mod pool;
pub mod query;
pub mod reply;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod version;

pub use auth::Auth;
pub use caller::{Caller, CoseIdentity};
pub use context::Context;
pub use dispatch::{Dispatcher, DispatcherOptions, Frontends};
pub use endpoint::{Endpoint, Executor, Forwarding, Kind, Redirection};
pub use error::{ApiError, RegistrationError, code};
pub use frontend::{Frontend, Gate, Prefix};
pub use host::{CommitFailure, Host};
pub use interface::{InterfaceRules, NodeRole, Redirections, Resolver};
pub use openapi::{ApiInfo, Operation, Schema};
pub use pool::{PoolOptions, Quota, ScriptPool};
pub use query::Query;
pub use quorate_http::{Method, Request, Response};
pub use quorate_kv::Tx;
pub use quorate_ledger::TxId;
pub use quorate_replication::TxStatus;
pub use version::ApiVersion;
