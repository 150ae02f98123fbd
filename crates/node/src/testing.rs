//! A node within the process of a test: it founds a service in a directory, and requests go to its dispatcher
//! without a socket. For tests only; nothing here is covered by semantic versioning, and it panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_config::{CommandKind, Config};
use quorate_crypto::cert::{Certificate, generate_member_identity};
use quorate_crypto::cose::{RequestHeader, sign_request};
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy};
use quorate_endpoints::testing::{RequestBuilder, body, call, request};
use quorate_endpoints::{Response, TxId};
use serde_json::{Value, json};

use crate::application::Application;
use crate::clock::unix_now;
use crate::interfaces::Interfaces;
use crate::start::{self, RunningNode};

/// Interface that shows the certificate endorsed by the service; requests come in on it unless they say otherwise.
pub const SERVICE_INTERFACE: &str = quorate_endpoints::testing::INTERFACE;
/// Interface that shows the node's own certificate.
pub const NODE_INTERFACE: &str = "own";
/// Version of the governance API that the helpers speak.
pub const API_VERSION: &str = "2024-07-01";

/// The fragments of the default constitution.
const CONSTITUTION: [&str; 5] = [
    "default/actions.js",
    "virtual/virtual_attestation_actions.js",
    "default/validate.js",
    "default/resolve.js",
    "default/apply.js",
];

/// How long anything may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A founding member.
pub struct TestMember {
    /// Lower-case hex SHA-256 of the certificate.
    pub id: String,
    /// Its certificate, PEM.
    pub certificate: String,
    key: EcKeyPair,
}

impl TestMember {
    fn make(directory: &Path, name: &str) -> Self {
        let made =
            generate_member_identity(name, Curve::P256, true, unix_now(), &SystemEntropy).unwrap();
        let (_, public) = made.encryption.as_ref().unwrap();
        std::fs::write(
            directory.join(format!("{name}_cert.pem")),
            &made.certificate,
        )
        .unwrap();
        std::fs::write(directory.join(format!("{name}_enc_pubk.pem")), public).unwrap();
        let certificate = Certificate::from_pem(&made.certificate).unwrap();
        Self {
            id: certificate.fingerprint().to_string(),
            certificate: made.certificate,
            key: EcKeyPair::from_pem(&made.private_key).unwrap(),
        }
    }

    /// A message as `ccf_cose_sign1` makes it.
    pub fn sign(&self, msg_type: &str, proposal: Option<&str>, payload: &[u8]) -> Vec<u8> {
        let header = RequestHeader {
            msg_type,
            created_at: u64::try_from(unix_now()).unwrap(),
            proposal_id: proposal,
        };
        let certificate = Certificate::from_pem(&self.certificate).unwrap();
        sign_request(&self.key, &certificate, &header, payload).unwrap()
    }
}

/// A running node. Its threads end with it.
pub struct TestNode {
    pub(crate) running: RunningNode,
    /// The founders.
    pub members: Vec<TestMember>,
}

impl Drop for TestNode {
    fn drop(&mut self) {
        self.running.stop();
    }
}

impl TestNode {
    /// Founds a service with three members and the default constitution in an empty directory. `change` sees the
    /// configuration before the node does.
    pub fn found(
        directory: &Path,
        application: &Application,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let members: Vec<_> = (0..3)
            .map(|number| TestMember::make(directory, &format!("member{number}")))
            .collect();
        let mut config = configuration(directory);
        change(&mut config);
        let (config, _) = Config::parse(&config.to_string()).expect("a configuration");
        assert_eq!(config.command.kind, CommandKind::Start);
        let settings = config.command.start.as_ref().expect("a start");
        let recovery_threshold = settings.recovery_threshold().expect("a threshold");
        let interfaces = Interfaces::bind(&config).expect("interfaces");
        let settings = start::Settings {
            config: Arc::new(config),
            interfaces,
            recovery_threshold,
            evidence_directory: directory.to_owned(),
        };
        let running = start::start(application, settings).expect("a running node");
        Self { running, members }
    }

    /// The answer to a request.
    pub fn call(&self, request: RequestBuilder) -> Response {
        call(&*self.running.dispatcher, request)
    }

    /// The answer to a GET request without headers.
    pub fn get(&self, target: &str) -> Response {
        self.call(request("GET", target))
    }

    /// The JSON of a GET request that must succeed.
    pub fn json(&self, target: &str) -> Value {
        let response = self.get(target);
        assert_eq!(response.status, 200, "{target}: {}", body(&response));
        body(&response)
    }

    /// Posts a member's signed message to a path of the governance API.
    pub fn post(&self, path: &str, message: Vec<u8>) -> Response {
        let target = format!("/gov{path}?api-version={API_VERSION}");
        let post = request("POST", &target).header("content-type", "application/cose");
        self.call(post.body(message))
    }

    /// Makes a member active.
    pub fn activate(&self, member: &TestMember) {
        let path = format!("/members/state-digests/{}", member.id);
        let updated = self.post(
            &format!("{path}:update"),
            member.sign("state_digest", None, b""),
        );
        assert_eq!(updated.status, 200, "{}", body(&updated));
        let digest = json!({ "stateDigest": body(&updated)["stateDigest"] }).to_string();
        let acknowledged = self.post(
            &format!("{path}:ack"),
            member.sign("ack", None, digest.as_bytes()),
        );
        assert_eq!(acknowledged.status, 204, "{}", body(&acknowledged));
    }

    /// Makes all members active.
    pub fn activate_all(&self) {
        for member in &self.members {
            self.activate(member);
        }
    }

    /// Proposes one action and has all members vote for it until it is decided. Returns the proposal as it is then.
    pub fn decide(&self, action: &str, args: Value) -> Value {
        let proposal = json!({ "actions": [{ "name": action, "args": args }] }).to_string();
        let proposer = &self.members[0];
        let created = self.post(
            "/members/proposals:create",
            proposer.sign("proposal", None, proposal.as_bytes()),
        );
        assert_eq!(created.status, 200, "{}", body(&created));
        let mut view = body(&created);
        let id = view["proposalId"].as_str().unwrap().to_owned();
        let ballot =
            json!({ "ballot": "export function vote (proposal, proposer) { return true }" });
        for member in &self.members {
            if view["proposalState"] != "Open" {
                break;
            }
            let voted = self.post(
                &format!("/members/proposals/{id}/ballots/{}:submit", member.id),
                member.sign("ballot", Some(&id), ballot.to_string().as_bytes()),
            );
            view = body(&voted);
        }
        view
    }

    /// As [`Self::decide`], and the proposal must be accepted and have committed.
    pub fn accept(&self, action: &str, args: Value) {
        let view = self.decide(action, args);
        assert_eq!(view["proposalState"], "Accepted", "{view}");
        self.settle();
    }

    /// Makes all members active and opens the service.
    pub fn open(&self) {
        self.activate_all();
        let network = self.json("/node/network");
        let next = json!({ "next_service_identity": network["service_certificate"] });
        self.accept("transition_service_to_open", next);
    }

    /// Waits until everything written so far has committed.
    pub fn settle(&self) {
        let sequencer = &self.running.node.sequencer;
        sequencer.sign_now().expect("a signature");
        let last = sequencer.last_signed();
        assert!(
            sequencer.wait_committed(last, PATIENCE),
            "{last} does not commit"
        );
    }

    /// Id of the last committed transaction.
    pub fn committed(&self) -> TxId {
        self.running.node.sequencer.committed()
    }
}

/// Waits for what happens by itself.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn configuration(directory: &Path) -> Value {
    let file = |name: &str| json!(directory.join(name));
    let constitutions = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../constitutions"));
    let fragments = CONSTITUTION.map(|name| json!(constitutions.join(name)));
    let members: Vec<_> = (0..3)
        .map(|number| {
            json!({
                "certificate_file": file(&format!("member{number}_cert.pem")),
                "encryption_public_key_file": file(&format!("member{number}_enc_pubk.pem")),
            })
        })
        .collect();
    json!({
        "network": {
            "node_to_node_interface": {"bind_address": "127.0.0.1:0"},
            "rpc_interfaces": {
                (SERVICE_INTERFACE): {"bind_address": "127.0.0.1:0"},
                (NODE_INTERFACE): {
                    "bind_address": "127.0.0.1:0",
                    "endorsement": {"authority": "Node"}
                }
            }
        },
        "command": {
            "type": "Start",
            "service_certificate_file": file("service_cert.pem"),
            "start": {
                "constitution_files": fragments,
                "members": members,
                "initial_service_certificate_validity_days": 10
            }
        },
        "node_certificate": {"initial_validity_days": 5},
        "ledger": {"directory": file("ledger")},
        "ledger_signatures": {"delay": "1h"},
        "snapshots": {"directory": file("snapshots")},
        "output_files": {
            "node_certificate_file": file("nodecert.pem"),
            "pid_file": file("node.pid")
        }
    })
}
