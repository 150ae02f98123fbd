//! Recorded signed requests, replayed through authentication (governance-api.md 2). The recordings
//! are not part of the repository: `QUORATE_SHARED` says where they are.

// A failing test says why by panicking.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{path::PathBuf, sync::Arc};

use quorate_crypto::cert::Certificate;
use quorate_endpoints::{
    Auth, Dispatcher, DispatcherOptions, Endpoint, Frontend, Frontends, InterfaceRules, Method,
    PoolOptions, Prefix, ScriptPool,
    openapi::ApiInfo,
    reply,
    testing::{INTERFACE, MemoryHost, body, call, header, request},
};
use quorate_tables::{MEMBERS_CERTS, MEMBERS_INFO, MemberDetails, MemberId, MemberStatus, Pem};
use serde_json::{Value, json};

fn recording() -> Value {
    let root = std::env::var("QUORATE_SHARED").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let file = root.join("data/vectors/cose_requests.json");
    let text = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_slice(&text).unwrap()
}

/// A service whose members are those of the recording, with one endpoint for each policy.
struct Service {
    dispatcher: Dispatcher,
}

const TYPES: [&str; 7] = [
    "proposal",
    "ack",
    "state_digest",
    "recovery_share",
    "encrypted_recovery_share",
    "ballot",
    "withdrawal",
];

impl Service {
    fn new(recording: &Value) -> Self {
        let host = Arc::new(MemoryHost::default());
        for key in recording["keys"].as_array().unwrap() {
            let name = key["name"].as_str().unwrap();
            if name == "stranger" {
                continue;
            }
            let pem = key["certificate_pem"].as_str().unwrap().to_owned();
            let id = MemberId::from_digest(&Certificate::from_pem(&pem).unwrap().fingerprint());
            assert_eq!(id.as_str(), key["member_id"].as_str().unwrap());
            let status = if name == "member3" {
                MemberStatus::Accepted
            } else {
                MemberStatus::Active
            };
            let details = MemberDetails {
                status,
                member_data: Value::Null,
                recovery_role: None,
            };
            host.write(|tx| {
                MEMBERS_CERTS.put(tx, &id, &Pem(pem)).unwrap();
                MEMBERS_INFO.put(tx, &id, &details).unwrap();
            });
        }
        let open = |prefix| {
            let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
            frontend.gate().open();
            frontend
        };
        let mut gov = open(Prefix::Gov);
        for msg_type in TYPES {
            for policy in [Auth::member(msg_type), Auth::active_member(msg_type)] {
                let path = format!("/{}/{msg_type}", policy.name());
                gov.add(
                    Endpoint::new(Method::POST, path, |context| {
                        let message = context.signed_message()?;
                        let proposal = context.caller.member_message().unwrap().proposal_id.clone();
                        Ok(reply::json(
                            200,
                            &json!({
                                "signer": message.signer,
                                "created_at": message.created_at,
                                "proposal_id": proposal,
                                "payload": hex::encode(message.payload),
                                "signature": hex::encode(message.signature),
                                "envelope": hex::encode(message.envelope),
                            }),
                        ))
                    })
                    .auth([policy]),
                )
                .unwrap();
            }
        }
        let frontends = Frontends {
            node: open(Prefix::Node),
            gov,
            app: open(Prefix::App),
        };
        let interfaces = [(INTERFACE.to_owned(), InterfaceRules::default())];
        let pool = Arc::new(ScriptPool::new(PoolOptions::default()).unwrap());
        let options = DispatcherOptions { max_uncommitted: 0 };
        Self {
            dispatcher: Dispatcher::new(host, frontends, interfaces, pool, options),
        }
    }

    fn post(&self, policy: &str, msg_type: &str, message_hex: &Value) -> quorate_http::Response {
        let message = hex::decode(message_hex.as_str().unwrap()).unwrap();
        let target = format!("/gov/{policy}/{msg_type}");
        let signed = request("POST", &target).header("content-type", "application/cose");
        call(&self.dispatcher, signed.body(message))
    }
}

#[test]
fn every_message_of_the_clients_tool_is_accepted_and_read_as_signed() {
    let recording = recording();
    let service = Service::new(&recording);
    let messages = recording["valid"].as_array().unwrap();
    assert_eq!(messages.len(), 21);
    for message in messages {
        let name = &message["name"];
        let header = &message["header"];
        let msg_type = message["msg_type"].as_str().unwrap();
        let response = service.post(
            "active_member_cose_sign1",
            msg_type,
            &message["message_hex"],
        );
        assert_eq!(response.status, 200, "{name}: {}", body(&response));
        assert_eq!(
            body(&response),
            json!({
                "signer": header["kid"],
                "created_at": header["created_at"],
                "proposal_id": header["proposal_id"],
                "payload": hex::encode(message["payload_text"].as_str().unwrap()),
                "signature": message["signature_hex"],
                "envelope": message["message_hex"],
            }),
            "{name}"
        );
        // The same message where another type is expected.
        let other = if msg_type == "ack" { "ballot" } else { "ack" };
        let response = service.post("member_cose_sign1", other, &message["message_hex"]);
        assert_eq!(
            body(&response)["error"]["details"][0]["message"],
            format!(
                "Found ccf.gov.msg.type set to {msg_type}, expected ccf.gov.msg.type to be {other}"
            ),
            "{name}"
        );
    }
}

/// What the recorded service accepts is accepted, but for the leniencies of its decoder that the
/// specification leaves open (governance-api.md 2.2 step 2): those may be 500 instead.
#[test]
fn variants_that_are_accepted() {
    let recording = recording();
    let service = Service::new(&recording);
    let variants = recording["accepted_variants"].as_array().unwrap();
    assert_eq!(variants.len(), 30);
    for variant in variants {
        let response = service.post(
            variant["policy"].as_str().unwrap(),
            variant["expected_msg_type"].as_str().unwrap(),
            &variant["message_hex"],
        );
        let lenient = variant.get("leniency").is_some();
        assert!(
            response.status == 200 || (lenient && response.status == 500),
            "{}: {}",
            variant["name"],
            body(&response)
        );
    }
}

#[test]
fn variants_that_are_refused() {
    let recording = recording();
    let service = Service::new(&recording);
    let variants = recording["refused"].as_array().unwrap();
    assert_eq!(variants.len(), 81);
    let mut wrong = Vec::new();
    for variant in variants {
        let policy = variant["policy"].as_str().unwrap();
        let msg_type = variant["expected_msg_type"].as_str().unwrap();
        let response = service.post(policy, msg_type, &variant["message_hex"]);
        let error = &body(&response)["error"];
        let reason = match response.status {
            401 => &error["details"][0]["message"],
            _ => &error["message"],
        };
        let got = json!({
            "status": response.status,
            "code": error["code"],
            "reason": reason,
            "www_authenticate": header(&response, "www-authenticate"),
        });
        let expected = json!({
            "status": variant["status"],
            "code": variant["code"],
            "reason": variant["reason"],
            "www_authenticate": variant["www_authenticate"],
        });
        if got != expected {
            wrong.push(format!("{}: {got} instead of {expected}", variant["name"]));
        }
        if response.status == 401 {
            assert_eq!(error["message"], "Invalid authentication credentials.");
            assert_eq!(error["details"][0]["auth_policy"], policy);
            assert_eq!(error["details"].as_array().unwrap().len(), 1);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
