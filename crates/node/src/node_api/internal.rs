//! Endpoints between nodes (node-and-operations.md 9.11), as far as a service of one node has them.

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Auth, Endpoint, Forwarding, Frontend, RegistrationError, Response};
use quorate_http::Method;

pub(super) fn register(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    frontend
        .add(
            Endpoint::new(Method::POST, "/create", |_| -> Result<Response, ApiError> {
                // The create transaction is made inside the node, never by a request.
                Err(ApiError::new(
                    403,
                    "InternalError",
                    "Node is not in initial state.",
                ))
            })
            .auth([])
            .hidden(),
        )?
        .add(
            Endpoint::new(Method::POST, "/join", |_| -> Result<Response, ApiError> {
                Err(ApiError::not_implemented(
                    "Joining a service is not available in this version of the node.",
                ))
            })
            .auth([])
            .forwarding(Forwarding::Never)
            .hidden(),
        )?
        .add(node_only(
            "/network/nodes/set_retired_committed",
            "Retiring nodes is not available in this version of the node.",
        ))?
        .add(node_only(
            "/jwt_keys/refresh",
            "Refreshing JWT signing keys is not available in this version of the node.",
        ))?;
    Ok(())
}

/// An endpoint that nodes call with their own certificate, for what this version cannot do.
fn node_only(template: &'static str, refusal: &'static str) -> Endpoint {
    Endpoint::new(
        Method::POST,
        template,
        move |_| -> Result<Response, ApiError> { Err(ApiError::not_implemented(refusal)) },
    )
    .auth([Auth::NodeCert])
    .hidden()
}
