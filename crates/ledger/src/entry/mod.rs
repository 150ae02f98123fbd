//! The entry of one transaction: its bytes, both ways, and the digests that follow from them (ledger.md 2 and 3). Where
//! entries are kept lives in `files`, what the tables mean in the rooms above.

mod decode;
mod encode;
mod error;
mod evidence;
#[cfg(test)]
mod tests;

use std::ops::BitOr;

use quorate_crypto::{Digest, sha256_parts};

pub use decode::decode;
pub use encode::{EncodedEntry, encode, encoded_len};
pub use error::EntryError;
pub use evidence::{commit_evidence, commit_evidence_digest, txid_of_evidence};

use crate::{TxId, WriteSet};

/// The number of bytes of the entry header (ledger.md 2.1).
pub const HEADER_LEN: usize = 8;
/// The version in the entry header.
const VERSION: u8 = 1;
/// Offset and length of the tag, and of the initialisation vector (ledger.md 2.2).
const TAG_AT: usize = HEADER_LEN;
const IV_AT: usize = TAG_AT + 16;
const PUBLIC_LEN_AT: usize = IV_AT + 12;
const PUBLIC_AT: usize = PUBLIC_LEN_AT + 8;
/// The bit of the initialisation vector's last word that marks a snapshot.
const SNAPSHOT_BIT: u32 = 0x8000_0000;

/// The flags of an entry header (ledger.md 2.1). Unknown bits are kept as read, since they are part of the leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

/// The type of an entry (ledger.md 2.3). Snapshots are not transactions and have no variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryType {
    /// 0: CCF 1.x.
    WriteSet,
    /// 2: before the release of CCF 2.0.
    WithClaims,
    /// 3: early CCF 2.x.
    WithCommitEvidence,
    /// 4: everything since, and the only type written here.
    WithCommitEvidenceAndClaims,
}

/// A decoded entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id; the view is that of the initialisation vector.
    pub txid: TxId,
    /// Its type.
    pub entry_type: EntryType,
    /// The flags of its header.
    pub flags: Flags,
    /// The claims digest, in types that have one; zeros where the application claimed nothing.
    pub claims: Option<Digest>,
    /// The digest of the commit evidence, in types that have one.
    pub commit_evidence_digest: Option<Digest>,
    /// The writes: those of public maps, and those of private maps if the entry was decrypted.
    pub writes: WriteSet,
    /// The number of bytes of the private domain, whether it was decrypted or not.
    pub private_len: usize,
    /// The digest of the whole entry.
    pub write_set_digest: Digest,
}

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// 0x01: the chunk ends after this entry.
    pub const FORCE_CHUNK_AFTER: Self = Self(0x01);
    /// 0x02: the chunk ends before this entry.
    pub const FORCE_CHUNK_BEFORE: Self = Self(0x02);

    /// The flags of a header byte.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The header byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl EntryType {
    /// The type of a byte, if it is that of a transaction.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::WriteSet),
            2 => Some(Self::WithClaims),
            3 => Some(Self::WithCommitEvidence),
            4 => Some(Self::WithCommitEvidenceAndClaims),
            _ => None,
        }
    }

    /// The byte of the type.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::WriteSet => 0,
            Self::WithClaims => 2,
            Self::WithCommitEvidence => 3,
            Self::WithCommitEvidenceAndClaims => 4,
        }
    }

    /// Whether entries of the type carry a claims digest.
    #[must_use]
    pub const fn has_claims(self) -> bool {
        matches!(self, Self::WithClaims | Self::WithCommitEvidenceAndClaims)
    }

    /// Whether entries of the type carry a commit evidence digest.
    #[must_use]
    pub const fn has_commit_evidence(self) -> bool {
        matches!(
            self,
            Self::WithCommitEvidence | Self::WithCommitEvidenceAndClaims
        )
    }
}

impl Entry {
    /// The leaf of the Merkle tree (ledger.md 3.3).
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf(
            &self.write_set_digest,
            self.commit_evidence_digest.as_ref(),
            self.claims.as_ref(),
        )
    }
}

/// The leaf of a transaction: the digest of what there is of the three, or the write set digest alone (ledger.md 3.3).
#[must_use]
pub fn leaf(
    write_set_digest: &Digest,
    commit_evidence_digest: Option<&Digest>,
    claims: Option<&Digest>,
) -> Digest {
    let bytes = |digest: &'_ Digest| *digest.as_bytes();
    match (commit_evidence_digest.map(bytes), claims.map(bytes)) {
        (None, None) => *write_set_digest,
        (Some(digest), None) | (None, Some(digest)) => {
            sha256_parts(&[write_set_digest.as_bytes(), &digest])
        }
        (Some(evidence), Some(claims)) => {
            sha256_parts(&[write_set_digest.as_bytes(), &evidence, &claims])
        }
    }
}

/// Whether the map of this name is written in clear text (ledger.md 2.6).
#[must_use]
pub const fn is_public(name: &str) -> bool {
    let (name, prefix) = (name.as_bytes(), b"public:");
    let mut index = 0;
    while index < prefix.len() {
        if index >= name.len() || name[index] != prefix[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The number of bytes of the entry that begins with `header`, the header included. Nothing is checked.
#[must_use]
pub const fn entry_len(header: &[u8; HEADER_LEN]) -> u64 {
    HEADER_LEN as u64 + (u64::from_le_bytes(*header) >> 16)
}

/// The flags in the header of `entry`.
#[must_use]
pub const fn flags(header: &[u8; HEADER_LEN]) -> Flags {
    Flags(header[1])
}

/// Sets the flags of a complete entry. Its write set digest and leaf change with them: compute both again.
pub fn set_flags(entry: &mut [u8], flags: Flags) -> Result<(), EntryError> {
    decode::check_header(entry)?;
    entry[1] = flags.bits();
    Ok(())
}
