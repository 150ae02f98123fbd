//! A server on a free port, a service that can be told what to do, and a client that sees bytes.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub mod tls;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use quorate_http::{
    Headers, HttpLimits, Interface, InterfaceCounts, Protocol, Reply, Request, Response, Security,
    Service, SessionLimits, Sessions, Size, serve,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};

/// Nothing in these tests takes this long.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work).await.expect("took too long")
}

/// Waits until a condition holds.
pub async fn until(condition: impl Fn() -> bool) {
    soon(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// | path | answer |
/// |---|---|
/// | `/later` | once [`Echo::gate`] has a permit |
/// | `/soon` | later, without waiting |
/// | `/close` | closes |
/// | `/big/N` | N bytes |
/// | else | what was asked |
pub struct Echo {
    pub gate: Arc<Semaphore>,
    pub calls: AtomicUsize,
}

impl Echo {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Arc::new(Semaphore::new(0)),
            calls: AtomicUsize::new(0),
        })
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Service for Echo {
    fn call(&self, request: Request) -> Reply {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let response = answer(&request);
        match request.path() {
            "/later" => {
                let gate = Arc::clone(&self.gate);
                Reply::Later(Box::pin(async move {
                    gate.acquire().await.unwrap().forget();
                    response
                }))
            }
            "/soon" => Reply::Later(Box::pin(async move { response })),
            _ => Reply::Now(response),
        }
    }
}

fn answer(request: &Request) -> Response {
    if let Some(count) = request.path().strip_prefix("/big/") {
        return Response::new(200, vec![b'x'; count.parse().unwrap()]);
    }
    let session = &request.session;
    let headers: serde_json::Map<_, _> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into()))
        .collect();
    let body = serde_json::json!({
        "method": request.method.as_str(),
        "target": request.target,
        "path": request.path(),
        "query": request.query(),
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
        "session": session.id,
        "interface": &*session.interface,
        "http2": session.http2,
        "cert": session.client_cert.as_ref().map(hex::encode),
        "peer": session.peer.to_string(),
    });
    let mut response = Response::new(200, body.to_string());
    response.headers = Headers::from_iter([("content-type", "application/json")]);
    response.close = request.path() == "/close";
    response
}

pub struct Options {
    pub protocol: Protocol,
    pub security: Security,
    pub limits: HttpLimits,
    pub sessions: SessionLimits,
    pub registry: Arc<Sessions>,
    pub service: Arc<dyn Service>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            protocol: Protocol::Http1,
            security: Security::Unsecured,
            limits: HttpLimits::default(),
            sessions: SessionLimits::default(),
            registry: Sessions::new(),
            service: Echo::new(),
        }
    }
}

/// Limits that are easy to break.
pub fn small_limits() -> HttpLimits {
    HttpLimits {
        max_body_size: Size::new(1024, "1KB"),
        max_header_size: Size::new(64, "64B"),
        max_headers_count: 6,
        ..HttpLimits::default()
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub name: String,
    pub registry: Arc<Sessions>,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl Server {
    pub async fn start(options: Options) -> Self {
        Self::start_named("main", options).await
    }

    pub async fn start_named(name: &str, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let registry = options.registry;
        let metrics = registry.interface(name, &options.sessions);
        let interface = Interface {
            listener,
            security: options.security,
            protocol: options.protocol,
            limits: options.limits,
            sessions: options.sessions,
            metrics,
        };
        let task = tokio::spawn(serve(interface, options.service, stopped));
        Self {
            address,
            name: name.to_owned(),
            registry,
            stop,
            task,
        }
    }

    pub async fn plain() -> Self {
        Self::start(Options::default()).await
    }

    pub async fn connect(&self) -> Client<TcpStream> {
        Client::new(soon(TcpStream::connect(self.address)).await.unwrap())
    }

    pub fn counts(&self) -> InterfaceCounts {
        self.registry.snapshot().interfaces[self.name.as_str()]
    }
}

/// A client that writes bytes and reads responses.
pub struct Client<S> {
    pub stream: S,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub struct Received {
    /// Status line and fields, as sent.
    pub head: String,
    pub status: u16,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Code and message of an error body, which must be exactly that.
    pub fn assert_error(&self, status: u16, code: &str, message: &str) {
        let want = serde_json::json!({ "error": { "code": code, "message": message } });
        assert_eq!(
            (self.status, self.text()),
            (status, want.to_string().as_str())
        );
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(async {
            self.stream.write_all(bytes.as_ref()).await.unwrap();
            self.stream.flush().await.unwrap();
        })
        .await;
    }

    pub async fn get(&mut self, target: &str) -> Received {
        self.send(format!("GET {target} HTTP/1.1\r\n\r\n")).await;
        self.receive().await
    }

    pub async fn receive(&mut self) -> Received {
        self.receive_to(false).await
    }

    /// Reads a response; one to `HEAD` has no body.
    pub async fn receive_to(&mut self, head_only: bool) -> Received {
        let end = soon(async {
            loop {
                if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                    return at + 4;
                }
                assert!(self.more().await > 0, "closed in a head: {:?}", self.buffer);
            }
        })
        .await;
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .expect("content-length is always there");
        let length: usize = if head_only {
            0
        } else {
            length.parse().unwrap()
        };
        soon(async {
            while self.buffer.len() < length {
                assert!(self.more().await > 0, "closed in a body");
            }
        })
        .await;
        let body = self.buffer.drain(..length).collect();
        Received { head, status, body }
    }

    async fn more(&mut self) -> usize {
        let mut piece = vec![0; 64 * 1024];
        let count = self.stream.read(&mut piece).await.unwrap();
        self.buffer.extend_from_slice(&piece[..count]);
        count
    }

    /// The server has closed in order, and has sent nothing more.
    pub async fn assert_closed(&mut self) {
        assert_eq!(self.buffer, b"");
        assert_eq!(soon(self.more()).await, 0, "got {:?}", self.buffer);
    }
}

pub fn body(size: usize) -> Bytes {
    Bytes::from(vec![b'b'; size])
}
