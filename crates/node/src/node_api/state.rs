//! State and readiness (node-and-operations.md 9.2).

use std::sync::Arc;

use quorate_endpoints::{Forwarding, Frontend, RegistrationError, reply};
use quorate_governance::NodeStartupState;
use quorate_http::Method;
use quorate_tables::SIGNATURES;
use serde_json::json;

use super::{get, plain};
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    frontend
        .add(
            get(
                "/state",
                node,
                Box::new(|node, context| {
                    let signature = SIGNATURES.get(context.tx)?;
                    Ok(json!({
                        "node_id": node.local.identity.id.as_str(),
                        "state": node.local.state().name(),
                        "last_signed_seqno": signature.map_or(0, |signature| signature.seqno),
                        "startup_seqno": 0,
                        "stop_notice": node.local.stop_notice(),
                    }))
                }),
            )
            .forwarding(Forwarding::Never),
        )?
        .add(
            plain(
                Method::GET,
                "/ready/app",
                node,
                Box::new(|node, _| {
                    let ready = !node.local.stop_notice()
                        && node.local.state() == NodeStartupState::PartOfNetwork
                        && node.local.app.is_open();
                    Ok(reply::empty(if ready { 204 } else { 503 }))
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            plain(
                Method::GET,
                "/ready/gov",
                node,
                Box::new(|node, _| {
                    let state = matches!(
                        node.local.state(),
                        NodeStartupState::PartOfNetwork
                            | NodeStartupState::PartOfPublicNetwork
                            | NodeStartupState::ReadingPrivateLedger
                    );
                    let ready = !node.local.stop_notice() && state && node.local.gov.is_open();
                    Ok(reply::empty(if ready { 204 } else { 503 }))
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?;
    Ok(())
}
