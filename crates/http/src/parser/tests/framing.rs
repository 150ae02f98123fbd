//! What frames a body, and the limits.

use super::*;

#[test]
fn rfc9112_6_3_what_frames_the_body_is_unambiguous() {
    let head = |rest: &str| format!("POST / HTTP/1.1\r\n{rest}");
    for (rest, name, reason) in [
        (
            "content-length: 1a",
            "HPE_INVALID_CONTENT_LENGTH",
            "Invalid character in Content-Length",
        ),
        (
            "content-length: -",
            "HPE_INVALID_CONTENT_LENGTH",
            "Invalid character in Content-Length",
        ),
        (
            "content-length: +",
            "HPE_INVALID_CONTENT_LENGTH",
            "Invalid character in Content-Length",
        ),
        (
            "content-length: 1 1",
            "HPE_INVALID_CONTENT_LENGTH",
            "Invalid character in Content-Length",
        ),
        (
            "content-length: 1,",
            "HPE_INVALID_CONTENT_LENGTH",
            "Invalid character in Content-Length",
        ),
        (
            "content-length:\r\n\r",
            "HPE_INVALID_CONTENT_LENGTH",
            "Empty Content-Length",
        ),
        (
            "content-length: 18446744073709551616",
            "HPE_INVALID_CONTENT_LENGTH",
            "Content-Length overflow",
        ),
        (
            "content-length: 1\r\ncontent-length:",
            "HPE_UNEXPECTED_CONTENT_LENGTH",
            "Content-Length already present",
        ),
        (
            "content-length: 1\r\ntransfer-encoding:",
            "HPE_INVALID_TRANSFER_ENCODING",
            "Transfer-Encoding can't be present with Content-Length",
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length:",
            "HPE_INVALID_CONTENT_LENGTH",
            "Content-Length can't be present with Transfer-Encoding",
        ),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding:",
            "HPE_INVALID_TRANSFER_ENCODING",
            "Invalid `Transfer-Encoding` header value",
        ),
        (
            "transfer-encoding:\r\n\r",
            "HPE_INVALID_TRANSFER_ENCODING",
            "Empty Transfer-Encoding",
        ),
    ] {
        refused(head(rest).as_bytes(), name, reason);
    }
    for rest in [
        "transfer-encoding: g",
        "transfer-encoding: chunkee",
        "transfer-encoding: chunked,",
        "transfer-encoding: chunkedx",
        "transfer-encoding: chunk\r",
        "transfer-encoding: \x0b",
    ] {
        let (_, refusal) = both(head(rest).as_bytes());
        assert!(
            matches!(refusal, Some(Refusal::Malformed { at, .. }) if at == head(rest).len() - 1),
            "{rest} {refusal:?}"
        );
    }
    assert_eq!(
        &one(head("content-length: 003 \t\r\n\r\nabc").as_bytes()).body[..],
        b"abc"
    );
    assert_eq!(
        one(head("content-length: 0\r\n\r\n").as_bytes()).body.len(),
        0
    );
}

#[test]
fn apps_9_1_chunked_bodies() {
    let chunked = |body: &str| {
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED \r\n\r\n{body}").into_bytes()
    };
    for (body, want) in [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("1\r\na\r\n002\r\nbc\r\n000\r\n\r\n", "abc"),
        (
            "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
            "01234567890123456789",
        ),
        ("1;a\r\nx\r\n0;b=c;d=\"e\\\"f\t;\"\r\n\r\n", "x"),
        (
            "1\r\nx\r\n0\r\nTrailer: 1\r\ncontent-length: 99\r\n\r\n",
            "x",
        ),
    ] {
        let request = one(&chunked(body));
        assert_eq!(&request.body[..], want.as_bytes());
        assert_eq!(request.headers.len(), 1, "{body}");
    }
    for (body, name, reason) in [
        (
            "x",
            "HPE_INVALID_CHUNK_SIZE",
            "Invalid character in chunk size",
        ),
        (
            "\r",
            "HPE_INVALID_CHUNK_SIZE",
            "Invalid character in chunk size",
        ),
        (
            "1 ",
            "HPE_INVALID_CHUNK_SIZE",
            "Invalid character in chunk size",
        ),
        (
            "1\n",
            "HPE_CR_EXPECTED",
            "Missing expected CR after chunk size",
        ),
        ("1\rx", "HPE_STRICT", "Expected LF after chunk size"),
        ("1\r\nab", "HPE_STRICT", "Expected LF after chunk data"),
        (
            "1\r\na\n",
            "HPE_CR_EXPECTED",
            "Missing expected CR after chunk data",
        ),
        ("1\r\na\rb", "HPE_STRICT", "Expected LF after chunk data"),
        (
            "10000000000000000",
            "HPE_INVALID_CHUNK_SIZE",
            "Chunk size overflow",
        ),
        ("1; ", "HPE_STRICT", "Invalid character in chunk extensions"),
        (
            "1;a ",
            "HPE_STRICT",
            "Invalid character in chunk extensions name",
        ),
        (
            "1;a=b ",
            "HPE_STRICT",
            "Invalid character in chunk extensions value",
        ),
        (
            "1;a=\"\n",
            "HPE_STRICT",
            "Invalid character in chunk extensions quoted value",
        ),
        (
            "1;a=\"b\" ",
            "HPE_STRICT",
            "Invalid character in chunk extensions quoted value",
        ),
        (
            "0\r\na\n",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header token",
        ),
    ] {
        refused(&chunked(body), name, reason);
    }
    let endless = format!("1;{}", "a".repeat(limits::CHUNK_EXTENSION_BYTES + 1));
    refused(
        &chunked(&endless),
        "HPE_STRICT",
        "Chunk extensions are too large",
    );
}

#[test]
fn apps_9_3_body_limit() {
    let text = "HTTP request body is too large (max size allowed: 32B)";
    let full = "x".repeat(32);
    let length = |n: usize| format!("POST / HTTP/1.1\r\ncontent-length: {n}\r\n\r\n");
    assert_eq!(
        one(format!("{}{full}", length(32)).as_bytes()).body.len(),
        32
    );
    for n in [33, 1_000_000_000] {
        limited(length(n).as_bytes(), text);
    }
    let chunked = "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    one(format!("{chunked}1f\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", &full[1..]).as_bytes());
    limited(format!("{chunked}20\r\n{full}\r\n1\r\n").as_bytes(), text);
    limited(format!("{chunked}ffffffffffffffff\r\n").as_bytes(), text);
    limited(
        format!("{chunked}1\r\nx\r\nffffffffffffffff\r\n").as_bytes(),
        text,
    );
}

#[test]
fn apps_9_3_header_limits() {
    let head = |rest: &str| format!("GET / HTTP/1.1\r\n{rest}");
    let just = "n".repeat(20);
    one(head(&format!("{just}: {just}\r\n\r\n")).as_bytes());
    let name = limited(
        head(&format!("{just}n")).as_bytes(),
        &format!("Header key for '{just}n' is too large (max size allowed: 20B)"),
    );
    assert!(matches!(name, Refusal::HeaderTooLarge(_)));
    limited(
        head(&format!("X-A: {just}v")).as_bytes(),
        "Header value for 'x-a' is too large (max size allowed: 20B)",
    );
    one(head("a:1\r\na:1\r\na:1\r\na:1\r\n\r\n").as_bytes());
    limited(
        head("a:1\r\na:1\r\na:1\r\na:1\r\na").as_bytes(),
        "Too many headers (max number allowed: 4)",
    );
    // Those of the trailer count too.
    let text = head("transfer-encoding: chunked\r\n\r\n0\r\na:1\r\na:1\r\na:1\r\na");
    limited(text.as_bytes(), "Too many headers (max number allowed: 4)");
}

#[test]
fn a_target_has_a_limit_of_our_own() {
    let limit = limits::TARGET_BYTES;
    let target = format!("/{}", "a".repeat(limit - 1));
    assert_eq!(
        one(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes())
            .target
            .len(),
        limit
    );
    limited(
        format!("GET {target}b").as_bytes(),
        &format!("HTTP request target is too large (max size allowed: {limit} bytes)"),
    );
}
