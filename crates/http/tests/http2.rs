//! HTTP/2 over real sockets: apps-and-endpoints.md 9.2 and 9.3.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use common::{
    Echo, Options, Received, Server, small_limits, soon,
    tls::{TlsClient, secured},
    until,
};
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use quorate_http::{Protocol, SessionLimits, Sessions};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

fn options() -> Options {
    Options {
        protocol: Protocol::Http2,
        ..Options::default()
    }
}

async fn server() -> Server {
    Server::start(options()).await
}

struct H2 {
    send: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl H2 {
    async fn connect(server: &Server) -> Self {
        Self::over(TcpStream::connect(server.address).await.unwrap()).await
    }

    async fn over<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (send, connection) = soon(h2::client::handshake(stream)).await.unwrap();
        Self {
            send,
            connection: tokio::spawn(connection),
        }
    }

    async fn begin(&mut self, request: Request<()>, body: Option<Bytes>) -> ResponseFuture {
        let mut send = soon(self.send.clone().ready()).await.unwrap();
        let (response, mut stream) = send.send_request(request, body.is_none()).unwrap();
        if let Some(body) = body {
            // The server may have answered already.
            let _ = stream.send_data(body, true);
        }
        response
    }

    async fn ask(&mut self, request: Request<()>, body: Option<Bytes>) -> Received {
        let response = self.begin(request, body).await;
        received(response).await
    }

    async fn get(&mut self, path: &str) -> Received {
        self.ask(request("GET", path), None).await
    }

    /// The server has ended the connection.
    async fn assert_closed(self) {
        let Self { send, connection } = self;
        drop(send);
        soon(connection).await.unwrap().unwrap();
    }
}

async fn received(response: ResponseFuture) -> Received {
    let response = soon(response).await.unwrap();
    let (head, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = soon(stream.data()).await {
        let piece = piece.unwrap();
        stream.flow_control().release_capacity(piece.len()).unwrap();
        body.extend_from_slice(&piece);
    }
    let fields: String = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
        .collect();
    Received {
        head: fields,
        status: head.status.as_u16(),
        body,
    }
}

fn request(method: &str, path: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .uri(format!("http://host{path}"))
        .body(())
        .unwrap()
}

#[tokio::test]
async fn apps_9_2_pseudo_headers_are_among_the_headers() {
    let server = server().await;
    let mut client = H2::connect(&server).await;
    let mut asked = request("PUT", "/a%20b?c=%2f&d");
    asked.headers_mut().append("x", "1".parse().unwrap());
    asked.headers_mut().append("x", "2".parse().unwrap());
    let received = client.ask(asked, Some(Bytes::from("abc"))).await;
    assert_eq!(received.status, 200);
    let fields = received.head.clone();
    assert!(
        fields.contains("content-type: application/json\r\n"),
        "{fields}"
    );
    assert!(
        fields.contains(&format!("content-length: {}\r\n", received.body.len())),
        "{fields}"
    );
    let seen = received.json();
    assert_eq!(
        seen["headers"],
        serde_json::json!({
            ":method": "PUT",
            ":scheme": "http",
            ":authority": "host",
            ":path": "/a%20b?c=%2f&d",
            "x": "1"
        })
    );
    assert_eq!(
        (seen["method"].as_str(), seen["body"].as_str()),
        (Some("PUT"), Some("abc"))
    );
    assert_eq!(
        (seen["path"].as_str(), seen["query"].as_str()),
        (Some("/a%20b"), Some("c=%2f&d"))
    );
    assert_eq!(seen["http2"], true);
}

#[tokio::test]
async fn apps_9_2_any_token_is_a_method_and_head_has_no_body() {
    let server = server().await;
    let mut client = H2::connect(&server).await;
    let seen = client.ask(request("FROBNICATE", "/"), None).await.json();
    assert_eq!(seen["method"], "FROBNICATE");
    let head = client.ask(request("HEAD", "/big/12"), None).await;
    assert_eq!(
        (head.head.as_str(), head.body.len()),
        ("content-length: 12\r\n", 0)
    );
}

#[tokio::test]
async fn apps_8_4_each_stream_is_a_session() {
    let server = server().await;
    let mut client = H2::connect(&server).await;
    let first = client.get("/").await.json()["session"].clone();
    let second = client.get("/").await.json()["session"].clone();
    assert_ne!(first, second);
    assert_eq!(
        server.counts().peak,
        1,
        "one connection is one open session"
    );
}

#[tokio::test]
async fn apps_9_2_streams_do_not_wait_for_each_other() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..options()
    })
    .await;
    let mut client = H2::connect(&server).await;
    let later = client.begin(request("GET", "/later"), None).await;
    until(|| echo.calls() == 1).await;
    assert_eq!(client.get("/2").await.json()["path"], "/2");
    echo.gate.add_permits(1);
    assert_eq!(received(later).await.json()["path"], "/later");
}

#[tokio::test]
async fn apps_9_2_nothing_is_sent_before_the_preface() {
    let server = server().await;
    for sent in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"x",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r",
    ] {
        let before = server.counts().errors.parsing;
        let mut client = server.connect().await;
        client.send(sent).await;
        client.assert_closed().await;
        assert_eq!(server.counts().errors.parsing, before + 1);
    }
    let mut client = server.connect().await;
    client.send(&PREFACE[..23]).await;
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(100), client.stream.read(&mut byte));
    assert!(early.await.is_err(), "settings before the preface");
    client.send(&PREFACE[23..]).await;
    client.send(SETTINGS).await;
    assert_eq!(soon(client.stream.read(&mut byte)).await.unwrap(), 1);
    assert_eq!(server.counts().errors.parsing, 3);
}

#[tokio::test]
async fn apps_9_2_settings() {
    let server = Server::start(Options {
        limits: small_limits(),
        ..options()
    })
    .await;
    let mut client = server.connect().await;
    client.send([PREFACE, SETTINGS].concat()).await;
    let mut head = [0; 9];
    soon(client.stream.read_exact(&mut head)).await.unwrap();
    let length = usize::from(head[2]);
    assert_eq!(
        (head[0], head[1], head[3], head[4]),
        (0, 0, 4, 0),
        "a SETTINGS frame"
    );
    let mut payload = vec![0; length];
    soon(client.stream.read_exact(&mut payload)).await.unwrap();
    let mut settings: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|setting| {
            let id = u16::from_be_bytes([setting[0], setting[1]]);
            let value = [setting[2], setting[3], setting[4], setting[5]];
            (id, u32::from_be_bytes(value))
        })
        .collect();
    settings.sort_unstable();
    // MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE.
    assert_eq!(settings, [(3, 100), (4, 65_536), (5, 16_384), (6, 6 * 64)]);
}

#[tokio::test]
async fn apps_9_3_headers_beyond_the_limits_are_answered_on_their_stream() {
    let mut limits = small_limits();
    // Room for h2's own count of the list, which adds 32 bytes a field.
    limits.max_headers_count = 12;
    let server = Server::start(Options {
        limits,
        ..options()
    })
    .await;
    let just = "n".repeat(64);
    for (number, (fields, message)) in [
        (
            vec![(format!("{just}n"), "1".to_owned())],
            format!("Header key for '{just}n' is too large (max size allowed: 64B)"),
        ),
        (
            vec![("x-big".to_owned(), format!("{just}n"))],
            "Header value for 'x-big' is too large (max size allowed: 64B)".to_owned(),
        ),
        // With the four pseudo-headers these are 13.
        (
            (0..9).map(|n| (format!("x{n}"), "1".to_owned())).collect(),
            "Too many headers (max number allowed: 12)".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = H2::connect(&server).await;
        let mut asked = request("GET", "/");
        for (name, value) in fields {
            let name: http::HeaderName = name.parse().unwrap();
            asked.headers_mut().append(name, value.parse().unwrap());
        }
        let received = client.ask(asked, None).await;
        received.assert_error(431, "RequestHeaderTooLarge", &message);
        assert_eq!(
            server.counts().errors.request_header_too_large,
            number as u64 + 1
        );
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn apps_9_3_a_body_beyond_the_limit_is_answered_on_its_stream() {
    let limits = quorate_http::HttpLimits {
        max_body_size: quorate_http::Size::new(1024, "1KB"),
        ..Default::default()
    };
    let server = Server::start(Options {
        limits,
        ..options()
    })
    .await;
    let message = "HTTP request body is too large (max size allowed: 1KB)";
    let mut client = H2::connect(&server).await;
    let within = client
        .ask(request("GET", "/"), Some(common::body(1024)))
        .await;
    assert_eq!(within.status, 200);
    for (number, announced) in [false, true].into_iter().enumerate() {
        let mut client = H2::connect(&server).await;
        let mut asked = request("POST", "/");
        if announced {
            asked
                .headers_mut()
                .insert("content-length", "50000".parse().unwrap());
        }
        let received = client.ask(asked, Some(common::body(50_000))).await;
        received.assert_error(413, "RequestBodyTooLarge", message);
        assert_eq!(
            server.counts().errors.request_payload_too_large,
            number as u64 + 1
        );
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn apps_9_2_frame_errors_get_goaway_with_the_right_code() {
    let server = server().await;
    // DATA on stream 0 is a PROTOCOL_ERROR, a frame that is too long or of a size that its kind
    // does not have a FRAME_SIZE_ERROR, an endless window a FLOW_CONTROL_ERROR.
    for (number, (frame, code)) in [
        (&[0, 0, 1, 0, 0, 0, 0, 0, 0, 7][..], 1_u32),
        (&[0, 0x40, 1, 0, 0, 0, 0, 0, 1], 6),
        (&[0, 0, 4, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4], 6),
        (&[0, 0, 3, 8, 0, 0, 0, 0, 0, 1, 2, 3], 6),
        (&[0, 0, 1, 4, 0, 0, 0, 0, 0, 1], 6),
        (&[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff], 3),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect().await;
        client.send([PREFACE, SETTINGS, frame].concat()).await;
        let mut sent = Vec::new();
        soon(client.stream.read_to_end(&mut sent)).await.unwrap();
        let mut rest = &sent[..];
        let mut last = None;
        while let [a, b, c, kind, ..] = *rest {
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            last = Some((kind, rest[9..9 + length].to_vec()));
            rest = &rest[9 + length..];
        }
        let (kind, payload) = last.unwrap();
        assert_eq!(kind, 7, "GOAWAY");
        assert_eq!(payload[4..8], code.to_be_bytes());
        assert_eq!(server.counts().errors.parsing, number as u64 + 1);
    }
}

#[tokio::test]
async fn apps_9_5_beyond_the_soft_cap_503() {
    let sessions = SessionLimits {
        soft_cap: 1,
        hard_cap: 8,
        ..SessionLimits::default()
    };
    let server = Server::start(Options {
        sessions,
        ..options()
    })
    .await;
    let mut first = H2::connect(&server).await;
    assert_eq!(first.get("/").await.status, 200);
    for _ in 0..20 {
        let mut second = H2::connect(&server).await;
        let message = "Service is currently busy and unable to serve new connections";
        second
            .get("/")
            .await
            .assert_error(503, "SessionCapExhausted", message);
        second.assert_closed().await;
    }
    assert!(server.counts().peak < 8, "{:?}", server.counts());
    until(|| server.counts().active == 1).await;
    assert_eq!(first.get("/").await.status, 200);
}

#[tokio::test]
async fn apps_9_5_idle_connections_end() {
    let idle_timeout = Some(Duration::from_millis(300));
    let sessions = SessionLimits {
        idle_timeout,
        ..SessionLimits::default()
    };
    let server = Server::start(Options {
        sessions,
        ..options()
    })
    .await;
    let mut client = H2::connect(&server).await;
    assert_eq!(client.get("/").await.status, 200);
    client.assert_closed().await;
    // Before the preface, without data.
    server.connect().await.assert_closed().await;
    until(|| server.counts().active == 0).await;
    assert_eq!(server.counts().errors, Default::default());
}

#[tokio::test]
async fn apps_9_5_a_connection_that_waits_for_an_answer_is_not_idle() {
    let echo = Echo::new();
    let time = Duration::from_millis(100);
    let sessions = SessionLimits {
        idle_timeout: Some(time),
        ..SessionLimits::default()
    };
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        sessions,
        service,
        ..options()
    })
    .await;
    let mut client = H2::connect(&server).await;
    let later = client.begin(request("GET", "/later"), None).await;
    tokio::time::sleep(time * 5).await;
    echo.gate.add_permits(1);
    assert_eq!(received(later).await.status, 200);
}

#[tokio::test]
async fn apps_9_2_over_tls() {
    let (_configs, security) = secured("server", Protocol::Http2);
    let server = Server::start(Options {
        security,
        ..options()
    })
    .await;
    let identity = Some(("p256", "p256"));
    for alpn in [vec!["h2"], vec![]] {
        let client = TlsClient {
            alpn: alpn.clone(),
            identity,
            ..TlsClient::default()
        };
        let stream = client.connect(&server).await.unwrap().stream;
        let chosen = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        assert_eq!(chosen.as_deref(), alpn.first().map(|name| name.as_bytes()));
        let mut client = H2::over(stream).await;
        let seen = client.get("/").await.json();
        assert_eq!(seen["cert"], hex::encode(common::tls::der("p256")));
    }
}

#[tokio::test]
async fn a_stopped_server_finishes_what_it_is_at() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..options()
    })
    .await;
    let mut client = H2::connect(&server).await;
    let later = client.begin(request("GET", "/later"), None).await;
    until(|| echo.calls() == 1).await;
    server.stop.send(true).unwrap();
    echo.gate.add_permits(1);
    assert_eq!(received(later).await.status, 200);
    client.assert_closed().await;
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn large_bodies_both_ways() {
    let registry = Sessions::new();
    let server = Server::start(Options {
        registry,
        ..options()
    })
    .await;
    let mut client = H2::connect(&server).await;
    assert_eq!(client.get("/big/3000000").await.body.len(), 3_000_000);
    let mut send = soon(client.send.clone().ready()).await.unwrap();
    let (response, mut stream) = send.send_request(request("POST", "/"), false).unwrap();
    for _ in 0..16 {
        stream.send_data(common::body(60_000), false).unwrap();
    }
    stream.send_data(Bytes::new(), true).unwrap();
    let seen = received(response).await.json();
    assert_eq!(seen["body"].as_str().map(str::len), Some(960_000));
    let mut raw = server.connect().await;
    soon(raw.stream.shutdown()).await.unwrap();
    until(|| server.counts().active == 1).await;
}
