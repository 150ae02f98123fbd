//! Typed views of maps: a table, a single value, a set. Each is a constant that names its map once; bytes
//! appear nowhere else.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use quorate_ledger::WriteSet;

use crate::{
    codec::{Codec, CodecError},
    name::{UNIT, is_legal_name},
    state::State,
    tx::Tx,
};

/// A map from keys to values.
pub struct Table<K, V> {
    name: &'static str,
    codecs: PhantomData<fn() -> (K, V)>,
}

/// A map that holds one value, at a key of 8 zero bytes.
pub struct Singleton<V> {
    name: &'static str,
    codec: PhantomData<fn() -> V>,
}

/// A map whose keys are a set; the values are 8 zero bytes.
pub struct KeySet<K> {
    name: &'static str,
    codec: PhantomData<fn() -> K>,
}

/// Key and value of an entry.
pub type Row<K, V> = (<K as Codec>::Value, <V as Codec>::Value);

/// Key of an entry, and the value that was written there; `None` is a removal.
pub type WrittenRow<K, V> = (<K as Codec>::Value, Option<<V as Codec>::Value>);

/// Bytes in a map that are not what its table says, or a value that has no encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A key of the map does not decode.
    #[error("key '{key}' of table {table} is invalid: {reason}")]
    Key {
        /// The map.
        table: &'static str,
        /// The key, printable.
        key: String,
        /// What is wrong.
        reason: CodecError,
    },
    /// The value at a key does not decode.
    #[error("value at key '{key}' of table {table} is invalid: {reason}")]
    Value {
        /// The map.
        table: &'static str,
        /// The key, printable.
        key: String,
        /// What is wrong.
        reason: CodecError,
    },
    /// A key or value to be written has no encoding.
    #[error("cannot encode an entry of table {table}: {reason}")]
    Encode {
        /// The map.
        table: &'static str,
        /// What is wrong.
        reason: CodecError,
    },
}

impl<K: Codec, V: Codec> Table<K, V> {
    /// The table over the map called `name`. A constant with a reserved name does not compile.
    ///
    /// # Panics
    /// If the name is reserved.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_legal_name(name), "the map name has a reserved prefix");
        Self {
            name,
            codecs: PhantomData,
        }
    }

    /// Name of the map.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// The stored value does not decode.
    pub fn get(&self, tx: &mut Tx, key: &K::Value) -> Result<Option<V::Value>, TableError> {
        let key = self.key(key)?;
        tx.get(self.name, &key)
            .map(|value| decode_value::<V>(self.name, &key, &value))
            .transpose()
    }

    /// Whether `key` has a value.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn has(&self, tx: &mut Tx, key: &K::Value) -> Result<bool, TableError> {
        Ok(tx.has(self.name, &self.key(key)?))
    }

    /// Writes `value` at `key`.
    ///
    /// # Errors
    /// Key or value has no encoding.
    pub fn put(&self, tx: &mut Tx, key: &K::Value, value: &V::Value) -> Result<(), TableError> {
        let value = V::encode_bytes(value).map_err(|reason| TableError::Encode {
            table: self.name,
            reason,
        })?;
        tx.put(self.name, self.key_bytes(key)?, value);
        Ok(())
    }

    /// Removes `key`, whether it exists or not.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn remove(&self, tx: &mut Tx, key: &K::Value) -> Result<(), TableError> {
        tx.remove(self.name, self.key_bytes(key)?);
        Ok(())
    }

    /// All entries, ascending by encoded key.
    ///
    /// # Errors
    /// A stored key or value does not decode.
    pub fn entries(&self, tx: &mut Tx) -> Result<Vec<Row<K, V>>, TableError> {
        let entries = tx.entries(self.name);
        entries
            .iter()
            .map(|(key, value)| self.decode(key, value))
            .collect()
    }

    /// Number of keys.
    pub fn len(&self, tx: &mut Tx) -> usize {
        tx.len(self.name)
    }

    /// Removes every key that is visible now.
    pub fn clear(&self, tx: &mut Tx) {
        tx.clear(self.name);
    }

    /// Seqno of the last write of `key` before this transaction.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn version(&self, tx: &mut Tx, key: &K::Value) -> Result<Option<u64>, TableError> {
        Ok(tx.version_of_previous_write(self.name, &self.key(key)?))
    }

    /// [`Table::get`] on a state.
    ///
    /// # Errors
    /// The stored value does not decode.
    pub fn get_in(&self, state: &State, key: &K::Value) -> Result<Option<V::Value>, TableError> {
        let key = self.key(key)?;
        let versioned = state.get(self.name, &key);
        versioned
            .map(|versioned| decode_value::<V>(self.name, &key, &versioned.value))
            .transpose()
    }

    /// [`Table::has`] on a state.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn has_in(&self, state: &State, key: &K::Value) -> Result<bool, TableError> {
        Ok(state.get(self.name, &self.key(key)?).is_some())
    }

    /// [`Table::entries`] on a state.
    ///
    /// # Errors
    /// A stored key or value does not decode.
    pub fn entries_in(&self, state: &State) -> Result<Vec<Row<K, V>>, TableError> {
        let entries = state.map(self.name).into_iter().flat_map(|map| map.iter());
        entries
            .map(|(key, versioned)| self.decode(key, &versioned.value))
            .collect()
    }

    /// [`Table::len`] on a state.
    #[must_use]
    pub fn len_in(&self, state: &State) -> usize {
        state.map(self.name).map_or(0, |map| map.len())
    }

    /// Seqno of the last write of `key` in a state.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn version_in(&self, state: &State, key: &K::Value) -> Result<Option<u64>, TableError> {
        Ok(state
            .get(self.name, &self.key(key)?)
            .map(|versioned| versioned.version))
    }

    /// What a write set does to this table, ascending by encoded key; `None` is a removal.
    ///
    /// # Errors
    /// A written key or value does not decode.
    pub fn writes_in(&self, writes: &WriteSet) -> Result<Vec<WrittenRow<K, V>>, TableError> {
        let writes = writes.writes_to(self.name).into_iter().flatten();
        writes
            .map(|(key, value)| {
                let value = value
                    .as_ref()
                    .map(|value| decode_value::<V>(self.name, key, value))
                    .transpose()?;
                Ok((decode_key::<K>(self.name, key)?, value))
            })
            .collect()
    }

    fn decode(&self, key: &[u8], value: &[u8]) -> Result<(K::Value, V::Value), TableError> {
        Ok((
            decode_key::<K>(self.name, key)?,
            decode_value::<V>(self.name, key, value)?,
        ))
    }

    fn key<'k>(&self, key: &'k K::Value) -> Result<std::borrow::Cow<'k, [u8]>, TableError> {
        K::encode(key).map_err(|reason| TableError::Encode {
            table: self.name,
            reason,
        })
    }

    fn key_bytes(&self, key: &K::Value) -> Result<Bytes, TableError> {
        K::encode_bytes(key).map_err(|reason| TableError::Encode {
            table: self.name,
            reason,
        })
    }
}

impl<V: Codec> Singleton<V> {
    /// The single value in the map called `name`. A constant with a reserved name does not compile.
    ///
    /// # Panics
    /// If the name is reserved.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_legal_name(name), "the map name has a reserved prefix");
        Self {
            name,
            codec: PhantomData,
        }
    }

    /// Name of the map.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The value.
    ///
    /// # Errors
    /// The stored value does not decode.
    pub fn get(&self, tx: &mut Tx) -> Result<Option<V::Value>, TableError> {
        tx.get(self.name, UNIT)
            .map(|value| decode_value::<V>(self.name, UNIT, &value))
            .transpose()
    }

    /// Whether there is a value.
    pub fn has(&self, tx: &mut Tx) -> bool {
        tx.has(self.name, UNIT)
    }

    /// Writes the value.
    ///
    /// # Errors
    /// The value has no encoding.
    pub fn put(&self, tx: &mut Tx, value: &V::Value) -> Result<(), TableError> {
        let value = V::encode_bytes(value).map_err(|reason| TableError::Encode {
            table: self.name,
            reason,
        })?;
        tx.put(self.name, Bytes::from_static(UNIT), value);
        Ok(())
    }

    /// Removes the value, whether there is one or not.
    pub fn remove(&self, tx: &mut Tx) {
        tx.remove(self.name, Bytes::from_static(UNIT));
    }

    /// Seqno of the last write before this transaction.
    pub fn version(&self, tx: &mut Tx) -> Option<u64> {
        tx.version_of_previous_write(self.name, UNIT)
    }

    /// [`Singleton::get`] on a state.
    ///
    /// # Errors
    /// The stored value does not decode.
    pub fn get_in(&self, state: &State) -> Result<Option<V::Value>, TableError> {
        let versioned = state.get(self.name, UNIT);
        versioned
            .map(|versioned| decode_value::<V>(self.name, UNIT, &versioned.value))
            .transpose()
    }

    /// Seqno of the last write in a state.
    #[must_use]
    pub fn version_in(&self, state: &State) -> Option<u64> {
        state
            .get(self.name, UNIT)
            .map(|versioned| versioned.version)
    }

    /// What a write set does to the value: `None` nothing, `Some(None)` removes it.
    ///
    /// # Errors
    /// The written value does not decode.
    pub fn written_in(&self, writes: &WriteSet) -> Result<Option<Option<V::Value>>, TableError> {
        match writes.get(self.name, UNIT) {
            None => Ok(None),
            Some(None) => Ok(Some(None)),
            Some(Some(value)) => {
                decode_value::<V>(self.name, UNIT, value).map(|value| Some(Some(value)))
            }
        }
    }
}

impl<K: Codec> KeySet<K> {
    /// The set in the map called `name`. A constant with a reserved name does not compile.
    ///
    /// # Panics
    /// If the name is reserved.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_legal_name(name), "the map name has a reserved prefix");
        Self {
            name,
            codec: PhantomData,
        }
    }

    /// Name of the map.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether `key` is in the set.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn has(&self, tx: &mut Tx, key: &K::Value) -> Result<bool, TableError> {
        Ok(tx.has(self.name, &self.key(key)?))
    }

    /// Adds `key`.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn insert(&self, tx: &mut Tx, key: &K::Value) -> Result<(), TableError> {
        tx.put(self.name, self.key(key)?, Bytes::from_static(UNIT));
        Ok(())
    }

    /// Removes `key`, whether it is in the set or not.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn remove(&self, tx: &mut Tx, key: &K::Value) -> Result<(), TableError> {
        tx.remove(self.name, self.key(key)?);
        Ok(())
    }

    /// The members, ascending by encoded key.
    ///
    /// # Errors
    /// A stored key does not decode.
    pub fn entries(&self, tx: &mut Tx) -> Result<Vec<K::Value>, TableError> {
        tx.entries(self.name)
            .iter()
            .map(|(key, _)| decode_key::<K>(self.name, key))
            .collect()
    }

    /// Number of members.
    pub fn len(&self, tx: &mut Tx) -> usize {
        tx.len(self.name)
    }

    /// Removes every member that is visible now.
    pub fn clear(&self, tx: &mut Tx) {
        tx.clear(self.name);
    }

    /// [`KeySet::has`] on a state.
    ///
    /// # Errors
    /// The key has no encoding.
    pub fn has_in(&self, state: &State, key: &K::Value) -> Result<bool, TableError> {
        Ok(state.get(self.name, &self.key(key)?).is_some())
    }

    /// [`KeySet::entries`] on a state.
    ///
    /// # Errors
    /// A stored key does not decode.
    pub fn entries_in(&self, state: &State) -> Result<Vec<K::Value>, TableError> {
        let entries = state.map(self.name).into_iter().flat_map(|map| map.iter());
        entries
            .map(|(key, _)| decode_key::<K>(self.name, key))
            .collect()
    }

    fn key(&self, key: &K::Value) -> Result<Bytes, TableError> {
        K::encode_bytes(key).map_err(|reason| TableError::Encode {
            table: self.name,
            reason,
        })
    }
}

fn decode_key<K: Codec>(table: &'static str, key: &[u8]) -> Result<K::Value, TableError> {
    K::decode(key).map_err(|reason| TableError::Key {
        table,
        key: printable(key),
        reason,
    })
}

fn decode_value<V: Codec>(
    table: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<V::Value, TableError> {
    V::decode(value).map_err(|reason| TableError::Value {
        table,
        key: printable(key),
        reason,
    })
}

fn printable(key: &[u8]) -> String {
    if key == UNIT {
        "0".to_owned()
    } else {
        key.escape_ascii().to_string()
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({})", self.name)
    }
}

impl<V> fmt::Debug for Singleton<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Singleton({})", self.name)
    }
}

impl<K> fmt::Debug for KeySet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({})", self.name)
    }
}

#[cfg(test)]
mod tests;
