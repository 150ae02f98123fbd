//! How byte vectors stand in the JSON of framework tables (ledger.md 2.7).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serializer, de};

/// Standard base64 with padding; readers also accept an array of integers. For `#[serde(with = "base64_bytes")]`.
pub(crate) mod base64_bytes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected base64 text or an array of integers from 0 to 255"
        )]
        enum Form {
            Text(String),
            Bytes(Vec<u8>),
        }
        match Form::deserialize(deserializer)? {
            Form::Bytes(bytes) => Ok(bytes),
            Form::Text(text) => decode_base64(&text).map_err(de::Error::custom),
        }
    }
}

/// Decodes standard base64 with padding.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(text)
}

/// Encodes standard base64 with padding.
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
