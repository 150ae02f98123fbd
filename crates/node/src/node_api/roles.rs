//! Which role this node has (node-and-operations.md 9.4). Load balancers ask this.

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Context, Endpoint, Forwarding, Frontend, RegistrationError, reply};
use quorate_http::Method;

use super::plain;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    let refused = |primary| match primary {
        true => ApiError::not_found("Node is not backup"),
        false => ApiError::not_found("Node is not primary"),
    };
    frontend
        .add(role(node, Method::HEAD, "/primary", true, |_| {
            ApiError::internal("Primary unknown")
        }))?
        .add(role(node, Method::GET, "/primary", true, refused))?
        .add(role(node, Method::GET, "/backup", false, refused))?;
    Ok(())
}

/// 200 if the node is the primary exactly when `wanted` says so, else what `refused` makes of its role.
fn role(
    node: &Arc<ServiceNode>,
    method: Method,
    template: &str,
    wanted: bool,
    refused: impl Fn(bool) -> ApiError + Send + Sync + 'static,
) -> Endpoint {
    let handler = move |_: &ServiceNode, context: &mut Context<'_>| {
        let primary = context.host.is_primary();
        if primary == wanted {
            Ok(reply::empty(200))
        } else {
            Err(refused(primary))
        }
    };
    plain(method, template, node, Box::new(handler))
        .command()
        .forwarding(Forwarding::Never)
}
