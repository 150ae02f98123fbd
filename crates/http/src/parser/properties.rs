//! Properties: where the input is cut does not matter, and no input does harm.

use proptest::{collection::vec, prelude::*};

use super::{
    tests::{parse, small_limits},
    *,
};

/// Feeds the pieces one after the other.
fn parse_pieces(pieces: &[Vec<u8>]) -> (Vec<Parsed>, Option<Refusal>) {
    let mut parser = RequestParser::new(small_limits());
    let mut requests = Vec::new();
    let mut before = 0;
    for piece in pieces {
        let mut place = 0;
        while place < piece.len() {
            match parser.feed(&piece[place..]) {
                Ok(Step::More) => break,
                Ok(Step::Request(count, request)) => {
                    place += count;
                    requests.push(request);
                }
                Err(refusal) => return (requests, Some(refusal.after(before + place))),
            }
        }
        before += piece.len();
    }
    (requests, None)
}

fn cut(input: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    places.extend([0, input.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| input[pair[0]..pair[1]].to_vec())
        .collect()
}

/// Something like requests, some of them sound.
fn nearly_http() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "POST /a?b#c HTTP/1.0\r\n", "PUT http://h/ HTTP/2.0\r\n",
            "a: b\r\n", "A: \r\n", "content-length: 3\r\n", "content-length: 0\r\n",
            "content-length: 33\r\n", "transfer-encoding: chunked\r\n", "\r\n", "\r\n\r\n",
            "0\r\n\r\n", "3\r\nabc\r\n", "1;x=\"y\"\r\nz\r\n", "abc", "x: 123456789012345678901\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..3),
    ];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Sound requests, with what they must be parsed to.
fn sound() -> impl Strategy<Value = (Vec<u8>, Parsed)> {
    let name = "[a-zA-Z!#$%&'*+.^_`|~0-9-]{1,20}";
    let value = "([!-~][ -~]{0,18})?";
    let framing = prop::sample::select(vec![0, 1, 2]);
    (
        prop::sample::select(chars::METHODS.to_vec()),
        "/[!-\"$->@-~]{0,20}(\\?[!-~]{0,20})?",
        vec((name, value), 0..3),
        vec(any::<u8>(), 0..=32),
        framing,
    )
        .prop_filter("frames itself", |(method, _, fields, ..)| {
            let frames = |name: &str| {
                ["content-length", "transfer-encoding"]
                    .contains(&name.to_ascii_lowercase().as_str())
            };
            *method != b"CONNECT" && !fields.iter().any(|(name, _)| frames(name))
        })
        .prop_map(|(method, target, fields, body, framing)| {
            let mut wire = [method, b" ", target.as_bytes(), b" HTTP/1.1\r\n"].concat();
            let mut headers = Headers::new();
            for (name, value) in fields {
                wire.extend(format!("{name}: {value}\r\n").bytes());
                if !headers.contains(&name.to_ascii_lowercase()) {
                    headers.set(name, value);
                }
            }
            let mut sent = &body[..];
            match framing {
                0 => {
                    wire.extend(b"\r\n");
                    sent = b"";
                }
                1 => {
                    wire.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
                    wire.extend(&body);
                    headers.set("content-length", body.len().to_string());
                }
                _ => {
                    wire.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                    for chunk in body.chunks(7) {
                        wire.extend(format!("{:x}\r\n", chunk.len()).bytes());
                        wire.extend(chunk);
                        wire.extend(b"\r\n");
                    }
                    wire.extend(b"0\r\n\r\n");
                    headers.set("transfer-encoding", "chunked");
                }
            }
            let parsed = Parsed {
                method: Method::from_bytes(method).unwrap(),
                target,
                headers,
                body: Bytes::copy_from_slice(sent),
            };
            (wire, parsed)
        })
}

proptest! {
    #[test]
    fn where_the_input_is_cut_does_not_matter(
        input in nearly_http(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let whole = parse(&input, input.len().max(1), &small_limits());
        prop_assert_eq!(&whole, &parse_pieces(&cut(&input, &cuts)));
        prop_assert_eq!(&whole, &parse(&input, 1, &small_limits()));
    }

    #[test]
    fn sound_requests_are_parsed_to_what_they_say(
        requests in vec(sound(), 1..4),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let wire: Vec<u8> = requests.iter().flat_map(|(wire, _)| wire.clone()).collect();
        let want: Vec<Parsed> = requests.into_iter().map(|(_, parsed)| parsed).collect();
        let (got, refusal) = parse_pieces(&cut(&wire, &cuts));
        prop_assert_eq!(refusal, None);
        prop_assert_eq!(got, want);
    }

    #[test]
    fn arbitrary_bytes_never_panic_or_grow_without_bound(input in vec(any::<u8>(), 0..600)) {
        bounded(&input)?;
    }

    #[test]
    fn arbitrary_bytes_after_a_good_beginning_never_panic_or_grow_without_bound(
        beginning in prop::sample::select(vec![
            "GET /", "GET http://", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\na: ",
            "GET / HTTP/1.1\r\ncontent-length: ", "GET / HTTP/1.1\r\ncontent-length: 32\r\n\r\n",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
        ]),
        // Bytes that are let through more often than others.
        rest in vec(prop_oneof![any::<u8>(), 0x30_u8..0x7f, Just(b'\r'), Just(b'\n')], 0..600),
    ) {
        bounded(&[beginning.as_bytes(), &rest].concat())?;
    }
}

/// Whatever is held stays below the sum of the limits.
fn bounded(input: &[u8]) -> Result<(), TestCaseError> {
    let limits = small_limits();
    let mut parser = RequestParser::new(Arc::clone(&limits));
    for byte in input {
        if parser.feed(&[*byte]).is_err() {
            break;
        }
        let fields = limits.max_headers_count as usize * 2 * limits.max_header_size.bytes as usize;
        prop_assert!(parser.headers.held() <= fields);
        prop_assert!(parser.body.len() as u64 <= limits.max_body_size.bytes);
        prop_assert!(parser.target.len() <= limits::target_bytes(&limits));
    }
    Ok(())
}
