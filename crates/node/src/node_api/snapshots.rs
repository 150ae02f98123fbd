//! Serving snapshots (node-and-operations.md 9.10). This version makes none, so a node has nothing to serve.

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Forwarding, Frontend, RegistrationError};
use quorate_http::Method;

use super::plain;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    for method in [Method::GET, Method::HEAD] {
        frontend
            .add(
                plain(
                    method.clone(),
                    "/snapshot",
                    node,
                    Box::new(|_, context| {
                        let since: u64 = context
                            .query()
                            .text("since")
                            .and_then(|text| text.parse().ok())
                            .unwrap_or(0);
                        Err(ApiError::not_found(format!(
                            "This node has no committed snapshots since {since}"
                        )))
                    }),
                )
                .command()
                .forwarding(Forwarding::Never)
                .hidden(),
            )?
            .add(
                plain(
                    method,
                    "/snapshot/{snapshot_name}",
                    node,
                    Box::new(|_, context| {
                        let name = context.param("snapshot_name")?;
                        Err(ApiError::not_found(format!(
                            "This node does not have a snapshot named {name}"
                        )))
                    }),
                )
                .command()
                .forwarding(Forwarding::Never)
                .hidden(),
            )?;
    }
    Ok(())
}
