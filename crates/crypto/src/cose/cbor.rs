//! The little CBOR that COSE needs (RFC 8949): a bounded reader and a writer of the shortest definite forms. Which
//! labels and types a message has is not known here.

use crate::limits::CBOR_DEPTH;

/// What is wrong with CBOR input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The input ends within an item.
    #[error("the CBOR input ends within an item")]
    HitEnd,
    /// An item is expected and there is none.
    #[error("a CBOR item is missing")]
    NoMoreItems,
    /// A break where none may be.
    #[error("a CBOR break outside of an item of indefinite length")]
    BadBreak,
    /// One of the reserved encodings of a length.
    #[error("a CBOR item with reserved additional information")]
    Reserved,
    /// An integer or tag of indefinite length.
    #[error("a CBOR integer or tag of indefinite length")]
    BadInteger,
    /// A simple value in a forbidden encoding.
    #[error("a CBOR simple value in a forbidden encoding")]
    BadSimple,
    /// Nested too deeply.
    #[error("CBOR items are nested too deeply, at most 15 levels are accepted")]
    TooDeep,
    /// A string in chunks.
    #[error("a CBOR string of indefinite length is not accepted")]
    ChunkedString,
    /// A map label that is neither an integer nor a string.
    #[error("a CBOR map label must be an integer or a string")]
    LabelType,
    /// An item of another type than is expected.
    #[error("a CBOR item of another type was expected")]
    UnexpectedType,
    /// A label twice in a map.
    #[error("a CBOR map has the same label twice")]
    DuplicateLabel,
    /// An integer below -2^63 or, where a signed one is expected, above 2^63 - 1.
    #[error("a CBOR integer is out of range")]
    IntegerRange,
    /// A text that is no UTF-8.
    #[error("a CBOR text is not valid UTF-8")]
    NotUtf8,
    /// More items than are accepted.
    #[error("a CBOR container has too many items")]
    TooManyItems,
    /// Bytes follow the item.
    #[error("bytes follow the CBOR item")]
    TrailingBytes,
}

impl CborError {
    /// The number that CCF's CBOR library has for this error, part of an error text (governance-api.md 2.2).
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::BadSimple => 20,
            Self::TrailingBytes => 21,
            Self::Reserved => 22,
            Self::BadInteger => 24,
            Self::HitEnd => 31,
            Self::BadBreak => 32,
            Self::TooDeep => 41,
            Self::TooManyItems => 42,
            Self::ChunkedString => 45,
            Self::LabelType => 47,
            Self::UnexpectedType | Self::NotUtf8 => 61,
            Self::DuplicateLabel => 62,
            Self::IntegerRange => 64,
            Self::NoMoreItems => 67,
        }
    }
}

/// The beginning of an item, or all of it when it holds no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Head<'a> {
    /// An integer from zero.
    Unsigned(u64),
    /// The integer -1 - n.
    Negative(u64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text, not checked to be UTF-8.
    Text(&'a [u8]),
    /// An array of so many items; `None`: up to a break.
    Array(Option<u64>),
    /// A map of so many pairs; `None`: up to a break.
    Map(Option<u64>),
    /// A tag, before the item it belongs to.
    Tag(u64),
    /// false, true, null and the like.
    Simple(u8),
    /// A floating-point number.
    Float,
    /// The end of an item of indefinite length.
    Break,
}

impl Head<'_> {
    /// The value if it is an integer from -2^63 to 2^63 - 1.
    pub fn as_int(self) -> Result<i64, CborError> {
        match self {
            Self::Unsigned(n) => i64::try_from(n).map_err(|_| CborError::IntegerRange),
            Self::Negative(n) => i64::try_from(n)
                .map(|n| -1 - n)
                .map_err(|_| CborError::IntegerRange),
            other => Err(other.unexpected()),
        }
    }

    /// The error when another type was expected.
    fn unexpected(self) -> CborError {
        if self == Self::Break {
            CborError::BadBreak
        } else {
            CborError::UnexpectedType
        }
    }
}

/// Reads CBOR from a slice. All methods are total and bounded by the input.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    position: usize,
}

/// The elements of an array, or pairs of a map, that are still to come.
#[derive(Clone, Copy, Debug)]
pub struct Remaining(Option<u64>);

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The bytes from `start` to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.data.get(start..self.position).unwrap_or_default()
    }

    /// Refuses bytes that follow.
    pub fn finish(&self) -> Result<(), CborError> {
        if self.position == self.data.len() {
            Ok(())
        } else {
            Err(CborError::TrailingBytes)
        }
    }

    /// The next head.
    pub fn head(&mut self) -> Result<Head<'a>, CborError> {
        let initial = *self
            .take(1)
            .map_err(|_| CborError::NoMoreItems)?
            .first()
            .ok_or(CborError::NoMoreItems)?;
        let (major, additional) = (initial >> 5, initial & 0x1f);
        if additional == 31 {
            return match major {
                0 | 1 | 6 => Err(CborError::BadInteger),
                2 | 3 => Err(CborError::ChunkedString),
                4 => Ok(Head::Array(None)),
                5 => Ok(Head::Map(None)),
                _ => Ok(Head::Break),
            };
        }
        let argument = match additional {
            0..=23 => u64::from(additional),
            24..=27 => {
                let bytes = self.take(1 << (additional - 24))?;
                bytes
                    .iter()
                    .fold(0, |value, byte| value << 8 | u64::from(*byte))
            }
            _ => return Err(CborError::Reserved),
        };
        Ok(match major {
            0 => Head::Unsigned(argument),
            1 => Head::Negative(argument),
            2 => Head::Bytes(self.string(argument)?),
            3 => Head::Text(self.string(argument)?),
            4 => Head::Array(Some(argument)),
            5 => Head::Map(Some(argument)),
            6 => Head::Tag(argument),
            _ => match additional {
                25..=27 => Head::Float,
                24 if argument < 32 => return Err(CborError::BadSimple),
                _ => Head::Simple(u8::try_from(argument).map_err(|_| CborError::BadSimple)?),
            },
        })
    }

    /// Passes over one whole item; `depth` is the number of containers around it.
    pub fn skip(&mut self, depth: usize) -> Result<(), CborError> {
        let head = self.head()?;
        self.skip_rest(head, depth)
    }

    /// Passes over what belongs to a head that was read.
    pub fn skip_rest(&mut self, head: Head<'a>, depth: usize) -> Result<(), CborError> {
        let (mut remaining, items) = match head {
            Head::Break => return Err(CborError::BadBreak),
            Head::Tag(_) => (Remaining(Some(1)), 1),
            Head::Array(count) => (Remaining(count), 1),
            Head::Map(count) => (Remaining(count), 2),
            _ => return Ok(()),
        };
        if depth >= CBOR_DEPTH {
            return Err(CborError::TooDeep);
        }
        while self.more(&mut remaining)? {
            for _ in 0..items {
                self.skip(depth + 1).map_err(inside)?;
            }
        }
        Ok(())
    }

    /// Whether another element (or pair) follows; at the end of a container of indefinite length, takes its break.
    pub fn more(&mut self, remaining: &mut Remaining) -> Result<bool, CborError> {
        match &mut remaining.0 {
            Some(0) => Ok(false),
            Some(count) => {
                *count -= 1;
                Ok(true)
            }
            None => match self.data.get(self.position) {
                None => Err(CborError::HitEnd),
                Some(0xff) => {
                    self.position += 1;
                    remaining.0 = Some(0);
                    Ok(false)
                }
                Some(_) => Ok(true),
            },
        }
    }

    /// The start of an array.
    pub fn array(&mut self) -> Result<Remaining, CborError> {
        match self.head()? {
            Head::Array(count) => Ok(Remaining(count)),
            other => Err(other.unexpected()),
        }
    }

    /// The start of an array that has exactly `count` elements, announced.
    pub fn array_of(&mut self, count: u64) -> Result<(), CborError> {
        match self.head()? {
            Head::Array(Some(announced)) if announced == count => Ok(()),
            other => Err(other.unexpected()),
        }
    }

    /// The start of a map.
    pub fn map(&mut self) -> Result<Remaining, CborError> {
        match self.head()? {
            Head::Map(count) => Ok(Remaining(count)),
            other => Err(other.unexpected()),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        match self.head()? {
            Head::Bytes(bytes) => Ok(bytes),
            other => Err(other.unexpected()),
        }
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, CborError> {
        match self.head()? {
            Head::Text(text) => std::str::from_utf8(text).map_err(|_| CborError::NotUtf8),
            other => Err(other.unexpected()),
        }
    }

    /// An integer from -2^63 to 2^63 - 1.
    pub fn int(&mut self) -> Result<i64, CborError> {
        self.head()?.as_int()
    }

    /// A boolean.
    pub fn bool(&mut self) -> Result<bool, CborError> {
        match self.head()? {
            Head::Simple(20) => Ok(false),
            Head::Simple(21) => Ok(true),
            other => Err(other.unexpected()),
        }
    }

    /// A given tag.
    pub fn tag(&mut self, tag: u64) -> Result<(), CborError> {
        if self.head()? == Head::Tag(tag) {
            Ok(())
        } else {
            Err(CborError::UnexpectedType)
        }
    }

    /// A byte string, or `None` for null.
    pub fn bytes_or_null(&mut self) -> Result<Option<&'a [u8]>, CborError> {
        match self.head()? {
            Head::Bytes(bytes) => Ok(Some(bytes)),
            Head::Simple(22) => Ok(None),
            other => Err(other.unexpected()),
        }
    }

    fn string(&mut self, len: u64) -> Result<&'a [u8], CborError> {
        self.take(usize::try_from(len).map_err(|_| CborError::HitEnd)?)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], CborError> {
        let end = self.position.checked_add(len).ok_or(CborError::HitEnd)?;
        let bytes = self.data.get(self.position..end).ok_or(CborError::HitEnd)?;
        self.position = end;
        Ok(bytes)
    }
}

impl Remaining {
    /// What follows a head: elements of an array, or pairs of a map.
    pub fn of(head: Head<'_>) -> Option<Self> {
        match head {
            Head::Array(count) | Head::Map(count) => Some(Self(count)),
            _ => None,
        }
    }
}

/// Within a container, the end of the input is not the end of the items.
pub(crate) fn inside(error: CborError) -> CborError {
    if error == CborError::NoMoreItems {
        CborError::HitEnd
    } else {
        error
    }
}

/// Writes CBOR in the shortest definite form. The caller sees to it that containers get as many items as announced.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing written yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing written yet, room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A tag; the item follows.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(6, tag)
    }

    /// An array; `count` elements follow.
    pub fn array(&mut self, count: u64) -> &mut Self {
        self.head(4, count)
    }

    /// A map; `count` pairs follow.
    pub fn map(&mut self, count: u64) -> &mut Self {
        self.head(5, count)
    }

    /// An integer.
    pub fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, value.unsigned_abs() - 1),
        }
    }

    /// An integer from zero.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value)
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64).raw(bytes)
    }

    /// The head of a byte string; `len` bytes follow.
    pub fn bytes_head(&mut self, len: u64) -> &mut Self {
        self.head(2, len)
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64).raw(text.as_bytes())
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.raw(&[0xf4 + u8::from(value)])
    }

    /// null.
    pub fn null(&mut self) -> &mut Self {
        self.raw(&[0xf6])
    }

    /// Items that are encoded already.
    pub fn raw(&mut self, encoded: &[u8]) -> &mut Self {
        self.0.extend_from_slice(encoded);
        self
    }

    #[allow(clippy::cast_possible_truncation)] // Each arm has checked that the argument fits.
    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let major = major << 5;
        match argument {
            0..=23 => self.raw(&[major | argument as u8]),
            24..=0xff => self.raw(&[major | 24, argument as u8]),
            0x100..=0xffff => self
                .raw(&[major | 25])
                .raw(&(argument as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self
                .raw(&[major | 26])
                .raw(&(argument as u32).to_be_bytes()),
            _ => self.raw(&[major | 27]).raw(&argument.to_be_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
