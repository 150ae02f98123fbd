//! What a transaction has read, and whether that still holds (apps-and-endpoints.md 7: a conflict is a key,
//! or a whole map that was iterated or counted, which changed since it was read).

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use quorate_ledger::MapName;

use crate::state::{ABSENT, MapState, Stamp, State};

/// The reads of one transaction on one snapshot.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    base: Stamp,
    maps: BTreeMap<MapName, MapReads>,
}

#[derive(Clone, Debug)]
struct MapReads {
    /// Stamp of the map in the snapshot.
    base: Stamp,
    whole: bool,
    keys: BTreeMap<Bytes, Stamp>,
}

/// Something a transaction has read was changed by another one: it must be executed again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Conflict {
    /// The map that was read.
    pub map: MapName,
    /// The key that was read; `None` if the whole map was.
    pub key: Option<Bytes>,
}

impl ReadSet {
    pub(crate) fn on(state: &State) -> Self {
        Self {
            base: state.stamp(),
            maps: BTreeMap::new(),
        }
    }

    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.maps.is_empty()
    }

    /// Checks that everything read still has, in `head`, the value it had when it was read.
    ///
    /// # Errors
    /// The first read that does not hold any more.
    pub fn validate(&self, head: &State) -> Result<(), Conflict> {
        if head.stamp() == self.base {
            return Ok(());
        }
        for (name, reads) in &self.maps {
            let map = head.map(name);
            if map.map_or(ABSENT, MapState::stamp) == reads.base {
                continue;
            }
            if reads.whole {
                return Err(Conflict {
                    map: name.clone(),
                    key: None,
                });
            }
            for (key, seen) in &reads.keys {
                let now = map
                    .and_then(|map| map.entry(key))
                    .map_or(ABSENT, |entry| entry.stamp);
                if now != *seen {
                    return Err(Conflict {
                        map: name.clone(),
                        key: Some(key.clone()),
                    });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn record_key(&mut self, state: &State, map: &str, key: &[u8]) {
        let reads = self.map_mut(state, map);
        if reads.whole || reads.keys.contains_key(key) {
            return;
        }
        let (key, stamp) = match state.map(map).and_then(|map| map.entry(key)) {
            Some(entry) => (entry.key.clone(), entry.stamp),
            None => (Bytes::copy_from_slice(key), ABSENT),
        };
        reads.keys.insert(key, stamp);
    }

    pub(crate) fn record_map(&mut self, state: &State, map: &str) {
        let reads = self.map_mut(state, map);
        reads.whole = true;
        reads.keys.clear();
    }

    fn map_mut(&mut self, state: &State, map: &str) -> &mut MapReads {
        // An entry would need an owned name each time; only the first read of a map makes one.
        let name = match self.maps.get_key_value(map) {
            Some((name, _)) => name.clone(),
            None => state.shared_name(map),
        };
        self.maps.entry(name).or_insert_with(|| MapReads {
            base: state.map(map).map_or(ABSENT, MapState::stamp),
            whole: false,
            keys: BTreeMap::new(),
        })
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(
                f,
                "key '{}' of map '{}' changed since it was read",
                key.escape_ascii(),
                self.map
            ),
            None => write!(f, "map '{}' changed since it was read as a whole", self.map),
        }
    }
}
