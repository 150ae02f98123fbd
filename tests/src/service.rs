//! A one-node service with its consortium, and what members do with it.

use std::path::PathBuf;

use quorate_crypto::Curve;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ballots;
use crate::http::{Client, Request, Response};
use crate::identity::Identity;
use crate::node::{Founder, Node, NodeOptions};
use crate::programs;
use crate::signer::{Message, Signer};
use crate::wait;

/// A transaction id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TxId {
    /// View.
    pub view: u64,
    /// Sequence number.
    pub seqno: u64,
}

impl TxId {
    /// Reads `view.seqno`.
    pub fn parse(text: &str) -> TxId {
        let (view, seqno) = text
            .split_once('.')
            .unwrap_or_else(|| panic!("'{text}' is no transaction id"));
        let number = |digits: &str| {
            digits
                .parse()
                .unwrap_or_else(|_| panic!("'{text}' is no transaction id"))
        };
        TxId {
            view: number(view),
            seqno: number(seqno),
        }
    }

    /// The id in the header of an answer.
    pub fn of(response: &Response) -> TxId {
        TxId::parse(
            response
                .header("x-ms-ccf-transaction-id")
                .unwrap_or_else(|| panic!("no id: {response}")),
        )
    }
}

impl std::fmt::Display for TxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.view, self.seqno)
    }
}

/// What service to start.
pub struct ServiceOptions {
    /// Number of founding members; each has an encryption key, and the curves take turns.
    pub members: usize,
    /// Parts in recovery of the first of them, where they are not the default.
    pub roles: Vec<&'static str>,
    /// Number of users, which are added when the service is opened.
    pub users: usize,
    /// Shares needed for recovery.
    pub threshold: u64,
    /// Program of the node.
    pub program: &'static str,
    /// Fragments of the constitution, under `constitutions/`.
    pub constitution: Vec<&'static str>,
    /// `api-version` of governance requests.
    pub api_version: &'static str,
    /// Who signs.
    pub signer: Signer,
    /// Changes of the configuration, at JSON pointers.
    pub changes: Vec<(&'static str, Value)>,
}

/// The fragments of the default constitution, with the actions of the virtual platform.
pub const DEFAULT_CONSTITUTION: [&str; 5] = [
    "default/actions.js",
    "virtual/virtual_attestation_actions.js",
    "default/validate.js",
    "default/resolve.js",
    "default/apply.js",
];

/// The fragments of the test constitution (governance-api.md 9).
pub const TEST_CONSTITUTION: [&str; 5] = [
    "default/actions.js",
    "test/test_actions.js",
    "default/validate.js",
    "test/resolve.js",
    "default/apply.js",
];

impl Default for ServiceOptions {
    fn default() -> Self {
        ServiceOptions {
            members: 3,
            roles: Vec::new(),
            users: 1,
            threshold: 2,
            program: programs::LOGGING,
            constitution: DEFAULT_CONSTITUTION.to_vec(),
            api_version: "2024-07-01",
            signer: Signer::Own,
            changes: Vec::new(),
        }
    }
}

/// A running service.
pub struct Service {
    /// Its node.
    pub node: Node,
    /// Founding members, `member0` and so on.
    pub members: Vec<Identity>,
    /// Users, `user0` and so on.
    pub users: Vec<Identity>,
    /// `api-version` of governance requests.
    pub api_version: &'static str,
    /// Who signs.
    pub signer: Signer,
    directory: TempDir,
}

impl Service {
    /// Starts a service; its members have not acknowledged anything yet.
    pub fn start(options: &ServiceOptions) -> Service {
        let directory = TempDir::new().expect("a temporary directory");
        let curves = [Curve::P384, Curve::P256, Curve::P521];
        let identity = |kind: &str, i: usize, curve, with_key| {
            Identity::make(directory.path(), &format!("{kind}{i}"), curve, with_key)
        };
        let members: Vec<Identity> = (0..options.members)
            .map(|i| identity("member", i, curves[i % curves.len()], true))
            .collect();
        let users = (0..options.users)
            .map(|i| identity("user", i, Curve::P384, false))
            .collect();

        let founders: Vec<Founder<'_>> = members
            .iter()
            .enumerate()
            .map(|(i, identity)| Founder {
                identity,
                data: None,
                role: options.roles.get(i).copied(),
            })
            .collect();
        let mut node = NodeOptions::start(
            directory.path(),
            &founders,
            &constitution_files(&options.constitution),
        )
        .program(options.program)
        .with(
            "/command/start/service_configuration/recovery_threshold",
            json!(options.threshold),
        );
        for (pointer, value) in &options.changes {
            node = node.with(pointer, value.clone());
        }
        let node = node.spawn(&directory.path().join("node"));
        Service {
            node,
            members,
            users,
            api_version: options.api_version,
            signer: options.signer,
            directory,
        }
    }

    /// Starts a service, activates its members, adds its users and opens it.
    pub fn open(options: &ServiceOptions) -> Service {
        let service = Service::start(options);
        service.activate_all();
        service.transition_to_open();
        service
    }

    /// A service with the default options, open.
    pub fn default_open() -> Service {
        Service::open(&ServiceOptions::default())
    }

    /// All founding members acknowledge the state.
    pub fn activate_all(&self) {
        for member in &self.members {
            self.activate(member);
        }
    }

    /// Adds the users, opens the service, and waits until the application answers.
    pub fn transition_to_open(&self) {
        let mut actions: Vec<Value> = self
            .users
            .iter()
            .map(|user| action("set_user", json!({"cert": user.certificate})))
            .collect();
        actions.push(action(
            "transition_service_to_open",
            json!({"next_service_identity": self.certificate()}),
        ));
        self.accept(&proposal(&actions));
        self.wait_until_app_open();
    }

    /// Waits until the application answers.
    pub fn wait_until_app_open(&self) {
        wait::until("the application is open", wait::SOON, || {
            match self.client().get("/app/commit") {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.to_string()),
            }
        });
    }

    /// A new identity, which the service does not know.
    pub fn stranger(&self, name: &str, with_encryption_key: bool) -> Identity {
        Identity::make(
            self.directory.path(),
            name,
            Curve::P384,
            with_encryption_key,
        )
    }

    /// A directory for files of the test.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// A client without certificate.
    pub fn client(&self) -> Client {
        self.node.client()
    }

    /// A client with the certificate of a user.
    pub fn user(&self, index: usize) -> Client {
        self.client().with_identity(&self.users[index])
    }

    /// The service certificate, as in the file.
    pub fn certificate(&self) -> String {
        std::fs::read_to_string(self.node.file("service_cert.pem")).expect("a service certificate")
    }

    /// A governance path with the `api-version`.
    pub fn path(&self, path: &str) -> String {
        format!("/gov{path}?api-version={}", self.api_version)
    }

    /// `GET` of a governance path.
    pub fn gov(&self, path: &str) -> Response {
        self.client().get(&self.path(path))
    }

    /// `POST` of a signed message to a governance path.
    pub fn send(&self, signer: &Identity, path: &str, message: Message<'_>) -> Response {
        self.post(path, self.signer.sign(signer, message))
    }

    /// The same as a request to be sent, to a path with its query.
    pub fn signed<'a>(
        &self,
        target: &'a str,
        signer: &Identity,
        message: Message<'_>,
    ) -> Request<'a> {
        let body = self.signer.sign(signer, message);
        Request::new("POST", target)
            .header("content-type", "application/cose")
            .body(body)
    }

    /// `POST` of bytes, as a COSE message, to a governance path.
    pub fn post(&self, path: &str, body: Vec<u8>) -> Response {
        self.client()
            .post(&self.path(path), "application/cose", body)
    }

    /// A member updates and acknowledges its state digest.
    pub fn activate(&self, member: &Identity) {
        let path = format!("/members/state-digests/{}", member.id);
        // The first signature may still be in the making.
        let update = wait::until("a signature to acknowledge", wait::SOON, || {
            match self.send(
                member,
                &format!("{path}:update"),
                Message::new("state_digest", b""),
            ) {
                answer if answer.status == 200 => Ok(answer),
                answer => Err(answer.to_string()),
            }
        });
        let ack = self.send(
            member,
            &format!("{path}:ack"),
            Message::new("ack", &update.body),
        );
        assert_eq!(ack.status, 204, "{ack}");
        let status = self.member(member)["status"].clone();
        assert_eq!(status, "Active");
    }

    /// A member, as the service shows it.
    pub fn member(&self, member: &Identity) -> Value {
        self.gov(&format!("/service/members/{}", member.id))
            .expect(200)
    }

    /// A member makes a proposal.
    pub fn propose(&self, proposer: &Identity, proposal: &Value) -> Response {
        self.propose_bytes(proposer, proposal.to_string().as_bytes())
    }

    /// A member makes a proposal of any bytes.
    pub fn propose_bytes(&self, proposer: &Identity, proposal: &[u8]) -> Response {
        self.send(
            proposer,
            "/members/proposals:create",
            Message::new("proposal", proposal),
        )
    }

    /// A member makes a proposal that is open then; its id.
    pub fn open_proposal(&self, proposer: &Identity, proposal: &Value) -> String {
        let view = self.propose(proposer, proposal).expect(200);
        assert_eq!(view["proposalState"], "Open", "{view}");
        id_of(&view)
    }

    /// A member gives a ballot.
    pub fn vote(&self, member: &Identity, proposal_id: &str, ballot: &str) -> Response {
        let payload = json!({"ballot": ballot}).to_string();
        self.send(
            member,
            &format!(
                "/members/proposals/{proposal_id}/ballots/{}:submit",
                member.id
            ),
            Message::new("ballot", payload.as_bytes()).about(proposal_id),
        )
    }

    /// A member withdraws a proposal.
    pub fn withdraw(&self, member: &Identity, proposal_id: &str) -> Response {
        self.send(
            member,
            &format!("/members/proposals/{proposal_id}:withdraw"),
            Message::new("withdrawal", b"").about(proposal_id),
        )
    }

    /// A proposal, as the service shows it.
    pub fn proposal(&self, proposal_id: &str) -> Value {
        self.gov(&format!("/members/proposals/{proposal_id}"))
            .expect(200)
    }

    /// The first member makes a proposal and all founders vote for it, in turn, until it is accepted; its id.
    pub fn accept(&self, proposal: &Value) -> String {
        let id = self.open_proposal(&self.members[0], proposal);
        for member in &self.members {
            let view = self.vote(member, &id, ballots::FOR).expect(200);
            match view["proposalState"].as_str() {
                Some("Accepted") => return id,
                state => assert_eq!(state, Some("Open"), "{view}"),
            }
        }
        panic!("not accepted: {proposal}")
    }

    /// The first member makes a proposal, all founders vote for it, and the deciding vote is answered with a refusal.
    pub fn fail_to_apply(&self, proposal: &Value) -> Response {
        let id = self.open_proposal(&self.members[0], proposal);
        for member in &self.members {
            let answer = self.vote(member, &id, ballots::FOR);
            if answer.status != 200 {
                assert_eq!(self.proposal(&id)["proposalState"], "Open");
                return answer;
            }
            assert_eq!(answer.json()["proposalState"], "Open", "{answer}");
        }
        panic!("never decided: {proposal}")
    }

    /// Waits until everything is signed and committed, so that nothing happens any more by itself; the last
    /// transaction.
    pub fn settled(&self) -> TxId {
        wait::until("all is signed", wait::SOON, || {
            let state = self.client().get("/node/state");
            let last = TxId::of(&state);
            let signed = state.json()["last_signed_seqno"].as_u64();
            let commit = self.client().get("/node/commit").json();
            let committed = TxId::parse(commit["transaction_id"].as_str().unwrap_or_default());
            if signed == Some(last.seqno) && committed == last {
                Ok(last)
            } else {
                Err((last, signed, committed))
            }
        })
    }

    /// Waits until a transaction is committed.
    pub fn wait_committed(&self, id: TxId) {
        wait::until(&format!("{id} is committed"), wait::SOON, || {
            let status = self
                .client()
                .get(&format!("/node/tx?transaction_id={id}"))
                .expect(200);
            match status["status"].as_str() {
                Some("Committed") => Ok(()),
                _ => Err(status),
            }
        });
    }

    /// Does something that must be refused, and checks that no table changed and that the node lives.
    pub fn unchanged<T>(&self, attempt: impl FnOnce() -> T) -> T {
        let before = self.settled();
        let answer = attempt();
        assert_eq!(self.settled(), before, "a refusal changed a table");
        answer
    }
}

/// The files of a constitution.
pub fn constitution_files(fragments: &[&str]) -> Vec<PathBuf> {
    fragments
        .iter()
        .map(|fragment| programs::repository(&format!("constitutions/{fragment}")))
        .collect()
}

/// An action of a proposal.
pub fn action(name: &str, args: Value) -> Value {
    json!({"name": name, "args": args})
}

/// An action without arguments.
pub fn bare_action(name: &str) -> Value {
    json!({"name": name})
}

/// A proposal of actions.
pub fn proposal(actions: &[Value]) -> Value {
    json!({"actions": actions})
}

/// A proposal of one action.
pub fn propose_one(name: &str, args: Value) -> Value {
    proposal(&[action(name, args)])
}

/// The id in a proposal object.
pub fn id_of(view: &Value) -> String {
    view["proposalId"]
        .as_str()
        .unwrap_or_else(|| panic!("no proposal: {view}"))
        .to_owned()
}
