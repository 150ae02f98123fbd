use std::sync::Arc;

use super::*;
use crate::{
    dispatch::{Dispatcher, DispatcherOptions, Frontends},
    endpoint::Kind,
    frontend::Frontend,
    host::Host,
    interface::InterfaceRules,
    openapi::ApiInfo,
    pool::{PoolOptions, ScriptPool},
    testing::{INTERFACE, MemoryHost, body, call, error, header, request},
};

fn service() -> (Arc<MemoryHost>, Dispatcher) {
    let host = Arc::new(MemoryHost::default());
    for number in 0..5_u8 {
        host.write(|tx| tx.put("public:x", vec![number], "1"));
    }
    host.set_committed(3);
    let open = |prefix| {
        let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
        frontend.gate().open();
        frontend
    };
    let frontends = Frontends {
        node: open(Prefix::Node),
        gov: open(Prefix::Gov),
        app: open(Prefix::App),
    };
    let pool = ScriptPool::new(PoolOptions {
        threads: 1,
        stack_bytes: 1 << 18,
        queue: 1,
    })
    .unwrap();
    let dispatcher = Dispatcher::new(
        host.clone(),
        frontends,
        [(INTERFACE.to_owned(), InterfaceRules::default())],
        Arc::new(pool),
        DispatcherOptions::default(),
    );
    (host, dispatcher)
}

#[test]
fn apps_10_1_commit_is_the_last_committed_transaction() {
    let (_, dispatcher) = service();
    let get = |target: &str| call(&dispatcher, request("GET", target));
    for prefix in ["/app", "/gov", "/node"] {
        let response = get(&format!("{prefix}/commit"));
        assert_eq!(response.body.as_ref(), b"{\"transaction_id\":\"2.3\"}");
    }
    assert_eq!(
        get("/node/commit?view_history=true").body.as_ref(),
        b"{\"transaction_id\":\"2.3\",\"view_history\":[\"1.1\",\"2.1\"]}"
    );
    assert_eq!(
        body(&get("/node/commit?view_history_since=2"))["view_history"],
        json!(["2.1"])
    );
    assert_eq!(
        body(&get("/node/commit?view_history_since=2&view_history=true"))["view_history"],
        json!(["1.1", "2.1"])
    );
    for without in [
        "view_history=false",
        "view_history_since=x",
        "view_history_since=2&view_history=false",
    ] {
        assert_eq!(
            body(&get(&format!("/node/commit?{without}"))),
            json!({ "transaction_id": "2.3" })
        );
    }
}

#[test]
fn apps_10_1_bad_parameters_of_commit() {
    let (_, dispatcher) = service();
    let get = |query: &str| {
        error(&call(
            &dispatcher,
            request("GET", &format!("/app/commit?{query}")),
        ))
    };
    let since = "Invalid value for view_history_since, must be in range [1, current_term]";
    let code = "InvalidQueryParameterValue";
    assert_eq!(
        get("view_history_since=0"),
        (400, code.to_owned(), since.to_owned())
    );
    assert_eq!(
        get("view_history_since=3"),
        (404, code.to_owned(), since.to_owned())
    );
    for bad in ["view_history=", "view_history=True", "view_history=1"] {
        assert_eq!(
            get(bad),
            (
                400,
                code.to_owned(),
                "Invalid value for view_history, must be one of [true, false] when present"
                    .to_owned()
            )
        );
    }
}

#[test]
fn apps_10_2_status_of_a_transaction() {
    let (host, dispatcher) = service();
    let status = |txid: &str| {
        let target = format!("/app/tx?transaction_id={txid}");
        body(&call(&dispatcher, request("GET", &target)))
    };
    for (txid, expected) in [
        ("2.3", "Committed"),
        ("2.4", "Pending"),
        ("1.2", "Invalid"),
        ("2.99", "Unknown"),
    ] {
        assert_eq!(
            status(txid),
            json!({ "transaction_id": txid, "status": expected })
        );
    }
    host.set_view(None);
    assert_eq!(status("2.3")["status"], "Unknown");
    assert_eq!(host.status(TxId { view: 2, seqno: 1 }).as_str(), "Unknown");
}

#[test]
fn apps_10_2_bad_transaction_ids_are_named() {
    let (_, dispatcher) = service();
    let get = |query: &str| {
        error(&call(
            &dispatcher,
            request("GET", &format!("/app/tx{query}")),
        ))
    };
    let code = "InvalidQueryParameterValue".to_owned();
    assert_eq!(
        get(""),
        (
            400,
            code.clone(),
            "Missing query parameter 'transaction_id'".to_owned()
        )
    );
    for bad in [
        "",
        "2",
        "2.",
        ".2",
        "0.1",
        "2.0",
        "2.1.1",
        "a.b",
        "-1.2",
        "2.18446744073709551616",
    ] {
        assert_eq!(
            get(&format!("?transaction_id={bad}")),
            (
                400,
                code.clone(),
                format!(
                    "The value '{bad}' passed as query parameter 'transaction_id' could not be converted to a valid Transaction ID."
                )
            )
        );
    }
}

#[test]
fn apps_10_5_a_receipt_needs_an_id() {
    let (_, dispatcher) = service();
    let get = |query: &str| {
        error(&call(
            &dispatcher,
            request("GET", &format!("/app/receipt{query}")),
        ))
    };
    for bad in ["", "?transaction_id=x", "?transaction_id=0.1"] {
        assert_eq!(
            get(bad),
            (
                404,
                "TransactionInvalid".to_owned(),
                "Could not extract Transaction Id".to_owned()
            )
        );
    }
    assert_eq!(get("?transaction_id=2.3").0, 501);
}

#[test]
fn gov_3_18_only_the_governance_document_has_versions() {
    let (_, dispatcher) = service();
    let get = |target: &str| call(&dispatcher, request("GET", target));
    let plain = get("/gov/api");
    assert_eq!(
        (plain.status, header(&plain, "content-type").as_deref()),
        (200, Some("application/json"))
    );
    let paths = |response: &Response| {
        body(response)["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        paths(&plain),
        ["/gov/api", "/gov/commit", "/gov/receipt", "/gov/tx"]
    );
    assert_eq!(body(&plain)["info"]["version"], "0.0.1");
    let versioned = get("/gov/api?api-version=2024-07-01");
    assert_eq!(body(&versioned)["info"]["version"], "2024-07-01");
    assert_eq!(
        error(&get("/gov/api?api-version=x")).1,
        "UnsupportedApiVersionValue"
    );
    assert_eq!(get("/app/api?api-version=x").status, 200);
}

#[test]
fn apps_10_common_endpoints_are_commands_that_are_sometimes_forwarded() {
    let frontend = Frontend::new(Prefix::App, ApiInfo::default()).unwrap();
    let templates: Vec<&str> = frontend
        .endpoints()
        .iter()
        .map(|known| known.template.text())
        .collect();
    assert_eq!(templates, ["/commit", "/tx", "/receipt", "/api"]);
    for known in frontend.endpoints() {
        assert_eq!(known.endpoint.kind, Kind::Command);
        assert_eq!(known.endpoint.forwarding.as_str(), "sometimes");
        assert!(known.policies.is_empty());
    }
}
