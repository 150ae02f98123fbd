//! Table tests: each input is fed whole and byte by byte, with the same result.

mod framing;

use super::*;
use crate::settings::Size;

pub(super) fn small_limits() -> Arc<HttpLimits> {
    Arc::new(HttpLimits {
        max_body_size: Size::new(32, "32B"),
        max_header_size: Size::new(20, "20B"),
        max_headers_count: 4,
        ..HttpLimits::default()
    })
}

/// The requests in `input`, and the refusal that ended it.
pub(super) fn parse(
    input: &[u8],
    pieces: usize,
    limits: &Arc<HttpLimits>,
) -> (Vec<Parsed>, Option<Refusal>) {
    let mut parser = RequestParser::new(Arc::clone(limits));
    let mut requests = Vec::new();
    for (number, piece) in input.chunks(pieces).enumerate() {
        let mut place = 0;
        while place < piece.len() {
            match parser.feed(&piece[place..]) {
                Ok(Step::More) => break,
                Ok(Step::Request(count, request)) => {
                    assert!(count > 0);
                    place += count;
                    requests.push(request);
                }
                Err(refusal) => {
                    return (requests, Some(refusal.after(number * pieces + place)));
                }
            }
        }
    }
    (requests, None)
}

fn both(input: &[u8]) -> (Vec<Parsed>, Option<Refusal>) {
    let limits = small_limits();
    let whole = parse(input, input.len().max(1), &limits);
    let bytewise = parse(input, 1, &limits);
    assert_eq!(whole, bytewise, "{}", input.escape_ascii());
    whole
}

fn accepted(input: &[u8]) -> Vec<Parsed> {
    let (requests, refusal) = both(input);
    assert_eq!(refusal, None, "{}", input.escape_ascii());
    requests
}

fn one(input: &[u8]) -> Parsed {
    let mut requests = accepted(input);
    assert_eq!(requests.len(), 1, "{}", input.escape_ascii());
    requests.remove(0)
}

/// Refused exactly at the last byte.
fn refused(input: &[u8], name: &str, reason: &str) {
    let (_, refusal) = both(input);
    let at = input.len() - 1;
    let text = format!("HTTP parsing failed ({name}: {reason}) around byte {at}");
    assert_eq!(
        refusal.map(|r| r.to_string()),
        Some(text),
        "{}",
        input.escape_ascii()
    );
}

fn limited(input: &[u8], text: &str) -> Refusal {
    let (_, refusal) = both(input);
    let refusal = refusal.unwrap_or_else(|| panic!("accepted {}", input.escape_ascii()));
    assert_eq!(refusal.to_string(), text, "{}", input.escape_ascii());
    refusal
}

#[test]
fn apps_9_1_a_request_has_method_target_headers_and_body() {
    let request = one(b"POST /app/log?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.target, "/app/log?x=1");
    assert_eq!(&request.body[..], b"abc");
    let fields: Vec<_> = request.headers.iter().collect();
    assert_eq!(fields, [("content-length", &b"3"[..]), ("host", b"h")]);
}

#[test]
fn apps_9_1_needs_no_host_and_skips_empty_lines() {
    for input in [
        "GET / HTTP/1.1\r\n\r\n",
        "\r\n\r\n\nGET / HTTP/1.1\r\n\r\n",
        "\rGET  /  HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(one(input.as_bytes()).target, "/");
    }
}

#[test]
fn apps_9_1_versions() {
    for version in ["0.9", "1.0", "1.1", "2.0"] {
        one(format!("GET / HTTP/{version}\r\n\r\n").as_bytes());
    }
    for version in ["0.8", "1.2", "1.9", "2.1", "3.0", "9.9"] {
        let line = format!("GET / HTTP/{version}");
        refused(
            line.as_bytes(),
            "HPE_INVALID_VERSION",
            "Invalid HTTP version",
        );
    }
    refused(
        b"GET / HTTP/x",
        "HPE_INVALID_VERSION",
        "Invalid major version",
    );
    refused(b"GET / HTTP/1x", "HPE_INVALID_VERSION", "Expected dot");
    refused(
        b"GET / HTTP/1.x",
        "HPE_INVALID_VERSION",
        "Invalid minor version",
    );
    refused(
        b"GET / HTTP/1.1 ",
        "HPE_INVALID_VERSION",
        "Expected CRLF after version",
    );
    refused(
        b"GET / HTTP/1.1\n",
        "HPE_INVALID_VERSION",
        "Expected CRLF after version",
    );
    refused(
        b"GET / HTTP/1.1\rx",
        "HPE_STRICT",
        "Expected CRLF after version",
    );
    refused(b"GET / HTTQ", "HPE_INVALID_CONSTANT", "Expected HTTP/");
    refused(b"GET / h", "HPE_INVALID_CONSTANT", "Expected HTTP/");
}

#[test]
fn apps_9_1_the_first_offending_byte_is_refused_at_once() {
    refused(b"\x01", "HPE_INVALID_METHOD", "Invalid method encountered");
    refused(b"g", "HPE_INVALID_METHOD", "Invalid method encountered");
    refused(b"{", "HPE_INVALID_METHOD", "Invalid method encountered");
    refused(b"GEX", "HPE_INVALID_METHOD", "Invalid method encountered");
    refused(b"\x16", "HPE_INVALID_METHOD", "Invalid method encountered");
    refused(b"POST / HTTP/42", "HPE_INVALID_VERSION", "Expected dot");
    refused(
        b"POST /node/\xff",
        "HPE_INVALID_URL",
        "Invalid char in url path",
    );
    let (_, refusal) = parse(b"POST / HTTP/42.42", 17, &small_limits());
    assert!(
        matches!(refusal, Some(Refusal::Malformed { at: 13, .. })),
        "{refusal:?}"
    );
}

#[test]
fn apps_9_1_every_corruption_of_a_good_request_is_refused_before_its_end() {
    let good = b"GET /node/state HTTP/1.1\r\n\r\n";
    one(good);
    for at in 0..good.len() - 1 {
        for byte in [0, 1, good[at].wrapping_add(128)] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            let (requests, refusal) = both(&bad);
            assert!(requests.is_empty(), "{}", bad.escape_ascii());
            assert!(
                matches!(refusal, Some(Refusal::Malformed { at: place, .. }) if place == at),
                "{} {refusal:?}",
                bad.escape_ascii()
            );
        }
    }
}

#[test]
fn apps_9_1_methods_are_known_and_upper_case() {
    for method in chars::METHODS {
        let mut input = method.to_vec();
        input.extend_from_slice(b" * HTTP/1.1\r\n\r\n");
        if method != b"CONNECT" {
            assert_eq!(one(&input).method.as_str().as_bytes(), method);
        }
        input[0] = input[0].to_ascii_lowercase();
        refused(
            &input[..1],
            "HPE_INVALID_METHOD",
            "Invalid method encountered",
        );
        let mut joined = method.to_vec();
        joined.push(b'/');
        let reason = "Expected space after method";
        refused(&joined, "HPE_INVALID_METHOD", reason);
        assert!(method.len() <= chars::LONGEST_METHOD);
        assert_eq!(
            chars::METHODS
                .iter()
                .filter(|m| m.starts_with(method))
                .count(),
            1
        );
    }
}

#[test]
fn apps_9_1_targets() {
    for target in [
        "/",
        "*",
        "/a/b?c=d&e=/?#f?#",
        "/a#b",
        "/%00%zz",
        "/~!$&'()*+,;=:@[]|\\^`{}\"<>",
        "http://host",
        "https://u:p@host:80/path?q",
        "ws://[::1]?q",
    ] {
        assert_eq!(
            one(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).target,
            target
        );
    }
    assert_eq!(one(b"CONNECT host:80 HTTP/1.1\r\n\r\n").target, "host:80");
    for (input, reason) in [
        ("GET ?", "Unexpected start char in url"),
        ("GET \r", "Invalid characters in url"),
        ("GET 1", "Unexpected start char in url"),
        ("GET http/", "Unexpected char in url schema"),
        ("GET http ", "Invalid characters in url"),
        ("GET http:x", "Unexpected char in url schema"),
        ("GET http:/x", "Unexpected char in url schema"),
        ("GET http://a@b@", "Double @ in url"),
        ("GET http://a\\", "Unexpected char in url server"),
        ("GET /a\t", "Invalid char in url path"),
        ("GET /a\x7f", "Invalid char in url path"),
        ("GET /a?b\0", "Invalid char in url query"),
        ("GET /a?b#c\x0b", "Invalid char in url fragment start"),
    ] {
        refused(input.as_bytes(), "HPE_INVALID_URL", reason);
    }
    refused(b"GET /\r", "HPE_INVALID_CONSTANT", "Expected HTTP/");
    refused(b"GET /?a\n", "HPE_INVALID_CONSTANT", "Expected HTTP/");
}

#[test]
fn apps_9_1_field_names_are_lower_cased_and_values_unchanged() {
    let request = one(b"GET / HTTP/1.1\r\nX-A:\t Va lue\x80\xff \t\r\nEmpty: \r\nE2:\r\n\r\n");
    let fields: Vec<_> = request.headers.iter().collect();
    assert_eq!(
        fields,
        [
            ("e2", &b""[..]),
            ("empty", b""),
            ("x-a", b"Va lue\x80\xff \t")
        ]
    );
}

#[test]
fn apps_9_1_of_duplicate_headers_the_first_wins() {
    let request = one(b"GET / HTTP/1.1\r\nb: 1\r\na: 2\r\nB: 3\r\n\r\n");
    let fields: Vec<_> = request.headers.iter().collect();
    assert_eq!(fields, [("a", &b"2"[..]), ("b", b"1")]);
}

#[test]
fn apps_9_1_fields_are_strict() {
    let head = |rest: &str| format!("GET / HTTP/1.1\r\n{rest}");
    for (rest, name, reason) in [
        (
            " ",
            "HPE_UNEXPECTED_SPACE",
            "Unexpected space after start line",
        ),
        (
            "\n",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header field char",
        ),
        (":", "HPE_INVALID_HEADER_TOKEN", "Invalid header token"),
        (
            "a ",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header field char",
        ),
        ("a(", "HPE_INVALID_HEADER_TOKEN", "Invalid header token"),
        ("a\r", "HPE_INVALID_HEADER_TOKEN", "Invalid header token"),
        (
            "a: \n",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header value char",
        ),
        (
            "a: \0",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header value char",
        ),
        (
            "a: b\x01",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header value char",
        ),
        (
            "a: b\x7f",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header value char",
        ),
        (
            "a: b\n",
            "HPE_CR_EXPECTED",
            "Missing expected CR after header value",
        ),
        (
            "a: b\rc",
            "HPE_LF_EXPECTED",
            "Missing expected LF after header value",
        ),
        ("a:\rc", "HPE_STRICT", "Expected LF after CR"),
        (
            "a: b\r\n ",
            "HPE_INVALID_HEADER_TOKEN",
            "Unexpected whitespace after header value",
        ),
        (
            "a:\r\n\t",
            "HPE_INVALID_HEADER_TOKEN",
            "Invalid header value char",
        ),
        ("a: b\r\n\rc", "HPE_STRICT", "Expected LF after headers"),
        ("\rc", "HPE_STRICT", "Expected LF after headers"),
    ] {
        refused(head(rest).as_bytes(), name, reason);
    }
}

#[test]
fn apps_9_1_pipelined_requests_come_one_after_the_other() {
    let input = b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.0\r\ncontent-length: 2\r\n\r\nab\r\nGET /3 HTTP/1.1\r\na: b\r\n\r\nPUT /4 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\nDELETE /5 HTTP/1.1\r\n\r\n";
    let requests = accepted(input);
    let seen: Vec<_> = requests
        .iter()
        .map(|r| (r.target.as_str(), &r.body[..]))
        .collect();
    let none = &b""[..];
    assert_eq!(
        seen,
        [
            ("/1", none),
            ("/2", b"ab"),
            ("/3", none),
            ("/4", b"z"),
            ("/5", none)
        ]
    );
    assert_eq!(requests[2].headers.len(), 1);
    assert_eq!(requests[4].headers.len(), 0);
}

#[test]
fn phases_tell_which_time_limit_holds() {
    let mut parser = RequestParser::new(small_limits());
    let mut after = |data: &[u8]| {
        let _ = parser.feed(data).unwrap();
        parser.phase()
    };
    assert_eq!(after(b"\r\n"), Phase::Idle);
    assert_eq!(after(b"P"), Phase::Head);
    assert_eq!(
        after(b"OST / HTTP/1.1\r\ncontent-length: 3\r\n"),
        Phase::Head
    );
    assert_eq!(after(b"\r\n"), Phase::Body(0));
    assert_eq!(after(b"ab"), Phase::Body(2));
    assert_eq!(after(b"c"), Phase::Idle);
    let chunked = b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na";
    assert_eq!(after(chunked), Phase::Body(1));
    assert_eq!(after(b"\r\n0\r\na: b"), Phase::Body(1));
    assert_eq!(after(b"\r\n\r\n"), Phase::Idle);
}
