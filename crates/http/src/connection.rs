//! One accepted connection: TLS handshake, then the session of the interface's protocol.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use crate::{
    http1, http2, limits,
    message::Service,
    metrics::{InterfaceMetrics, OpenSession},
    session::Session,
    settings::{HttpLimits, Protocol, SessionLimits},
};

/// What all connections of an interface have in common.
pub(crate) struct Shared {
    pub(crate) protocol: Protocol,
    pub(crate) limits: Arc<HttpLimits>,
    pub(crate) sessions: SessionLimits,
    pub(crate) metrics: InterfaceMetrics,
    pub(crate) service: Arc<dyn Service>,
    pub(crate) stop: Stop,
    /// Refused connections that may still be read from.
    pub(crate) lingering: Arc<Semaphore>,
}

/// A connection that the caps have let in.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) open: OpenSession,
    /// Whether it gets 503.
    pub(crate) busy: bool,
}

/// What a session knows of its connection.
pub(crate) struct Origin {
    peer: SocketAddr,
    client_cert: Option<Bytes>,
    /// Counts the connection as open until it is dropped.
    _open: OpenSession,
    pub(crate) busy: bool,
}

/// Runs a connection to its end.
pub(crate) async fn run(accepted: Accepted, shared: Arc<Shared>) {
    let Accepted {
        stream,
        peer,
        tls,
        open,
        busy,
    } = accepted;
    let mut origin = Origin {
        peer,
        client_cert: None,
        _open: open,
        busy,
    };
    let Some(config) = tls else {
        return speak(stream, origin, shared).await;
    };
    let mut stop = shared.stop.clone();
    let handshake = timeout(
        limits::HANDSHAKE_TIME,
        handshake(stream, config, shared.protocol),
    );
    let secured = tokio::select! {
        biased;
        secured = handshake => secured,
        () = stop.requested() => return,
    };
    // A failed handshake has sent its alert. There is nobody else to tell.
    if let Ok(Ok(stream)) = secured {
        let certificates = stream.get_ref().1.peer_certificates();
        origin.client_cert = certificates
            .and_then(|chain| chain.first())
            .map(|der| Bytes::copy_from_slice(der));
        speak(stream, origin, shared).await;
    }
}

async fn speak<S>(stream: S, origin: Origin, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match shared.protocol {
        Protocol::Http1 if origin.busy => http1::refuse(stream, origin, &shared).await,
        Protocol::Http1 => http1::run(stream, origin, shared).await,
        Protocol::Http2 => http2::run(stream, origin, shared).await,
    }
}

/// Nothing is negotiated: a client that offers other protocols than ours gets none.
async fn handshake(
    stream: TcpStream,
    config: Arc<rustls::ServerConfig>,
    protocol: Protocol,
) -> io::Result<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let foreign = start
        .client_hello()
        .alpn()
        .is_some_and(|mut offered| !offered.any(|name| name == protocol.alpn()));
    let config = if foreign {
        let mut silent = rustls::ServerConfig::clone(&config);
        silent.alpn_protocols.clear();
        Arc::new(silent)
    } else {
        config
    };
    start.into_stream(config).await
}

impl Origin {
    pub(crate) fn session(&self, shared: &Shared) -> Arc<Session> {
        Arc::new(Session {
            client_cert: self.client_cert.clone(),
            http2: shared.protocol == Protocol::Http2,
            peer: self.peer,
            ..Session::new(
                shared.metrics.sessions().next_id(),
                Arc::clone(shared.metrics.name()),
            )
        })
    }
}

/// Ends a connection in order: what has been sent arrives before the end of the stream, and no
/// reset overtakes it while the client is still writing (apps-and-endpoints.md 9.3).
pub(crate) async fn close_and_drain<S>(mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let drained = async {
        stream.shutdown().await?;
        let mut sink = vec![0; limits::DRAIN_BUFFER];
        let mut total = 0u64;
        while total < limits::DRAIN_BYTES {
            match stream.read(&mut sink).await? {
                0 => break,
                count => total += count as u64,
            }
        }
        io::Result::Ok(())
    };
    // Whether the client saw the end or not, the connection is over.
    let _ = timeout(limits::DRAIN_TIME, drained).await;
}

/// Ends a connection that has nothing in flight.
pub(crate) async fn close<S: AsyncWrite + Unpin>(mut stream: S) {
    let _ = timeout(limits::CLOSE_TIME, stream.shutdown()).await;
}

/// Whether the server is to stop.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new(signal: watch::Receiver<bool>) -> Self {
        Self(signal)
    }

    /// Waits until the server is to stop. A sender that is gone says so too.
    pub(crate) async fn requested(&mut self) {
        let _ = self.0.wait_for(|&stop| stop).await;
    }

    /// Whether the server is to stop.
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
