//! A run: the unit of replication. It is a series of encoded ledger entries of one view that ends in a
//! signature entry (DESIGN: "signed runs"). How runs are made lives in `sequencer`, how they reach disk
//! in the engines.

use bytes::Bytes;
use quorate_crypto::Digest;
use quorate_ledger::TxId;

/// One signed run, ready to be written and replicated.
#[derive(Clone)]
pub struct Batch {
    /// View of every entry in the run.
    pub view: u64,
    /// Seqno of the first entry.
    pub first_seqno: u64,
    /// Merkle root over all leaves before `first_seqno`: a batch extends exactly one history.
    pub previous_root: Digest,
    /// The entries, back to back, as they stand in the ledger file.
    pub bytes: Bytes,
    /// Length of each entry in bytes, in order; the sum is `bytes.len()`.
    pub lengths: Vec<u32>,
}

impl Batch {
    /// Seqno of the last entry, the signature.
    #[must_use]
    pub fn last_seqno(&self) -> u64 {
        self.first_seqno + self.lengths.len() as u64 - 1
    }

    /// Transaction id of the signature that closes the run.
    #[must_use]
    pub fn last(&self) -> TxId {
        TxId {
            view: self.view,
            seqno: self.last_seqno(),
        }
    }

    /// The entries one by one, with their seqnos.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Bytes)> + '_ {
        let mut at = 0_usize;
        self.lengths
            .iter()
            .zip(self.first_seqno..)
            .map(move |(length, seqno)| {
                let end = at + *length as usize;
                let entry = self.bytes.slice(at..end);
                at = end;
                (seqno, entry)
            })
    }
}
