//! The offline audit: is this ledger whole, well formed and signed, up to where (ledger.md 10)? Needs a service
//! certificate only; with ledger secrets, the private domains are authenticated too. Nothing is changed on disk.

mod auditor;
mod chunk;
mod directories;
mod error;
mod tables;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use quorate_crypto::{Digest, cert::Certificate};

pub use auditor::Auditor;
pub use directories::audit;
pub use error::{AuditError, Problem};

use crate::{TxId, ViewHistory};

/// The result of an audit that found nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The last signature: everything up to it is covered by the service that is trusted.
    pub signed: TxId,
    /// The root over everything before it.
    pub signed_root: Digest,
    /// The last entry; those after the last signature are well formed, but nobody vouches for them yet.
    pub last: TxId,
    /// The number of signature transactions.
    pub signatures: u64,
    /// How many of them have a COSE signature of the service.
    pub cose_signatures: u64,
    /// The first seqno of every view, up to the last signature.
    pub views: ViewHistory,
    /// The identities the service had, oldest first.
    pub services: Vec<ServiceIdentity>,
    /// The files that were read, in the order of their entries.
    pub files: Vec<PathBuf>,
    /// What was found in the directories and not read, with the reason.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// Bytes of an incomplete entry at the end of the open file.
    pub torn_bytes: u64,
}

/// An identity of the service: from its first transaction until the next one.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// The first transaction that names it.
    pub from: TxId,
    /// Its certificate.
    pub certificate: Certificate,
}

impl std::fmt::Debug for ServiceIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {}", self.certificate.subject(), self.from)
    }
}
