//! Types of the fields that many values share: byte strings and PEM texts (kv-tables.md 1.3).

use std::{borrow::Cow, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use quorate_kv::{CodecError, RawEncoding};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

/// Bytes. In JSON standard base64 with padding; an array of integers 0 to 255 is understood as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base64Bytes(pub Vec<u8>);

/// A text in PEM format, with its final newline if its writer gave it one. Nothing but UTF-8 is checked here:
/// constitutions write these values, and whoever uses one parses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pem(pub String);

impl Base64Bytes {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The text that stands in JSON.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }
}

impl From<Vec<u8>> for Base64Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Base64Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Base64Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor).map(Self)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a base64 string or an array of integers from 0 to 255")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        BASE64_STANDARD
            .decode(text)
            .map_err(|error| E::custom(format!("not standard base64: {error}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

impl Pem {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for Pem {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Pem {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AsRef<str> for Pem {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RawEncoding for Pem {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        self.0.to_raw()
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        String::from_raw(bytes).map(Self)
    }
}

impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PemVisitor).map(Self)
    }
}

/// A text, or its bytes as an array, as the first services wrote it.
struct PemVisitor;

impl<'de> Visitor<'de> for PemVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PEM text or an array of its bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        let bytes = BytesVisitor.visit_seq(sequence)?;
        String::from_utf8(bytes).map_err(|error| de::Error::custom(format!("not UTF-8: {error}")))
    }
}

/// Helpers for `#[serde(...)]` attributes.
pub(crate) mod fields {
    use serde::{Deserialize, Deserializer};
    use serde_json::Value;

    /// For free-form data: null is the default and is not written.
    pub(crate) fn is_null(value: &Value) -> bool {
        value.is_null()
    }

    /// For plain booleans: false is the default and is not written.
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde wants"
    )]
    pub(crate) fn is_false(value: &bool) -> bool {
        !*value
    }

    /// For required fields of option type: they may be null but not absent.
    pub(crate) fn required<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Option::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kv_tables_1_3_bytes_are_base64_and_arrays_are_understood() {
        let bytes = Base64Bytes(vec![0, 255, 16]);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), r#""AP8Q""#);
        for text in [r#""AP8Q""#, "[0,255,16]", r#""\u0041P8Q""#] {
            assert_eq!(
                serde_json::from_str::<Base64Bytes>(text).unwrap(),
                bytes,
                "{text}"
            );
        }
        for text in [
            r#""AP8""#,
            r#""A_8Q""#,
            r#""AP8Q\n""#,
            "[256]",
            "[-1]",
            "null",
            "7",
        ] {
            assert!(serde_json::from_str::<Base64Bytes>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn kv_tables_1_3_pem_is_a_string_and_its_newlines_are_kept() {
        let pem = Pem::from("-----BEGIN X-----\nAA==\n-----END X-----\n");
        let json = r#""-----BEGIN X-----\nAA==\n-----END X-----\n""#;
        assert_eq!(serde_json::to_string(&pem).unwrap(), json);
        assert_eq!(serde_json::from_str::<Pem>(json).unwrap(), pem);
        let array = serde_json::to_string(pem.as_str().as_bytes()).unwrap();
        assert_eq!(serde_json::from_str::<Pem>(&array).unwrap(), pem);
        assert!(serde_json::from_str::<Pem>("[255]").is_err());
    }
}
