//! The content of the store at one seqno, as persistent maps. How transactions read it lives in `tx`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use imbl::OrdMap;
use quorate_ledger::{MapName, MapWrites, TxId, WriteSet};

use crate::entries::{Entries, Entry};

/// A value and the seqno of the transaction that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// Seqno of the last write.
    pub version: u64,
    /// The value.
    pub value: Bytes,
}

/// Identity of one application of a write set within this process. Seqnos are used again after a
/// rollback; stamps are not, so that a read made before a rollback never passes for one made after it.
pub(crate) type Stamp = u64;

/// The stamp of what does not exist.
pub(crate) const ABSENT: Stamp = 0;

static LAST_STAMP: AtomicU64 = AtomicU64::new(ABSENT);

/// One map at one seqno.
#[derive(Clone, Default)]
pub struct MapState {
    entries: Entries,
    version: u64,
    stamp: Stamp,
}

/// All maps at one seqno. A clone is O(1) and is not affected by what is applied afterwards.
#[derive(Clone, Default)]
pub struct State {
    maps: OrdMap<MapName, Arc<MapState>>,
    seqno: u64,
    stamp: Stamp,
}

/// A state together with the transaction id up to which it contains everything.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// The content.
    pub state: State,
    /// Id of the last transaction in it.
    pub txid: TxId,
}

impl State {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Seqno of the last transaction applied, 0 if there was none.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.seqno
    }

    /// The value of `key` in `map`.
    #[must_use]
    pub fn get(&self, map: &str, key: &[u8]) -> Option<&Versioned> {
        self.maps.get(map)?.get(key)
    }

    /// A map; it exists from the first transaction that wrote to it, even if it is empty now.
    #[must_use]
    pub fn map(&self, name: &str) -> Option<&MapState> {
        self.maps.get(name).map(|map| &**map)
    }

    /// The names of all maps, ascending.
    pub fn map_names(&self) -> impl Iterator<Item = &MapName> {
        self.maps.keys()
    }

    /// Applies the writes of the transaction at `seqno`.
    ///
    /// # Panics
    /// If `seqno` is not above every seqno applied before: the order of transactions is broken and
    /// nothing that follows could be trusted.
    pub fn apply(&mut self, seqno: u64, writes: &WriteSet) {
        assert!(
            seqno > self.seqno,
            "seqno {seqno} is applied after seqno {}",
            self.seqno
        );
        self.seqno = seqno;
        self.stamp = LAST_STAMP.fetch_add(1, Ordering::Relaxed) + 1;
        for (name, map_writes) in &writes.maps {
            if map_writes.is_empty() {
                continue;
            }
            if !self.maps.contains_key(name) {
                self.maps.insert(name.clone(), Arc::default());
            }
            if let Some(map) = self.maps.get_mut(name) {
                Arc::make_mut(map).apply(seqno, self.stamp, map_writes);
            }
        }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The name as the state holds it, so that its holder need not allocate one.
    pub(crate) fn shared_name(&self, name: &str) -> MapName {
        self.maps
            .get_key_value(name)
            .map_or_else(|| MapName::from(name), |(name, _)| name.clone())
    }
}

impl MapState {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Versioned> {
        self.entry(key).map(|entry| &entry.versioned)
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains_key(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// All entries, ascending by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Versioned)> {
        self.entries
            .iter()
            .map(|entry| (&entry.key, &entry.versioned))
    }

    /// Seqno of the last transaction that wrote to this map.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    fn apply(&mut self, seqno: u64, stamp: Stamp, writes: &MapWrites) {
        self.version = seqno;
        self.stamp = stamp;
        for (key, value) in writes {
            match value {
                Some(value) => {
                    let versioned = Versioned {
                        version: seqno,
                        value: value.clone(),
                    };
                    self.entries.put(Entry {
                        key: key.clone(),
                        versioned,
                        stamp,
                    });
                }
                None => self.entries.remove(key),
            }
        }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    pub(crate) fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key)
    }
}
