//! How typed keys and values become bytes (kv-tables.md 1.2). The types themselves live where their tables
//! are declared.

use std::{borrow::Cow, marker::PhantomData};

use bytes::Bytes;
use quorate_crypto::Digest;
use serde::{Serialize, de::DeserializeOwned};

/// Turns values of one type into bytes and back.
pub trait Codec {
    /// The type.
    type Value;

    /// The bytes of `value`.
    ///
    /// # Errors
    /// The value has no encoding.
    fn encode(value: &Self::Value) -> Result<Cow<'_, [u8]>, CodecError>;

    /// The value of `bytes`.
    ///
    /// # Errors
    /// The bytes encode no value.
    fn decode(bytes: &[u8]) -> Result<Self::Value, CodecError>;

    /// The bytes of `value` as something to keep.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    fn encode_bytes(value: &Self::Value) -> Result<Bytes, CodecError> {
        Self::encode(value).map(|bytes| Bytes::from(bytes.into_owned()))
    }
}

/// Why bytes and value do not match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(pub String);

/// A type with a raw encoding: text as it is, digests and ids as their text, integers little-endian.
pub trait RawEncoding: Sized {
    /// The bytes.
    fn to_raw(&self) -> Cow<'_, [u8]>;

    /// The value of `bytes`.
    ///
    /// # Errors
    /// The bytes encode no value.
    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError>;
}

/// Codec of raw bytes.
pub struct Raw<T>(PhantomData<fn() -> T>);

/// Codec of JSON as native code writes it (kv-tables.md 1.3): compact, object keys sorted bytewise.
pub struct Json<T>(PhantomData<fn() -> T>);

impl<T: RawEncoding> Codec for Raw<T> {
    type Value = T;

    fn encode(value: &T) -> Result<Cow<'_, [u8]>, CodecError> {
        Ok(value.to_raw())
    }

    fn decode(bytes: &[u8]) -> Result<T, CodecError> {
        T::from_raw(bytes)
    }
}

impl<T: Serialize + DeserializeOwned> Codec for Json<T> {
    type Value = T;

    fn encode(value: &T) -> Result<Cow<'_, [u8]>, CodecError> {
        // By way of a `Value`, whose objects are ordered maps: that sorts the fields of structs.
        serde_json::to_value(value)
            .and_then(|value| serde_json::to_vec(&value))
            .map(Cow::Owned)
            .map_err(|error| CodecError(error.to_string()))
    }

    fn decode(bytes: &[u8]) -> Result<T, CodecError> {
        serde_json::from_slice(bytes).map_err(|error| CodecError(error.to_string()))
    }
}

impl RawEncoding for Bytes {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        Ok(Self::copy_from_slice(bytes))
    }
}

impl RawEncoding for Vec<u8> {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        Ok(bytes.to_vec())
    }
}

impl RawEncoding for String {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| CodecError(format!("not UTF-8: {error}")))?;
        Ok(text.to_owned())
    }
}

impl RawEncoding for Digest {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.to_string().into_bytes())
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        String::from_raw(bytes)?
            .parse()
            .map_err(|error| CodecError(format!("{error}")))
    }
}

macro_rules! raw_integer {
    ($($integer:ty),*) => {$(
        impl RawEncoding for $integer {
            fn to_raw(&self) -> Cow<'_, [u8]> {
                Cow::Owned(self.to_le_bytes().to_vec())
            }

            fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
                let bytes = bytes.try_into().map_err(|_| {
                    CodecError(format!("expected {} bytes, found {}", size_of::<Self>(), bytes.len()))
                })?;
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )*};
}

raw_integer!(u8, u16, u32, u64, i8, i16, i32, i64);

#[cfg(test)]
mod tests;
