//! Requests for the ledger's files: a new chunk, a snapshot.

use quorate_kv::Tx;
use quorate_script::EffectError;

/// `ccf.node.triggerLedgerChunk()`: the chunk ends at the next signature.
pub(super) fn request_chunk(tx: &mut Tx) {
    tx.request_ledger_chunk();
}

/// `ccf.node.triggerSnapshot()`.
///
/// # Errors
/// Always: this version makes no snapshots.
pub(super) fn request_snapshot() -> Result<(), EffectError> {
    Err(EffectError::new(
        "snapshots are not available in this version yet",
    ))
}
