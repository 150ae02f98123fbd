//! Recorded answers of a CCF node to requests without body, compared with those of a real node in the same situation:
//! one node, before and after opening. Left out is what later work brings: receipts, historical queries, snapshots.
#![cfg(test)]

use quorate_crypto::Curve;
use quorate_tests::http::{Request, Response};
use quorate_tests::recording::{Placeholders, differences};
use quorate_tests::service::{action, proposal};
use quorate_tests::{Identity, Service, ServiceOptions, programs};
use serde_json::{Value, json};

const OPENING: &str = "one node, service Opening";
const OPEN: &str = "one node, service Open";

#[test]
fn recorded_answers_of_one_node_are_equal() {
    let text =
        std::fs::read_to_string(programs::shared("data/vectors/node_endpoints.json")).unwrap();
    let recording: Value = serde_json::from_str(&text).unwrap();
    let records: Vec<&Value> = recording["records"].as_array().unwrap().iter().collect();

    // The recording's service: one member, one user, and its interface as it was configured.
    let interface = json!({
        "bind_address": "127.0.0.1:0", "max_open_sessions_soft": 1000, "max_open_sessions_hard": 1010
    });
    let service = Service::start(&ServiceOptions {
        members: 1,
        users: 1,
        threshold: 1,
        changes: vec![(
            "/network/rpc_interfaces",
            json!({"primary_rpc_interface": interface}),
        )],
        ..ServiceOptions::default()
    });
    let mut replay = Replay::new(&service);

    replay.compare(
        records
            .iter()
            .filter(|record| record["situation"] == OPENING),
    );
    bring_into_the_recorded_state(&service);
    replay.compare(records.iter().filter(|record| record["situation"] == OPEN));
    assert!(
        replay.failures.is_empty(),
        "{} of {} answers differ:\n\n{}",
        replay.failures.len(),
        replay.compared,
        replay.failures.join("\n\n")
    );
    assert!(
        replay.compared > 120,
        "only {} answers were compared",
        replay.compared
    );
}

/// The member opens the service, and the user records what the answers show.
fn bring_into_the_recorded_state(service: &Service) {
    service.activate_all();
    service.accept(&proposal(&[
        action(
            "set_user",
            json!({"cert": service.users[0].certificate, "user_data": {"a": 1}}),
        ),
        action(
            "transition_service_to_open",
            json!({"next_service_identity": service.certificate()}),
        ),
    ]));
    service.wait_until_app_open();
    let user = service.user(0);
    for id in 0..8 {
        let record = json!({"id": id, "msg": format!("private message {id}")});
        assert_eq!(
            user.post_json("/app/log/private", &record).expect(200),
            true
        );
    }
    for id in 0..4 {
        let record = json!({"id": id, "msg": format!("public message {id}")});
        assert_eq!(user.post_json("/app/log/public", &record).expect(200), true);
    }
    service.settled();
}

struct Replay<'a> {
    service: &'a Service,
    unregistered: Identity,
    values: Placeholders,
    compared: usize,
    failures: Vec<String>,
}

impl<'a> Replay<'a> {
    fn new(service: &'a Service) -> Replay<'a> {
        let client = service.client();
        let node = client.get("/node/state").expect(200)["node_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut values = Placeholders::default();
        values.set("node:0", &node);
        values.set("node_certificate:0", &text(&shown["certificate"]));
        values.set("service_certificate", &service.certificate());
        let recorded = "af1f92eab7f07cb8b1fcff502a8724f12977a6e4b107a3098556100b905acbc0";
        values.replace(recorded, &text(&shown["quoteInfo"]["details"]["hostData"]));
        values.replace(
            "127.0.0.1:18200",
            &text(&shown["rpcInterfaces"]["primary_rpc_interface"]["publishedAddress"]),
        );
        let to_node = std::fs::read_to_string(service.node.file("0.node_address")).unwrap();
        let to_node: Value = serde_json::from_str(&to_node).unwrap();
        values.replace("127.0.0.1:18300", &text(&to_node["node_to_node_interface"]));
        let (member, user) = (&service.members[0], &service.users[0]);
        values.replace(
            "5f269c5c3116c239b6927bc46e1c9820f6a66e4a87726f7967e5d0699f250edd",
            &member.id,
        );
        values.replace(
            "f271df95b8f7d8e5d72d7998d076d127762ee5d782519e175c5e2d74798268a2",
            &user.id,
        );
        let unregistered = Identity::make(&service.directory(), "user1", Curve::P384, false);
        Replay {
            service,
            unregistered,
            values,
            compared: 0,
            failures: Vec::new(),
        }
    }

    fn compare<'r>(&mut self, records: impl Iterator<Item = &'r &'r Value>) {
        for record in records {
            if is_left_out(record) {
                continue;
            }
            let answer = self.request(record);
            let found = differences(&record["response"], &answer, &self.values, ignored(record));
            self.compared += 1;
            if !found.is_empty() {
                let line = format!(
                    "{} {} ? {}",
                    record["method"], record["path"], record["query"]
                );
                self.failures.push(format!(
                    "{}: {line}\n{}",
                    record["situation"],
                    found.join("\n")
                ));
            }
        }
    }

    fn request(&self, record: &Value) -> Response {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let path = self
            .values
            .fill(text("path_template").or(text("path")).unwrap());
        let query = text("query").unwrap_or_default();
        // The recorded port.
        let port = self
            .service
            .client()
            .base
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned();
        let query = query.replace("port=18200", &format!("port={port}"));
        let target = if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        };
        let mut request = Request::new(text("method").unwrap(), &target);
        for (name, value) in record["request_headers"].as_object().into_iter().flatten() {
            request = request.header(name, value.as_str().unwrap());
        }
        let client = self.service.client();
        match text("tls_client_certificate") {
            Some("user0") => client.with_identity(&self.service.users[0]).send(request),
            Some(_) => client.with_identity(&self.unregistered).send(request),
            None => client.send(request),
        }
    }
}

/// What a node without receipts, historical queries, indexing and snapshots cannot answer, and documents of our own
/// wording.
fn is_left_out(record: &Value) -> bool {
    let path = record["path"].as_str().unwrap();
    let receipt_of_something = path.ends_with("/receipt") && record["query"] != "";
    let generated = path.ends_with("/api") && record["query"] == "";
    let later = [
        "/node/snapshot",
        "/historical",
        "/node/index/strategies",
        "/log/public/cose",
        "/log/public/cbor",
        "/custom_auth",
        "/cose_signatures_config",
        "/node/jwt_keys/refresh",
        "/set_retired_committed",
        "/log/request_query",
    ];
    receipt_of_something || generated || later.iter().any(|part| path.contains(part))
}

/// What is specific to the run but not marked by a path: numbers of the process, versions, keys of this run.
fn ignored(record: &Value) -> &'static [&'static str] {
    match record["path"].as_str().unwrap() {
        "/node/memory" => &[
            "/current_allocated_heap_size",
            "/max_total_heap_size",
            "/peak_allocated_heap_size",
        ],
        "/node/metrics" => &[
            "/sessions/active",
            "/sessions/peak",
            "/sessions/interfaces/primary_rpc_interface/active",
            "/sessions/interfaces/primary_rpc_interface/peak",
        ],
        "/node/version" => &["/ccf_version", "/quickjs_version"],
        "/node/state" => &["/last_signed_seqno"],
        "/node/consensus" => &["/details/configs/0/idx", "/details/configs/0/rid"],
        "/node/commit" | "/gov/commit" | "/app/commit" | "/commit" => &["/transaction_id"],
        "/gov/service/transactions/commit" => &["/transactionId"],
        "/node/quotes" => &["/quotes/0/raw"],
        "/node/attestations" => &["/attestations/0/raw"],
        "/node/quotes/self" | "/node/attestations/self" => &["/raw"],
        "/gov/members/proposals" => &["/value/0/proposalId"],
        path if path.starts_with("/gov/service/members") => &[
            "/certificate",
            "/publicEncryptionKey",
            "/value/0/certificate",
            "/value/0/publicEncryptionKey",
        ],
        path if path.starts_with("/gov/service/users") => &["/certificate", "/value/0/certificate"],
        path if path.starts_with("/gov/members/state-digests") => &["/stateDigest"],
        _ => &[],
    }
}
