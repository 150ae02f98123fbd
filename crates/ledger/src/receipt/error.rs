//! What can be wrong with a receipt.

use quorate_crypto::{CryptoError, Digest, cose::CoseError};

use crate::TxId;

/// Why a receipt could not be built, read or verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// A receipt above the bound.
    #[error("receipt: {found} bytes are more than the {max} that are read")]
    TooLong {
        /// The bytes there are.
        found: usize,
        /// The most that are read.
        max: usize,
    },
    /// The text is no JSON.
    #[error("receipt: {0}")]
    Json(String),
    /// A member is missing, of the wrong type, or has a value that is none.
    #[error("receipt member '{member}': expected {expected}")]
    Member {
        /// Which member; array elements by index.
        member: String,
        /// What would be valid.
        expected: &'static str,
    },
    /// The transaction has no commit evidence, hence no components.
    #[error("transaction {0} has no commit evidence")]
    NoCommitEvidence(TxId),
    /// The transaction has no claims digest, hence no COSE receipt.
    #[error("the transaction has no claims digest, as a COSE receipt needs")]
    NoClaimsDigest,
    /// The ledger secret is not the one the transaction was written with.
    #[error("transaction {0}: the ledger secret does not lead to the commit evidence in the entry")]
    OtherSecret(TxId),
    /// The claims digest is not the one that was expected.
    #[error("claims digest: expected {expected}, the receipt is for {found}")]
    Claims {
        /// The expected one.
        expected: Digest,
        /// The one in the receipt.
        found: Digest,
    },
    /// The certificate of the signing node cannot be used.
    #[error("certificate of the signing node: {0}")]
    NodeCertificate(CryptoError),
    /// A certificate of the endorsements cannot be used.
    #[error("service endorsement {index}: {reason}")]
    Endorsement {
        /// Its place, from 0.
        index: usize,
        /// What is wrong with it.
        reason: CryptoError,
    },
    /// `node_id` is not that of the certificate.
    #[error("node_id: expected {expected}, the digest of the certificate's key, found '{found}'")]
    NodeId {
        /// The id of the certificate's key.
        expected: Digest,
        /// The id in the receipt.
        found: String,
    },
    /// The chain of certificates does not reach the service.
    #[error("certificate chain: {subject} is not issued by {issuer}")]
    Chain {
        /// Which certificate.
        subject: String,
        /// Which one should have issued it.
        issuer: String,
    },
    /// The signature does not hold for the root that the receipt leads to.
    #[error("signature: it does not verify over root {root}")]
    Signature {
        /// The root.
        root: Digest,
    },
    /// The COSE receipt is not as specified.
    #[error("COSE receipt: {0}")]
    Form(String),
    /// The COSE message cannot be decoded.
    #[error("COSE receipt: {0}")]
    Cose(#[from] CoseError),
    /// The verifiable data structure is not the ledger of CCF.
    #[error("COSE receipt: protected header parameter 395 must be 2, found {0}")]
    Vds(String),
    /// The key id is not that of the trusted service key.
    #[error("COSE receipt: key id must be {expected}, found '{found}'")]
    KeyId {
        /// The fingerprint of the trusted key.
        expected: Digest,
        /// The one in the receipt.
        found: String,
    },
    /// A link in the chain of service endorsements does not hold.
    #[error("endorsement {index} of the service identity: {reason}")]
    IdentityEndorsement {
        /// Its place, newest first, from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
}
