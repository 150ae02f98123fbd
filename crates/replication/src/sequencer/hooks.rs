//! What the sequencer needs from the node above it. Reactions to single tables are `quorate_kv::Hooks`,
//! registered by the node; the sequencer knows that some maps are watched, not what they mean.

use quorate_kv::State;
use quorate_ledger::merkle::MerkleTree;
use quorate_ledger::{SecretInForce, TxId, WriteSet};

/// What an apply hook can ask of the sequencer. It rolls back with the transaction.
pub enum Effect {
    /// A ledger secret comes into force after the transaction: a rekey (recovery-and-membership.md 7).
    InstallSecret(SecretInForce),
}

/// What the node above hears of beside its hooks.
pub trait Events: Send + Sync {
    /// Everything above `seqno` is gone; `state` is what remains.
    fn rolled_back(&self, seqno: u64, state: &State);

    /// The node cannot go on: the process has to end.
    fn failed(&self, reason: &str);
}

/// Makes the writes of a signature transaction (ledger.md 4.1).
pub trait SignatureSource: Send + Sync {
    /// Signs the root of `tree`, whose last leaf is `txid.seqno - 1`.
    ///
    /// # Errors
    /// A text; the service cannot go on without signatures.
    fn sign(&self, txid: TxId, tree: &MerkleTree) -> Result<WriteSet, String>;
}
