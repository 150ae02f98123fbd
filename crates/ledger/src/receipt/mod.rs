//! Receipts: proofs that a transaction is in a service's ledger, which anyone can check offline (ledger.md 6). Finding
//! the entries a receipt is built from, and serving it, lives in `quorate-node`.

pub mod cose;
pub mod endorsement;
mod error;
pub mod json;
#[cfg(test)]
mod tests;

use quorate_crypto::{Digest, sha256};

pub use error::ReceiptError;
pub use json::{Receipt, ReceiptBody};

use crate::{LedgerSecret, TxId, entry};

/// What the leaf of a transaction is made of, the commit evidence in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafComponents {
    /// The digest of the entry.
    pub write_set_digest: Digest,
    /// The commit evidence, `ce:<view>.<seqno>:<nonce>`.
    pub commit_evidence: String,
    /// The claims digest; absent for entries without one, and where the reader has to supply it.
    pub claims_digest: Option<Digest>,
}

/// What a receipt that holds says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// The root that is signed.
    pub root: Digest,
    /// The leaf that leads to it.
    pub leaf: Digest,
    /// The id of the transaction, from its commit evidence; `None` for signatures and for entries without evidence.
    pub txid: Option<TxId>,
}

impl LeafComponents {
    /// The components of a decoded entry; `secret` is the one in force at its seqno. An entry without commit evidence
    /// has none, and a secret that does not lead to the digest in the entry is refused.
    pub fn of_entry(entry: &entry::Entry, secret: &LedgerSecret) -> Result<Self, ReceiptError> {
        let recorded = entry
            .commit_evidence_digest
            .ok_or(ReceiptError::NoCommitEvidence(entry.txid))?;
        let commit_evidence = entry::commit_evidence(entry.txid, secret);
        if sha256(commit_evidence.as_bytes()) != recorded {
            return Err(ReceiptError::OtherSecret(entry.txid));
        }
        Ok(Self {
            write_set_digest: entry.write_set_digest,
            commit_evidence,
            claims_digest: entry.claims,
        })
    }

    /// The leaf.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        let evidence = sha256(self.commit_evidence.as_bytes());
        entry::leaf(
            &self.write_set_digest,
            Some(&evidence),
            self.claims_digest.as_ref(),
        )
    }
}
