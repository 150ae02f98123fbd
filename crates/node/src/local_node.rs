//! What the node is by itself, before and beneath the write path: keys, certificates in force, gates,
//! interfaces, life-cycle state. It hears of changes through its hooks (`hooks.rs`) and signs the ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::RwLock;
use quorate_config::Config;
use quorate_crypto::SystemEntropy;
use quorate_crypto::cert::Certificate;
use quorate_endpoints::Gate;
use quorate_governance::NodeStartupState;
use quorate_kv::State;
use quorate_ledger::merkle::MerkleTree;
use quorate_ledger::signature::RunSigner;
use quorate_ledger::{TxId, WriteSet};
use quorate_replication::{Events, SignatureSource};
use quorate_tables::NODES_ENDORSED_CERTIFICATES;

use crate::identity::{NodeIdentity, ServiceIdentity};
use crate::interfaces::Interfaces;

/// See the module documentation.
pub struct LocalNode {
    /// The configuration that the process was started with.
    pub config: Arc<Config>,
    /// The node's keys.
    pub identity: NodeIdentity,
    /// The service's keys.
    pub service: ServiceIdentity,
    /// Listening interfaces and their TLS.
    pub interfaces: Interfaces,
    /// Opens `/gov`.
    pub gov: Gate,
    /// Opens `/app`.
    pub app: Gate,
    /// Makes the signatures of the ledger.
    signer: RunSigner,
    certificates: RwLock<Certificates>,
    state: AtomicU8,
    stop_notice: AtomicBool,
    /// Source of randomness.
    pub entropy: SystemEntropy,
}

/// The node's certificates in force; they change when governance renews them.
struct Certificates {
    /// Self-signed: shown on interfaces with authority `Node`.
    self_signed: Certificate,
    /// Endorsed by the service, PEM text as sequenced: stands in signatures.
    endorsed: Option<String>,
}

/// Everything a [`LocalNode`] is made of.
pub struct Parts {
    /// See [`LocalNode::config`].
    pub config: Arc<Config>,
    /// See [`LocalNode::identity`].
    pub identity: NodeIdentity,
    /// See [`LocalNode::service`].
    pub service: ServiceIdentity,
    /// See [`LocalNode::interfaces`].
    pub interfaces: Interfaces,
    /// Issuer of ledger signatures (ledger.md 4.3).
    pub issuer: String,
    /// Subject of ledger signatures.
    pub subject: String,
    /// The first self-signed certificate.
    pub self_signed: Certificate,
}

impl LocalNode {
    /// A node in state `Initialized`, its frontends closed.
    ///
    /// # Errors
    /// Keys that cannot sign the ledger.
    pub fn new(parts: Parts) -> Result<Arc<Self>, String> {
        let signer = RunSigner::new(
            parts.identity.key.clone(),
            parts.service.key.clone(),
            parts.issuer,
            parts.subject,
        )
        .map_err(|error| error.to_string())?;
        Ok(Arc::new(Self {
            config: parts.config,
            identity: parts.identity,
            service: parts.service,
            interfaces: parts.interfaces,
            gov: Gate::default(),
            app: Gate::default(),
            signer,
            certificates: RwLock::new(Certificates {
                self_signed: parts.self_signed,
                endorsed: None,
            }),
            state: AtomicU8::new(NodeStartupState::Initialized as u8),
            stop_notice: AtomicBool::new(false),
            entropy: SystemEntropy,
        }))
    }

    /// Where the process stands in its life cycle (recovery-and-membership.md 1.2).
    #[must_use]
    pub fn state(&self) -> NodeStartupState {
        const STATES: [NodeStartupState; 7] = [
            NodeStartupState::Uninitialized,
            NodeStartupState::Initialized,
            NodeStartupState::Pending,
            NodeStartupState::PartOfPublicNetwork,
            NodeStartupState::PartOfNetwork,
            NodeStartupState::ReadingPublicLedger,
            NodeStartupState::ReadingPrivateLedger,
        ];
        let state = self.state.load(Ordering::Acquire);
        STATES
            .into_iter()
            .find(|known| *known as u8 == state)
            .unwrap_or(NodeStartupState::Uninitialized)
    }

    pub(crate) fn enter(&self, state: NodeStartupState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Whether the operator has announced that the node will stop (node-and-operations.md 8.2).
    #[must_use]
    pub fn stop_notice(&self) -> bool {
        self.stop_notice.load(Ordering::Acquire)
    }

    pub(crate) fn set_stop_notice(&self) {
        self.stop_notice.store(true, Ordering::Release);
    }

    /// The self-signed certificate in force.
    #[must_use]
    pub fn self_signed(&self) -> Certificate {
        self.certificates.read().self_signed.clone()
    }

    pub(crate) fn set_self_signed(&self, certificate: Certificate) {
        self.certificates.write().self_signed = certificate;
    }

    pub(crate) fn set_endorsed(&self, pem: Option<String>) {
        self.certificates.write().endorsed = pem;
    }
}

impl SignatureSource for LocalNode {
    fn sign(&self, txid: TxId, tree: &MerkleTree) -> Result<WriteSet, String> {
        let endorsed = self.certificates.read().endorsed.clone();
        let certificate = endorsed.ok_or("the node has no certificate endorsed by the service")?;
        self.signer
            .sign(txid, tree, &certificate, crate::clock::unix_now())
            .map_err(|error| error.to_string())
    }
}

impl Events for LocalNode {
    fn rolled_back(&self, seqno: u64, state: &State) {
        tracing::info!("Rolled back to seqno {seqno}");
        match NODES_ENDORSED_CERTIFICATES.get_in(state, &self.identity.id) {
            Ok(certificate) => self.set_endorsed(certificate.map(|pem| pem.as_str().to_owned())),
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn failed(&self, reason: &str) {
        crate::process::die(reason);
    }
}
