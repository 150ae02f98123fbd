//! Which role this node has (node-and-operations.md 9.4). Load balancers ask this.

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Forwarding, Frontend, RegistrationError, reply};
use quorate_http::Method;

use super::plain;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    frontend
        .add(
            plain(
                Method::HEAD,
                "/primary",
                node,
                Box::new(|_, context| {
                    if context.host.is_primary() {
                        Ok(reply::empty(200))
                    } else {
                        Err(ApiError::internal("Primary unknown"))
                    }
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            plain(
                Method::GET,
                "/primary",
                node,
                Box::new(|_, context| {
                    if context.host.is_primary() {
                        Ok(reply::empty(200))
                    } else {
                        Err(ApiError::not_found("Node is not primary"))
                    }
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            plain(
                Method::GET,
                "/backup",
                node,
                Box::new(|_, context| {
                    if context.host.is_primary() {
                        Err(ApiError::not_found("Node is not backup"))
                    } else {
                        Ok(reply::empty(200))
                    }
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?;
    Ok(())
}
