//! The narrow seam between the service and whatever replicates its ledger. The trait speaks of batches,
//! seqnos, roles and members only, so that an engine can be exchanged, and simulated, without a change
//! above it. It knows neither the KV nor governance.

use bytes::Bytes;
use quorate_ledger::files::FilesError;

use crate::batch::Batch;

/// A voting or learning node as the KV's `nodes.info` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Node id: lower-case hex of SHA-256 over the node's public key.
    pub node_id: String,
    /// `host:port` of its node-to-node interface.
    pub address: String,
}

/// What this node is in its view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// May sequence transactions in `view`. One session a view, ever.
    Primary {
        /// The view it leads.
        view: u64,
    },
    /// Follows `primary`, if one is known.
    Backup {
        /// Present view.
        view: u64,
        /// Node id of the primary, if known.
        primary: Option<String>,
    },
}

/// Why an engine does not take writes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The batch does not extend the log. Our bug, or a session that outlived its term.
    #[error(
        "batch {first_seqno}..={last_seqno} of view {view} does not extend the log, which ends at {log_end}"
    )]
    NotNext {
        /// View of the batch.
        view: u64,
        /// First seqno of the batch.
        first_seqno: u64,
        /// Last seqno of the batch.
        last_seqno: u64,
        /// Last seqno of the log.
        log_end: u64,
    },
    /// The log cannot be cut there.
    #[error(
        "the log cannot be cut after {seqno}: it is committed up to {committed} and ends at {log_end}"
    )]
    NotABorder {
        /// Where it was to be cut.
        seqno: u64,
        /// Commit point.
        committed: u64,
        /// Last seqno of the log.
        log_end: u64,
    },
    /// The engine has been stopped, or died with the reason it reported.
    #[error("the replication engine is stopped")]
    Stopped,
    /// A member set this engine cannot serve.
    #[error("this engine replicates to one node only, but {count} members were set: {members}")]
    Members {
        /// How many were asked for.
        count: usize,
        /// Their node ids.
        members: String,
    },
    /// The operating system refuses a thread.
    #[error("the thread that writes the ledger cannot be started: {0}")]
    Thread(std::io::Error),
    /// Reading the ledger files failed.
    #[error(transparent)]
    Files(#[from] FilesError),
}

/// Where the log of this node begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// At the end of what the ledger directory holds; seqno 1 if that is nothing.
    Ledger,
    /// After this seqno: the state up to it came from elsewhere, for example from a snapshot (ledger.md 1.7).
    After(u64),
    /// After this seqno, the last signed one of a service that is being recovered: new files carry the `.recovery`
    /// suffix until [`Engine::end_recovery`] (ledger.md 1.8).
    Recovery(u64),
}

/// A replicated log of signed runs.
pub trait Engine: Send + Sync {
    /// Starts the engine at `origin`; `listener` hears everything from now on.
    ///
    /// # Errors
    /// [`EngineError::Files`] if the ledger cannot begin there, [`EngineError::Stopped`] the second time.
    fn start(
        &self,
        listener: std::sync::Arc<dyn Listener>,
        origin: Origin,
    ) -> Result<(), EngineError>;

    /// Queues one run. Returns at once; the fate of the run is told to the listener.
    ///
    /// # Errors
    /// [`EngineError::NotNext`] if the run does not follow the last one queued, [`EngineError::Stopped`].
    fn append(&self, batch: Batch) -> Result<(), EngineError>;

    /// Cuts the log back to `seqno`, the end of a batch at or above the commit point. The listener hears of it when
    /// it is done, behind everything that was queued before.
    ///
    /// # Errors
    /// [`EngineError::NotABorder`] if `seqno` lies beyond the log or below what is committed; [`EngineError::Stopped`].
    fn truncate(&self, seqno: u64) -> Result<(), EngineError>;

    /// The recovered service is open: files lose their `.recovery` suffix.
    ///
    /// # Errors
    /// [`EngineError::Files`] if they cannot be renamed, [`EngineError::Stopped`].
    fn end_recovery(&self) -> Result<(), EngineError>;

    /// Makes the voter set equal to `members`.
    ///
    /// # Errors
    /// [`EngineError::Members`] if this engine cannot serve such a set.
    fn set_members(&self, members: &[Member]) -> Result<(), EngineError>;

    /// Entries `from..=to`, or a prefix of them that holds at most `bytes_max` bytes but at least one entry.
    ///
    /// # Errors
    /// [`EngineError::Files`] if they cannot be read.
    fn read(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, EngineError>;

    /// Whether writes are admitted now; `Err` tells why not (for example: no space on the ledger's disk).
    ///
    /// # Errors
    /// The reason, as text for the client.
    fn admits_writes(&self) -> Result<(), String>;

    /// Stops after what was queued is on disk. Idempotent.
    fn stop(&self);
}

/// Who hears of an engine's progress. Calls come from the engine's own thread, one after the other.
pub trait Listener: Send + Sync {
    /// Everything up to `seqno` is committed: on the disks of a majority, verified by it.
    fn committed(&self, seqno: u64);
    /// The log has been cut: `seqno` is its last entry now. Never below a committed seqno.
    fn truncated(&self, seqno: u64);
    /// This node's role, or its knowledge of the primary, has changed.
    fn role_changed(&self, role: &Role);
    /// The engine cannot go on; the process has to end. It is never retried.
    fn failed(&self, reason: &str);
}
