//! Evidence of nodes (attestation.md 1.2), under two names.

use std::sync::Arc;

use quorate_attestation::verify_virtual;
use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Context, Forwarding, Frontend, RegistrationError};
use quorate_tables::{NODES_INFO, NodeId, NodeInfo, NodeStatus, QuoteFormat};
use serde_json::{Map, Value, json};

use super::get;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    for name in ["quotes", "attestations"] {
        frontend
            .add(get(
                &format!("/{name}"),
                node,
                Box::new(move |_, context| trusted(name, context)),
            ))?
            .add(
                get(
                    &format!("/{name}/self"),
                    node,
                    Box::new(|node, context| {
                        let id = &node.local.identity.id;
                        let info = NODES_INFO
                            .get(context.tx, id)?
                            .ok_or_else(|| ApiError::not_found("Could not find node quote."))?;
                        if measurement(&info).is_none() {
                            return Err(ApiError::new(
                                500,
                                "InvalidQuote",
                                "Failed to extract code id from node quote.",
                            ));
                        }
                        Ok(object(id, &info))
                    }),
                )
                .forwarding(Forwarding::Never),
            )?;
    }
    Ok(())
}

fn trusted(name: &str, context: &mut Context<'_>) -> Result<Value, ApiError> {
    let nodes = NODES_INFO.entries(context.tx)?;
    let listed: Vec<_> = nodes
        .iter()
        .filter(|(_, info)| info.status == NodeStatus::Trusted)
        .map(|(id, info)| object(id, info))
        .collect();
    Ok(json!({ name: listed }))
}

fn object(id: &NodeId, info: &NodeInfo) -> Value {
    let quote = &info.quote_info;
    let mut object = Map::from_iter([
        ("node_id".to_owned(), json!(id.as_str())),
        ("format".to_owned(), json!(quote.format)),
        ("raw".to_owned(), json!(quote.quote)),
        ("endorsements".to_owned(), json!(quote.endorsements)),
    ]);
    if let Some(measurement) = measurement(info) {
        object.insert("measurement".to_owned(), json!(measurement));
    }
    if let Some(endorsements) = &quote.uvm_endorsements {
        object.insert("uvm_endorsements".to_owned(), json!(endorsements));
    }
    Value::Object(object)
}

/// Hex of the measurement: as it was written, else from the evidence itself.
fn measurement(info: &NodeInfo) -> Option<String> {
    let derived = || match info.quote_info.format {
        QuoteFormat::InsecureVirtual => verify_virtual(info.quote_info.quote.as_ref())
            .ok()
            .map(|verified| hex::encode(verified.measurement)),
        _ => None,
    };
    info.code_digest.clone().or_else(derived)
}
