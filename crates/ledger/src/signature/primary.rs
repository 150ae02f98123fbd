//! The value of `public:ccf.internal.signatures` (ledger.md 4.2).

use quorate_crypto::Digest;
use serde::{Deserialize, Serialize};

use crate::{TxId, encoding::base64_bytes};

/// A node's signature over the Merkle root. Fields stand in the order in which they are serialised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimarySignature {
    /// PEM of the signing node's certificate at that time; empty in CCF 1.x, which had no such field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cert: String,
    /// Always 0 today; in CCF 1.x the last committed seqno.
    #[serde(default)]
    pub commit_seqno: u64,
    /// Always 0 today; in CCF 1.x the last committed view.
    #[serde(default)]
    pub commit_view: u64,
    /// Always zeros.
    #[serde(default)]
    pub hashed_nonce: Digest,
    /// The id of the signing node.
    pub node: String,
    /// The root that was signed.
    pub root: Digest,
    /// The seqno of the signature transaction.
    pub seqno: u64,
    /// The signature, ECDSA in DER, of the root itself as the digest.
    #[serde(with = "base64_bytes")]
    pub sig: Vec<u8>,
    /// The view of the signature transaction.
    pub view: u64,
}

impl PrimarySignature {
    /// The id of the signature transaction.
    #[must_use]
    pub const fn txid(&self) -> TxId {
        TxId {
            view: self.view,
            seqno: self.seqno,
        }
    }
}
