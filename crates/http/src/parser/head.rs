//! Request line and header fields.

use http::Method;

use super::{
    FieldKind, Move, Number, Refusal, RequestParser, State,
    body::Chunk,
    chars::{self, METHODS},
    malformed,
};
use crate::limits;

const PROTOCOL: &[u8] = b"HTTP/";
const CHUNKED: &[u8] = b"chunked";

impl RequestParser {
    /// Makes one step into `data`, which is not empty.
    pub(super) fn advance(&mut self, data: &[u8]) -> Result<Move, Refusal> {
        let Some(&byte) = data.first() else {
            return Ok(Move::On(0));
        };
        match self.state {
            State::Start => self.start(data, byte),
            State::Method => self.method(byte),
            State::TargetSpace if byte == b' ' => self.go(State::TargetStart),
            State::TargetSpace => malformed("HPE_INVALID_METHOD", "Expected space after method", 0),
            State::TargetStart
            | State::Scheme
            | State::SchemeSlashes(_)
            | State::Authority { .. }
            | State::Path
            | State::Query
            | State::Fragment => self.target(data, byte),
            State::Protocol(_)
            | State::Major
            | State::Dot(_)
            | State::Minor(_)
            | State::LineCr
            | State::LineLf => self.version(data, byte),
            State::FirstField | State::FieldStart | State::FieldName => self.field(data, byte),
            State::ValueSpace
            | State::EmptyValueLf
            | State::AfterEmptyValue
            | State::Value
            | State::ValueLf
            | State::AfterValue => self.value(data, byte),
            State::HeadLf if byte == b'\n' => self.head_done(),
            State::HeadLf => malformed("HPE_STRICT", "Expected LF after headers", 0),
            State::Body(remaining) => Ok(self.body(data, remaining)),
            State::Chunk(chunk) => self.chunk(data, byte, chunk),
        }
    }

    pub(super) fn go(&mut self, state: State) -> Result<Move, Refusal> {
        self.state = state;
        Ok(Move::On(1))
    }

    fn start(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        if byte == b'\r' || byte == b'\n' {
            return Ok(Move::On(1));
        }
        // The usual: a whole method and its space.
        for name in METHODS {
            if data
                .strip_prefix(name)
                .is_some_and(|rest| rest.first() == Some(&b' '))
            {
                self.set_method(name);
                self.state = State::TargetStart;
                return Ok(Move::On(name.len() + 1));
            }
        }
        self.method_name.1 = 0;
        self.state = State::Method;
        self.method(byte)
    }

    fn method(&mut self, byte: u8) -> Result<Move, Refusal> {
        let (name, length) = &mut self.method_name;
        let invalid = malformed("HPE_INVALID_METHOD", "Invalid method encountered", 0);
        let Some(slot) = name.get_mut(*length) else {
            return invalid;
        };
        *slot = byte;
        *length += 1;
        let seen = name.get(..*length).unwrap_or_default();
        match METHODS.iter().find(|method| method.starts_with(seen)) {
            None => invalid,
            Some(method) if method.len() == seen.len() => {
                self.set_method(method);
                self.go(State::TargetSpace)
            }
            Some(_) => Ok(Move::On(1)),
        }
    }

    fn set_method(&mut self, name: &[u8]) {
        // All of METHODS are tokens: never the default.
        self.method = Method::from_bytes(name).unwrap_or_default();
    }

    fn target(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        let invalid = |reason, at| malformed("HPE_INVALID_URL", reason, at);
        match self.state {
            State::TargetStart if byte == b' ' => return Ok(Move::On(1)),
            State::TargetStart if self.method == Method::CONNECT => {
                self.state = State::Authority { at: false };
                return self.target(data, byte);
            }
            State::TargetStart => {
                self.state = match byte {
                    b'/' | b'*' => State::Path,
                    _ if byte.is_ascii_alphabetic() => State::Scheme,
                    b'\r' | b'\n' => return invalid("Invalid characters in url", 0),
                    _ => return invalid("Unexpected start char in url", 0),
                };
            }
            State::Scheme => match byte {
                b':' => self.state = State::SchemeSlashes(0),
                _ if byte.is_ascii_alphabetic() => {}
                b' ' | b'\r' | b'\n' => return invalid("Invalid characters in url", 0),
                _ => return invalid("Unexpected char in url schema", 0),
            },
            State::SchemeSlashes(seen) => match byte {
                b'/' if seen == 0 => self.state = State::SchemeSlashes(1),
                b'/' => self.state = State::Authority { at: false },
                b' ' | b'\r' | b'\n' => return invalid("Invalid characters in url", 0),
                _ => return invalid("Unexpected char in url schema", 0),
            },
            State::Authority { at } => match byte {
                b'/' => self.state = State::Path,
                b'?' => self.state = State::Query,
                b'@' if at => return invalid("Double @ in url", 0),
                b'@' => self.state = State::Authority { at: true },
                b' ' => return self.go(State::Protocol(0)),
                _ if chars::AUTHORITY.has(byte) => {}
                _ => return invalid("Unexpected char in url server", 0),
            },
            _ => return self.target_run(data),
        }
        self.push_target(&[byte])?;
        Ok(Move::On(1))
    }

    /// Path, query, fragment: as much as there is.
    fn target_run(&mut self, data: &[u8]) -> Result<Move, Refusal> {
        let (set, reason) = match self.state {
            State::Path => (&chars::PATH, "Invalid char in url path"),
            State::Query => (&chars::QUERY, "Invalid char in url query"),
            _ => (&chars::FRAGMENT, "Invalid char in url fragment start"),
        };
        let run = set.run(data);
        self.push_target(data.get(..run).unwrap_or_default())?;
        let next = match data.get(run) {
            None => return Ok(Move::On(run)),
            Some(b' ') => {
                self.state = State::Protocol(0);
                return Ok(Move::On(run + 1));
            }
            Some(b'?') => State::Query,
            Some(b'#') => State::Fragment,
            Some(b'\r' | b'\n') => {
                return malformed("HPE_INVALID_CONSTANT", "Expected HTTP/", run);
            }
            Some(_) => return malformed("HPE_INVALID_URL", reason, run),
        };
        self.push_target(data.get(run..=run).unwrap_or_default())?;
        self.state = next;
        Ok(Move::On(run + 1))
    }

    fn push_target(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let limit = limits::target_bytes(&self.limits);
        if self.target.len() + bytes.len() > limit {
            return Err(Refusal::HeaderTooLarge(format!(
                "HTTP request target is too large (max size allowed: {limit} bytes)"
            )));
        }
        self.target.extend_from_slice(bytes);
        Ok(())
    }

    fn version(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        let invalid = |reason| malformed("HPE_INVALID_VERSION", reason, 0);
        match self.state {
            State::Protocol(0) if data.starts_with(b"HTTP/1.1\r\n") => {
                self.state = State::FirstField;
                Ok(Move::On(b"HTTP/1.1\r\n".len()))
            }
            State::Protocol(0) if byte == b' ' => Ok(Move::On(1)),
            State::Protocol(seen) if PROTOCOL.get(usize::from(seen)) == Some(&byte) => {
                let last = usize::from(seen) + 1 == PROTOCOL.len();
                self.go(if last {
                    State::Major
                } else {
                    State::Protocol(seen + 1)
                })
            }
            State::Protocol(_) => malformed("HPE_INVALID_CONSTANT", "Expected HTTP/", 0),
            State::Major if byte.is_ascii_digit() => self.go(State::Dot(byte)),
            State::Major => invalid("Invalid major version"),
            State::Dot(major) if byte == b'.' => self.go(State::Minor(major)),
            State::Dot(_) => invalid("Expected dot"),
            State::Minor(major) => match (major, byte) {
                (b'0', b'9') | (b'1', b'0' | b'1') | (b'2', b'0') => self.go(State::LineCr),
                (_, b'0'..=b'9') => invalid("Invalid HTTP version"),
                _ => invalid("Invalid minor version"),
            },
            State::LineCr if byte == b'\r' => self.go(State::LineLf),
            State::LineCr => invalid("Expected CRLF after version"),
            _ if byte == b'\n' => self.go(State::FirstField),
            _ => malformed("HPE_STRICT", "Expected CRLF after version", 0),
        }
    }

    fn field(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        let invalid = |reason, at| malformed("HPE_INVALID_HEADER_TOKEN", reason, at);
        if self.state != State::FieldName {
            match byte {
                b'\r' => return self.go(State::HeadLf),
                b'\n' => return invalid("Invalid header field char", 0),
                b' ' if self.state == State::FirstField => {
                    return malformed(
                        "HPE_UNEXPECTED_SPACE",
                        "Unexpected space after start line",
                        0,
                    );
                }
                _ if !chars::TOKEN.has(byte) => return invalid("Invalid header token", 0),
                _ => self.begin_field()?,
            }
        }
        let run = chars::TOKEN.run(data);
        let name = data.get(..run).unwrap_or_default();
        self.push_name(name)?;
        match data.get(run) {
            None => Ok(Move::On(run)),
            Some(b':') => self.end_name(run),
            Some(b' ') => invalid("Invalid header field char", run),
            Some(_) => invalid("Invalid header token", run),
        }
    }

    fn begin_field(&mut self) -> Result<(), Refusal> {
        self.fields += 1;
        if self.fields > self.limits.max_headers_count {
            return Err(Refusal::HeaderTooLarge(format!(
                "Too many headers (max number allowed: {})",
                self.limits.max_headers_count
            )));
        }
        self.state = State::FieldName;
        self.length = 0;
        self.headers.begin();
        Ok(())
    }

    fn push_name(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let fits = self.fitting(bytes);
        self.headers.push_name(fits);
        if fits.len() < bytes.len() {
            // As long as the first byte beyond the limit.
            self.headers
                .push_name(bytes.get(fits.len()..=fits.len()).unwrap_or_default());
            return Err(Refusal::HeaderTooLarge(format!(
                "Header key for '{}' is too large (max size allowed: {})",
                self.headers.pending_name(),
                self.limits.max_header_size
            )));
        }
        Ok(())
    }

    /// What of a name or value is within the limit.
    fn fitting<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = self
            .limits
            .max_header_size
            .bytes
            .saturating_sub(self.length);
        let count = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        self.length += count as u64;
        bytes.get(..count).unwrap_or_default()
    }

    /// At the colon.
    fn end_name(&mut self, at: usize) -> Result<Move, Refusal> {
        self.length = 0;
        self.kind = match self.headers.pending_name() {
            _ if self.trailer => FieldKind::Trailer,
            "content-length" if self.chunked => {
                let reason = "Content-Length can't be present with Transfer-Encoding";
                return malformed("HPE_INVALID_CONTENT_LENGTH", reason, at);
            }
            "content-length" if self.content_length.is_some() => {
                let reason = "Content-Length already present";
                return malformed("HPE_UNEXPECTED_CONTENT_LENGTH", reason, at);
            }
            "content-length" => FieldKind::ContentLength(Number::Digits(0)),
            "transfer-encoding" if self.content_length.is_some() => {
                let reason = "Transfer-Encoding can't be present with Content-Length";
                return malformed("HPE_INVALID_TRANSFER_ENCODING", reason, at);
            }
            "transfer-encoding" if self.chunked => {
                let reason = "Invalid `Transfer-Encoding` header value";
                return malformed("HPE_INVALID_TRANSFER_ENCODING", reason, at);
            }
            "transfer-encoding" => FieldKind::TransferEncoding(0),
            _ => FieldKind::General,
        };
        self.state = State::ValueSpace;
        Ok(Move::On(at + 1))
    }

    fn value(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        let token = |reason| malformed("HPE_INVALID_HEADER_TOKEN", reason, 0);
        match self.state {
            State::ValueSpace => match byte {
                b' ' | b'\t' => Ok(Move::On(1)),
                b'\r' => self.go(State::EmptyValueLf),
                _ if chars::VALUE.has(byte) => {
                    self.state = State::Value;
                    self.value_run(data)
                }
                _ => token("Invalid header value char"),
            },
            State::EmptyValueLf if byte == b'\n' => self.go(State::AfterEmptyValue),
            State::EmptyValueLf => malformed("HPE_STRICT", "Expected LF after CR", 0),
            State::AfterEmptyValue => match (byte, self.kind) {
                (b' ' | b'\t', _) => token("Invalid header value char"),
                (_, FieldKind::ContentLength(_)) => {
                    malformed("HPE_INVALID_CONTENT_LENGTH", "Empty Content-Length", 0)
                }
                (_, FieldKind::TransferEncoding(_)) => malformed(
                    "HPE_INVALID_TRANSFER_ENCODING",
                    "Empty Transfer-Encoding",
                    0,
                ),
                _ => self.end_value(data, byte),
            },
            State::Value => self.value_run(data),
            State::ValueLf if byte == b'\n' => self.go(State::AfterValue),
            State::ValueLf => malformed(
                "HPE_LF_EXPECTED",
                "Missing expected LF after header value",
                0,
            ),
            // After the line of a value: folding is refused.
            _ if byte == b' ' || byte == b'\t' => token("Unexpected whitespace after header value"),
            _ => self.end_value(data, byte),
        }
    }

    fn value_run(&mut self, data: &[u8]) -> Result<Move, Refusal> {
        let run = chars::VALUE.run(data);
        let bytes = data.get(..run).unwrap_or_default();
        let fits = self.fitting(bytes);
        self.check_value(fits)?;
        if fits.len() < bytes.len() {
            return Err(Refusal::HeaderTooLarge(format!(
                "Header value for '{}' is too large (max size allowed: {})",
                self.headers.pending_name(),
                self.limits.max_header_size
            )));
        }
        self.headers.push_value(fits);
        match data.get(run) {
            None => Ok(Move::On(run)),
            Some(b'\r') => {
                self.check_whole_value(run)?;
                // The usual: the line's end and the beginning of another field.
                let next = match data.get(run + 1..) {
                    Some([b'\n', next, ..]) if chars::TOKEN.has(*next) => {
                        self.keep_field();
                        self.state = State::FieldStart;
                        run + 2
                    }
                    _ => {
                        self.state = State::ValueLf;
                        run + 1
                    }
                };
                Ok(Move::On(next))
            }
            Some(b'\n') => malformed(
                "HPE_CR_EXPECTED",
                "Missing expected CR after header value",
                run,
            ),
            Some(_) => malformed("HPE_INVALID_HEADER_TOKEN", "Invalid header value char", run),
        }
    }

    /// Reads on in a value that frames the body.
    fn check_value(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if matches!(self.kind, FieldKind::General | FieldKind::Trailer) {
            return Ok(());
        }
        for (at, &byte) in bytes.iter().enumerate() {
            self.kind = match self.kind {
                FieldKind::ContentLength(number) => {
                    FieldKind::ContentLength(number.next(byte, at)?)
                }
                FieldKind::TransferEncoding(seen) => {
                    let space = byte == b' ' || byte == b'\t';
                    match CHUNKED.get(usize::from(seen)) {
                        Some(wanted) if *wanted == byte.to_ascii_lowercase() => {
                            FieldKind::TransferEncoding(seen + 1)
                        }
                        None if space => self.kind,
                        _ => return transfer_encoding(at),
                    }
                }
                other => other,
            };
        }
        Ok(())
    }

    /// At the end of a value.
    fn check_whole_value(&mut self, at: usize) -> Result<(), Refusal> {
        match self.kind {
            FieldKind::ContentLength(Number::Digits(n) | Number::Space(n)) => {
                self.content_length = Some(n);
            }
            FieldKind::TransferEncoding(seen) if usize::from(seen) < CHUNKED.len() => {
                return transfer_encoding(at);
            }
            FieldKind::TransferEncoding(_) => self.chunked = true,
            FieldKind::General | FieldKind::Trailer => {}
        }
        Ok(())
    }

    fn end_value(&mut self, data: &[u8], byte: u8) -> Result<Move, Refusal> {
        self.keep_field();
        self.state = State::FieldStart;
        self.field(data, byte)
    }

    fn keep_field(&mut self) {
        if self.kind == FieldKind::Trailer {
            self.headers.abandon();
        } else {
            self.headers.commit();
        }
    }

    /// At the LF of the empty line.
    fn head_done(&mut self) -> Result<Move, Refusal> {
        if self.trailer {
            return Ok(Move::Done(1));
        }
        if self.chunked {
            return self.go(State::Chunk(Chunk::Size(None)));
        }
        match self.content_length {
            None | Some(0) => Ok(Move::Done(1)),
            Some(length) if length > self.limits.max_body_size.bytes => Err(Refusal::BodyTooLarge(
                self.limits.max_body_size.text.clone(),
            )),
            Some(length) => self.go(State::Body(length)),
        }
    }
}

impl Number {
    fn next(self, byte: u8, at: usize) -> Result<Self, Refusal> {
        let name = "HPE_INVALID_CONTENT_LENGTH";
        match (self, byte) {
            (Self::Digits(n), b'0'..=b'9') => {
                let digit = u64::from(byte - b'0');
                match n.checked_mul(10).and_then(|n| n.checked_add(digit)) {
                    Some(n) => Ok(Self::Digits(n)),
                    None => malformed(name, "Content-Length overflow", at),
                }
            }
            (Self::Digits(n) | Self::Space(n), b' ' | b'\t') => Ok(Self::Space(n)),
            _ => malformed(name, "Invalid character in Content-Length", at),
        }
    }
}

fn transfer_encoding<T>(at: usize) -> Result<T, Refusal> {
    malformed(
        "HPE_INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        at,
    )
}
