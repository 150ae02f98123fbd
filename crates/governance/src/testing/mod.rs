//! A consortium with a service in memory, for tests: transactions run on it and commit at once.
//! Uses the public interface only, since the tests on recorded sessions share this file.

#![allow(dead_code, reason = "not every user of this file uses all of it")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use quorate_crypto::{
    Curve, Digest, EcKeyPair, SystemEntropy,
    cert::{self, Csr, Validity},
    sha256,
};
use quorate_governance::{
    Env, GovernanceError, NodeStartupState, SignedMessage, effects,
    genesis::{self, GenesisInput, GenesisMember, GenesisNode, JoinPolicy},
};
use quorate_kv::{Requests, Snapshot, State, Tx};
use quorate_ledger::{LedgerSecret, LedgerSecrets, SecretInForce, TxId};
use quorate_tables::{
    ENCRYPTED_LEDGER_SECRETS, MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, MemberDetails,
    MemberId, MemberStatus, NetInterface, NodeId, NodeInfo, NodeStatus, PrimarySignature,
    QuoteFormat, QuoteInfo, RecoveryRole, SERVICE_INFO, SIGNATURES, ServiceConfiguration,
    ServiceStatus,
};
use serde_json::Value;

mod operations;
mod parties;

pub use parties::{Kind, Member, Node};
use parties::{rsa_key, self_signed};

/// A constitution whose proposals say themselves what `validate`, `resolve` and `apply` do.
/// Without a say of their own they are valid, accepted by `needed` votes (one, if not given), and
/// do nothing.
pub const FREE_CONSTITUTION: &str = r#"
function run(code, names, values) { return new Function(...names, code)(...values); }
export function validate(input) {
  const p = JSON.parse(input);
  return p.validate === undefined ? { valid: true } : run(p.validate, ["input"], [input]);
}
export function resolve(proposal, proposerId, votes, proposalId) {
  const p = JSON.parse(proposal);
  if (p.resolve !== undefined) {
    return run(p.resolve, ["proposal", "proposerId", "votes", "proposalId"],
      [proposal, proposerId, votes, proposalId]);
  }
  const yes = votes.filter((v) => v.vote).length;
  return yes >= (p.needed === undefined ? 1 : p.needed) ? "Accepted" : "Open";
}
export function apply(proposal, proposalId) {
  const p = JSON.parse(proposal);
  if (p.apply !== undefined) { run(p.apply, ["proposal", "proposalId"], [proposal, proposalId]); }
}
"#;

pub const YES: &str = "export function vote (rawProposal, proposerId) { return true }";
pub const NO: &str = "export function vote (rawProposal, proposerId) { return false }";

/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;

/// Measurement of the founding node.
pub const MEASUREMENT: &str = "Insecure hard-coded virtual measurement v1";

/// A service and its members.
pub struct World {
    pub members: Vec<Member>,
    pub node: Arc<Node>,
    pub env: Env,
    pub state: State,
    pub seqno: u64,
    /// What the last committed transaction asked for.
    pub requests: Requests,
    pub next_created_at: i64,
    /// Proposals created, in order: `p0`, `p1`, ... in dumps.
    pub proposals: Vec<String>,
    signatures: u64,
    names: BTreeMap<String, String>,
}

impl World {
    /// A service right after its genesis transaction and a first signature. Members are `Accepted`.
    pub fn founded(constitution: &str, kinds: &[Kind], threshold: u64) -> Self {
        let members = kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| Member::new(&format!("member{index}"), *kind != Kind::Plain))
            .collect();
        Self::founded_by(constitution, members, kinds, threshold)
    }

    /// [`World::founded`] by given members.
    pub fn founded_by(
        constitution: &str,
        members: Vec<Member>,
        kinds: &[Kind],
        threshold: u64,
    ) -> Self {
        let service_key = Arc::new(EcKeyPair::generate(Curve::P384, &SystemEntropy));
        let node_key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
        let id = NodeId::from_digest(&node_key.public_key().fingerprint());
        let node = Arc::new(Node {
            id,
            encryption: rsa_key(),
            csr: cert::create_csr(&node_key, "CN=Node", &[]).unwrap(),
            state: Mutex::new(NodeStartupState::PartOfNetwork),
            secrets: Mutex::new(LedgerSecrets::new(SecretInForce {
                valid_from: 1,
                secret: Arc::new(LedgerSecret::generate(&SystemEntropy).unwrap()),
                previous_stored: None,
            })),
            committed: Mutex::new(State::new()),
            service_key,
        });
        let names = members
            .iter()
            .enumerate()
            .map(|(index, member)| (member.id.to_string(), format!("m{index}")))
            .chain([(node.id.to_string(), "n0".to_owned())])
            .collect();
        let mut world = Self {
            env: Env::new(node.clone()),
            members,
            node,
            state: State::new(),
            seqno: 0,
            requests: Requests::default(),
            next_created_at: 1_700_000_000,
            proposals: Vec::new(),
            signatures: 0,
            names,
        };
        let input = world.genesis_input(constitution, kinds, threshold);
        let mut tx = world.begin();
        genesis::create(&mut tx, &input).unwrap();
        world.commit(tx);
        world.sign();
        world
    }

    /// A service whose members are all active.
    pub fn active(constitution: &str, kinds: &[Kind], threshold: u64) -> Self {
        let mut world = Self::founded(constitution, kinds, threshold);
        for index in 0..world.members.len() {
            world.set_status(index, MemberStatus::Active);
        }
        world
    }

    /// An open service whose members are all active.
    pub fn open(constitution: &str, kinds: &[Kind], threshold: u64) -> Self {
        let mut world = Self::active(constitution, kinds, threshold);
        world.open_natively();
        world
    }

    /// What the founding node writes for these members.
    pub fn genesis_input(
        &self,
        constitution: &str,
        kinds: &[Kind],
        threshold: u64,
    ) -> GenesisInput {
        let service_certificate = self_signed(&self.node.service_key, "Service");
        let endorsed_certificate = cert::endorse(
            &Csr::from_pem(&self.node.csr).unwrap(),
            &self.node.service_key,
            &service_certificate,
            Validity { from: NOW, days: 1 },
            &cert::random_serial(&SystemEntropy),
        )
        .unwrap();
        GenesisInput {
            service_certificate: service_certificate.to_pem().into(),
            service_data: None,
            create_txid: TxId { view: 2, seqno: 1 },
            constitution: constitution.to_owned(),
            configuration: ServiceConfiguration {
                recovery_threshold: threshold,
                maximum_node_certificate_validity_days: Some(365),
                maximum_service_certificate_validity_days: Some(365),
                ..ServiceConfiguration::default()
            },
            members: self
                .members
                .iter()
                .zip(kinds)
                .map(|(member, kind)| GenesisMember {
                    certificate: member.certificate.clone().into(),
                    encryption_public_key: member.encryption_pem().map(Into::into),
                    data: None,
                    // A founding member cannot be keyed and without part in recoveries.
                    recovery_role: match kind {
                        Kind::Role(RecoveryRole::NonParticipant) | Kind::Plain | Kind::Keyed => {
                            None
                        }
                        Kind::Role(role) => Some(*role),
                    },
                })
                .collect(),
            node: GenesisNode {
                id: self.node.id.clone(),
                info: self.node_info(NodeStatus::Trusted),
                endorsed_certificate: endorsed_certificate.to_pem().into(),
            },
            join_policy: JoinPolicy::Virtual {
                measurement: MEASUREMENT.to_owned(),
                host_data: sha256(b"program"),
            },
        }
    }

    /// An entry for a node with the keys of this one.
    pub fn node_info(&self, status: NodeStatus) -> NodeInfo {
        let interface = |port: u16| NetInterface {
            bind_address: format!("127.0.0.1:{port}"),
            published_address: Some(format!("127.0.0.1:{port}")),
            settings: serde_json::Map::new(),
        };
        let quote = format!(
            r#"{{"host_data":"{}","measurement":"{MEASUREMENT}","report_data":"AAAA"}}"#,
            sha256(b"program")
        );
        NodeInfo {
            node_to_node_interface: interface(9000),
            rpc_interfaces: BTreeMap::from([(
                "primary_rpc_interface".to_owned(),
                interface(18000),
            )]),
            will_locally_seal_ledger_secrets: false,
            quote_info: QuoteInfo {
                format: QuoteFormat::InsecureVirtual,
                quote: quote.into_bytes().into(),
                endorsements: Vec::new().into(),
                uvm_endorsements: None,
                endorsed_tcb: None,
            },
            encryption_pub_key: self.node.encryption.public_key().to_pem().into(),
            status,
            ledger_secret_seqno: None,
            code_digest: None,
            certificate_signing_request: Some(self.node.csr.clone().into()),
            public_key: None,
            node_data: Value::Null,
            retired_committed: false,
            cert: None,
        }
    }

    pub fn begin(&self) -> Tx {
        Tx::new(Snapshot {
            state: self.state.clone(),
            txid: TxId {
                view: 2,
                seqno: self.seqno,
            },
        })
    }

    /// Applies a transaction, as the sequencer does.
    pub fn commit(&mut self, tx: Tx) {
        tx.validate(&self.state).unwrap();
        if !tx.has_writes() {
            return;
        }
        self.seqno += 1;
        let parts = tx.into_parts();
        self.state.apply(self.seqno, &parts.writes);
        self.requests = parts.requests;
        *self.node.committed.lock().unwrap() = self.state.clone();
        if parts
            .writes
            .writes_to(ENCRYPTED_LEDGER_SECRETS.name())
            .is_some()
        {
            let value = parts
                .writes
                .get(ENCRYPTED_LEDGER_SECRETS.name(), quorate_kv::UNIT)
                .unwrap()
                .clone()
                .unwrap();
            let secret =
                effects::secret_from_broadcast(&value, &self.node.id, &self.node.encryption)
                    .unwrap();
            self.node.secrets.lock().unwrap().install(SecretInForce {
                valid_from: self.seqno + 1,
                secret: Arc::new(secret),
                previous_stored: Some(self.seqno),
            });
        }
    }

    /// Runs an operation in a transaction, which commits if it succeeds.
    pub fn run<T>(
        &mut self,
        operation: impl FnOnce(&mut Tx, &Env) -> Result<T, GovernanceError>,
    ) -> Result<T, GovernanceError> {
        let mut tx = self.begin();
        let env = self.env.clone();
        let value = operation(&mut tx, &env)?;
        self.commit(tx);
        Ok(value)
    }

    /// Runs something that cannot fail.
    pub fn write(&mut self, operation: impl FnOnce(&mut Tx)) {
        let mut tx = self.begin();
        operation(&mut tx);
        self.commit(tx);
    }

    /// A signature transaction.
    pub fn sign(&mut self) {
        let root = self.root();
        let (node, seqno) = (self.node.id.clone(), self.seqno + 1);
        self.write(|tx| {
            let signature = PrimarySignature {
                cert: String::new(),
                commit_seqno: 0,
                commit_view: 0,
                hashed_nonce: Digest::default(),
                node: node.to_string(),
                root,
                seqno,
                view: 2,
                sig: Vec::new(),
            };
            SIGNATURES.put(tx, &signature).unwrap();
        });
    }

    /// Stands for the Merkle root over everything so far.
    pub fn root(&self) -> Digest {
        sha256(&self.seqno.to_be_bytes())
    }

    /// Bytes of a signature that was never seen before.
    pub fn fresh_signature(&mut self) -> Vec<u8> {
        self.signatures += 1;
        format!("signature {}", self.signatures).into_bytes()
    }

    pub fn id(&self, member: usize) -> String {
        self.members[member].id.to_string()
    }

    /// Gives a name to an id, for dumps.
    pub fn name(&mut self, id: &str, name: &str) {
        self.names.insert(id.to_owned(), name.to_owned());
    }

    /// Sets a member's status, without an ack.
    pub fn set_status(&mut self, member: usize, status: MemberStatus) {
        let id = self.members[member].id.clone();
        self.write(|tx| {
            let details = MEMBERS_INFO.get(tx, &id).unwrap().unwrap();
            let details = MemberDetails { status, ..details };
            MEMBERS_INFO.put(tx, &id, &details).unwrap();
        });
    }

    /// Adds a member as governance does, `Accepted`.
    pub fn add_member(&mut self, member: Member, role: Option<RecoveryRole>) -> usize {
        let id = member.id.clone();
        let key = member.encryption_pem();
        self.name(id.as_str(), &format!("m{}", self.members.len()));
        self.members.push(member);
        self.write(|tx| {
            let details = MemberDetails {
                status: MemberStatus::Accepted,
                member_data: Value::Null,
                recovery_role: role,
            };
            MEMBERS_INFO.put(tx, &id, &details).unwrap();
            if let Some(key) = key {
                MEMBERS_ENCRYPTION_PUBLIC_KEYS
                    .put(tx, &id, &key.into())
                    .unwrap();
            }
        });
        self.members.len() - 1
    }

    pub fn service_certificate(&self) -> String {
        let info = SERVICE_INFO.get_in(&self.state).unwrap().unwrap();
        info.cert.into_string()
    }

    pub fn set_service_status(&mut self, status: ServiceStatus) {
        self.write(|tx| {
            let mut info = SERVICE_INFO.get(tx).unwrap().unwrap();
            info.status = status;
            SERVICE_INFO.put(tx, &info).unwrap();
        });
    }

    /// Opens the service through its native effect, without a proposal.
    pub fn open_natively(&mut self) {
        use quorate_script::Effects as _;
        let effects = effects::NativeEffects::new(self.node.clone());
        let next = self.service_certificate().into_bytes();
        let mut tx = self.begin();
        effects
            .transition_service_to_open(&mut tx, None, Some(next))
            .unwrap();
        self.commit(tx);
    }

    /// The content of tables (names without `public:ccf.gov.` or `public:ccf.internal.`), one line
    /// per entry, ids of members (`m0`), proposals (`p0`) and the node (`n0`) replaced by names.
    pub fn dump(&self, tables: &[&str]) -> String {
        let mut text = String::new();
        for table in tables {
            for prefix in ["public:ccf.gov.", "public:ccf.internal.", ""] {
                let Some(map) = self.state.map(&format!("{prefix}{table}")) else {
                    continue;
                };
                for (key, versioned) in map.iter() {
                    let key = if &key[..] == quorate_kv::UNIT {
                        String::new()
                    } else {
                        format!(" {}", String::from_utf8_lossy(key))
                    };
                    let value = String::from_utf8_lossy(&versioned.value);
                    text.push_str(&format!("{table}{key} = {value}\n"));
                }
            }
        }
        self.named(&text)
    }

    /// Names of the maps that the last committed transaction wrote.
    pub fn tables_written_at(&self, seqno: u64) -> Vec<String> {
        let mut tables = Vec::new();
        for name in self.state.map_names() {
            if self
                .state
                .map(name)
                .is_some_and(|map| map.version() == seqno)
            {
                tables.push(
                    name.trim_start_matches("public:ccf.")
                        .trim_start_matches("gov.")
                        .to_owned(),
                );
            }
        }
        tables
    }

    /// A text with ids replaced by names.
    pub fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (id, name) in &self.names {
            text = text.replace(id, name);
        }
        text
    }

    /// Fails unless the operation is refused with this code and message, and changed nothing.
    #[track_caller]
    pub fn refuses<T: std::fmt::Debug>(
        &mut self,
        operation: impl FnOnce(&mut Self) -> Result<T, GovernanceError>,
        code: &str,
        message: &str,
    ) {
        let before = self.state.clone();
        let seqno = self.seqno;
        match operation(self) {
            Ok(value) => panic!("not refused: {value:?}"),
            Err(error) => {
                let text = self.named(&error.to_string());
                assert_eq!((error.code(), text.as_str()), (code, message));
            }
        }
        assert_eq!(self.seqno, seqno, "a refused operation wrote something");
        assert!(self.state.map_names().eq(before.map_names()));
    }
}

/// A message without content, signed by `signer`.
pub fn message(signer: &MemberId) -> SignedMessage<'_> {
    SignedMessage {
        signer,
        payload: b"",
        envelope: b"envelope",
        signature: b"signature",
        created_at: 1,
        proposal_id: None,
    }
}

/// JSON of anything that the API shows.
pub fn json_of(view: &impl serde::Serialize) -> String {
    serde_json::to_value(view).unwrap().to_string()
}
