//! Incremental parser of HTTP/1 requests, without I/O (apps-and-endpoints.md 9.1, 9.3; RFC 9112).
//!
//! Why it is our own, and HTTP/2 is not: the contract of HTTP/1 fixes what general libraries leave
//! open. The first offending byte is answered at once with the spelling of llhttp's errors, limits
//! hold for each name and value, versions 0.9 to 2.0 are taken, and a connection may have thousands
//! of requests in flight, which are parsed from one read buffer. One state machine reads it all,
//! byte by byte where the grammar branches and in runs where it does not; there is no second,
//! faster grammar that could disagree with it.
//!
//! Framing is stricter than RFC 9112 asks for: no bare LF, no folded lines, no space before the
//! colon, `content-length` once, `transfer-encoding` only as `chunked`, never both.
//!
//! What a request means, and how refusals are worded as responses, is not here.

mod body;
mod chars;
mod head;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use crate::{headers::Headers, limits, settings::HttpLimits};

/// Parses the requests of one connection.
#[derive(Debug)]
pub struct RequestParser {
    limits: Arc<HttpLimits>,
    state: State,
    /// Bytes of the method that have been seen, while it is incomplete.
    method_name: ([u8; chars::LONGEST_METHOD], usize),
    method: Method,
    target: Vec<u8>,
    headers: Headers,
    /// Fields of the head and the trailer.
    fields: u32,
    /// Length of the name or value that is being read.
    length: u64,
    kind: FieldKind,
    content_length: Option<u64>,
    chunked: bool,
    /// Whether the fields that come are those of a trailer.
    trailer: bool,
    body: Vec<u8>,
    extension_bytes: usize,
}

/// A request that has come in whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Verb, one of those that the parser knows.
    pub method: Method,
    /// Printable ASCII.
    pub target: String,
    /// Fields of the head. Those of a trailer are checked and dropped.
    pub headers: Headers,
    /// Body without transfer coding.
    pub body: Bytes,
}

/// What [`RequestParser::feed`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// All was consumed, and the request is not complete.
    More,
    /// A request; so many bytes were consumed.
    Request(usize, Parsed),
}

/// Where in a request the parser stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Between requests.
    Idle,
    /// In request line or header fields.
    Head,
    /// In the body; so many of its bytes have come in.
    Body(u64),
}

/// Why a connection cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not HTTP. `at` is the offending byte's place in what was fed last.
    #[error("HTTP parsing failed ({name}: {reason}) around byte {at}")]
    Malformed {
        /// Name of the error in llhttp.
        name: &'static str,
        /// What was wrong.
        reason: &'static str,
        /// Place of the offending byte.
        at: usize,
    },
    /// A name, a value, their number, or the target is beyond its limit.
    #[error("{0}")]
    HeaderTooLarge(String),
    /// The body is beyond its limit.
    #[error("HTTP request body is too large (max size allowed: {0})")]
    BodyTooLarge(String),
}

impl Refusal {
    /// The same, where so many bytes of the chunk come before what was fed.
    #[must_use]
    pub fn after(self, before: usize) -> Self {
        match self {
            Self::Malformed { name, reason, at } => Self::Malformed {
                name,
                reason,
                at: before + at,
            },
            other => other,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the request line.
    Start,
    Method,
    /// One space at least.
    TargetSpace,
    TargetStart,
    /// In the scheme of an absolute target.
    Scheme,
    /// After its colon, with this many slashes seen.
    SchemeSlashes(u8),
    Authority {
        /// Whether an `@` has been seen.
        at: bool,
    },
    /// Path, query and fragment allow the same bytes but for `?` and `#`.
    Path,
    Query,
    Fragment,
    /// Spaces before `HTTP/`, then so many of its bytes seen.
    Protocol(u8),
    Major,
    Dot(u8),
    Minor(u8),
    LineCr,
    LineLf,
    /// The first line after the request line.
    FirstField,
    FieldStart,
    FieldName,
    ValueSpace,
    EmptyValueLf,
    AfterEmptyValue,
    Value,
    ValueLf,
    AfterValue,
    HeadLf,
    Body(u64),
    Chunk(body::Chunk),
}

/// How a field's value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldKind {
    General,
    ContentLength(Number),
    /// So many bytes of `chunked` seen.
    TransferEncoding(u8),
    /// In a trailer.
    Trailer,
}

/// Progress within the value of `content-length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Digits(u64),
    Space(u64),
}

/// What a state does with the bytes before it.
enum Move {
    /// Consumed so many bytes, at least one, and changed the state as needed.
    On(usize),
    /// Consumed so many bytes; the request is complete.
    Done(usize),
}

impl RequestParser {
    /// A parser for a new connection.
    pub fn new(limits: Arc<HttpLimits>) -> Self {
        Self {
            limits,
            state: State::Start,
            method_name: ([0; chars::LONGEST_METHOD], 0),
            method: Method::GET,
            target: Vec::new(),
            headers: Headers::new(),
            fields: 0,
            length: 0,
            kind: FieldKind::General,
            content_length: None,
            chunked: false,
            trailer: false,
            body: Vec::new(),
            extension_bytes: 0,
        }
    }

    /// Takes the next bytes of the connection, up to the end of a request at most. Call it again
    /// with the rest. Nothing that was fed is needed again.
    ///
    /// # Errors
    /// [`Refusal`] for what ends the connection; the parser cannot be used after it.
    pub fn feed(&mut self, data: &[u8]) -> Result<Step, Refusal> {
        let mut place = 0;
        while place < data.len() {
            let rest = data.get(place..).unwrap_or_default();
            match self.advance(rest) {
                Ok(Move::On(count)) => {
                    debug_assert!(count > 0, "a state that consumes nothing never ends");
                    place += count;
                }
                Ok(Move::Done(count)) => {
                    return Ok(Step::Request(place + count, self.finish()));
                }
                Err(refusal) => return Err(refusal.after(place)),
            }
        }
        Ok(Step::More)
    }

    /// Where in a request the parser stands.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Start => Phase::Idle,
            _ if self.trailer => Phase::Body(self.body.len() as u64),
            State::Body(_) | State::Chunk(_) => Phase::Body(self.body.len() as u64),
            _ => Phase::Head,
        }
    }

    fn finish(&mut self) -> Parsed {
        self.state = State::Start;
        self.fields = 0;
        self.content_length = None;
        self.chunked = false;
        self.trailer = false;
        self.extension_bytes = 0;
        let room = self.target.capacity().min(limits::KEPT_CAPACITY);
        let target = std::mem::replace(&mut self.target, Vec::with_capacity(room));
        let next = self.headers.with_same_capacity(limits::KEPT_CAPACITY);
        let mut headers = std::mem::replace(&mut self.headers, next);
        headers.finish();
        Parsed {
            method: std::mem::take(&mut self.method),
            // Only ASCII was let in: nothing is replaced.
            target: String::from_utf8(target).unwrap_or_default(),
            headers,
            body: Bytes::from(std::mem::take(&mut self.body)),
        }
    }
}

/// Whether these bytes are a `token` of RFC 9110 5.6.2.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && chars::TOKEN.run(bytes) == bytes.len()
}

/// Whether these bytes can be a field's value.
pub(crate) fn is_field_value(bytes: &[u8]) -> bool {
    chars::VALUE.run(bytes) == bytes.len()
}

fn malformed<T>(name: &'static str, reason: &'static str, at: usize) -> Result<T, Refusal> {
    Err(Refusal::Malformed { name, reason, at })
}
