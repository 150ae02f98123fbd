//! HTTP/1 over real sockets: apps-and-endpoints.md 9.1 and 9.3.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{Client, Echo, Options, Server, small_limits, soon, until};
use quorate_http::{HttpLimits, Size};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn small() -> Server {
    Server::start(Options {
        limits: small_limits(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn apps_9_1_responses_on_the_wire() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    client.send("GET /big/3 HTTP/1.1\r\n\r\n").await;
    let want = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nxxx";
    let mut got = vec![0; want.len()];
    soon(client.stream.read_exact(&mut got)).await.unwrap();
    assert_eq!(got, want);
}

#[tokio::test]
async fn apps_9_1_requests_arrive_as_sent() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    client
        .send("PUT /a%20b?c=%2f&d#e HTTP/1.0\r\nX-One:  1 \r\nx-one: 2\r\nContent-Length: 3\r\n\r\nabc")
        .await;
    let seen = client.receive().await.json();
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["target"], "/a%20b?c=%2f&d#e");
    assert_eq!(seen["path"], "/a%20b");
    assert_eq!(seen["query"], "c=%2f&d");
    assert_eq!(
        seen["headers"],
        serde_json::json!({ "x-one": "1 ", "content-length": "3" })
    );
    assert_eq!(seen["body"], "abc");
    assert_eq!(seen["interface"], "main");
    assert_eq!(seen["http2"], false);
    assert_eq!(seen["cert"], serde_json::Value::Null);
    assert_eq!(
        seen["peer"],
        client.stream.local_addr().unwrap().to_string()
    );
}

#[tokio::test]
async fn apps_9_1_path_ends_at_the_question_mark_only() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    let seen = client.get("/a#b").await.json();
    assert_eq!(
        (seen["path"].as_str(), seen["query"].as_str()),
        (Some("/a#b"), None)
    );
    let seen = client.get("http://host/a?b?c#d").await.json();
    assert_eq!(
        (seen["path"].as_str(), seen["query"].as_str()),
        (Some("http://host/a"), Some("b?c"))
    );
    let seen = client.get("/a?").await.json();
    assert_eq!(
        (seen["path"].as_str(), seen["query"].as_str()),
        (Some("/a"), Some(""))
    );
}

#[tokio::test]
async fn apps_9_1_keep_alive_always() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    let mut ids = Vec::new();
    for head in [
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nconnection: close\r\n",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/0.9\r\n",
        "GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
        "CONNECT host:1 HTTP/1.1\r\n",
        "GET / HTTP/2.0\r\n",
    ] {
        client.send(format!("{head}\r\n")).await;
        let received = client.receive().await;
        assert!(received.head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(!received.head.contains("connection"), "{}", received.head);
        ids.push(received.json()["session"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(server.counts().peak, 1);
}

#[tokio::test]
async fn apps_9_1_chunked_bodies_and_no_100_continue() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    client
        .send("POST / HTTP/1.1\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    client.send("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").await;
    let received = client.receive().await;
    assert_eq!(received.status, 200);
    assert_eq!(received.json()["body"], "abc");
}

#[tokio::test]
async fn apps_9_1_head_has_no_body() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    client
        .send("HEAD /big/10 HTTP/1.1\r\n\r\nGET /big/1 HTTP/1.1\r\n\r\n")
        .await;
    assert!(
        client
            .receive_to(true)
            .await
            .head
            .contains("content-length: 0\r\n")
    );
    assert_eq!(client.receive().await.text(), "x");
}

#[tokio::test]
async fn apps_9_1_pipelined_requests_are_answered_in_order() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    let mut wire = String::new();
    for number in 0..1000 {
        let path = if number % 3 == 0 { "/soon" } else { "/" };
        wire += &format!("POST {path}?{number} HTTP/1.1\r\ncontent-length: 4\r\n\r\n{number:04}");
    }
    let (mut reader, mut writer) = client.stream.split();
    let write = async { writer.write_all(wire.as_bytes()).await.unwrap() };
    let read = async {
        let mut text = String::new();
        let mut piece = vec![0; 64 * 1024];
        while text.matches("HTTP/1.1 200 OK").count() < 1000 || !text.ends_with('}') {
            let count = reader.read(&mut piece).await.unwrap();
            assert!(count > 0);
            text += std::str::from_utf8(&piece[..count]).unwrap();
        }
        text
    };
    let ((), text) = soon(async { tokio::join!(write, read) }).await;
    let bodies: Vec<_> = text
        .split("\"body\":\"")
        .skip(1)
        .map(|rest| rest[..4].parse::<u32>().unwrap())
        .collect();
    assert_eq!(bodies, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_next_one() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    client
        .send("GET /1 HTTP/1.1\r\n\r\nGET /later HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n")
        .await;
    assert_eq!(client.receive().await.json()["path"], "/1");
    until(|| echo.calls() == 2).await;
    echo.gate.add_permits(1);
    assert_eq!(client.receive().await.json()["path"], "/later");
    assert_eq!(client.receive().await.json()["path"], "/3");
}

#[tokio::test]
async fn apps_8_4_an_answer_can_close_and_nothing_after_it_is_executed() {
    let echo = Echo::new();
    let service = Arc::clone(&echo);
    let server = Server::start(Options {
        service,
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    client
        .send("GET /close HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
        .await;
    assert_eq!(client.receive().await.status, 200);
    client.assert_closed().await;
    assert_eq!(echo.calls(), 1);
    assert_eq!(server.counts().errors, Default::default());
}

#[tokio::test]
async fn apps_9_1_the_first_offending_byte_is_answered_at_once() {
    let server = Server::plain().await;
    for (number, (sent, error)) in [
        (
            &b"\x01"[..],
            "HPE_INVALID_METHOD: Invalid method encountered) around byte 0",
        ),
        (
            b"get",
            "HPE_INVALID_METHOD: Invalid method encountered) around byte 0",
        ),
        (
            b"POST / HTTP/42.42",
            "HPE_INVALID_VERSION: Expected dot) around byte 13",
        ),
        (
            b"POST /node/\xff HTTP/2.0\r\n\r\n",
            "HPE_INVALID_URL: Invalid char in url path) around byte 11",
        ),
        (
            b"{\"hello\": \"world\"}",
            "HPE_INVALID_METHOD: Invalid method encountered) around byte 0",
        ),
        (
            b"GET / HTTP/1.1\r\na: \x00\xff\r\n\r\nGET",
            "HPE_INVALID_HEADER_TOKEN: Invalid header value char) around byte 19",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect().await;
        client.send(sent).await;
        let received = client.receive().await;
        let text = format!(
            "Unable to parse data as a HTTP request. Error message is: HTTP parsing failed ({error}\nError occurred while parsing fragment:\n"
        );
        assert_eq!(received.body, [text.as_bytes(), sent].concat());
        assert_eq!(
            received.head,
            format!(
                "HTTP/1.1 400 BAD_REQUEST\r\ncontent-length: {}\r\ncontent-type: text/plain\r\n\r\n",
                received.body.len()
            )
        );
        // The count is there before the answer.
        assert_eq!(server.counts().errors.parsing, number as u64 + 1);
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn apps_9_3_the_fragment_is_the_whole_chunk_unchanged() {
    let server = Server::plain().await;
    let mut client = server.connect().await;
    let sent = b"GET /1 HTTP/1.1\r\nHost: UPPER\r\n\r\nGET /2 HTTP/1.1\r\n\r\nBAD\0\xfe\r\n";
    client.send(sent).await;
    assert_eq!(client.receive().await.status, 200);
    assert_eq!(client.receive().await.status, 200);
    let refused = client.receive().await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.ends_with(sent));
    let text = String::from_utf8_lossy(&refused.body);
    assert!(text.contains("around byte 52\n"), "{text}");
    client.assert_closed().await;
}

#[tokio::test]
async fn apps_9_3_a_body_beyond_the_limit() {
    let server = small().await;
    let message = "HTTP request body is too large (max size allowed: 1KB)";
    let full = "x".repeat(1025);
    let mut client = server.connect().await;
    let within = format!(
        "GET / HTTP/1.1\r\ncontent-length: 1024\r\n\r\n{}",
        &full[1..]
    );
    client.send(within).await;
    assert_eq!(client.receive().await.status, 200);
    for (number, wire) in [
        format!("POST /unknown HTTP/1.1\r\ncontent-length: 1025\r\n\r\n{full}"),
        format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n401\r\n{full}\r\n0\r\n\r\n"),
        "GET / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect().await;
        client.send(wire).await;
        let received = client.receive().await;
        received.assert_error(413, "RequestBodyTooLarge", message);
        assert!(received.head.contains("content-type: application/json\r\n"));
        assert_eq!(
            server.counts().errors.request_payload_too_large,
            number as u64 + 1
        );
        client.assert_closed().await;
    }
    assert_eq!(server.counts().errors.parsing, 0);
    assert_eq!(server.counts().errors.request_header_too_large, 0);
}

#[tokio::test]
async fn apps_9_3_a_refusal_reaches_a_client_that_is_still_writing() {
    let server = small().await;
    for _ in 0..20 {
        let mut client = server.connect().await;
        // Far more than the socket buffers hold.
        let length = 16 << 20;
        client
            .send(format!(
                "POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await;
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..16 {
            client.send(&piece).await;
        }
        let message = "HTTP request body is too large (max size allowed: 1KB)";
        client
            .receive()
            .await
            .assert_error(413, "RequestBodyTooLarge", message);
        client.assert_closed().await;
    }
}

#[tokio::test]
async fn apps_9_3_headers_beyond_the_limits() {
    let server = small().await;
    let just = "n".repeat(64);
    let mut client = server.connect().await;
    let within =
        format!("GET / HTTP/1.1\r\n{just}: {just}\r\na:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\n\r\n");
    client.send(within).await;
    assert_eq!(client.receive().await.status, 200);
    for (number, (fields, message)) in [
        (
            format!("{just}n: 1\r\n"),
            format!("Header key for '{just}n' is too large (max size allowed: 64B)"),
        ),
        (
            format!("X-Big: {just}n\r\n"),
            "Header value for 'x-big' is too large (max size allowed: 64B)".to_owned(),
        ),
        (
            "a:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\nf:1\r\ng:1\r\n".to_owned(),
            "Too many headers (max number allowed: 6)".to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = server.connect().await;
        client.send(format!("GET / HTTP/1.1\r\n{fields}\r\n")).await;
        let received = client.receive().await;
        received.assert_error(431, "RequestHeaderTooLarge", &message);
        assert!(
            received
                .head
                .starts_with("HTTP/1.1 431 REQUEST_HEADER_FIELDS_TOO_LARGE\r\n")
        );
        assert_eq!(
            server.counts().errors.request_header_too_large,
            number as u64 + 1
        );
        client.assert_closed().await;
    }
    assert_eq!(server.counts().errors.parsing, 0);
}

#[tokio::test]
async fn large_answers_arrive_whole_and_in_order() {
    let limits = HttpLimits {
        max_body_size: Size::new(8 << 20, "8MB"),
        ..HttpLimits::default()
    };
    let server = Server::start(Options {
        limits,
        ..Options::default()
    })
    .await;
    let mut client = server.connect().await;
    let sizes = [3, 10 << 20, 65_535, 65_536, 300_000, 0, 7];
    let wire: String = sizes
        .iter()
        .map(|size| format!("GET /big/{size} HTTP/1.1\r\n\r\n"))
        .collect();
    client.send(wire).await;
    for size in sizes {
        assert_eq!(client.receive().await.body.len(), size);
    }
    let body = vec![b'y'; 5 << 20];
    client
        .send(format!(
            "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ))
        .await;
    client.send(&body).await;
    assert_eq!(
        client.receive().await.json()["body"].as_str().map(str::len),
        Some(body.len())
    );
}

#[tokio::test]
async fn garbage_of_every_kind_is_answered_and_harms_nobody() {
    let server = Server::plain().await;
    let mut seed = 1_u64;
    for _ in 0..100 {
        let mut bytes: Vec<u8> = (0..40)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        if bytes[0].is_ascii_uppercase() || matches!(bytes[0], b'\r' | b'\n') {
            bytes.insert(0, 0);
        }
        let mut client = server.connect().await;
        client.send(&bytes).await;
        let received = client.receive().await;
        assert_eq!(received.status, 400);
        assert!(received.body.ends_with(&bytes));
    }
    assert_eq!(server.counts().errors.parsing, 100);
    let mut client: Client<_> = server.connect().await;
    assert_eq!(client.get("/").await.status, 200);
}
