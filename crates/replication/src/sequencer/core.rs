//! The ordered half: the only place that assigns seqnos. Everything here happens under one lock and
//! touches memory only; encoding and hashing happen in `log`.

use std::collections::VecDeque;

use quorate_crypto::Digest;
use quorate_kv::State;
use quorate_ledger::{LedgerSecrets, TxId, ViewHistory, ViewHistoryError, WriteSet};

/// A transaction that has its place in the order and is not encoded yet.
pub(super) struct Sequenced {
    pub(super) txid: TxId,
    pub(super) writes: WriteSet,
    pub(super) claims: Digest,
    pub(super) secret: std::sync::Arc<quorate_ledger::LedgerSecret>,
    /// The transaction asked for the ledger chunk to end at the next signature.
    pub(super) ends_chunk: bool,
}

/// The state right after a signature: where the log can be cut, and what a commit makes visible.
pub(super) struct Border {
    pub(super) txid: TxId,
    pub(super) state: State,
}

/// Whether transactions can be sequenced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// This node does not lead.
    Closed,
    /// This node leads the view.
    Open,
    /// The service stops.
    Stopped,
}

pub(super) struct Core {
    /// The speculative head: the state after `last`.
    pub(super) head: State,
    pub(super) last: TxId,
    /// View of transactions to come.
    pub(super) view: u64,
    pub(super) session: Session,
    /// Sequenced and not yet taken by the encoder, oldest first.
    pub(super) queue: VecDeque<Sequenced>,
    /// Seqno of the last signature in the local log.
    pub(super) last_signature: u64,
    pub(super) secrets: LedgerSecrets,
    pub(super) view_history: ViewHistory,
    /// Committed border first, then every later signature.
    pub(super) borders: VecDeque<Border>,
    /// Writes to watched maps that are not committed yet.
    pub(super) watched: VecDeque<(TxId, WriteSet)>,
}

impl Core {
    /// Transactions since the last signature.
    pub(super) fn gap(&self) -> u64 {
        self.last.seqno - self.last_signature
    }

    /// Notes where a view begins: at its first transaction.
    pub(super) fn begin_view(&mut self, first: TxId) -> Result<(), ViewHistoryError> {
        if self.view_history.current_view() == first.view {
            return Ok(());
        }
        self.view_history.begin(first.view, first.seqno)
    }

    /// The view in which `seqno` stands in the local ledger, 0 beyond its end.
    pub(super) fn view_of(&self, seqno: u64) -> u64 {
        if seqno > self.last.seqno {
            0
        } else {
            self.view_history.view_at(seqno)
        }
    }
}
