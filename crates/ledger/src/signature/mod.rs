//! Signature transactions: making them, recognising them, and verifying them against a root (ledger.md 4). When one is
//! due, and which certificate is in force, is for the callers to say.

mod error;
mod primary;
mod signer;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use quorate_crypto::{
    Digest,
    cert::Certificate,
    cose::{LedgerSignatureHeader, verify_ledger_root},
};

pub use error::SignatureError;
pub use primary::PrimarySignature;
pub use signer::{RunSigner, signature_writes};

use crate::{WriteSet, encoding::decode_base64, merkle::MerkleTree};

/// The table of the service's COSE signature (ledger.md 4.1).
pub const COSE_SIGNATURES: &str = "public:ccf.internal.cose_signatures";
/// The table of the node's signature (ledger.md 4.1).
pub const SIGNATURES: &str = "public:ccf.internal.signatures";
/// The table of the serialised Merkle tree (ledger.md 4.1).
pub const TREE: &str = "public:ccf.internal.tree";
/// The key of single values (ledger.md 0).
pub const UNIT_KEY: [u8; 8] = [0; 8];

/// What a signature transaction contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureEntry {
    /// The node's signature, with the id of the transaction.
    pub primary: PrimarySignature,
    /// The service's COSE_Sign1 over the root, if the service makes such.
    pub cose: Option<Vec<u8>>,
    /// The serialised Merkle tree.
    pub tree: Bytes,
}

impl SignatureEntry {
    /// Reads a signature transaction. `None`: the entry is no signature. An entry that writes `signatures` together
    /// with other than the tables of ledger.md 4.5, step 1, is refused, and so are values that cannot be read.
    pub fn read(writes: &WriteSet) -> Result<Option<Self>, SignatureError> {
        if writes.writes_to(SIGNATURES).is_none() {
            return Ok(None);
        }
        let foreign = writes
            .maps
            .keys()
            .find(|name| ![COSE_SIGNATURES, SIGNATURES, TREE].contains(&&***name));
        if let Some(name) = foreign {
            return Err(SignatureError::ForeignTable(name.to_string()));
        }
        let primary = serde_json::from_slice(single(writes, SIGNATURES)?).map_err(|error| {
            SignatureError::Value {
                table: SIGNATURES,
                reason: error.to_string(),
            }
        })?;
        let cose = match writes.writes_to(COSE_SIGNATURES) {
            None => None,
            Some(_) => Some(read_cose(single(writes, COSE_SIGNATURES)?)?),
        };
        Ok(Some(Self {
            primary,
            cose,
            tree: single(writes, TREE)?.clone(),
        }))
    }

    /// Verifies the signatures over `root`, the root computed locally over all earlier entries (ledger.md 4.5). Nothing
    /// but keys counts of the certificates: that of the node as the tables have it, and that of the service as of this
    /// very entry. Returns the header of the COSE signature, if there is one.
    pub fn verify(
        &self,
        root: &Digest,
        node_certificate: &Certificate,
        service_certificate: &Certificate,
    ) -> Result<Option<LedgerSignatureHeader>, SignatureError> {
        let node_key = node_certificate
            .ec_public_key()
            .map_err(SignatureError::NodeKey)?;
        if !node_key.verify_prehash_der(root.as_bytes(), &self.primary.sig) {
            return Err(SignatureError::Node {
                node: self.primary.node.clone(),
                root: *root,
            });
        }
        let Some(cose) = &self.cose else {
            return Ok(None);
        };
        let service_key = service_certificate
            .ec_public_key()
            .map_err(SignatureError::ServiceKey)?;
        let header =
            verify_ledger_root(cose, service_key, root).map_err(|reason| SignatureError::Cose {
                root: *root,
                reason,
            })?;
        Ok(Some(header))
    }

    /// Compares the serialised tree with the tree over all earlier entries: its leaves, its left edge and its root.
    pub fn verify_tree(&self, local: &MerkleTree) -> Result<(), SignatureError> {
        let stored = MerkleTree::deserialise(&self.tree).map_err(SignatureError::Tree)?;
        if stored.len() != local.len() {
            return Err(SignatureError::TreeLength {
                stored: stored.len(),
                local: local.len(),
            });
        }
        let (stored_root, root) = (stored.root(), local.root());
        if stored_root != root {
            return Err(SignatureError::TreeRoot {
                stored: stored_root,
                local: root,
            });
        }
        let differs = (stored.first().max(local.first())..local.len())
            .find(|&index| stored.leaf(index) != local.leaf(index));
        match differs {
            Some(index) => Err(SignatureError::TreeLeaf { index }),
            None => Ok(()),
        }
    }
}

/// The value of a single-value table that must be written.
fn single<'a>(writes: &'a WriteSet, table: &'static str) -> Result<&'a Bytes, SignatureError> {
    let unreadable = |reason: &str| SignatureError::Value {
        table,
        reason: reason.to_owned(),
    };
    let map = writes
        .writes_to(table)
        .ok_or_else(|| unreadable("it is not written"))?;
    match map.iter().next() {
        Some((key, Some(value))) if map.len() == 1 && key[..] == UNIT_KEY => Ok(value),
        _ => Err(unreadable("expected one write, at the key of 8 zero bytes")),
    }
}

/// The COSE signature in the value of its table: base64 in a JSON string.
fn read_cose(value: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let unreadable = |reason: String| SignatureError::Value {
        table: COSE_SIGNATURES,
        reason,
    };
    let text: String =
        serde_json::from_slice(value).map_err(|error| unreadable(error.to_string()))?;
    decode_base64(&text).map_err(|error| unreadable(error.to_string()))
}
