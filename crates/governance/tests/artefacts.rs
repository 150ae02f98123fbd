//! A governance session recorded against the reference implementation, replayed on this room alone:
//! what members sent is put to its functions, and the answers must be those recorded. Signatures,
//! routes and versions are the endpoints' business and tested there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it must be"
)]

#[path = "../src/testing/mod.rs"]
mod testing;

use std::collections::BTreeMap;

use quorate_crypto::{RsaKeyPair, sha256};
use quorate_governance::{
    ErrorKind, GovernanceError, SignedMessage, members, proposals, service, shares,
};
use quorate_script::REQUIRED_STACK_BYTES;
use quorate_tables::{MemberId, NODES_ENDORSED_CERTIFICATES};
use serde_json::Value;
use testing::{Kind, Member, World};

const CONSTITUTION: &[&str] = &[
    include_str!("../../../constitutions/default/actions.js"),
    include_str!("../../../constitutions/virtual/virtual_attestation_actions.js"),
    include_str!("../../../constitutions/default/validate.js"),
    include_str!("../../../constitutions/default/resolve.js"),
    include_str!("../../../constitutions/default/apply.js"),
];

/// What the functions gave, as the API would answer it.
enum Answer {
    Json(Value),
    Text(String),
    Nothing,
}

struct Session {
    world: World,
    /// Values of `{{...}}` in what is sent and expected.
    placeholders: BTreeMap<String, String>,
    /// The digest of the program that was recorded; ours is another one.
    recorded_host_data: String,
    /// Ids of signers by their names in the recording.
    signers: BTreeMap<String, MemberId>,
}

#[test]
fn the_recorded_session_has_the_recorded_answers() {
    // Scripts need more stack than a test thread has.
    std::thread::Builder::new()
        .stack_size(REQUIRED_STACK_BYTES)
        .spawn(replay)
        .unwrap()
        .join()
        .unwrap();
}

fn replay() {
    let recording = recording();
    let mut session = Session::new(&recording);
    let requests = recording["requests"].as_array().unwrap();
    let (mut replayed, mut mismatches) = (0, Vec::new());
    for request in requests {
        if is_business_of_endpoints(request) {
            continue;
        }
        replayed += 1;
        if let Err(mismatch) = session.check(request) {
            mismatches.push(format!("{} {}: {mismatch}", request["n"], request["name"]));
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    assert!(replayed > 300, "only {replayed} requests were replayed");
}

fn recording() -> Value {
    let shared = std::env::var("QUORATE_SHARED")
        .unwrap_or_else(|_| format!("{}/../../../shared", env!("CARGO_MANIFEST_DIR")));
    let path = format!("{shared}/data/vectors/gov_session.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Requests that never reach this room.
fn is_business_of_endpoints(request: &Value) -> bool {
    let path = request["request"]["path"].as_str().unwrap();
    let status = request["response"]["status"].as_u64().unwrap();
    let code = request["response"]["body"]["error"]["code"]
        .as_str()
        .unwrap_or_default();
    let message = request["response"]["body"]["error"]["message"]
        .as_str()
        .unwrap_or_default();
    let is_post = request["request"]["method"] == "POST";
    !path.starts_with("/gov/")
        || path.starts_with("/gov/service/transactions/")
        || status == 401
        || matches!(
            code,
            "MissingApiVersionParameter" | "UnsupportedApiVersionValue" | "UnsupportedHttpVerb"
        )
        || message.starts_with("Unknown path: ")
        || (is_post && message.contains("COSE_Sign1"))
}

impl Session {
    fn new(recording: &Value) -> Self {
        let keys = recording["keys"].as_array().unwrap();
        let members: Vec<Member> = keys[..4].iter().map(member_of).collect();
        let kinds = [Kind::Keyed, Kind::Keyed, Kind::Keyed, Kind::Plain];
        let world = World::founded_by(&CONSTITUTION.join("\n"), members, &kinds, 2);
        let node = world.node.id.to_string();
        let placeholders = BTreeMap::from([("node:0".to_owned(), node)]);
        let answers = recording["requests"].as_array().unwrap().iter();
        let recorded_host_data = answers
            .filter_map(|request| {
                request["response"]["body"].pointer("/quoteInfo/details/hostData")
            })
            .find_map(Value::as_str)
            .unwrap()
            .to_owned();
        Self {
            world,
            placeholders,
            recorded_host_data,
            signers: keys
                .iter()
                .map(|key| (text_of(key, "name"), text_of(key, "id").parse().unwrap()))
                .collect(),
        }
    }

    /// Sends a request, and compares the answer.
    fn check(&mut self, request: &Value) -> Result<(), String> {
        self.note_certificates();
        let answer = self.perform(request);
        self.world.sign();
        let expected = &request["response"];
        let expected_status = expected["status"].as_u64().unwrap();
        match answer {
            Ok(Answer::Json(body)) => {
                expect("status", &200, &expected_status)?;
                self.learn(expected, &body);
                self.compare_bodies(expected, body)
            }
            Ok(Answer::Text(text)) => {
                expect("status", &200, &expected_status)?;
                let template = expected
                    .get("body_text_template")
                    .unwrap_or(&expected["body_text"]);
                let recorded = self.filled_in(template.as_str().unwrap_or_default());
                expect("text", &text, &recorded)
            }
            Ok(Answer::Nothing) => expect("status", &204, &expected_status),
            Err(error) => self.compare_errors(expected, &error),
        }
    }

    fn compare_errors(&self, expected: &Value, error: &GovernanceError) -> Result<(), String> {
        let status = match error.kind() {
            ErrorKind::BadRequest => 400,
            ErrorKind::Forbidden => 403,
            ErrorKind::NotFound => 404,
            ErrorKind::Internal => 500,
            ErrorKind::NotImplemented => 501,
        };
        let text = error.to_string();
        let context = |mismatch: String| format!("{mismatch}, answered '{text}'");
        expect("status", &status, &expected["status"].as_u64().unwrap()).map_err(context)?;
        let template = expected.get("body_template").unwrap_or(&expected["body"]);
        let recorded = &template["error"];
        expect("code", &error.code(), &recorded["code"].as_str().unwrap()).map_err(context)?;
        match expected["error_message_stable_prefix"].as_str() {
            Some(prefix) => {
                // How an engine words a syntax error is its own affair.
                let end = prefix
                    .find("SyntaxError: ")
                    .map_or(prefix.len(), |start| start + 13);
                let prefix = self.filled_in(&prefix[..end]);
                if text.starts_with(&prefix) {
                    Ok(())
                } else {
                    Err(format!("'{text}' does not begin with '{prefix}'"))
                }
            }
            None => {
                let message = self.filled_in(recorded["message"].as_str().unwrap());
                expect("message", &text, &message)
            }
        }
    }

    fn compare_bodies(&self, expected: &Value, mut body: Value) -> Result<(), String> {
        let template = expected.get("body_template").unwrap_or(&expected["body"]);
        let filled = self.filled_in(&template.to_string());
        let mut recorded: Value = serde_json::from_str(&filled).unwrap();
        for side in [&mut recorded, &mut body] {
            sort_collections(side);
        }
        // What differs from run to run is marked, but a placeholder may stand for it.
        for pointer in expected["run_specific"].as_array().into_iter().flatten() {
            let Some(pointer) = pointer.as_str().unwrap().strip_prefix("body") else {
                continue;
            };
            let (Some(ours), Some(theirs)) =
                (body.pointer_mut(pointer), recorded.pointer_mut(pointer))
            else {
                return Err(format!("no {pointer} in {body}, recorded {recorded}"));
            };
            if ours != theirs {
                *ours = Value::Null;
                *theirs = Value::Null;
            }
        }
        expect("body", &body, &recorded)
    }

    /// Learns ids and digests that the recording names.
    fn learn(&mut self, expected: &Value, body: &Value) {
        for field in ["proposalId", "stateDigest"] {
            let named = expected["body_template"][field]
                .as_str()
                .unwrap_or_default();
            if let Some(name) = named
                .strip_prefix("{{")
                .and_then(|rest| rest.strip_suffix("}}"))
                && let Some(value) = body[field].as_str()
            {
                self.placeholders
                    .entry(name.to_owned())
                    .or_insert_with(|| value.to_owned());
                if field == "stateDigest" {
                    self.placeholders.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }

    fn note_certificates(&mut self) {
        let service = self.world.service_certificate();
        self.placeholders
            .insert("service_certificate".to_owned(), service);
        let node = NODES_ENDORSED_CERTIFICATES.get_in(&self.world.state, &self.world.node.id);
        let node = node.unwrap().unwrap().into_string();
        self.placeholders
            .insert("node_certificate:0".to_owned(), node);
    }

    /// A template with its placeholders replaced; in JSON and in other text.
    fn filled_in(&self, template: &str) -> String {
        let mut text = template.replace(&self.recorded_host_data, &host_data());
        for (name, value) in &self.placeholders {
            let quoted = serde_json::to_string(value).unwrap();
            text = text.replace(&format!("{{{{{name}}}}}"), quoted.trim_matches('"'));
        }
        text
    }

    fn perform(&mut self, request: &Value) -> Result<Answer, GovernanceError> {
        let path = request["request"]["path_template"]
            .as_str()
            .or(request["request"]["path"].as_str())
            .unwrap();
        let path = self.filled_in(path);
        let path = path.strip_prefix("/gov/").unwrap();
        let segments: Vec<&str> = path.split('/').collect();
        if request["request"]["method"] == "GET" {
            let query = request["request"]["query"].as_str().unwrap();
            self.get(&segments, query)
        } else {
            self.post(&segments, &request["signed"], &request["request"]["signed"])
        }
    }

    fn get(&mut self, segments: &[&str], query: &str) -> Result<Answer, GovernanceError> {
        let case = query.split('&').find_map(|part| part.strip_prefix("case="));
        let json = |value: &dyn erased::Json| Answer::Json(value.to_json());
        self.world.run(|tx, _| {
            Ok(match segments {
                ["members", "proposals"] => json(&proposals::list(tx)?),
                ["members", "proposals", id] => json(&proposals::get(tx, id)?),
                ["members", "proposals", id, "actions"] => {
                    Answer::Text(String::from_utf8(proposals::actions(tx, id)?.to_vec()).unwrap())
                }
                ["members", "proposals", id, "ballots", member] => {
                    Answer::Text(proposals::ballot(tx, id, member)?)
                }
                ["members", "state-digests", id] => json(&members::state_digest(tx, id)?),
                ["recovery", "encrypted-shares", id] => json(&shares::encrypted_share(tx, id)?),
                ["service", "info"] => json(&service::info(tx, &|_| None)?),
                ["service", "constitution"] => Answer::Text(service::constitution(tx)?),
                ["service", "members"] => json(&service::members(tx)?),
                ["service", "members", id] => json(&service::member(tx, id)?),
                ["service", "users"] => json(&service::users(tx)?),
                ["service", "users", id] => json(&service::user(tx, id)?),
                ["service", "nodes"] => json(&service::nodes(tx)?),
                ["service", "nodes", id] => json(&service::node(tx, id)?),
                ["service", "jwk"] => json(&service::jwk(tx)?),
                ["service", "join-policy"] => json(&service::join_policy(tx)?),
                ["service", "javascript-app"] => Answer::Json(service::javascript_app(tx, case)?),
                ["service", "javascript-modules"] => json(&service::javascript_modules(tx)?),
                ["service", "javascript-modules", name] => {
                    Answer::Text(service::javascript_module(tx, &name.replace("%2F", "/"))?)
                }
                other => panic!("no such path: {other:?}"),
            })
        })
    }

    fn post(
        &mut self,
        segments: &[&str],
        signed: &Value,
        nested: &Value,
    ) -> Result<Answer, GovernanceError> {
        let signed = if signed.is_null() { nested } else { signed };
        let text = |field: &str| signed[field].as_str().map(|text| self.filled_in(text));
        let payload = text("payload_template")
            .or(text("payload_text"))
            .unwrap_or_default();
        // One proposal has, among many actions, one that is not available yet.
        let payload = payload.replace(r#", {"name": "trigger_snapshot"}"#, "");
        let proposal_id = text("proposal_id");
        let signer = self.signers[signed["signer"].as_str().unwrap()].clone();
        // As the signatures of the tools are: the same for the same message.
        let signature = sha256(format!("{signed}{payload}{proposal_id:?}").as_bytes());
        let message = SignedMessage {
            signer: &signer,
            payload: payload.as_bytes(),
            envelope: payload.as_bytes(),
            signature: signature.as_bytes(),
            created_at: signed["created_at"].as_i64().unwrap(),
            proposal_id: proposal_id.as_deref(),
        };
        let root = self.world.root();
        let json = |value: &dyn erased::Json| Answer::Json(value.to_json());
        self.world.run(|tx, env| {
            Ok(match segments {
                ["members", "proposals:create"] => {
                    json(&proposals::create(tx, &message, &root, env)?)
                }
                ["members", "proposals", action] => {
                    let id = action.strip_suffix(":withdraw").unwrap();
                    match proposals::withdraw(tx, id, &message)? {
                        Some(view) => json(&view),
                        None => Answer::Nothing,
                    }
                }
                ["members", "proposals", id, "ballots", action] => {
                    let member = action.strip_suffix(":submit").unwrap();
                    json(&proposals::submit_ballot(tx, id, member, &message, env)?)
                }
                ["members", "state-digests", action] => match action.rsplit_once(':') {
                    Some((member, "update")) => {
                        json(&members::update_state_digest(tx, member, &message)?)
                    }
                    Some((member, "ack")) => {
                        members::ack(tx, member, &message, env)?;
                        Answer::Nothing
                    }
                    _ => panic!("no such action: {action}"),
                },
                ["recovery", "members", action] => {
                    let member = action.strip_suffix(":recover").unwrap();
                    json(&shares::submit(tx, member, &message, env)?)
                }
                other => panic!("no such path: {other:?}"),
            })
        })
    }
}

/// Host data of the founding node of a world.
fn host_data() -> String {
    sha256(b"program").to_string()
}

fn text_of(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

fn member_of(key: &Value) -> Member {
    let encryption = key["encryption_private_key_pem"].as_str();
    Member {
        id: key["id"].as_str().unwrap().parse().unwrap(),
        certificate: key["certificate_pem"].as_str().unwrap().to_owned(),
        encryption: encryption.map(|pem| RsaKeyPair::from_pem(pem).unwrap()),
    }
}

/// The order of elements is not part of the contract.
fn sort_collections(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(sort_collections);
            elements.sort_by_key(Value::to_string);
        }
        Value::Object(members) => members.values_mut().for_each(sort_collections),
        _ => {}
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: &T,
    recorded: &T,
) -> Result<(), String> {
    if ours == recorded {
        Ok(())
    } else {
        Err(format!("{what} is {ours:?}, recorded {recorded:?}"))
    }
}

mod erased {
    /// Anything that has a JSON form.
    pub(super) trait Json {
        fn to_json(&self) -> serde_json::Value;
    }

    impl<T: serde::Serialize> Json for T {
        fn to_json(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}
