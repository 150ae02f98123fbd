//! What the wire level of HTTP/1 costs for a small request, without sockets: parsing, and writing
//! its answer. `cargo bench -p quorate-http`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quorate_http::{
    Headers, HttpLimits, Response,
    parser::{Parsed, RequestParser, Step},
    writer,
};

/// As curl and Python's clients send it.
const POST: &str = "POST /app/log/private HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n{\"id\": 42, \"msg\": \"Private message at idx 0\"}";
const GET: &str = "GET /app/log/private?id=42 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n";
/// So many requests in one read buffer.
const PIPELINED: usize = 100;

fn wire(request: &str) -> Vec<u8> {
    request.as_bytes().repeat(PIPELINED)
}

fn parse(parser: &mut RequestParser, mut input: &[u8], mut each: impl FnMut(Parsed)) {
    while !input.is_empty() {
        match parser.feed(input).unwrap() {
            Step::Request(count, parsed) => {
                each(parsed);
                input = &input[count..];
            }
            Step::More => return,
        }
    }
}

fn response() -> Response {
    let mut response = Response::new(200, "true");
    response.headers = Headers::from_iter([("content-type", "application/json")]);
    response.headers.set("x-ms-ccf-transaction-id", "2.123456");
    response
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("http1");
    group.throughput(Throughput::Elements(PIPELINED as u64));
    for (name, request) in [("post", POST), ("get", GET)] {
        let input = wire(request);
        let mut parser = RequestParser::new(Arc::new(HttpLimits::default()));
        group.bench_function(format!("parse_{name}"), |bencher| {
            bencher.iter(|| {
                parse(&mut parser, &input, |parsed| {
                    black_box(parsed);
                });
            });
        });
    }
    let answer = response();
    let mut out = Vec::new();
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            out.clear();
            for _ in 0..PIPELINED {
                writer::write(&mut out, black_box(&answer), false);
            }
        });
    });
    let input = wire(POST);
    let mut parser = RequestParser::new(Arc::new(HttpLimits::default()));
    group.bench_function("parse_post_make_answer_and_write", |bencher| {
        bencher.iter(|| {
            out.clear();
            parse(&mut parser, &input, |parsed| {
                black_box(parsed);
                writer::write(&mut out, &response(), false);
            });
        });
    });
    group.finish();
}

criterion_group!(wire_level, benches);
criterion_main!(wire_level);
