//! What an interface is configured with (node-and-operations.md 3.2, apps-and-endpoints.md 9.3).

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::watch;

/// A size with the text it was configured with, which messages repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of bytes.
    pub bytes: u64,
    /// As configured, for example `1MB`.
    pub text: String,
}

impl Size {
    /// A size and its text.
    pub fn new(bytes: u64, text: impl Into<String>) -> Self {
        Self {
            bytes,
            text: text.into(),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `http_configuration` of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Largest body.
    pub max_body_size: Size,
    /// Largest name and largest value of a header field.
    pub max_header_size: Size,
    /// Most header fields.
    pub max_headers_count: u32,
    /// HTTP/2: most streams at a time.
    pub max_concurrent_streams_count: u32,
    /// HTTP/2: flow control window that a client begins with. At most 2³¹ − 1.
    pub initial_window_size: Size,
    /// HTTP/2: largest frame, 16 KB to 16 MB.
    pub max_frame_size: Size,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_body_size: Size::new(1024 * 1024, "1MB"),
            max_header_size: Size::new(16 * 1024, "16KB"),
            max_headers_count: 256,
            max_concurrent_streams_count: 100,
            initial_window_size: Size::new(64 * 1024, "64KB"),
            max_frame_size: Size::new(16 * 1024, "16KB"),
        }
    }
}

/// How many sessions an interface admits, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// From so many open sessions on, further ones get 503.
    pub soft_cap: u64,
    /// From so many open sessions on, further connections are closed at once.
    pub hard_cap: u64,
    /// Sessions without traffic for so long are closed; `None` is never.
    pub idle_timeout: Option<Duration>,
    /// Data that stays unacknowledged for so long ends the connection (`client_connection_timeout`).
    pub user_timeout: Option<Duration>,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            soft_cap: 1000,
            hard_cap: 1010,
            idle_timeout: Some(Duration::from_secs(60)),
            user_timeout: Some(Duration::from_secs(2)),
        }
    }
}

/// What is spoken on an interface. Nothing is negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1, and what it can answer of earlier versions.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

impl Protocol {
    /// The name in TLS' protocol negotiation.
    pub fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// Where an interface has its TLS configuration from.
#[derive(Clone, Debug)]
pub enum Security {
    /// Plain TCP.
    Unsecured,
    /// TLS with the newest configuration; while it is `None`, connections are closed at once.
    Tls(watch::Receiver<Option<Arc<rustls::ServerConfig>>>),
}
