//! Identity and configuration (node-and-operations.md 9.8).

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Forwarding, Frontend, RegistrationError};
use quorate_tables::{PREVIOUS_SERVICE_IDENTITY, SERVICE_CONFIG};
use serde_json::json;

use super::get;
use crate::service_node::ServiceNode;
use crate::version;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    frontend
        .add(
            get(
                "/version",
                node,
                Box::new(|_, _| {
                    Ok(json!({
                        "ccf_version": version::CONTRACT,
                        "quickjs_version": version::JAVASCRIPT_LEVEL,
                        "unsafe": false,
                    }))
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            get(
                "/self_signed_certificate",
                node,
                Box::new(|node, _| {
                    Ok(json!({ "self_signed_certificate": node.local.self_signed().to_pem() }))
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            get(
                "/service/configuration",
                node,
                Box::new(|_, context| Ok(json!(SERVICE_CONFIG.get(context.tx)?))),
            )
            .forwarding(Forwarding::Never),
        )?
        .add(get(
            "/service/previous_identity",
            node,
            Box::new(|_, context| {
                let previous = PREVIOUS_SERVICE_IDENTITY.get(context.tx)?.ok_or_else(|| {
                    ApiError::not_found("This service is not a recovery of a previous service.")
                })?;
                Ok(json!({ "previous_service_identity": previous }))
            }),
        ))?;
    Ok(())
}
