//! Sessions over real sockets: apps-and-endpoints.md 9.5.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{Echo, Options, Server, soon, until};
use quorate_http::{SessionLimits, Sessions};
use tokio::time::Instant;

const BUSY: &str = "Service is currently busy and unable to serve new connections";

async fn capped(soft: u64, hard: u64) -> Server {
    let sessions = SessionLimits {
        soft_cap: soft,
        hard_cap: hard,
        ..SessionLimits::default()
    };
    Server::start(Options {
        sessions,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn apps_9_5_beyond_the_soft_cap_503_whatever_is_sent() {
    let server = capped(1, 3).await;
    let mut first = server.connect().await;
    assert_eq!(first.get("/").await.status, 200);
    for sent in ["", "GET / HTTP/1.1\r\n\r\n", "\x01"] {
        let mut second = server.connect().await;
        second.send(sent).await;
        let received = second.receive().await;
        received.assert_error(503, "SessionCapExhausted", BUSY);
        assert!(
            received
                .head
                .starts_with("HTTP/1.1 503 SERVICE_UNAVAILABLE\r\n")
        );
        second.assert_closed().await;
    }
    assert_eq!(server.counts().errors, Default::default());
    assert_eq!(first.get("/").await.status, 200);
}

#[tokio::test]
async fn apps_9_5_one_busy_connection_after_the_other_never_reaches_the_hard_cap() {
    let server = capped(2, 12).await;
    let mut served = [server.connect().await, server.connect().await];
    for client in &mut served {
        assert_eq!(client.get("/").await.status, 200);
    }
    // They stay open at the client's side.
    let mut busy = Vec::new();
    for _ in 0..100 {
        let mut client = server.connect().await;
        client
            .receive()
            .await
            .assert_error(503, "SessionCapExhausted", BUSY);
        busy.push(client);
    }
    assert!(server.counts().peak < 12, "{:?}", server.counts());
    until(|| server.counts().active == 2).await;
    drop(served);
    until(|| server.counts().active == 0).await;
    assert_eq!(server.connect().await.get("/").await.status, 200);
}

#[tokio::test]
async fn apps_9_5_beyond_the_hard_cap_nothing_is_sent() {
    let server = capped(2, 2).await;
    let mut served = [server.connect().await, server.connect().await];
    for client in &mut served {
        assert_eq!(client.get("/").await.status, 200);
    }
    for _ in 0..5 {
        server.connect().await.assert_closed().await;
    }
    let counts = server.counts();
    assert_eq!(
        (counts.active, counts.peak, counts.soft_cap, counts.hard_cap),
        (2, 2, 2, 2)
    );
    drop(served);
    until(|| server.counts().active == 0).await;
    assert_eq!(server.connect().await.get("/").await.status, 200);
}

#[tokio::test]
async fn apps_9_3_totals_are_over_all_interfaces() {
    let registry = Sessions::new();
    let options = || Options {
        registry: Arc::clone(&registry),
        ..Options::default()
    };
    let a = Server::start_named("a", options()).await;
    let b = Server::start_named("b", options()).await;
    let mut clients = [a.connect().await, a.connect().await, b.connect().await];
    let mut ids = Vec::new();
    for client in &mut clients {
        ids.push(client.get("/").await.json()["session"].as_u64());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "ids are unique in the process");
    let all = registry.snapshot();
    assert_eq!((all.active, all.peak), (3, 3));
    assert_eq!(
        (all.interfaces["a"].active, all.interfaces["b"].active),
        (2, 1)
    );
    drop(clients);
    until(|| registry.snapshot().active == 0).await;
    let shown = serde_json::to_value(registry.snapshot()).unwrap();
    assert_eq!(
        shown,
        serde_json::json!({
            "active": 0,
            "peak": 3,
            "interfaces": {
                "a": {
                    "active": 0, "peak": 2, "soft_cap": 1000, "hard_cap": 1010,
                    "errors": {
                        "parsing": 0,
                        "request_payload_too_large": 0,
                        "request_header_too_large": 0
                    }
                },
                "b": {
                    "active": 0, "peak": 1, "soft_cap": 1000, "hard_cap": 1010,
                    "errors": {
                        "parsing": 0,
                        "request_payload_too_large": 0,
                        "request_header_too_large": 0
                    }
                }
            }
        })
    );
}

async fn idle_after(time: Duration) -> Server {
    let sessions = SessionLimits {
        idle_timeout: Some(time),
        ..SessionLimits::default()
    };
    Server::start(Options {
        sessions,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn apps_9_5_idle_sessions_end_in_order_without_data() {
    let time = Duration::from_millis(300);
    let server = idle_after(time).await;
    for beginning in ["", "GE", "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nab"] {
        let mut client = server.connect().await;
        assert_eq!(client.get("/").await.status, 200);
        client.send(beginning).await;
        let begin = Instant::now();
        client.assert_closed().await;
        assert!(begin.elapsed() > time / 2, "{:?}", begin.elapsed());
    }
    until(|| server.counts().active == 0).await;
    assert_eq!(server.counts().errors, Default::default());
}

#[tokio::test]
async fn apps_9_5_a_session_that_waits_for_its_answer_is_not_idle() {
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
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET /later HTTP/1.1\r\n\r\n").await;
    tokio::time::sleep(time * 3).await;
    echo.gate.add_permits(1);
    assert_eq!(client.receive().await.status, 200);
}

#[tokio::test]
async fn a_stopped_server_ends_its_sessions_in_order() {
    let server = Server::plain().await;
    let mut idle = server.connect().await;
    assert_eq!(idle.get("/").await.status, 200);
    server.stop.send(true).unwrap();
    idle.assert_closed().await;
    soon(server.task).await.unwrap();
    assert_eq!(server.registry.snapshot().active, 0);
    assert!(
        tokio::net::TcpStream::connect(server.address)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_stopped_server_finishes_what_it_is_at() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET /later HTTP/1.1\r\n\r\n").await;
    until(|| echo.calls() == 1).await;
    server.stop.send(true).unwrap();
    echo.gate.add_permits(1);
    assert_eq!(client.receive().await.status, 200);
    client.assert_closed().await;
    soon(server.task).await.unwrap();
}

#[tokio::test]
async fn a_stopped_server_does_not_wait_for_ever() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    client.send("GET /later HTTP/1.1\r\n\r\n").await;
    until(|| echo.calls() == 1).await;
    drop(server.stop);
    soon(server.task).await.unwrap();
    assert_eq!(server.registry.snapshot().active, 0);
    client.assert_closed().await;
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_session() {
    let server = Server::plain().await;
    for beginning in [
        "",
        "GET / HT",
        "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx",
    ] {
        let mut client = server.connect().await;
        client.send(beginning).await;
        until(|| server.counts().active == 1).await;
        drop(client);
        until(|| server.counts().active == 0).await;
    }
}
