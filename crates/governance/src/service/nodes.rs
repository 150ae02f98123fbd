//! Nodes (governance-api.md 3.13).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quorate_kv::Tx;
use quorate_tables::{
    NODES_ENDORSED_CERTIFICATES, NODES_INFO, NodeId, NodeInfo, NodeStatus, Pem, QuoteFormat,
    QuoteInfo,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Collection;
use crate::{error::GovernanceError, ids};

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeView {
    /// Id.
    pub node_id: NodeId,
    /// Status.
    pub status: NodeStatus,
    /// Free-form data.
    pub node_data: Value,
    /// Certificate endorsed by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Pem>,
    /// Whether its retirement has committed.
    pub retired_committed: bool,
    /// Its evidence; the fields depend on the format.
    pub quote_info: Value,
    /// Its interfaces for clients.
    pub rpc_interfaces: BTreeMap<String, RpcInterfaceView>,
}

/// An interface of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcInterfaceView {
    /// `host:port` to reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_address: Option<String>,
    /// Application protocol, if configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// All nodes.
///
/// # Errors
/// A table that cannot be read, or evidence that cannot be shown.
pub fn nodes(tx: &mut Tx) -> Result<Collection<NodeView>, GovernanceError> {
    let value = NODES_INFO
        .entries(tx)?
        .into_iter()
        .map(|(id, info)| view(tx, id, info))
        .collect::<Result<_, _>>()?;
    Ok(Collection { value })
}

/// One node.
///
/// # Errors
/// An id that is no id, or of no node; evidence that cannot be shown.
pub fn node(tx: &mut Tx, path_node: &str) -> Result<NodeView, GovernanceError> {
    if let Some(id) = ids::node(path_node)?
        && let Some(info) = NODES_INFO.get(tx, &id)?
    {
        return view(tx, id, info);
    }
    Err(GovernanceError::NodeNotFound {
        node: path_node.to_owned(),
    })
}

fn view(tx: &mut Tx, node_id: NodeId, info: NodeInfo) -> Result<NodeView, GovernanceError> {
    let rpc_interfaces = info
        .rpc_interfaces
        .iter()
        .map(|(name, interface)| {
            let view = RpcInterfaceView {
                published_address: interface.published_address.clone(),
                protocol: app_protocol(&interface.settings),
            };
            (name.clone(), view)
        })
        .collect();
    Ok(NodeView {
        certificate: NODES_ENDORSED_CERTIFICATES.get(tx, &node_id)?,
        status: info.status,
        quote_info: quote_info(&node_id, &info.quote_info)?,
        node_data: info.node_data,
        retired_committed: info.retired_committed,
        rpc_interfaces,
        node_id,
    })
}

/// The application protocol of an interface, where its configuration names one.
fn app_protocol(settings: &Map<String, Value>) -> Option<String> {
    settings.get("app_protocol")?.as_str().map(str::to_owned)
}

fn quote_info(node: &NodeId, quote: &QuoteInfo) -> Result<Value, GovernanceError> {
    let unpresentable = |reason: String| {
        GovernanceError::Unpresentable(format!("evidence of node n[{node}]: {reason}"))
    };
    let mut view = json!({ "format": quote.format });
    match quote.format {
        QuoteFormat::InsecureVirtual => {
            let evidence: Value = serde_json::from_slice(quote.quote.as_slice())
                .map_err(|error| unpresentable(error.to_string()))?;
            let field = |name: &str| evidence.get(name).cloned().unwrap_or_default();
            view["details"] = json!({
                "hostData": field("host_data"),
                "measurement": field("measurement"),
                "reportData": field("report_data"),
            });
            view["rawQuote"] = quote.quote.to_base64().into();
        }
        QuoteFormat::AmdSevSnpV1 => {
            if let Some(uvm) = &quote.uvm_endorsements {
                view["uvmEndorsements"] = uvm.to_base64().into();
            }
            if let Some(tcb) = &quote.endorsed_tcb {
                let bytes = hex::decode(tcb).map_err(|error| unpresentable(error.to_string()))?;
                view["endorsedTcb"] = STANDARD.encode(&bytes).into();
            }
        }
        QuoteFormat::OeSgxV1 => {
            view["quote"] = quote.quote.to_base64().into();
            view["endorsements"] = quote.endorsements.to_base64().into();
        }
    }
    Ok(view)
}
