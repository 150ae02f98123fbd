//! The endpoints under `/gov` (governance-api.md 1.5): they turn requests into calls of the governance
//! crate and its answers into responses. Rules of governance are not here.

mod classic;
mod members;
mod openapi;
mod recovery;
mod service;
mod transactions;

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{
    ApiInfo, ApiVersion, Auth, Context, Endpoint, Executor, Frontend, Quota, RegistrationError,
    Request, Response, reply,
};
use quorate_governance::Env;
use quorate_http::Method;
use serde::Serialize;
use serde_json::Value;

/// The documents of the versions of the API carry these as their version.
#[must_use]
pub fn info() -> ApiInfo {
    ApiInfo::new(
        "CCF Governance",
        "How members govern the service: proposals, ballots, members and their recovery shares, and views of the \
         governed state",
        "1.0.0",
    )
}

/// Registers every governance endpoint that one node can serve.
///
/// # Errors
/// None in practice: the paths are fixed and do not collide.
pub fn register(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    members::register(frontend, env)?;
    recovery::register(frontend, env)?;
    service::register(frontend)?;
    transactions::register(frontend)?;
    classic::register(frontend, env)?;
    openapi::describe(frontend)
}

/// A versioned endpoint that reads: open to everybody.
fn read(
    template: &str,
    handler: impl Fn(&mut Context<'_>) -> Result<Response, ApiError> + Send + Sync + 'static,
) -> Endpoint {
    Endpoint::new(Method::GET, template, handler)
        .read_only()
        .auth([])
        .versioned(ApiVersion::Preview20230601)
}

/// A versioned endpoint that takes a member's signed message. It runs scripts or slow cryptography, so it
/// runs on the pool that is kept for governance.
fn write(
    template: &str,
    auth: Auth,
    handler: impl Fn(&mut Context<'_>) -> Result<Response, ApiError> + Send + Sync + 'static,
) -> Endpoint {
    Endpoint::new(Method::POST, template, handler)
        .auth([auth])
        .executor(Executor::Script(Quota::Governance))
        .versioned(ApiVersion::Preview20230601)
}

/// 200 with the value as compact JSON, keys ascending.
fn json(value: &impl Serialize) -> Result<Response, ApiError> {
    let value: Value =
        serde_json::to_value(value).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(reply::json(200, &value))
}

/// 200 with JavaScript source.
fn javascript(source: impl Into<bytes::Bytes>) -> Response {
    reply::typed(200, reply::JAVASCRIPT, source)
}

/// Percent-decoded query parameter.
fn query_text(request: &Request, name: &str) -> Option<String> {
    quorate_endpoints::Query::new(request.query())
        .text(name)
        .map(Into::into)
}
