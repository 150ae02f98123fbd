//! Why a transaction was not sequenced. Each variant names the party that can do something about it.

/// Refusals of [`super::Sequencer::commit`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Something the transaction read has changed: execute it again.
    #[error("the transaction conflicts with one that was sequenced since it began")]
    Conflict,
    /// This node does not lead its view.
    #[error("Transaction failed to replicate.")]
    NotPrimary,
    /// The serialised entry would be larger than the node's limit. The client is at fault.
    #[error(
        "the transaction needs a ledger entry of {bytes} bytes, the limit (memory.max_msg_size) is {bytes_max}"
    )]
    TooLarge {
        /// Size of the entry.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The engine admits no writes now, with the reason (for example a full disk). The operator can help.
    #[error("writes are refused at present: {0}")]
    Refused(String),
    /// A local hook cannot follow the transaction.
    #[error("{0}")]
    Hook(String),
    /// The order cannot be carried on: an entry, a signature or a run cannot be made. Our bug, or a broken
    /// engine; the node ends.
    #[error("the sequencer cannot go on: {0}")]
    Internal(String),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}
