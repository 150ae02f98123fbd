//! Bodies: by length and in chunks.

use super::{Move, Refusal, RequestParser, State, chars, malformed};
use crate::limits;

/// Where in a chunked body the parser stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In a size: `None` before its first digit.
    Size(Option<u64>),
    /// After the `;` of an extension.
    Extension(u64),
    ExtensionName(u64),
    ExtensionValue(u64),
    Quoted(u64),
    QuotedPair(u64),
    QuotedEnd(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
}

impl RequestParser {
    pub(super) fn body(&mut self, data: &[u8], remaining: u64) -> Move {
        let count = self.take(data, remaining);
        match remaining - count as u64 {
            0 => Move::Done(count),
            remaining => {
                self.state = State::Body(remaining);
                Move::On(count)
            }
        }
    }

    /// Appends to the body. Room is made for what is here, not for what is announced.
    fn take(&mut self, data: &[u8], remaining: u64) -> usize {
        let count = usize::try_from(remaining).map_or(data.len(), |most| most.min(data.len()));
        if self.body.is_empty() && count as u64 == remaining {
            self.body.reserve_exact(count);
        }
        self.body
            .extend_from_slice(data.get(..count).unwrap_or_default());
        count
    }

    pub(super) fn chunk(&mut self, data: &[u8], byte: u8, chunk: Chunk) -> Result<Move, Refusal> {
        let strict = |reason| malformed("HPE_STRICT", reason, 0);
        let next = match chunk {
            Chunk::Size(so_far) => return self.chunk_size(byte, so_far),
            Chunk::SizeLf(size) if byte == b'\n' => return self.begin_chunk(size),
            Chunk::SizeLf(_) => return strict("Expected LF after chunk size"),
            Chunk::Data(remaining) => return Ok(self.chunk_data(data, remaining)),
            Chunk::DataCr if byte == b'\r' => Chunk::DataLf,
            Chunk::DataCr if byte == b'\n' => {
                return malformed("HPE_CR_EXPECTED", "Missing expected CR after chunk data", 0);
            }
            Chunk::DataLf if byte == b'\n' => Chunk::Size(None),
            Chunk::DataCr | Chunk::DataLf => return strict("Expected LF after chunk data"),
            _ => {
                self.extension_bytes += 1;
                if self.extension_bytes > limits::CHUNK_EXTENSION_BYTES {
                    return strict("Chunk extensions are too large");
                }
                extension(byte, chunk)?
            }
        };
        self.go(State::Chunk(next))
    }

    fn chunk_size(&mut self, byte: u8, so_far: Option<u64>) -> Result<Move, Refusal> {
        let name = "HPE_INVALID_CHUNK_SIZE";
        let digit = char::from(byte).to_digit(16).map(u64::from);
        let next = match (so_far, digit, byte) {
            (_, Some(digit), _) => {
                match so_far.unwrap_or(0).checked_mul(16).map(|size| size | digit) {
                    Some(size) => Chunk::Size(Some(size)),
                    None => return malformed(name, "Chunk size overflow", 0),
                }
            }
            (Some(size), None, b'\r') => Chunk::SizeLf(size),
            (Some(size), None, b';') => Chunk::Extension(size),
            (Some(_), None, b'\n') => {
                return malformed("HPE_CR_EXPECTED", "Missing expected CR after chunk size", 0);
            }
            _ => return malformed(name, "Invalid character in chunk size", 0),
        };
        self.go(State::Chunk(next))
    }

    fn begin_chunk(&mut self, size: u64) -> Result<Move, Refusal> {
        if size == 0 {
            self.trailer = true;
            return self.go(State::FieldStart);
        }
        let limit = &self.limits.max_body_size;
        match (self.body.len() as u64).checked_add(size) {
            Some(total) if total <= limit.bytes => self.go(State::Chunk(Chunk::Data(size))),
            _ => Err(Refusal::BodyTooLarge(limit.text.clone())),
        }
    }

    fn chunk_data(&mut self, data: &[u8], remaining: u64) -> Move {
        let count = self.take(data, remaining);
        self.state = State::Chunk(match remaining - count as u64 {
            0 => Chunk::DataCr,
            remaining => Chunk::Data(remaining),
        });
        Move::On(count)
    }
}

/// Extensions are checked and ignored.
fn extension(byte: u8, chunk: Chunk) -> Result<Chunk, Refusal> {
    let strict = |reason| malformed("HPE_STRICT", reason, 0);
    Ok(match (chunk, byte) {
        (Chunk::Extension(size), _) if chars::TOKEN.has(byte) => Chunk::ExtensionName(size),
        (Chunk::Extension(_), _) => return strict("Invalid character in chunk extensions"),
        (Chunk::ExtensionName(size), b'=') => Chunk::ExtensionValue(size),
        (Chunk::ExtensionName(size), _) if chars::TOKEN.has(byte) => Chunk::ExtensionName(size),
        (Chunk::ExtensionValue(size), b'"') => Chunk::Quoted(size),
        (Chunk::ExtensionValue(size), _) if chars::TOKEN.has(byte) => Chunk::ExtensionValue(size),
        (Chunk::Quoted(size), b'"') => Chunk::QuotedEnd(size),
        (Chunk::Quoted(size), b'\\') => Chunk::QuotedPair(size),
        (Chunk::Quoted(size), _) if chars::QUOTED.has(byte) => Chunk::Quoted(size),
        (Chunk::QuotedPair(size), _) if chars::VALUE.has(byte) => Chunk::Quoted(size),
        (
            Chunk::ExtensionName(size) | Chunk::ExtensionValue(size) | Chunk::QuotedEnd(size),
            b';',
        ) => Chunk::Extension(size),
        (
            Chunk::ExtensionName(size) | Chunk::ExtensionValue(size) | Chunk::QuotedEnd(size),
            b'\r',
        ) => Chunk::SizeLf(size),
        (Chunk::ExtensionName(_), _) => {
            return strict("Invalid character in chunk extensions name");
        }
        (Chunk::ExtensionValue(_), _) => {
            return strict("Invalid character in chunk extensions value");
        }
        _ => return strict("Invalid character in chunk extensions quoted value"),
    })
}
