//! Transaction ids: what names a place in the ledger. What is known of a transaction's fate lives in
//! `quorate-replication`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A transaction id, written `<view>.<seqno>` (ledger.md 0). Ordered by view, then seqno.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId {
    /// View (term) in which the transaction was sequenced; 0 is unknown.
    pub view: u64,
    /// Sequence number; the first transaction is 1, 0 is none.
    pub seqno: u64,
}

/// A text that is no transaction id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a transaction id: expected <view>.<seqno>, two decimal integers from 1 to 18446744073709551615"
)]
pub struct TxIdError(String);

impl TxId {
    /// The id of `seqno` in `view`.
    #[must_use]
    pub const fn new(view: u64, seqno: u64) -> Self {
        Self { view, seqno }
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.view, self.seqno)
    }
}

impl FromStr for TxId {
    type Err = TxIdError;

    /// Parses by the rules of ledger.md 7.2: digits only, both values non-zero, leading zeros accepted.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TxIdError(text.chars().take(64).collect());
        let (view, seqno) = text.split_once('.').ok_or_else(error)?;
        let number = |digits: &str| {
            let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits
                .parse()
                .ok()
                .filter(|value| all_digits && *value != 0)
                .ok_or_else(error)
        };
        Ok(Self {
            view: number(view)?,
            seqno: number(seqno)?,
        })
    }
}

impl Serialize for TxId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TxId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_7_2_texts_that_are_transaction_ids() {
        for (text, view, seqno) in [
            ("2.18", 2, 18),
            ("002.0018", 2, 18),
            (
                "18446744073709551615.18446744073709551615",
                u64::MAX,
                u64::MAX,
            ),
        ] {
            assert_eq!(text.parse(), Ok(TxId { view, seqno }), "{text}");
        }
    }

    #[test]
    fn ledger_7_2_texts_that_are_not() {
        for text in [
            "",
            ".",
            "2",
            "2.",
            ".2",
            "0.1",
            "1.0",
            "+1.2",
            "1.+2",
            "-1.2",
            "1.2.3",
            " 1.2",
            "1.2 ",
            "1,2",
            "18446744073709551616.1",
            "1.18446744073709551616",
            "a.b",
        ] {
            assert!(text.parse::<TxId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_transaction_id_is_a_string_in_json() {
        let id = TxId::new(2, 18);
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""2.18""#);
        assert_eq!(serde_json::from_str::<TxId>(r#""2.18""#).unwrap(), id);
        assert!(serde_json::from_str::<TxId>("2.18").is_err());
    }

    #[test]
    fn ids_order_by_view_first() {
        assert!(TxId::new(2, 9) < TxId::new(3, 1));
        assert!(TxId::new(3, 1) < TxId::new(3, 2));
    }
}
