//! What can be wrong with an entry.

/// Why an entry could not be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The bytes end inside the 8-byte entry header.
    #[error("entry header: expected 8 bytes, found {found}")]
    HeaderCut {
        /// The number of bytes there are.
        found: usize,
    },
    /// The size field does not equal the number of bytes after the header.
    #[error("entry size: the header says {announced} bytes, {found} follow")]
    Size {
        /// The value of the field.
        announced: u64,
        /// The number of bytes after the header.
        found: u64,
    },
    /// The version field is not 1.
    #[error("entry version: expected 1, found {0}")]
    Version(u8),
    /// A field runs past the end of what contains it.
    #[error("{field} at offset {offset}: needs {needed} bytes, {left} are left")]
    Cut {
        /// Which field.
        field: &'static str,
        /// Where it begins: in the entry, or in the private domain for its fields.
        offset: usize,
        /// How many bytes it needs.
        needed: u64,
        /// How many there are.
        left: usize,
    },
    /// The entry type is not that of a transaction.
    #[error("entry type: expected 0, 2, 3 or 4, found {0}")]
    EntryType(u8),
    /// The two seqnos of the entry differ.
    #[error("seqno: {iv} in the initialisation vector, {public} in the public domain")]
    SeqnoMismatch {
        /// That of the initialisation vector.
        iv: u64,
        /// That of the public domain.
        public: u64,
    },
    /// The private domain does not authenticate.
    #[error(
        "entry {0}: does not decrypt with the ledger secret in force (wrong secret, or changed bytes)"
    )]
    Authentication(crate::TxId),
    /// A map name is not UTF-8.
    #[error("map name at offset {offset} is not UTF-8")]
    MapNameEncoding {
        /// Where the name begins.
        offset: usize,
    },
    /// The same map occurs twice.
    #[error("map '{0}' occurs twice")]
    DuplicateMap(String),
    /// A key is written or removed more than once.
    #[error("map '{map}': key {key} is written or removed more than once")]
    DuplicateKey {
        /// The map.
        map: String,
        /// The key, hexadecimal, at most 64 bytes of it.
        key: String,
    },
    /// A public map in the private domain, or the reverse.
    #[error("map '{map}' does not belong into the {domain} domain")]
    WrongDomain {
        /// The map.
        map: String,
        /// Where it was found.
        domain: &'static str,
    },
    /// The view does not fit the initialisation vector.
    #[error("view {0}: the highest view of an entry is {max}", max = crate::limits::VIEW_MAX)]
    ViewTooHigh(u64),
    /// The write set writes nothing, so that there is no entry.
    #[error("a transaction without writes has no entry")]
    NoWrites,
    /// The entry would exceed the 48-bit size field.
    #[error("entry size {0}: the largest is {max} bytes", max = crate::limits::ENTRY_SIZE_MAX)]
    TooLarge(u64),
    /// The private domain is longer than AES-GCM can encrypt.
    #[error("private domain of {0} bytes: the largest is {max} bytes", max = crate::limits::PRIVATE_LEN_MAX)]
    PrivateTooLarge(u64),
}
