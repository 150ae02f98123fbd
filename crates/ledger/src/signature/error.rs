//! What can be wrong with a signature transaction.

use quorate_crypto::{CryptoError, Digest};

use crate::merkle::MerkleError;

/// Why a signature transaction could not be made or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It writes a table that is none of a signature transaction.
    #[error("a signature transaction writes '{0}', which is not one of its tables")]
    ForeignTable(String),
    /// A value of one of its tables cannot be read.
    #[error("value of '{table}': {reason}")]
    Value {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The signing node has a key that cannot have signed.
    #[error("certificate of the signing node: {0}")]
    NodeKey(CryptoError),
    /// The service has a key that cannot have signed.
    #[error("service certificate: {0}")]
    ServiceKey(CryptoError),
    /// The node's signature does not hold.
    #[error("signature of node {node} does not verify over root {root}")]
    Node {
        /// The node that signed, by its own word.
        node: String,
        /// The root it should have signed.
        root: Digest,
    },
    /// The service's COSE signature does not hold.
    #[error("COSE signature of the service over root {root}: {reason}")]
    Cose {
        /// The root it should have signed.
        root: Digest,
        /// What is wrong with it.
        reason: CryptoError,
    },
    /// The serialised tree cannot be read.
    #[error(transparent)]
    Tree(MerkleError),
    /// The serialised tree has another number of leaves.
    #[error("serialised Merkle tree: it has {stored} leaves, expected {local}")]
    TreeLength {
        /// Leaves of the stored tree.
        stored: u64,
        /// Leaves of the ledger before this entry.
        local: u64,
    },
    /// The serialised tree has another root.
    #[error("serialised Merkle tree: its root is {stored}, expected {local}")]
    TreeRoot {
        /// The root of the stored tree.
        stored: Digest,
        /// The root of the ledger before this entry.
        local: Digest,
    },
    /// The serialised tree has another leaf.
    #[error("serialised Merkle tree: leaf {index} differs")]
    TreeLeaf {
        /// The index, a seqno.
        index: u64,
    },
    /// A signature was asked for with a tree that does not end directly before it.
    #[error("signature at seqno {seqno}: the Merkle tree has {leaves} leaves, expected {seqno}")]
    TreeOutOfStep {
        /// The seqno of the signature.
        seqno: u64,
        /// The leaves of the tree.
        leaves: u64,
    },
    /// The service key is on a curve without a COSE algorithm for ledgers.
    #[error("the service key must be on P-256 or P-384, found P-521")]
    ServiceCurve,
    /// The service key cannot sign.
    #[error("cannot sign with the service key: {0}")]
    Signing(CryptoError),
    /// A value cannot be serialised.
    #[error("cannot serialise the value of '{table}': {reason}")]
    Serialise {
        /// The table.
        table: &'static str,
        /// Why not.
        reason: String,
    },
}
