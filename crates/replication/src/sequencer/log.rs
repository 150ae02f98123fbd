//! The encoding half: turns sequenced transactions into ledger entries, leaves of the Merkle tree and
//! signed runs, in seqno order and outside the critical section.

use bytes::Bytes;
use quorate_crypto::Digest;
use quorate_ledger::TxId;
use quorate_ledger::chunking::ChunkAccounting;
use quorate_ledger::entry::{self, EntryError, Flags};
use quorate_ledger::merkle::{MerkleError, MerkleTree};

use super::core::Sequenced;
use crate::batch::Batch;

/// Entries of the open run: encoded and not signed yet.
struct OpenRun {
    first_seqno: u64,
    previous_root: Digest,
    bytes: Vec<u8>,
    lengths: Vec<u32>,
}

pub(super) struct Log {
    pub(super) tree: MerkleTree,
    pub(super) accounting: ChunkAccounting,
    run: Option<OpenRun>,
}

impl Log {
    pub(super) fn new(tree: MerkleTree, accounting: ChunkAccounting) -> Self {
        Self {
            tree,
            accounting,
            run: None,
        }
    }

    /// Seqno of the last leaf.
    pub(super) fn last(&self) -> u64 {
        self.tree.len() - 1
    }

    /// Bytes of the open run.
    pub(super) fn open_bytes(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.bytes.len())
    }

    /// Encodes the next transaction into the open run, with `flags` in its header.
    pub(super) fn encode(&mut self, item: &Sequenced, flags: Flags) -> Result<(), EntryError> {
        let seqno = item.txid.seqno;
        assert_eq!(
            seqno,
            self.tree.len(),
            "the tree holds one leaf for each seqno below the next one"
        );
        let tree = &mut self.tree;
        let run = self.run.get_or_insert_with(|| OpenRun {
            first_seqno: seqno,
            previous_root: tree.root(),
            bytes: Vec::with_capacity(64 << 10),
            lengths: Vec::new(),
        });
        let encoded = entry::encode(
            item.txid,
            &item.writes,
            &item.claims,
            &item.secret,
            flags,
            &mut run.bytes,
        )?;
        run.lengths.push(encoded.len as u32);
        self.tree.append(encoded.leaf);
        self.accounting.append(encoded.len as u64);
        if item.ends_chunk {
            self.accounting.force_at(seqno);
        }
        Ok(())
    }

    /// Closes the open run, whose last entry must be the signature `signature`.
    pub(super) fn close_run(&mut self, signature: TxId) -> Option<Batch> {
        let run = self.run.take()?;
        let batch = Batch {
            view: signature.view,
            first_seqno: run.first_seqno,
            previous_root: run.previous_root,
            bytes: Bytes::from(run.bytes),
            lengths: run.lengths,
        };
        assert_eq!(batch.last(), signature, "a run ends in its signature");
        Some(batch)
    }

    /// Forgets every entry above `seqno`, the last entry of a batch.
    pub(super) fn rollback(&mut self, seqno: u64) -> Result<(), MerkleError> {
        self.run = None;
        self.tree.retract(seqno + 1)?;
        self.accounting.rollback(seqno);
        Ok(())
    }
}
