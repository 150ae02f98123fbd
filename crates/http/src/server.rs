//! Accepts the connections of one interface (apps-and-endpoints.md 9.5).

use std::{io, sync::Arc};

use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    connection::{self, Shared, Stop},
    limits,
    message::Service,
    metrics::{Admission, InterfaceMetrics},
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
/// finish the request they are at, within [`limits::SHUTDOWN_TIME`], and returns.
///
/// Must run on a tokio runtime with I/O and time enabled. If the returned future is dropped, all
/// sessions end at once.
pub async fn serve(
    interface: Interface,
    service: Arc<dyn Service>,
    shutdown: watch::Receiver<bool>,
) {
    let Interface {
        listener,
        security,
        protocol,
        limits,
        sessions,
        metrics,
    } = interface;
    let shared = Arc::new(Shared {
        protocol,
        limits: Arc::new(limits),
        sessions,
        metrics,
        service,
        stop: Stop::new(shutdown),
        lingering: Arc::new(Semaphore::new(limits::LINGERING)),
    });
    let mut stop = shared.stop.clone();
    let mut running = JoinSet::new();
    let mut acceptor = Acceptor {
        listener,
        security,
        starved: false,
    };
    loop {
        tokio::select! {
            biased;
            () = stop.requested() => break,
            Some(_) = running.join_next() => {}
            accepted = acceptor.next() => {
                if let Some(session) = accepted.and_then(|stream| begin(stream, &shared)) {
                    running.spawn(session);
                }
            }
        }
    }
    drop(acceptor);
    let ended = async { while running.join_next().await.is_some() {} };
    // Whatever is left is aborted with the set.
    let _ = timeout(limits::SHUTDOWN_TIME, ended).await;
}

struct Acceptor {
    listener: TcpListener,
    security: Security,
    /// Whether there was no descriptor left at the last attempt.
    starved: bool,
}

/// A connection that may become a session.
struct Connection {
    stream: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Acceptor {
    /// The next connection; `None` if it has been dropped, or there was none to accept.
    async fn next(&mut self) -> Option<Connection> {
        match self.listener.accept().await {
            Ok((stream, _)) => {
                self.starved = false;
                match &self.security {
                    Security::Unsecured => Some(Connection { stream, tls: None }),
                    Security::Tls(configs) => {
                        let tls = configs.borrow().clone()?;
                        Some(Connection {
                            stream,
                            tls: Some(tls),
                        })
                    }
                }
            }
            Err(error) => {
                self.pause(&error).await;
                None
            }
        }
    }

    /// Nothing but accepting waits for descriptors.
    async fn pause(&mut self, error: &io::Error) {
        let lacks = matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
        );
        if !lacks {
            // The client has gone already, or the like: the next one may be well.
            return;
        }
        if !self.starved {
            self.starved = true;
            tracing::info!("Accepting connections pauses: {error}");
        }
        sleep(limits::ACCEPT_PAUSE).await;
    }
}

/// Applies the caps, and makes the future that is the session.
fn begin(
    connection: Connection,
    shared: &Arc<Shared>,
) -> Option<impl Future<Output = ()> + Send + 'static> {
    let (open, busy) = match shared.metrics.admit() {
        Admission::Refused => return None,
        Admission::Busy(open) => (open, true),
        Admission::Admitted(open) => (open, false),
    };
    let Connection { stream, tls } = connection;
    let peer = prepare(&stream, &shared.sessions).ok()?;
    let accepted = connection::Accepted {
        stream,
        peer,
        tls,
        open,
        busy,
    };
    Some(connection::run(accepted, Arc::clone(shared)))
}

/// Socket options. Fails if the client has gone already.
fn prepare(stream: &TcpStream, sessions: &SessionLimits) -> io::Result<std::net::SocketAddr> {
    stream.set_nodelay(true)?;
    rustix::net::sockopt::set_socket_keepalive(stream, true)?;
    if let Some(time) = sessions.user_timeout {
        let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds)?;
    }
    stream.peer_addr()
}
