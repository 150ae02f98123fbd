//! The endpoints under `/node` (node-and-operations.md 9): what operators, load balancers and monitoring ask.

mod consensus;
mod evidence;
mod identity;
mod internal;
mod measurements;
mod network;
mod openapi;
mod roles;
mod snapshots;
mod state;

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{ApiInfo, Context, Endpoint, Frontend, RegistrationError, Response};
use quorate_http::Method;
use serde_json::Value;

use crate::service_node::ServiceNode;

/// Title and version as in the contract; the version rises with each change of the API.
#[must_use]
pub fn info() -> ApiInfo {
    ApiInfo::new(
        "CCF Public Node API",
        "State of the service and its nodes, open to everybody",
        "4.14.0",
    )
}

/// Registers every endpoint of a node.
///
/// # Errors
/// None in practice: the paths are fixed and do not collide.
pub fn register(frontend: &mut Frontend, node: &Arc<ServiceNode>) -> Result<(), RegistrationError> {
    state::register(frontend, node)?;
    network::register(frontend, node)?;
    roles::register(frontend, node)?;
    consensus::register(frontend, node)?;
    evidence::register(frontend, node)?;
    measurements::register(frontend, node)?;
    identity::register(frontend, node)?;
    snapshots::register(frontend, node)?;
    internal::register(frontend)?;
    openapi::describe(frontend)
}

type Handle<T> =
    dyn Fn(&ServiceNode, &mut Context<'_>) -> Result<T, ApiError> + Send + Sync + 'static;

/// An open endpoint that answers JSON.
fn get(template: &str, node: &Arc<ServiceNode>, handler: Box<Handle<Value>>) -> Endpoint {
    let node = node.clone();
    Endpoint::json(Method::GET, template, move |context| {
        handler(&node, context)
    })
    .read_only()
    .auth([])
}

/// An open endpoint that makes its response itself.
fn plain(
    method: Method,
    template: &str,
    node: &Arc<ServiceNode>,
    handler: Box<Handle<Response>>,
) -> Endpoint {
    let node = node.clone();
    Endpoint::new(method, template, move |context| handler(&node, context))
        .read_only()
        .auth([])
}
