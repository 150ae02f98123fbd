//! What a request knows of the connection it came in on.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

use bytes::Bytes;

/// A session: one connection on HTTP/1, one stream on HTTP/2 (apps-and-endpoints.md 8.4).
#[derive(Debug)]
pub struct Session {
    /// Unique in this process.
    pub id: u64,
    /// Name of the interface.
    pub interface: Arc<str>,
    /// The client's certificate, DER. The handshake has proved that the client has its key, and
    /// nothing else about it.
    pub client_cert: Option<Bytes>,
    /// Whether this is HTTP/2.
    pub http2: bool,
    /// The client's address.
    pub peer: SocketAddr,
    /// View in which the session's first request found the node; 0 before.
    pub opened_view: AtomicU64,
    /// Whether a request of the session has been forwarded (apps-and-endpoints.md 8.2).
    pub forwarded: AtomicBool,
}

impl Session {
    /// A session of HTTP/1 without client certificate, from an unspecified address.
    pub fn new(id: u64, interface: impl Into<Arc<str>>) -> Self {
        Self {
            id,
            interface: interface.into(),
            client_cert: None,
            http2: false,
            peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            opened_view: AtomicU64::new(0),
            forwarded: AtomicBool::new(false),
        }
    }
}
