//! Incremental parser of HTTP/1.1 responses: as much as a load generator needs.

use crate::{LoadError, limits};

/// A response that has come in whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Bytes of head and body.
    pub length: usize,
    /// Status code.
    pub status: u16,
    /// `x-ms-ccf-transaction-id`.
    pub transaction: Option<Transaction>,
    /// Body without transfer coding.
    pub body: Vec<u8>,
    /// Whether the server closes after it.
    pub close: bool,
}

/// A transaction id, `view.seqno`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transaction {
    /// View.
    pub view: u64,
    /// Place in the ledger.
    pub seqno: u64,
}

impl std::fmt::Display for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.view, self.seqno)
    }
}

impl Transaction {
    fn parse(text: &[u8]) -> Option<Self> {
        let (view, seqno) = std::str::from_utf8(text).ok()?.split_once('.')?;
        Some(Self {
            view: view.parse().ok()?,
            seqno: seqno.parse().ok()?,
        })
    }
}

/// The response at the beginning of `data`; `None` if it is not there whole.
///
/// # Errors
/// [`LoadError::Response`] if this is no response, or one beyond the limits.
pub fn parse(data: &[u8]) -> Result<Option<Response>, LoadError> {
    let broken = |reason: String| LoadError::Response(reason);
    let mut fields = [httparse::EMPTY_HEADER; limits::RESPONSE_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let parsed = head
        .parse(data)
        .map_err(|error| broken(error.to_string()))?;
    let httparse::Status::Complete(begin) = parsed else {
        return too_long(data.len()).map(|()| None);
    };
    let field = |name: &str| {
        head.headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|f| f.value)
    };
    let says = |name: &str, token: &str| {
        field(name).is_some_and(|value| value.eq_ignore_ascii_case(token.as_bytes()))
    };
    let status = head.code.unwrap_or_default();
    let rest = data.get(begin..).unwrap_or_default();
    let body = if status == 204 || status == 304 {
        Some((0, Vec::new()))
    } else if says("transfer-encoding", "chunked") {
        chunked(rest)?
    } else {
        let length = field("content-length").unwrap_or(b"0");
        let length: usize = std::str::from_utf8(length)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| broken("content-length is no number".to_owned()))?;
        too_long(length)?;
        rest.get(..length).map(|body| (length, body.to_vec()))
    };
    let transaction = field("x-ms-ccf-transaction-id").and_then(Transaction::parse);
    let close = says("connection", "close");
    Ok(body.map(|(length, body)| Response {
        length: begin + length,
        status,
        transaction,
        body,
        close,
    }))
}

/// Length with all framing, and the body; `None` if it is not there whole.
fn chunked(data: &[u8]) -> Result<Option<(usize, Vec<u8>)>, LoadError> {
    let broken = || LoadError::Response("the chunked body is malformed".to_owned());
    let mut place = 0;
    let mut body = Vec::new();
    loop {
        let rest = data.get(place..).unwrap_or_default();
        let parsed = httparse::parse_chunk_size(rest).map_err(|_| broken())?;
        let httparse::Status::Complete((begin, size)) = parsed else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| broken())?;
        too_long(body.len().saturating_add(size))?;
        let end = begin + size;
        let Some(line_end) = rest.get(end..end + 2) else {
            return Ok(None);
        };
        if line_end != b"\r\n" {
            return Err(broken());
        }
        body.extend_from_slice(rest.get(begin..end).unwrap_or_default());
        place += end + 2;
        if size == 0 {
            return Ok(Some((place, body)));
        }
    }
}

fn too_long(length: usize) -> Result<(), LoadError> {
    if length > limits::RESPONSE_BYTES {
        let most = limits::RESPONSE_BYTES;
        return Err(LoadError::Response(format!(
            "{length} bytes, more than {most}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-ms-ccf-transaction-id: 2.17\r\n\r\ntrueHTTP";

    #[test]
    fn a_response_ends_where_its_length_says() {
        let response = parse(ANSWER).unwrap().unwrap();
        assert_eq!(response.length, ANSWER.len() - 4);
        assert_eq!((response.status, &response.body[..]), (200, &b"true"[..]));
        assert_eq!(
            response.transaction,
            Some(Transaction { view: 2, seqno: 17 })
        );
        assert_eq!(response.transaction.unwrap().to_string(), "2.17");
        for length in 0..ANSWER.len() - 4 {
            assert_eq!(parse(&ANSWER[..length]).unwrap(), None, "{length}");
        }
    }

    #[test]
    fn chunked_bodies() {
        let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\nrest";
        let response = parse(wire).unwrap().unwrap();
        assert_eq!(
            (response.length, &response.body[..]),
            (wire.len() - 4, &b"abcd"[..])
        );
        assert!(response.close);
        for length in 0..wire.len() - 4 {
            assert_eq!(parse(&wire[..length]).unwrap(), None, "{length}");
        }
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc").is_err());
    }

    #[test]
    fn no_content_has_no_body() {
        let wire = b"HTTP/1.1 204 NO_CONTENT\r\ncontent-length: 0\r\n\r\nHTTP";
        let response = parse(wire).unwrap().unwrap();
        assert_eq!((response.status, response.length), (204, wire.len() - 4));
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for wire in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(matches!(parse(wire), Err(LoadError::Response(_))));
        }
        let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
        assert!(matches!(parse(huge), Err(LoadError::Response(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&bytes);
            let _ = chunked(&bytes);
        }
    }
}
