//! The service, its nodes, their roles and evidence (node-and-operations.md 9.3 to 9.6).

use quorate_kv::Tx;
use quorate_tables::{
    Base64Bytes, NODES_ENDORSED_CERTIFICATES, NODES_INFO, NodeId, NodeInfo, NodeStatus, Pem,
};
use serde_json::json;

use super::*;
use crate::testing::NODE_INTERFACE;

#[test]
fn node_and_operations_9_3_the_service() {
    let data = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(data.path(), r#"{"owner": "us"}"#).unwrap();
    let node = found_with(|config| config["service_data_json_file"] = json!(data.path()));
    let network = node.json("/node/network");
    let certificate = node.running.node.local.service.certificate.to_pem();
    assert_eq!(
        network,
        json!({
            "current_service_create_txid": "2.1",
            "current_view": 2,
            "primary_id": own_id(&node),
            "recovery_count": 0,
            "service_certificate": certificate,
            "service_data": {"owner": "us"},
            "service_status": "Opening"
        })
    );
    node.open();
    assert_eq!(node.json("/node/network")["service_status"], "Open");
    assert_eq!(node.get("/app/hello").status, 204);
}

#[test]
fn node_and_operations_9_3_nodes() {
    let node = found();
    let id = own_id(&node);
    let own = json!({
        "last_written": 1,
        "node_data": null,
        "node_id": id,
        "primary": true,
        "rpc_interfaces": node.running.node.local.interfaces.as_json(),
        "status": "Trusted"
    });
    for path in ["self".to_owned(), "primary".to_owned(), id.clone()] {
        assert_eq!(
            node.json(&format!("/node/network/nodes/{path}")),
            own,
            "{path}"
        );
    }
    assert_eq!(
        error(&node.get("/node/network/nodes/unknown")),
        (
            404,
            "ResourceNotFound".to_owned(),
            "Node not found".to_owned()
        )
    );
    let listed = |query: &str| -> usize {
        let nodes = node.json(&format!("/node/network/nodes{query}"));
        nodes["nodes"].as_array().unwrap().len()
    };
    let address = node.running.node.local.interfaces.rpc()[NODE_INTERFACE].address();
    let (host, port) = address.rsplit_once(':').unwrap();
    assert_eq!(listed(""), 1);
    assert_eq!(listed("?status=Trusted"), 1);
    assert_eq!(listed("?status=Retired"), 0);
    assert_eq!(listed(&format!("?host={host}&port={port}")), 1);
    assert_eq!(listed(&format!("?port={port}")), 1);
    assert_eq!(listed(&format!("?host=elsewhere&port={port}")), 0);
    assert_eq!(
        error(&node.get("/node/network/nodes?status=Gone")),
        (
            400,
            "InvalidQueryParameterValue".to_owned(),
            "Query parameter 'Gone' is not a valid node status".to_owned()
        )
    );
}

/// Writes the entry of a node that was retired, as governance and the other nodes of a larger service would.
fn retire(node: &TestNode, id: &NodeId, committed: bool) {
    let host = &node.running.node;
    let mut tx = Tx::new(host.sequencer.snapshot());
    let own = NODES_INFO.get(&mut tx, &host.local.identity.id).unwrap();
    let mut info = own.unwrap();
    info.status = NodeStatus::Retired;
    info.retired_committed = committed;
    NODES_INFO.put(&mut tx, id, &info).unwrap();
    let certificate = Pem::from("a certificate");
    NODES_ENDORSED_CERTIFICATES
        .put(&mut tx, id, &certificate)
        .unwrap();
    host.sequencer.commit(tx).unwrap();
}

#[test]
fn node_and_operations_9_3_retired_nodes_are_listed_and_deleted() {
    let node = found();
    let id: NodeId = "ab".repeat(32).parse().unwrap();
    let target = format!("/node/network/nodes/{id}");
    let delete = || node.call(request("DELETE", &target));
    assert_eq!(
        error(&delete()),
        (
            404,
            "ResourceNotFound".to_owned(),
            "No such node".to_owned()
        )
    );
    assert_eq!(
        error(&node.call(request("DELETE", "/node/network/nodes/x"))).0,
        404
    );
    retire(&node, &id, false);
    node.settle();
    let refusal = error(&delete());
    assert_eq!(
        refusal,
        (
            400,
            "NodeNotRetiredCommitted".to_owned(),
            "Node is not completely retired".to_owned()
        )
    );
    let removable = || node.json("/node/network/removable_nodes")["nodes"].clone();
    assert_eq!(removable(), json!([]));

    retire(&node, &id, true);
    assert_eq!(removable(), json!([]), "the committed state decides");
    assert_eq!(error(&delete()), refusal, "the committed state decides");
    node.settle();
    let listed = removable();
    assert_eq!(listed[0]["node_id"], id.as_str());
    assert_eq!(listed[0]["status"], "Retired");
    assert_eq!(listed[0]["primary"], false);
    let response = delete();
    assert_eq!((response.status, body(&response)), (200, json!(true)));
    assert!(transaction_id(&response).is_some());
    assert_eq!(error(&node.get(&target)).2, "Node not found");
    let state = node.running.node.sequencer.snapshot().state;
    assert!(
        NODES_ENDORSED_CERTIFICATES
            .get_in(&state, &id)
            .unwrap()
            .is_none()
    );
}

#[test]
fn node_and_operations_9_4_roles() {
    let node = found();
    for (method, path, status) in [("GET", "/primary", 200), ("HEAD", "/primary", 200)] {
        let response = node.call(request(method, &format!("/node{path}")));
        assert_eq!((response.status, response.body.is_empty()), (status, true));
    }
    assert_eq!(
        error(&node.get("/node/backup")),
        (
            404,
            "ResourceNotFound".to_owned(),
            "Node is not backup".to_owned()
        )
    );
    // A node that does not lead any more.
    node.running.node.sequencer.close().unwrap();
    assert_eq!(node.get("/node/backup").status, 200);
    assert_eq!(
        error(&node.get("/node/primary")),
        (
            404,
            "ResourceNotFound".to_owned(),
            "Node is not primary".to_owned()
        )
    );
    let head = node.call(request("HEAD", "/node/primary"));
    assert_eq!(head.status, 500);
    assert_eq!(
        error(&node.get("/node/network/nodes/primary")).2,
        "Primary unknown"
    );
    assert_eq!(node.json("/node/network")["primary_id"], Value::Null);
    assert_eq!(
        node.json("/node/consensus")["details"]["primary_id"],
        Value::Null
    );
}

#[test]
fn node_and_operations_9_5_consensus() {
    let node = found();
    let address = node.running.node.local.interfaces.node_to_node.address();
    let nodes = json!({ own_id(&node): { "address": address } });
    assert_eq!(node.json("/node/config"), nodes);
    let details = |seqno: u64| {
        json!({ "details": {
            "acks": {},
            "configs": [{ "idx": seqno, "nodes": nodes, "rid": seqno }],
            "current_view": 2,
            "leadership_state": "Leader",
            "membership_state": "Active",
            "primary_id": own_id(&node),
            "reconfiguration_type": "OneTransaction",
            "ticking": true
        } })
    };
    assert_eq!(node.json("/node/consensus"), details(1));
    change_own_entry(&node, |info| info.node_data = json!("new"));
    assert_eq!(
        node.json("/node/consensus"),
        details(3),
        "the seqno at which a node was last written"
    );
}

#[test]
fn attestation_1_2_evidence() {
    let node = found();
    let own = node.json("/node/quotes/self");
    let raw = {
        use base64::Engine as _;
        let text = own["raw"].as_str().unwrap();
        base64::prelude::BASE64_STANDARD.decode(text).unwrap()
    };
    let raw: Value = serde_json::from_slice(&raw).unwrap();
    assert_eq!(
        raw["measurement"],
        "Insecure hard-coded virtual measurement v1"
    );
    assert_eq!(
        own,
        json!({
            "endorsements": "",
            "format": "Insecure_Virtual",
            "measurement": hex::encode("Insecure hard-coded virtual measurement v1"),
            "node_id": own_id(&node),
            "raw": own["raw"]
        })
    );
    assert_eq!(node.json("/node/attestations/self"), own);
    assert_eq!(node.json("/node/quotes"), json!({ "quotes": [own] }));
    assert_eq!(
        node.json("/node/attestations"),
        json!({ "attestations": [own] })
    );
}

/// Rewrites the node's own entry.
fn change_own_entry(node: &TestNode, change: impl FnOnce(&mut NodeInfo)) {
    let host = &node.running.node;
    let id = &host.local.identity.id;
    let mut tx = Tx::new(host.sequencer.snapshot());
    let mut info = NODES_INFO.get(&mut tx, id).unwrap().unwrap();
    change(&mut info);
    NODES_INFO.put(&mut tx, id, &info).unwrap();
    host.sequencer.commit(tx).unwrap();
}

#[test]
fn attestation_1_2_a_measurement_that_was_not_written_is_derived() {
    let node = found();
    let before = node.json("/node/quotes");
    change_own_entry(&node, |info| info.code_digest = None);
    assert_eq!(node.json("/node/quotes"), before);
    change_own_entry(&node, |info| {
        info.quote_info.quote = Base64Bytes::from(b"no evidence".to_vec());
    });
    let listed = node.json("/node/quotes");
    assert!(listed["quotes"][0].get("measurement").is_none(), "{listed}");
    assert_eq!(
        error(&node.get("/node/quotes/self")),
        (
            500,
            "InvalidQuote".to_owned(),
            "Failed to extract code id from node quote.".to_owned()
        )
    );
}
