//! Why a run cannot be made, or a connection of it has ended.

use std::path::PathBuf;

/// All errors of the load generator.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The URL is not one of ours.
    #[error("--url '{0}' is not 'http://HOST:PORT' or 'https://HOST:PORT'")]
    Url(String),
    /// A URL with TLS, and nothing to verify the server with.
    #[error("--ca is needed for an https URL: the certificate of the service or of its authority")]
    NoAuthority,
    /// A certificate without a key, or the other way round.
    #[error("--cert and --key belong together, only one is given")]
    HalfIdentity,
    /// A header that is not `name: value`.
    #[error("--header '{0}' is not 'name: value'")]
    Header(String),
    /// A file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The connection failed.
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    /// The server closed while requests were in flight.
    #[error("the server closed the connection with {0} requests in flight")]
    Closed(usize),
    /// What came is no HTTP/1.1 response, or one beyond the limits.
    #[error("response: {0}")]
    Response(String),
    /// The server said nothing for too long.
    #[error("no answer for {0} s")]
    Silent(u64),
    /// The last transaction did not become committed.
    #[error("transaction {transaction} is '{status}' after {seconds} s, not Committed")]
    NotCommitted {
        /// The highest transaction id that was answered.
        transaction: String,
        /// What the service said last.
        status: String,
        /// How long was waited.
        seconds: u64,
    },
}
