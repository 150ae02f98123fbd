//! The service and its nodes (node-and-operations.md 9.3).

use std::sync::Arc;

use quorate_endpoints::error::{ApiError, code};
use quorate_endpoints::{Context, Endpoint, Forwarding, Frontend, RegistrationError};
use quorate_http::Method;
use quorate_tables::{
    NODES_ENDORSED_CERTIFICATES, NODES_INFO, NetInterface, NodeId, NodeInfo, NodeStatus,
    SERVICE_INFO,
};
use serde_json::{Value, json};

use super::get;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    let remover = node.clone();
    frontend
        .add(get("/network", node, Box::new(network)))?
        .add(get("/network/nodes", node, Box::new(nodes)))?
        .add(get("/network/nodes/self", node, Box::new(own_node)).forwarding(Forwarding::Never))?
        .add(get("/network/nodes/primary", node, Box::new(primary)))?
        .add(get(
            "/network/nodes/{node_id}",
            node,
            Box::new(|node, context| {
                let id = context.param("node_id")?.to_owned();
                let found = id
                    .parse()
                    .ok()
                    .map(|id: NodeId| lookup(node, context, &id))
                    .transpose()?
                    .flatten();
                found.ok_or_else(|| ApiError::not_found("Node not found"))
            }),
        ))?
        .add(get("/network/removable_nodes", node, Box::new(removable)))?
        .add(
            Endpoint::json(Method::DELETE, "/network/nodes/{node_id}", move |context| {
                remove(&remover, context)
            })
            .auth([]),
        )?;
    Ok(())
}

fn network(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    let service = SERVICE_INFO
        .get(context.tx)?
        .ok_or_else(|| ApiError::not_found("Service state not available."))?;
    let primary = context
        .host
        .is_primary()
        .then(|| node.local.identity.id.as_str());
    Ok(json!({
        "service_status": service.status,
        "service_certificate": service.cert,
        "current_view": context.host.view(),
        "primary_id": primary,
        "recovery_count": service.recovery_count.unwrap_or(0),
        "service_data": service.service_data,
        "current_service_create_txid": service.current_service_create_txid.map(|txid| txid.to_string()),
    }))
}

fn nodes(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    let query = context.query();
    let (host, port) = (
        query.text("host").map(String::from),
        query.text("port").map(String::from),
    );
    let status: Option<NodeStatus> = match query.text("status") {
        None => None,
        Some(text) => Some(serde_json::from_value(Value::from(&*text)).map_err(|_| {
            ApiError::invalid_query(format!(
                "Query parameter '{text}' is not a valid node status"
            ))
        })?),
    };
    let mut listed = Vec::new();
    for (id, info) in NODES_INFO.entries(context.tx)? {
        let wanted = status.is_none_or(|status| info.status == status)
            && reachable_at(&info, host.as_deref(), port.as_deref());
        if wanted {
            listed.push(view(node, context, &id, &info)?);
        }
    }
    Ok(json!({ "nodes": listed }))
}

/// Whether one of the node's interfaces is published at this host and port.
fn reachable_at(info: &NodeInfo, host: Option<&str>, port: Option<&str>) -> bool {
    if host.is_none() && port.is_none() {
        return true;
    }
    info.rpc_interfaces
        .values()
        .map(NetInterface::address)
        .any(|address| {
            let (own_host, own_port) = address.rsplit_once(':').unwrap_or((address, ""));
            host.is_none_or(|host| host == own_host) && port.is_none_or(|port| port == own_port)
        })
}

fn own_node(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    if let Some(own) = lookup(node, context, &node.local.identity.id)? {
        return Ok(own);
    }
    // Not in the tables yet: as configured.
    Ok(json!({
        "node_id": node.local.identity.id.as_str(),
        "status": NodeStatus::Pending,
        "primary": context.host.is_primary(),
        "rpc_interfaces": node.local.interfaces.as_json(),
        "node_data": Value::Null,
        "last_written": 0,
    }))
}

fn primary(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    if !context.host.is_primary() {
        return Err(ApiError::internal("Primary unknown"));
    }
    lookup(node, context, &node.local.identity.id)?
        .ok_or_else(|| ApiError::not_found("Node not found"))
}

/// Nodes whose retirement is complete at the committed state: only they may be switched off.
fn removable(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    // The committed state decides; the read makes the answer carry a transaction id.
    NODES_INFO.entries(context.tx)?;
    let committed = node.sequencer.committed_state().state;
    let mut listed = Vec::new();
    for (id, info) in NODES_INFO.entries_in(&committed)? {
        if is_removable(&info) {
            let written = NODES_INFO.version_in(&committed, &id)?.unwrap_or(0);
            listed.push(object(&id, &info, false, written));
        }
    }
    Ok(json!({ "nodes": listed }))
}

fn is_removable(info: &NodeInfo) -> bool {
    info.status == NodeStatus::Retired && info.retired_committed
}

/// Deletes what is left of a node that governance has retired (recovery-and-membership.md 15.2).
fn remove(node: &ServiceNode, context: &mut Context<'_>) -> Result<Value, ApiError> {
    let no_such_node = || ApiError::not_found("No such node");
    let id: NodeId = context
        .param("node_id")?
        .parse()
        .map_err(|_| no_such_node())?;
    if NODES_INFO.get(context.tx, &id)?.is_none() {
        return Err(no_such_node());
    }
    let committed = NODES_INFO.get_in(&node.sequencer.committed_state().state, &id)?;
    if !committed.as_ref().is_some_and(is_removable) {
        return Err(ApiError::new(
            400,
            code::NODE_NOT_RETIRED_COMMITTED,
            "Node is not completely retired",
        ));
    }
    NODES_INFO.remove(context.tx, &id)?;
    NODES_ENDORSED_CERTIFICATES.remove(context.tx, &id)?;
    Ok(Value::Bool(true))
}

fn lookup(
    node: &ServiceNode,
    context: &mut Context<'_>,
    id: &NodeId,
) -> Result<Option<Value>, ApiError> {
    match NODES_INFO.get(context.tx, id)? {
        Some(info) => view(node, context, id, &info).map(Some),
        None => Ok(None),
    }
}

fn view(
    node: &ServiceNode,
    context: &mut Context<'_>,
    id: &NodeId,
    info: &NodeInfo,
) -> Result<Value, ApiError> {
    let primary = context.host.is_primary() && *id == node.local.identity.id;
    let written = NODES_INFO.version(context.tx, id)?.unwrap_or(0);
    Ok(object(id, info, primary, written))
}

fn object(id: &NodeId, info: &NodeInfo, primary: bool, last_written: u64) -> Value {
    json!({
        "node_id": id.as_str(),
        "status": info.status,
        "primary": primary,
        "rpc_interfaces": info.rpc_interfaces,
        "node_data": info.node_data,
        "last_written": last_written,
    })
}
