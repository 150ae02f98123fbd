//! One transaction: reads on a snapshot, its own writes on top. Ordering and applying it is not done here.

use bytes::Bytes;
use quorate_crypto::Digest;
use quorate_ledger::{MapWrites, TxId, WriteSet};

use crate::{
    reads::{Conflict, ReadSet},
    state::{Snapshot, State},
};

/// A transaction under execution.
///
/// Names are not checked here: whoever takes a map name from outside calls [`crate::check_name`] first.
#[derive(Clone)]
pub struct Tx {
    snapshot: Snapshot,
    reads: ReadSet,
    writes: WriteSet,
    claims: Option<Digest>,
    requests: Requests,
}

/// What a transaction asks of the ledger beside its writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// End the ledger chunk at the next signature.
    pub ledger_chunk: bool,
    /// Take a snapshot at the next signature.
    pub snapshot: bool,
}

/// A transaction that has been executed; the snapshot it ran on is released.
#[derive(Clone, Debug)]
pub struct TxParts {
    /// Id of the last transaction it could see.
    pub read_txid: TxId,
    /// What it has read.
    pub reads: ReadSet,
    /// What it writes; maps without writes do not appear.
    pub writes: WriteSet,
    /// The application's claims, zeros if it made none.
    pub claims: Digest,
    /// What it asks of the ledger.
    pub requests: Requests,
}

impl Tx {
    /// A transaction on `snapshot`.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        let reads = ReadSet::on(&snapshot.state);
        Self {
            snapshot,
            reads,
            writes: WriteSet::default(),
            claims: None,
            requests: Requests::default(),
        }
    }

    /// Id of the last transaction that this one sees.
    #[must_use]
    pub fn read_txid(&self) -> TxId {
        self.snapshot.txid
    }

    /// The value of `key`, own writes included.
    pub fn get(&mut self, map: &str, key: &[u8]) -> Option<Bytes> {
        if let Some(own) = self.writes.get(map, key) {
            return own.clone();
        }
        self.reads.record_key(&self.snapshot.state, map, key);
        self.snapshot
            .state
            .get(map, key)
            .map(|versioned| versioned.value.clone())
    }

    /// Whether `key` has a value, own writes included.
    pub fn has(&mut self, map: &str, key: &[u8]) -> bool {
        if let Some(own) = self.writes.get(map, key) {
            return own.is_some();
        }
        self.reads.record_key(&self.snapshot.state, map, key);
        self.snapshot.state.get(map, key).is_some()
    }

    /// Seqno of the last write of `key` before this transaction; own writes do not count.
    pub fn version_of_previous_write(&mut self, map: &str, key: &[u8]) -> Option<u64> {
        self.reads.record_key(&self.snapshot.state, map, key);
        self.snapshot
            .state
            .get(map, key)
            .map(|versioned| versioned.version)
    }

    /// Writes `value` at `key`. A value equal to the present one is still a write.
    pub fn put(&mut self, map: &str, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.writes_mut(map).insert(key.into(), Some(value.into()));
    }

    /// Removes `key`; recorded also if there is no such key (kv-tables.md 1.5).
    pub fn remove(&mut self, map: &str, key: impl Into<Bytes>) {
        self.writes_mut(map).insert(key.into(), None);
    }

    /// All entries ascending by key, own writes included. Reads the whole map.
    pub fn entries(&mut self, map: &str) -> Vec<(Bytes, Bytes)> {
        self.reads.record_map(&self.snapshot.state, map);
        merged(&self.snapshot.state, self.writes.writes_to(map), map)
    }

    /// Number of keys, own writes included. Reads the whole map.
    pub fn len(&mut self, map: &str) -> usize {
        self.reads.record_map(&self.snapshot.state, map);
        let base = self.snapshot.state.map(map);
        let mut len = base.map_or(0, |base| base.len());
        for (key, own) in self.writes.writes_to(map).into_iter().flatten() {
            match (
                base.is_some_and(|base| base.contains_key(key)),
                own.is_some(),
            ) {
                (true, false) => len -= 1,
                (false, true) => len += 1,
                (true, true) | (false, false) => {}
            }
        }
        len
    }

    /// Removes every key that is visible now. Reads the whole map; on an empty one nothing is written
    /// (kv-tables.md 1.5).
    pub fn clear(&mut self, map: &str) {
        for (key, _) in self.entries(map) {
            self.remove(map, key);
        }
    }

    /// Attaches the application's claims to the transaction (ledger.md 3.2).
    pub fn set_claims_digest(&mut self, claims: Digest) {
        self.claims = Some(claims);
    }

    /// The claims, if any were set.
    #[must_use]
    pub fn claims(&self) -> Option<Digest> {
        self.claims
    }

    /// Asks for the ledger chunk to end at the next signature.
    pub fn request_ledger_chunk(&mut self) {
        self.requests.ledger_chunk = true;
    }

    /// Asks for a snapshot at the next signature.
    pub fn request_snapshot(&mut self) {
        self.requests.snapshot = true;
    }

    /// What was asked of the ledger.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.requests
    }

    /// Whether any map was read or written, so that the transaction has a read version to speak of.
    #[must_use]
    pub fn touched_any_map(&self) -> bool {
        !self.reads.is_empty() || !self.writes.maps.is_empty()
    }

    /// Whether anything is written.
    #[must_use]
    pub fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// The writes so far.
    #[must_use]
    pub fn write_set(&self) -> &WriteSet {
        &self.writes
    }

    /// The reads so far.
    #[must_use]
    pub fn read_set(&self) -> &ReadSet {
        &self.reads
    }

    /// Checks the reads against `head`, see [`ReadSet::validate`].
    ///
    /// # Errors
    /// The first read that does not hold any more.
    pub fn validate(&self, head: &State) -> Result<(), Conflict> {
        self.reads.validate(head)
    }

    /// Ends execution and releases the snapshot, so that the state it shares can be changed in place.
    #[must_use]
    pub fn into_parts(self) -> TxParts {
        TxParts {
            read_txid: self.snapshot.txid,
            reads: self.reads,
            writes: self.writes,
            claims: self.claims.unwrap_or_default(),
            requests: self.requests,
        }
    }

    fn writes_mut(&mut self, map: &str) -> &mut MapWrites {
        let name = match self.writes.maps.get_key_value(map) {
            Some((name, _)) => name.clone(),
            None => self.snapshot.state.shared_name(map),
        };
        self.writes.maps.entry(name).or_default()
    }
}

/// The entries of a map with `own` writes over them, ascending by key.
fn merged(state: &State, own: Option<&MapWrites>, map: &str) -> Vec<(Bytes, Bytes)> {
    let mut base = state
        .map(map)
        .into_iter()
        .flat_map(|map| map.iter())
        .peekable();
    let mut own = own.into_iter().flatten().peekable();
    let mut entries = Vec::new();
    loop {
        let take_own = match (base.peek(), own.peek()) {
            (None, None) => return entries,
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (Some((base_key, _)), Some((own_key, _))) => own_key <= base_key,
        };
        if take_own {
            if let Some((key, value)) = own.next() {
                base.next_if(|(base_key, _)| *base_key == key);
                entries.extend(value.as_ref().map(|value| (key.clone(), value.clone())));
            }
        } else if let Some((key, versioned)) = base.next() {
            entries.push((key.clone(), versioned.value.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
