//! Bytes of an HTTP/1 connection (apps-and-endpoints.md 9): the same requests and the same refusal whether they
//! come at once or one by one.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use quorate_http::HttpLimits;
use quorate_http::parser::{RequestParser, Step};

/// Targets of the requests that were read, and whether the connection was refused.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let mut parser = RequestParser::new(Arc::new(HttpLimits::default()));
    let mut targets = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            match parser.feed(piece) {
                Ok(Step::More) => break,
                Ok(Step::Request(consumed, request)) => {
                    targets.push(request.target.to_string());
                    piece = &piece[consumed..];
                }
                Err(_) => return (targets, true),
            }
        }
    }
    (targets, false)
}

fuzz_target!(|data: &[u8]| {
    assert_eq!(read(std::iter::once(data)), read(data.chunks(1)), "pieces make no difference");
});
