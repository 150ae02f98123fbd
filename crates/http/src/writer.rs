//! Writes HTTP/1 responses, without I/O (apps-and-endpoints.md 9.1).

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    message::Response,
    refusal,
    status::{is_bodiless, reason},
};

const CONTENT_LENGTH: &str = "content-length";

/// Appends a response, body included. `to_head` says that the request was `HEAD`.
pub fn write(out: &mut Vec<u8>, response: &Response, to_head: bool) {
    if let Some(body) = write_head(out, response, to_head) {
        out.extend_from_slice(&body);
    }
}

/// Appends a response's head, and returns the body that must follow it.
///
/// A response that would break the framing (status outside of 200 to 599, a field with line ends)
/// is replaced by a 500 that says so.
pub fn write_head(out: &mut Vec<u8>, response: &Response, to_head: bool) -> Option<Bytes> {
    let response = sendable(response);
    status_line(out, response.status);
    // The answer to a HEAD tells the length of what it has, nothing, unless the endpoint says more.
    let length = if to_head || is_bodiless(response.status) {
        0
    } else {
        response.body.len()
    };
    let mut pending = true;
    for (name, value) in response.headers.iter() {
        if pending && name >= CONTENT_LENGTH {
            pending = false;
            if name == CONTENT_LENGTH && to_head {
                field(out, name, value);
                continue;
            }
            content_length(out, length);
        }
        if name != CONTENT_LENGTH {
            field(out, name, value);
        }
    }
    if pending {
        content_length(out, length);
    }
    out.extend_from_slice(b"\r\n");
    (length > 0).then(|| response.body.clone())
}

fn status_line(out: &mut Vec<u8>, status: u16) {
    match status {
        200 => out.extend_from_slice(b"HTTP/1.1 200 OK\r\n"),
        _ => {
            out.extend_from_slice(b"HTTP/1.1 ");
            decimal(out, usize::from(status));
            out.push(b' ');
            out.extend_from_slice(reason(status).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn content_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(b"content-length: ");
    decimal(out, length);
    out.extend_from_slice(b"\r\n");
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn decimal(out: &mut Vec<u8>, mut number: usize) {
    let begin = out.len();
    loop {
        // A digit: fits.
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(begin..) {
        digits.reverse();
    }
}

/// The response, or what is sent instead.
pub(crate) fn sendable(response: &Response) -> Cow<'_, Response> {
    let problem = if (200..=599).contains(&response.status) {
        response.headers.unsound().map(|name| {
            format!("The response header '{name}' cannot be sent: its name is no token, or its value has a control character, or it would frame the response.")
        })
    } else {
        Some(format!(
            "The status {} cannot be sent, only 200 to 599.",
            response.status
        ))
    };
    match problem {
        None => Cow::Borrowed(response),
        Some(message) => {
            let mut instead = refusal::error(500, refusal::code::INTERNAL, &message);
            instead.close = response.close;
            Cow::Owned(instead)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Headers;

    fn response(status: u16, headers: &[(&str, &str)], body: &'static str) -> Response {
        let headers: Headers = headers.iter().copied().collect();
        Response {
            status,
            headers,
            body: Bytes::from(body),
            close: false,
        }
    }

    fn written(response: &Response, to_head: bool) -> String {
        let mut out = Vec::new();
        write(&mut out, response, to_head);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn apps_9_1_headers_are_lower_case_and_sorted_with_content_length_among_them() {
        let full = response(
            200,
            &[("X-Ms", "2.3"), ("Allow", "GET"), ("Content-Type", "t")],
            "abc",
        );
        assert_eq!(
            written(&full, false),
            "HTTP/1.1 200 OK\r\nallow: GET\r\ncontent-length: 3\r\ncontent-type: t\r\nx-ms: 2.3\r\n\r\nabc"
        );
        let early = response(404, &[("accept-ranges", "bytes")], "");
        assert_eq!(
            written(&early, false),
            "HTTP/1.1 404 NOT_FOUND\r\naccept-ranges: bytes\r\ncontent-length: 0\r\n\r\n"
        );
    }

    #[test]
    fn apps_9_1_reason_phrases_are_the_enum_spelling() {
        for (status, phrase) in [
            (204, "NO_CONTENT"),
            (307, "TEMPORARY_REDIRECT"),
            (308, "PERMANENT_REDIRECT"),
            (413, "PAYLOAD_TOO_LARGE"),
            (431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
            (500, "INTERNAL_SERVER_ERROR"),
            (599, "UNKNOWN"),
        ] {
            let text = written(&response(status, &[], ""), false);
            assert_eq!(
                text,
                format!("HTTP/1.1 {status} {phrase}\r\ncontent-length: 0\r\n\r\n")
            );
        }
    }

    #[test]
    fn apps_9_1_content_length_is_always_that_of_the_body() {
        let lying = response(200, &[("content-length", "7"), ("b", "1")], "0123456789");
        assert_eq!(
            written(&lying, false),
            "HTTP/1.1 200 OK\r\nb: 1\r\ncontent-length: 10\r\n\r\n0123456789"
        );
    }

    #[test]
    fn apps_3_2_head_has_no_body_and_the_length_that_the_endpoint_names() {
        let plain = response(200, &[], "0123456789");
        assert_eq!(
            written(&plain, true),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        );
        let given = response(200, &[("content-length", "77"), ("z", "1")], "");
        assert_eq!(
            written(&given, true),
            "HTTP/1.1 200 OK\r\ncontent-length: 77\r\nz: 1\r\n\r\n"
        );
    }

    #[test]
    fn rfc9112_6_3_a_204_has_no_body() {
        let text = written(&response(204, &[], "no"), false);
        assert_eq!(text, "HTTP/1.1 204 NO_CONTENT\r\ncontent-length: 0\r\n\r\n");
    }

    #[test]
    fn a_response_that_would_break_the_framing_is_refused() {
        for (name, value) in [
            ("a", "1\r\nb: 2"),
            ("a", "1\n"),
            ("a", "\0"),
            ("a b", "1"),
            ("", "1"),
            ("transfer-encoding", "chunked"),
        ] {
            let text = written(&response(200, &[(name, value)], "x"), false);
            assert!(
                text.starts_with("HTTP/1.1 500 INTERNAL_SERVER_ERROR\r\n"),
                "{text}"
            );
            assert!(text.contains("InternalError"), "{text}");
            assert!(!text.contains("\r\nb: 2") && !text.ends_with('x'), "{text}");
        }
        for status in [0, 100, 199, 600, u16::MAX] {
            let text = written(&response(status, &[], ""), false);
            assert!(text.starts_with("HTTP/1.1 500 "), "{text}");
        }
    }

    #[test]
    fn decimals_are_written_in_full() {
        for number in [0, 1, 9, 10, 99, 100, 12_345, usize::MAX] {
            let mut out = b"x".to_vec();
            decimal(&mut out, number);
            assert_eq!(out, format!("x{number}").into_bytes());
        }
    }
}
