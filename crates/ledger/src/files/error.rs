//! What can go wrong with ledger files. The texts of refused starts and of failed reads are those that operators and
//! tools search for (node-and-operations.md 1.4, 7.3).

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why ledger files could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// A new service must not continue in what another one has left.
    #[error(
        "On start, ledger directory should not exist or be empty ({}): it holds {example}. To start a new service, move \
         the directory away or configure another ledger.directory; to continue the service whose ledger this is, start \
         with command Recover, or with command Join if other nodes of it are still running",
        directory.display()
    )]
    NotEmpty {
        /// The ledger directory.
        directory: PathBuf,
        /// Name of something in it.
        example: String,
    },
    /// Another process writes to the directory.
    #[error("ledger directory {} is in use by another process: two nodes must not share one", directory.display())]
    InUse {
        /// The ledger directory.
        directory: PathBuf,
    },
    /// A path that must be a directory is something else, or is not there.
    #[error("{} is configured as {role}, but it is not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
        /// The key of the configuration.
        role: &'static str,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A file that is to be created, or a name that a file is to get, is there already. Fatal.
    #[error("ledger file {} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The entries do not follow the last one.
    #[error("entry {seqno} does not follow the last entry of the ledger, {last}")]
    NotNext {
        /// Seqno of the entry.
        seqno: u64,
        /// Last seqno of the ledger.
        last: u64,
    },
    /// The bytes to be appended are no entry of that seqno.
    #[error("entry {seqno} cannot be appended: {reason}")]
    Entry {
        /// Seqno of the entry.
        seqno: u64,
        /// What is wrong.
        reason: String,
    },
    /// The open file has no room for the entry; a signature must end the chunk first.
    #[error(
        "entry {seqno} of {len} bytes does not fit into a ledger file, which holds at most {max} bytes"
    )]
    ChunkFull {
        /// Seqno of the entry.
        seqno: u64,
        /// Its length in bytes.
        len: u64,
        /// Most bytes of a file.
        max: u64,
    },
    /// Committed entries cannot be cut off.
    #[error("the ledger cannot be cut after seqno {seqno}: it is committed up to {committed}")]
    BelowCommitted {
        /// The seqno that was to be the last.
        seqno: u64,
        /// Last committed seqno.
        committed: u64,
    },
    /// The disk is nearly full. Not fatal: writes are admitted again when space returns.
    #[error(
        "{available} bytes are free on the disk of ledger directory {}, at least {min} are needed to admit writes",
        directory.display()
    )]
    NoSpace {
        /// The ledger directory.
        directory: PathBuf,
        /// Free bytes.
        available: u64,
        /// The floor.
        min: u64,
    },
    /// An earlier write or flush failed, so that the state of the files is unknown. The process has to end.
    #[error("the ledger files have failed before and are not touched again: {reason}")]
    Failed {
        /// The first failure.
        reason: String,
    },
    /// No file has the entry.
    #[error("Cannot find ledger file for seqno {seqno}")]
    NotFound {
        /// The seqno.
        seqno: u64,
    },
    /// The file that should have the entry cannot be used.
    #[error("Could not open ledger file {file} to read seqno {seqno}: {fault}")]
    Unreadable {
        /// Name of the file.
        file: String,
        /// The seqno.
        seqno: u64,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// What stands in the file is not the entry that was written there.
    #[error("ledger file {file} is damaged at seqno {seqno}: {reason}")]
    Damaged {
        /// Name of the file.
        file: String,
        /// The seqno.
        seqno: u64,
        /// What is wrong.
        reason: String,
    },
}

/// What is wrong with a chunk file as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// The operating system refused.
    #[error("Unable to open ledger file {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// It has fewer than 8 bytes.
    #[error("Failed to read positions offset from ledger file {}", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// A committed file without a position table.
    #[error("Committed ledger file {} cannot be read: invalid table offset (0)", path.display())]
    NotComplete {
        /// The file.
        path: PathBuf,
    },
    /// The position table would begin after the end of the file.
    #[error("Invalid table offset {offset} greater than total file size {size}")]
    TableBeyondEnd {
        /// Where the table should begin.
        offset: u64,
        /// Size of the file.
        size: u64,
    },
    /// It does not begin with the entry that its name says.
    #[error("ledger file {} is damaged {reason}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The position table does not fit the entries.
    #[error("Invalid positions table in ledger file {}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl FilesError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
