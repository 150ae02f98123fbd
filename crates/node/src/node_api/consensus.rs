//! Consensus as seen from outside (node-and-operations.md 9.5).

use std::sync::Arc;

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Forwarding, Frontend, RegistrationError};
use quorate_tables::{NODES_INFO, NodeStatus};
use serde_json::{Map, Value, json};

use super::get;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    frontend
        .add(
            get(
                "/config",
                node,
                Box::new(|node, _| Ok(configuration(node)?.1)),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?
        .add(
            get(
                "/consensus",
                node,
                Box::new(|node, context| {
                    let (idx, nodes) = configuration(node)?;
                    let leads = context.host.is_primary();
                    Ok(json!({ "details": {
                        "current_view": context.host.view(),
                        "primary_id": leads.then(|| node.local.identity.id.as_str()),
                        "leadership_state": if leads { "Leader" } else { "None" },
                        "membership_state": "Active",
                        "configs": [{ "idx": idx, "rid": idx, "nodes": nodes }],
                        "acks": {},
                        "reconfiguration_type": "OneTransaction",
                        "ticking": true,
                    } }))
                }),
            )
            .command()
            .forwarding(Forwarding::Never),
        )?;
    Ok(())
}

/// The trusted nodes with their node-to-node addresses, and the seqno at which one of them was last written:
/// derived from the tables, so equal on all nodes.
fn configuration(node: &ServiceNode) -> Result<(u64, Value), ApiError> {
    let state = node.sequencer.snapshot().state;
    let mut nodes = Map::new();
    let mut written = 0;
    for (id, info) in NODES_INFO.entries_in(&state)? {
        if info.status == NodeStatus::Trusted {
            let address = info.node_to_node_interface.address();
            nodes.insert(id.to_string(), json!({ "address": address }));
            written = written.max(NODES_INFO.version_in(&state, &id)?.unwrap_or(0));
        }
    }
    if nodes.is_empty() {
        return Err(ApiError::not_found("No configured consensus"));
    }
    Ok((written, Value::Object(nodes)))
}
