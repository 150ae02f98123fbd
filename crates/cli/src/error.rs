//! Why a command did not do what it was asked to.

use std::path::PathBuf;

/// An error of this program, for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// A file or directory.
    #[error("{path}: {reason}", path = path.display())]
    Path {
        /// Which one.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Making keys or signatures.
    #[error(transparent)]
    Crypto(#[from] quorate_crypto::CryptoError),
    /// Talking to the service.
    #[error("request to {url} failed: {reason}")]
    Request {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The service answered with a refusal.
    #[error("{what} was refused with status {status}: {body}")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// The answer.
        body: String,
    },
    /// The node did not come up, or ended.
    #[error("{0}")]
    Node(String),
}

impl CliError {
    /// An I/O error at `path`.
    pub fn io(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::Path {
            path: path.into(),
            reason: error.to_string(),
        }
    }
}
