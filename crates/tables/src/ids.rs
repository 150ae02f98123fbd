//! Ids: 64 lower-case hexadecimal digits, each kind a type of its own (kv-tables.md 1.2).

use std::{borrow::Cow, fmt, str::FromStr};

use quorate_crypto::Digest;
use quorate_kv::{CodecError, RawEncoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a {kind} id: expected 64 lower-case hexadecimal digits")]
pub struct IdError {
    kind: &'static str,
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id that is this digest.
            #[must_use]
            pub fn from_digest(digest: &Digest) -> Self {
                Self(digest.to_string())
            }

            /// The 64 digits.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                match text.parse::<Digest>() {
                    Ok(_) => Ok(Self(text.to_owned())),
                    Err(_) => Err(IdError { kind: $kind, text: text.chars().take(80).collect() }),
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl RawEncoding for $name {
            fn to_raw(&self) -> Cow<'_, [u8]> {
                Cow::Borrowed(self.0.as_bytes())
            }

            fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
                String::from_raw(bytes)?.parse().map_err(|error: IdError| CodecError(error.to_string()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

id! {
    /// A member: SHA-256 of its DER certificate (kv-tables.md 4.1).
    MemberId, "member"
}
id! {
    /// A user: SHA-256 of its DER certificate (kv-tables.md 4.5).
    UserId, "user"
}
id! {
    /// A node: SHA-256 of the DER SubjectPublicKeyInfo of its signing key (kv-tables.md 5.1).
    NodeId, "node"
}
id! {
    /// A proposal: SHA-256 of the Merkle root it saw and of its signature's digest (kv-tables.md 6.2).
    ProposalId, "proposal"
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "46d2a7518877166654dfa07d9c4c5aaa0ba82a3f62648216f45fdd7de0e79b38";

    #[test]
    fn kv_tables_1_2_ids_are_64_lower_case_digits() {
        let id: MemberId = ID.parse().unwrap();
        assert_eq!(id.to_string(), ID);
        assert_eq!(MemberId::from_raw(ID.as_bytes()), Ok(id.clone()));
        assert_eq!(id.to_raw().as_ref(), ID.as_bytes());
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{ID}\""));
        assert_eq!(
            serde_json::from_str::<MemberId>(&format!("\"{ID}\"")).unwrap(),
            id
        );
    }

    #[test]
    fn kv_tables_1_2_other_texts_are_refused() {
        for text in [
            "",
            &ID[1..],
            &format!("{ID}0"),
            &ID.to_uppercase(),
            &ID.replace('4', "g"),
        ] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
            assert!(NodeId::from_raw(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(
            "zz".parse::<ProposalId>().unwrap_err().to_string(),
            "'zz' is not a proposal id: expected 64 lower-case hexadecimal digits"
        );
    }
}
