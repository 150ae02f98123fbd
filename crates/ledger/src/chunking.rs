//! Where the primary cuts chunks: the accounting behind FORCE_CHUNK_AFTER (ledger.md 1.4). Cutting the files lives in
//! `files`, which obeys the flags only.

use std::collections::{BTreeSet, VecDeque};

use crate::entry::Flags;

/// Sizes of entries, ends of chunks and requested ends, from a compacted seqno up to the present one.
#[derive(Clone, Debug)]
pub struct ChunkAccounting {
    chunk_size: u64,
    // Everything up to here is forgotten.
    base: u64,
    // Element k: bytes of all entries after `base` up to `base + 1 + k`.
    totals: VecDeque<u64>,
    // Bytes of the entries that were compacted away, so that `totals` needs no rewriting.
    before: u64,
    ends: BTreeSet<u64>,
    forced: BTreeSet<u64>,
}

impl ChunkAccounting {
    /// The accounting of a node whose last entry is `seqno` (0: none), with that as the end of a chunk.
    #[must_use]
    pub fn new(chunk_size: u64, seqno: u64) -> Self {
        Self {
            chunk_size,
            base: seqno,
            totals: VecDeque::new(),
            before: 0,
            ends: BTreeSet::from([seqno]),
            forced: BTreeSet::new(),
        }
    }

    /// The last entry counted.
    #[must_use]
    pub fn current(&self) -> u64 {
        self.base + self.totals.len() as u64
    }

    /// Counts the next entry, of `size` bytes with its header.
    pub fn append(&mut self, size: u64) {
        let total = self.total(self.current());
        self.totals.push_back(total.saturating_add(size));
    }

    /// Counts the next entry as a node does that did not emit it: its flags say where chunks ended.
    pub fn replay(&mut self, size: u64, flags: Flags) {
        if flags.contains(Flags::FORCE_CHUNK_BEFORE) {
            self.ended(self.current());
        }
        self.append(size);
        if flags.contains(Flags::FORCE_CHUNK_AFTER) {
            self.ended(self.current());
        }
    }

    /// Records that the transaction at `seqno` asked for the end of a chunk.
    pub fn force_at(&mut self, seqno: u64) {
        self.forced.insert(seqno);
    }

    /// Whether the signature at `seqno`, not yet appended, must end a chunk: because of a request at or before it that
    /// is still open, or because the entries since the last end reach the chunk size without it. Snapshots are the
    /// caller's reasons.
    #[must_use]
    pub fn must_end_at_signature(&self, seqno: u64) -> bool {
        let last_end = self
            .ends
            .range(..=seqno)
            .next_back()
            .copied()
            .unwrap_or(self.base);
        let requested = self.forced.range(..=seqno).any(|forced| *forced > last_end);
        let size = self
            .total(seqno.saturating_sub(1))
            .saturating_sub(self.total(last_end));
        requested || size >= self.chunk_size
    }

    /// Records that a chunk ends at `seqno`.
    pub fn ended(&mut self, seqno: u64) {
        self.ends.insert(seqno);
    }

    /// Drops everything above `seqno`.
    pub fn rollback(&mut self, seqno: u64) {
        let kept = usize::try_from(seqno.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.totals.truncate(kept);
        self.ends.split_off(&seqno.saturating_add(1));
        self.forced.split_off(&seqno.saturating_add(1));
    }

    /// Forgets what no question will need once `seqno` is committed: everything up to the last end of a chunk at or
    /// below it.
    pub fn compact(&mut self, seqno: u64) {
        let Some(&end) = self.ends.range(..=seqno.min(self.current())).next_back() else {
            return;
        };
        if end <= self.base {
            return;
        }
        self.before = self.total(end);
        self.totals.drain(
            ..usize::try_from(end - self.base)
                .unwrap_or(usize::MAX)
                .min(self.totals.len()),
        );
        self.base = end;
        self.ends = self.ends.split_off(&end);
        self.forced = self.forced.split_off(&end);
    }

    /// The bytes of all entries up to `seqno`, counted from any fixed point.
    fn total(&self, seqno: u64) -> u64 {
        let index = seqno.min(self.current()).checked_sub(self.base + 1);
        index
            .and_then(|index| self.totals.get(usize::try_from(index).ok()?))
            .copied()
            .unwrap_or(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appends entries of `size` bytes up to and including `last`.
    fn fill(accounting: &mut ChunkAccounting, last: u64, size: u64) {
        while accounting.current() < last {
            accounting.append(size);
        }
    }

    #[test]
    fn ledger_1_4_size_counts_entries_since_the_last_end_without_the_signature() {
        let mut accounting = ChunkAccounting::new(100, 0);
        fill(&mut accounting, 9, 10);
        assert!(
            !accounting.must_end_at_signature(10),
            "90 bytes before the signature"
        );
        accounting.append(1000);
        assert!(
            accounting.must_end_at_signature(11),
            "an earlier signature counts"
        );
        accounting.ended(10);
        assert!(!accounting.must_end_at_signature(11));
        fill(&mut accounting, 20, 10);
        assert!(accounting.must_end_at_signature(21));
    }

    #[test]
    fn ledger_1_4_a_request_is_open_until_a_chunk_ends_at_or_after_it() {
        let mut accounting = ChunkAccounting::new(1000, 0);
        fill(&mut accounting, 5, 1);
        accounting.force_at(5);
        assert!(!accounting.must_end_at_signature(4), "asked for later");
        assert!(accounting.must_end_at_signature(6));
        accounting.append(1);
        accounting.ended(6);
        assert!(!accounting.must_end_at_signature(7));
        accounting.force_at(6);
        assert!(
            !accounting.must_end_at_signature(7),
            "an end at the same seqno serves the request"
        );
    }

    #[test]
    fn ledger_1_4_a_signature_may_itself_carry_the_request() {
        let mut accounting = ChunkAccounting::new(1000, 0);
        fill(&mut accounting, 5, 1);
        accounting.force_at(6);
        assert!(accounting.must_end_at_signature(6));
    }

    #[test]
    fn ledger_1_4_replayed_flags_record_ends() {
        let mut accounting = ChunkAccounting::new(10, 0);
        accounting.replay(10, Flags::NONE);
        accounting.replay(1, Flags::FORCE_CHUNK_AFTER);
        assert!(!accounting.must_end_at_signature(3));
        accounting.replay(10, Flags::NONE);
        assert!(accounting.must_end_at_signature(4));
        accounting.replay(9, Flags::FORCE_CHUNK_BEFORE);
        assert!(
            !accounting.must_end_at_signature(5),
            "an end was recorded at 3"
        );
        accounting.replay(1, Flags::NONE);
        assert!(accounting.must_end_at_signature(6));
    }

    #[test]
    fn ledger_1_4_rollback_drops_everything_above() {
        let mut accounting = ChunkAccounting::new(100, 0);
        fill(&mut accounting, 10, 10);
        accounting.ended(10);
        fill(&mut accounting, 15, 10);
        accounting.force_at(14);
        accounting.rollback(9);
        assert_eq!(accounting.current(), 9);
        assert!(
            !accounting.must_end_at_signature(10),
            "the request is gone, and 90 bytes are left"
        );
        accounting.append(10);
        assert!(
            accounting.must_end_at_signature(11),
            "the end at 10 is gone too"
        );
        accounting.rollback(50);
        assert_eq!(accounting.current(), 10);
    }

    #[test]
    fn ledger_1_4_compaction_changes_no_answer() {
        let mut plain = ChunkAccounting::new(100, 7);
        for seqno in 8..200 {
            plain.append(seqno);
            if seqno % 11 == 0 {
                plain.ended(seqno);
            }
            if seqno % 17 == 0 {
                plain.force_at(seqno);
            }
        }
        let mut compacted = plain.clone();
        for commit in [3, 7, 30, 120, 120, 150, 500] {
            compacted.compact(commit);
        }
        assert!(compacted.totals.len() < plain.totals.len());
        assert_eq!(compacted.current(), plain.current());
        for seqno in 199..=200 {
            assert_eq!(
                compacted.must_end_at_signature(seqno),
                plain.must_end_at_signature(seqno),
                "{seqno}"
            );
        }
        compacted.append(5);
        plain.append(5);
        assert_eq!(
            compacted.must_end_at_signature(201),
            plain.must_end_at_signature(201)
        );
    }
}
