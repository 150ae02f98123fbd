//! What one transaction writes. How it is encoded lives in `entry`, how it is applied in `quorate-kv`.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

/// Name of a map, with its `public:` prefix if it has one.
pub type MapName = Arc<str>;

/// The writes of one map: key to value, `None` removes the key. A removal of an absent key counts.
pub type MapWrites = BTreeMap<Bytes, Option<Bytes>>;

/// The writes of one transaction, in the order of the ledger: maps by name, entries by key, bytewise.
/// A map without writes must not appear (ledger.md 2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSet {
    /// Map name to its writes.
    pub maps: BTreeMap<MapName, MapWrites>,
}

impl WriteSet {
    /// A write set that writes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is written, so that there is no entry and no seqno.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maps.values().all(BTreeMap::is_empty)
    }

    /// Writes `value` at `key`; the last operation on a key wins.
    pub fn put(&mut self, map: &str, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.map_mut(map).insert(key.into(), Some(value.into()));
    }

    /// Removes `key`, whether it exists or not.
    pub fn remove(&mut self, map: &str, key: impl Into<Bytes>) {
        self.map_mut(map).insert(key.into(), None);
    }

    /// What this transaction does to `key`: `None` nothing, `Some(None)` removes it.
    #[must_use]
    pub fn get(&self, map: &str, key: &[u8]) -> Option<&Option<Bytes>> {
        self.maps.get(map)?.get(key)
    }

    /// The writes of one map, if there are any.
    #[must_use]
    pub fn writes_to(&self, map: &str) -> Option<&MapWrites> {
        self.maps.get(map).filter(|writes| !writes.is_empty())
    }

    fn map_mut(&mut self, map: &str) -> &mut MapWrites {
        // Two look-ups, so that a name is allocated once per map and not once per write.
        if !self.maps.contains_key(map) {
            self.maps.insert(MapName::from(map), MapWrites::new());
        }
        self.maps.entry(MapName::from(map)).or_default()
    }
}
