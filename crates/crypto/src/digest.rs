//! SHA-256 and the [`Digest`] type: node ids, member ids, leaves and roots are all of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 digest. Its text form, also in JSON, is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 digest is 64 lower-case hexadecimal digits, not '{0}'")]
pub struct DigestParseError(String);

impl Digest {
    /// The number of bytes of a digest.
    pub const LEN: usize = 32;

    /// Takes bytes that are a digest already; nothing is hashed.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The SHA-256 digest of `data`.
pub fn sha256(data: &[u8]) -> Digest {
    Digest(quorate_awslc::sha256::digest(&[data]))
}

/// The SHA-256 digest of the concatenation of `parts`.
pub fn sha256_parts(parts: &[&[u8]]) -> Digest {
    Digest(quorate_awslc::sha256::digest(parts))
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        match hex::encode_to_slice(self.0, &mut text) {
            Ok(()) => f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if lower => Ok(Self(bytes)),
            _ => Err(DigestParseError(text.chars().take(80).collect())),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, B.1 and B.2.
    #[test]
    fn known_answers() {
        let one = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(sha256(b"abc").to_string(), one);
        let message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha256(message).to_string(), two);
        for at in 0..message.len() {
            let (left, right) = message.split_at(at);
            assert_eq!(sha256_parts(&[left, b"", right]).to_string(), two);
        }
        assert_eq!(sha256_parts(&[]), sha256(b""));
    }

    #[test]
    fn the_text_form_is_64_lower_case_digits() {
        let digest = sha256(b"x");
        let text = digest.to_string();
        assert_eq!(text.parse(), Ok(digest));
        for wrong in [
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
            "",
            &"g".repeat(64),
        ] {
            let error = wrong.parse::<Digest>().unwrap_err().to_string();
            assert!(
                error.contains(wrong) && error.contains("64 lower-case"),
                "{error}"
            );
        }
    }

    #[test]
    fn json_is_the_text_form() {
        let digest = sha256(b"x");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{digest}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"00\"").is_err());
    }

    #[test]
    fn the_default_is_all_zeros() {
        assert_eq!(Digest::default().to_string(), "0".repeat(64));
    }
}
