//! What makes the ledger verifiable (kv-tables.md 10).

use bytes::Bytes;
use quorate_crypto::Digest;
use quorate_kv::{Json, Raw, Singleton};
pub use quorate_ledger::signature::PrimarySignature;
use serde::{Deserialize, Serialize};

use crate::encoding::Base64Bytes;

/// Signature of a node over the Merkle root (kv-tables.md 10.1).
pub const SIGNATURES: Singleton<Json<PrimarySignature>> =
    Singleton::new("public:ccf.internal.signatures");

/// Signature of the service over the same root, a COSE_Sign1 message (kv-tables.md 10.2).
pub const COSE_SIGNATURES: Singleton<Json<Base64Bytes>> =
    Singleton::new("public:ccf.internal.cose_signatures");

/// The serialised Merkle tree whose root is signed (kv-tables.md 10.3).
pub const TREE: Singleton<Raw<Bytes>> = Singleton::new("public:ccf.internal.tree");

/// Digest of the latest snapshot (kv-tables.md 10.4).
pub const SNAPSHOT_EVIDENCE: Singleton<Json<SnapshotHash>> =
    Singleton::new("public:ccf.internal.snapshot_evidence");

/// Digest of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHash {
    /// SHA-256 of the file's body.
    pub hash: Digest,
    /// Seqno of the snapshot.
    pub version: u64,
}

#[cfg(test)]
mod tests;
