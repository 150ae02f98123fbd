//! What execution needs of the running node. The node implements it on its sequencer, tests in
//! memory.

use quorate_crypto::Digest;
use quorate_kv::Tx;
use quorate_ledger::TxId;
use quorate_replication::TxStatus;

use crate::interface::NodeRole;

/// Why a transaction was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitFailure {
    /// Something the transaction read has changed: the request is executed again.
    #[error("conflict")]
    Conflict,
    /// This node does not take writes now (it is not the primary, or pauses).
    #[error("Transaction failed to replicate.")]
    NotReplicated,
    /// The entry would exceed the largest size.
    #[error("the transaction makes a ledger entry of {bytes} bytes, at most {limit} are possible")]
    TooLarge {
        /// Size of the entry, in bytes.
        bytes: u64,
        /// What would be accepted, in bytes.
        limit: u64,
    },
    /// Writes are refused for a reason that lies in the node, e.g. no space on the ledger's disk.
    #[error("{0}")]
    Unavailable(String),
    /// The transaction holds what cannot be written; a bug of the endpoint.
    #[error("{0}")]
    Invalid(String),
}

/// The running node, as far as the execution of requests needs it.
pub trait Host: Send + Sync + 'static {
    /// A transaction on the present head.
    fn begin(&self) -> Tx;

    /// A transaction on the present head, with the Merkle root over everything up to it;
    /// `None` while there is no root.
    fn begin_with_root(&self) -> Option<(Tx, Digest)>;

    /// Orders the transaction. Called for transactions that write only.
    ///
    /// # Errors
    /// [`CommitFailure`]; nothing was written then.
    fn commit(&self, tx: Tx) -> Result<TxId, CommitFailure>;

    /// The node's present consensus view, which a session must not outlive
    /// (apps-and-endpoints.md 8.4). `None` while the node has no consensus.
    fn view(&self) -> Option<u64>;

    /// Whether this node orders transactions.
    fn is_primary(&self) -> bool;

    /// The last committed transaction; `None` while the node has no consensus.
    fn committed(&self) -> Option<TxId>;

    /// How many transactions are ordered and not committed.
    fn uncommitted(&self) -> u64;

    /// Fate of a transaction (ledger.md 7.3).
    fn status(&self, txid: TxId) -> TxStatus;

    /// First transaction of each view from `since` (at least 1) on, up to the view of the last
    /// committed transaction (ledger.md 7.1).
    fn view_history(&self, since: u64) -> Vec<TxId>;

    /// Published address of the interface `interface` of the primary, or of a random trusted node
    /// that is not the primary; `None` if there is no such node or interface.
    fn address_of(&self, role: NodeRole, interface: &str) -> Option<String>;

    /// The node's clock, Unix seconds.
    fn now(&self) -> i64;
}
