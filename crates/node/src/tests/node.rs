//! The endpoints under `/node` (node-and-operations.md 9).

use serde_json::json;

use super::*;
use crate::testing::{NODE_INTERFACE, SERVICE_INTERFACE};

/// Endpoints that read the KV, marked K in node-and-operations.md 9: they tell the transaction that they read.
const WITH_TRANSACTION_ID: [&str; 12] = [
    "/state",
    "/network",
    "/network/nodes",
    "/network/nodes/self",
    "/network/nodes/primary",
    "/network/removable_nodes",
    "/quotes",
    "/quotes/self",
    "/attestations",
    "/attestations/self",
    "/js_metrics",
    "/service/configuration",
];

const WITHOUT_TRANSACTION_ID: [&str; 13] = [
    "/config",
    "/consensus",
    "/metrics",
    "/memory",
    "/jwt_keys/refresh/metrics",
    "/index/strategies",
    "/version",
    "/self_signed_certificate",
    "/commit",
    "/tx?transaction_id=2.1",
    "/api",
    "/primary",
    "/ready/gov",
];

#[test]
fn node_and_operations_9_1_transaction_ids_where_the_kv_is_read() {
    let node = found();
    for path in WITH_TRANSACTION_ID {
        let response = node.get(&format!("/node{path}"));
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(transaction_id(&response).as_deref(), Some("2.2"), "{path}");
        assert_eq!(
            header(&response, "content-type").as_deref(),
            Some("application/json")
        );
    }
    for path in WITHOUT_TRANSACTION_ID {
        let response = node.get(&format!("/node{path}"));
        assert!(matches!(response.status, 200 | 204), "{path}");
        assert_eq!(transaction_id(&response), None, "{path}");
    }
    let by_id = node.get(&format!("/node/network/nodes/{}", own_id(&node)));
    assert_eq!(transaction_id(&by_id).as_deref(), Some("2.2"));
    for path in ["/service/previous_identity", "/network/nodes/unknown"] {
        let response = node.get(&format!("/node{path}"));
        assert_eq!(response.status, 404);
        assert_eq!(transaction_id(&response), None, "{path}: not on errors");
    }
}

#[test]
fn node_and_operations_9_1_verbs_paths_and_content() {
    let node = found();
    let response = node.call(request("POST", "/node/state"));
    let (status, code, message) = error(&response);
    assert_eq!((status, code.as_str()), (405, "UnsupportedHttpVerb"));
    assert_eq!(message, "Allowed methods for '/state' are: OPTIONS, GET.");
    assert_eq!(header(&response, "allow").as_deref(), Some("OPTIONS, GET"));
    let response = node.call(request("OPTIONS", "/node/state"));
    assert_eq!(response.status, 204);
    for absent in ["/x", "/local_tx", "/code", "/ledger-chunk"] {
        let (status, code, message) = error(&node.get(&format!("/node{absent}")));
        assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
        assert_eq!(message, format!("Unknown path: {absent}."));
    }
    let picky = |path: &str| node.call(request("GET", path).header("accept", "text/html"));
    let (status, code, _) = error(&picky("/node/state"));
    assert_eq!((status, code.as_str()), (406, "UnsupportedContentType"));
    for path in ["/node/metrics", "/node/memory"] {
        assert_eq!(picky(path).status, 200, "{path}");
    }
}

#[test]
fn node_and_operations_9_2_state_and_readiness() {
    let node = found();
    let expected = |last_signed_seqno: u64, stop_notice: bool| {
        json!({
            "last_signed_seqno": last_signed_seqno,
            "node_id": own_id(&node),
            "startup_seqno": 0,
            "state": "PartOfNetwork",
            "stop_notice": stop_notice
        })
    };
    assert_eq!(node.json("/node/state"), expected(2, false));
    let ready = |frontend: &str| {
        let response = node.get(&format!("/node/ready/{frontend}"));
        assert!(response.body.is_empty());
        response.status
    };
    assert_eq!((ready("gov"), ready("app")), (204, 503));
    node.open();
    assert_eq!((ready("gov"), ready("app")), (204, 204));
    let signed = node.json("/node/state")["last_signed_seqno"]
        .as_u64()
        .unwrap();
    assert_eq!(signed, node.committed().seqno);
    node.running.node.local.set_stop_notice();
    assert_eq!(node.json("/node/state"), expected(signed, true));
    assert_eq!((ready("gov"), ready("app")), (503, 503));
}

#[test]
fn node_and_operations_9_7_measurements_of_the_process() {
    let node = found_with(|config| {
        config["network"]["rpc_interfaces"][SERVICE_INTERFACE]["max_open_sessions_soft"] = 5.into();
    });
    let _served = {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _within = runtime.enter();
        let local = &node.running.node.local;
        local.interfaces.take(&local.config).unwrap()
    };
    let errors =
        json!({ "parsing": 0, "request_header_too_large": 0, "request_payload_too_large": 0 });
    let counts = |soft: u64| json!({ "active": 0, "errors": errors, "hard_cap": 1010, "peak": 0, "soft_cap": soft });
    assert_eq!(
        node.json("/node/metrics"),
        json!({ "sessions": {
            "active": 0,
            "interfaces": { SERVICE_INTERFACE: counts(5), NODE_INTERFACE: counts(1000) },
            "peak": 0
        } })
    );
    let memory = node.json("/node/memory");
    let number = |name: &str| memory[name].as_u64().unwrap();
    assert!(number("current_allocated_heap_size") > 1 << 20);
    assert!(number("peak_allocated_heap_size") >= number("current_allocated_heap_size"));
    assert!(number("max_total_heap_size") > number("current_allocated_heap_size"));
    assert_eq!(
        node.json("/node/js_metrics"),
        json!({
            "bytecode_size": 0,
            "bytecode_used": false,
            "max_cached_interpreters": 10,
            "max_execution_time": 5000,
            "max_heap_size": 104_857_600,
            "max_stack_size": 1_048_576
        })
    );
    assert_eq!(
        node.json("/node/jwt_keys/refresh/metrics"),
        json!({ "attempts": 0, "failures": 0, "successes": 0 })
    );
    assert_eq!(node.json("/node/index/strategies"), json!([]));
}

#[test]
fn node_and_operations_9_7_js_metrics_follow_the_engine_options() {
    let node = found();
    node.activate_all();
    node.accept(
        "set_js_runtime_options",
        json!({
            "max_heap_bytes": 200_000_000,
            "max_stack_bytes": 2_000_000,
            "max_execution_time_ms": 6000,
            "max_cached_interpreters": 3
        }),
    );
    let metrics = node.json("/node/js_metrics");
    assert_eq!(metrics["max_heap_size"], 200_000_000);
    assert_eq!(metrics["max_stack_size"], 2_000_000);
    assert_eq!(metrics["max_execution_time"], 6000);
    assert_eq!(metrics["max_cached_interpreters"], 3);
}

#[test]
fn node_and_operations_9_8_identity_and_configuration() {
    let node = found();
    assert_eq!(
        node.json("/node/version"),
        json!({ "ccf_version": "ccf-7.0.0-dev5", "quickjs_version": "2024-01-13", "unsafe": false })
    );
    let written = std::fs::read_to_string(node.directory.path().join("nodecert.pem")).unwrap();
    assert_eq!(
        node.json("/node/self_signed_certificate"),
        json!({ "self_signed_certificate": written })
    );
    assert_eq!(
        node.json("/node/service/configuration"),
        json!({ "recovery_threshold": 3 })
    );
    assert_eq!(
        error(&node.get("/node/service/previous_identity")),
        (
            404,
            "ResourceNotFound".to_owned(),
            "This service is not a recovery of a previous service.".to_owned()
        )
    );
}

#[test]
fn node_and_operations_9_9_transactions() {
    let node = found();
    assert_eq!(
        node.json("/node/commit"),
        json!({ "transaction_id": "2.2" })
    );
    assert_eq!(
        node.json("/node/commit?view_history=true"),
        json!({ "transaction_id": "2.2", "view_history": ["1.1", "2.1"] })
    );
    assert_eq!(
        node.json("/node/commit?view_history_since=2"),
        json!({ "transaction_id": "2.2", "view_history": ["2.1"] })
    );
    assert_eq!(error(&node.get("/node/commit?view_history_since=3")).0, 404);
    let status = |id: &str| node.json(&format!("/node/tx?transaction_id={id}"))["status"].clone();
    node.activate(&node.members[0]);
    for (id, expected) in [
        ("2.2", "Committed"),
        ("2.3", "Pending"),
        ("2.1000", "Unknown"),
        ("1.1", "Invalid"),
        ("3.1", "Invalid"),
    ] {
        assert_eq!(status(id), expected, "{id}");
    }
    node.settle();
    assert_eq!(status("2.3"), "Committed");
    assert_eq!(error(&node.get("/node/tx?transaction_id=x")).0, 400);
}

#[test]
fn node_and_operations_9_10_snapshots_there_are_none() {
    let node = found();
    for (target, message) in [
        (
            "/node/snapshot",
            "This node has no committed snapshots since 0",
        ),
        (
            "/node/snapshot?since=7",
            "This node has no committed snapshots since 7",
        ),
        (
            "/node/snapshot?since=x",
            "This node has no committed snapshots since 0",
        ),
        (
            "/node/snapshot/snapshot_1_2.committed",
            "This node does not have a snapshot named snapshot_1_2.committed",
        ),
    ] {
        assert_eq!(
            error(&node.get(target)),
            (404, "ResourceNotFound".to_owned(), message.to_owned())
        );
        assert_eq!(node.call(request("HEAD", target)).status, 404, "{target}");
    }
}

#[test]
fn node_and_operations_9_11_endpoints_between_nodes() {
    let node = found();
    for body in ["", "{}"] {
        assert_eq!(
            error(&node.call(request("POST", "/node/create").body(body))),
            (
                403,
                "InternalError".to_owned(),
                "Node is not in initial state.".to_owned()
            )
        );
    }
    let (status, code, _) = error(&node.call(request("POST", "/node/join").body("{}")));
    assert_eq!((status, code.as_str()), (501, "NotImplemented"));
    let certificate = node.running.node.local.self_signed();
    for path in [
        "/node/network/nodes/set_retired_committed",
        "/node/jwt_keys/refresh",
    ] {
        let response = node.call(request("POST", path));
        assert_eq!(error(&response).1, "InvalidAuthenticationInfo", "{path}");
        assert_eq!(response.status, 401);
        assert_eq!(
            body(&response)["error"]["details"][0]["auth_policy"],
            "node_cert"
        );
        let as_node = request("POST", path).certificate(certificate.der());
        let (status, code, _) = error(&node.call(as_node));
        assert_eq!((status, code.as_str()), (501, "NotImplemented"), "{path}");
    }
}

#[test]
fn node_and_operations_5_4_interfaces_admit_what_they_are_configured_for() {
    let node = found_with(|config| {
        let interfaces = &mut config["network"]["rpc_interfaces"];
        interfaces["few"] = json!({
            "bind_address": "127.0.0.1:0",
            "accepted_endpoints": ["/node/network/nodes/\\{node_id\\}", "/gov/.*"]
        });
        interfaces["plain"] = json!({
            "bind_address": "127.0.0.1:0",
            "endorsement": {"authority": "Unsecured"}
        });
    });
    let get = |interface: &str, target: &str| {
        node.call(request("GET", target).interface(interface))
            .status
    };
    assert_eq!(get("few", "/node/state"), 503);
    assert_eq!(
        get("few", &format!("/node/network/nodes/{}", own_id(&node))),
        200
    );
    assert_eq!(get("few", "/gov/commit"), 200);
    assert_eq!(get("few", "/node/unknown"), 404, "looked up before");
    assert_eq!(
        get("plain", "/node/state"),
        503,
        "refuses everything without a list"
    );
}

#[test]
fn node_and_operations_3_7_node_is_exempt_from_backpressure() {
    let node = found_with(|config| {
        config["consensus"] = json!({ "max_uncommitted_tx_count": 2 });
    });
    // Nothing signs within the hour.
    let member = &node.members[0];
    let path = format!("/members/state-digests/{}:update", member.id);
    let update = || node.post(&path, member.sign("state_digest", None, b""));
    assert_eq!(update().status, 200);
    assert_eq!(update().status, 200);
    let (status, code, _) = error(&update());
    assert_eq!((status, code.as_str()), (503, "TooManyPendingTransactions"));
    assert_eq!(node.get("/node/state").status, 200);
    node.settle();
    assert_eq!(update().status, 200);
}
