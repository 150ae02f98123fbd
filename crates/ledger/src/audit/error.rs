//! What an audit can find.

use std::{io, path::PathBuf};

use quorate_crypto::{CryptoError, Digest};

use crate::{TxId, ViewHistoryError, entry::EntryError, signature::SignatureError};

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", place(.file.as_ref()), seqno_text(*.seqno))]
pub struct AuditError {
    /// The file, if it lies in one.
    pub file: Option<PathBuf>,
    /// The seqno, if it lies at one.
    pub seqno: Option<u64>,
    /// What is wrong.
    #[source]
    pub problem: Box<Problem>,
}

/// What is wrong with a ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// No file begins where the ledger has to go on, though later ones exist.
    #[error(
        "no file has this entry, though there are later files: expected one that begins with it"
    )]
    Gap,
    /// There is no entry at all.
    #[error("there is no ledger file that begins at seqno 1")]
    NoLedger,
    /// A file begins within the range of another one.
    #[error("the file begins at seqno {begins}, expected {expected}")]
    Overlap {
        /// Its first seqno.
        begins: u64,
        /// Where the ledger goes on.
        expected: u64,
    },
    /// A file is shorter than its header.
    #[error("file header: expected 8 bytes, found {0}")]
    FileHeader(u64),
    /// A complete file has no position table, or one outside of the file.
    #[error(
        "position table offset {offset}: expected at least 8 and at most the file size, {size}"
    )]
    TableOffset {
        /// The value of the header.
        offset: u64,
        /// The size of the file.
        size: u64,
    },
    /// A position table is not a list of 32-bit offsets.
    #[error("position table: expected a multiple of 4 bytes, found {0}")]
    TableLength(u64),
    /// A position is not where the entry begins.
    #[error("position table: it says offset {stored}, the entry begins at {actual}")]
    Position {
        /// The value of the table.
        stored: u32,
        /// Where the entry begins.
        actual: u64,
    },
    /// The number of entries is not that of the name or the position table.
    #[error("the {by} says {expected} entries, found {found}")]
    EntryCount {
        /// Who says so.
        by: &'static str,
        /// The number expected.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// An entry ends outside of the file, in a file that is complete.
    #[error("the entry needs {needed} bytes, {left} are left in the file")]
    TornEntry {
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are.
        left: u64,
    },
    /// A committed file does not end with a signature.
    #[error("a committed file must end with a signature transaction")]
    NoFinalSignature,
    /// The entry cannot be decoded.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The entry is of another seqno.
    #[error("the entry is transaction {0}, expected this seqno")]
    Seqno(TxId),
    /// The view changes elsewhere than directly after a signature, or decreases.
    #[error(
        "the view changes from {from} to {to}: it may only rise, directly after a signature transaction"
    )]
    View {
        /// The view before.
        from: u64,
        /// The view of this entry.
        to: u64,
    },
    /// The view cannot be followed.
    #[error(transparent)]
    ViewHistory(#[from] ViewHistoryError),
    /// No secret was given for this seqno.
    #[error(
        "none of the ledger secrets is in force here: the first one is valid from seqno {first}"
    )]
    NoSecret {
        /// The first seqno with a secret.
        first: u64,
    },
    /// The commit evidence digest is not that of the secret.
    #[error("commit evidence digest: expected {expected}, found {found}")]
    CommitEvidence {
        /// The digest that follows from the secret.
        expected: Digest,
        /// The digest in the entry.
        found: Digest,
    },
    /// A value in a table that the audit follows cannot be read.
    #[error("value of '{table}'{}: {reason}", of_key(.key))]
    Value {
        /// The table.
        table: &'static str,
        /// The key, for tables with several.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The status of the service changes in a way it cannot.
    #[error("service status: it cannot change from {from} to {to}")]
    ServiceStatus {
        /// The status before.
        from: String,
        /// The status after.
        to: String,
    },
    /// A signature before there is a service.
    #[error("a signature transaction, but the ledger has not named a service certificate yet")]
    NoService,
    /// The signing node is not in the tables.
    #[error("signed by node {0}, which the ledger does not know")]
    UnknownNode(String),
    /// The signing node is not trusted.
    #[error("signed by node {node}, whose status is {status}: expected Trusted or Retired")]
    NodeStatus {
        /// The node.
        node: String,
        /// Its status.
        status: String,
    },
    /// The signing node has a certificate that cannot be read.
    #[error("certificate of node {node}: {reason}")]
    NodeCertificate {
        /// The node.
        node: String,
        /// What is wrong with it.
        reason: CryptoError,
    },
    /// The certificate of the signature has not the key of the tables' certificate.
    #[error(
        "the signature carries another key than the certificate that the ledger has of node {0}"
    )]
    OtherKey(String),
    /// The node id is not that of its key.
    #[error("node {node}: its key has the id {expected}")]
    NodeId {
        /// The node.
        node: String,
        /// The id of its key.
        expected: Digest,
    },
    /// The node's certificate is not endorsed by the service.
    #[error("certificate of node {0}: the service of that time did not issue it")]
    NotEndorsed(String),
    /// The root in the signature is not that of the entries.
    #[error("root: the signature says {signed}, the entries before it have {local}")]
    Root {
        /// The value of the signature.
        signed: Digest,
        /// The root over the entries.
        local: Digest,
    },
    /// The signature names another transaction.
    #[error("the {what} is for transaction {named}, expected {expected}")]
    OtherTransaction {
        /// Which signature.
        what: &'static str,
        /// The id it names.
        named: String,
        /// The id of the entry.
        expected: TxId,
    },
    /// The signature transaction does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// There is no signature at all.
    #[error("no signature transaction: nothing vouches for these entries")]
    Unsigned,
    /// The service that signed last is not the trusted one.
    #[error("the last signature is of the service key {found}, expected {expected}")]
    OtherService {
        /// Fingerprint of the trusted key.
        expected: Digest,
        /// Fingerprint of the key in force at the last signature.
        found: Digest,
    },
}

impl Problem {
    /// The problem with its place.
    pub(super) fn at(self, file: Option<PathBuf>, seqno: Option<u64>) -> AuditError {
        AuditError {
            file,
            seqno,
            problem: Box::new(self),
        }
    }
}

fn place(file: Option<&PathBuf>) -> String {
    file.map_or_else(|| "ledger".to_owned(), |file| file.display().to_string())
}

fn seqno_text(seqno: Option<u64>) -> String {
    seqno
        .map(|seqno| format!(", seqno {seqno}"))
        .unwrap_or_default()
}

fn of_key(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!(", key '{key}'")
    }
}
