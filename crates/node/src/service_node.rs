//! The node with its write path: what endpoints, governance and the execution of requests see.

use std::sync::Arc;

use quorate_crypto::{Digest, Entropy};
use quorate_endpoints::interface::NodeRole;
use quorate_endpoints::{CommitFailure, Host};
use quorate_governance::{LedgerSecretsView, NodeStartupState, ServiceContext};
use quorate_kv::{State, Tx};
use quorate_ledger::TxId;
use quorate_replication::{CommitError, Sequencer, TxStatus};

use crate::local_node::LocalNode;

/// See the module documentation.
pub struct ServiceNode {
    /// The node by itself.
    pub local: Arc<LocalNode>,
    /// The write path.
    pub sequencer: Arc<Sequencer>,
}

impl ServiceContext for ServiceNode {
    fn node_state(&self) -> NodeStartupState {
        self.local.state()
    }

    fn service_key(&self) -> Arc<quorate_crypto::ec::EcKeyPair> {
        self.local.service.key.clone()
    }

    fn secrets(&self) -> LedgerSecretsView {
        let (latest, penultimate) = self.sequencer.latest_secrets();
        LedgerSecretsView {
            latest,
            penultimate,
        }
    }

    fn committed(&self) -> State {
        self.sequencer.committed_state().state
    }

    fn entropy(&self) -> &dyn Entropy {
        &self.local.entropy
    }

    fn now(&self) -> i64 {
        crate::clock::unix_now()
    }
}

impl Host for ServiceNode {
    fn begin(&self) -> Tx {
        Tx::new(self.sequencer.snapshot())
    }

    fn begin_with_root(&self) -> Option<(Tx, Digest)> {
        let (snapshot, root) = self.sequencer.snapshot_with_root().ok()?;
        Some((Tx::new(snapshot), root))
    }

    fn commit(&self, tx: Tx) -> Result<TxId, CommitFailure> {
        self.sequencer.commit(tx).map_err(|error| match error {
            CommitError::Conflict => CommitFailure::Conflict,
            CommitError::NotPrimary | CommitError::Stopped => CommitFailure::NotReplicated,
            CommitError::TooLarge { bytes, bytes_max } => CommitFailure::TooLarge {
                bytes: bytes as u64,
                limit: bytes_max as u64,
            },
            CommitError::Refused(reason) => CommitFailure::Unavailable(reason),
            other => CommitFailure::Invalid(other.to_string()),
        })
    }

    fn view(&self) -> Option<u64> {
        Some(self.sequencer.view()).filter(|view| *view > 0)
    }

    fn is_primary(&self) -> bool {
        self.sequencer.is_primary()
    }

    fn committed(&self) -> Option<TxId> {
        Some(self.sequencer.committed()).filter(|txid| txid.seqno > 0)
    }

    fn uncommitted(&self) -> u64 {
        self.sequencer.uncommitted()
    }

    fn status(&self, txid: TxId) -> TxStatus {
        self.sequencer.status(txid)
    }

    fn view_history(&self, since: u64) -> Vec<TxId> {
        self.sequencer.view_history(since)
    }

    fn address_of(&self, role: NodeRole, interface: &str) -> Option<String> {
        // A service of one node has a primary and no backups.
        match role {
            NodeRole::Primary if self.sequencer.is_primary() => self
                .local
                .interfaces
                .rpc()
                .get(interface)
                .map(|interface| interface.address().to_owned()),
            NodeRole::Primary | NodeRole::Backup => None,
        }
    }

    fn now(&self) -> i64 {
        crate::clock::unix_now()
    }
}
