//! What can be said of a transaction id (ledger.md 7.3).

use quorate_ledger::TxId;

/// Fate of a transaction, as `GET /tx` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxStatus {
    /// Nothing is known of it.
    Unknown,
    /// It is in the local ledger and not yet committed.
    Pending,
    /// It is committed. Final.
    Committed,
    /// It was lost or never was. Final.
    Invalid,
}

impl TxStatus {
    /// The word that the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Pending => "Pending",
            Self::Committed => "Committed",
            Self::Invalid => "Invalid",
        }
    }

    /// The table of ledger.md 7.3. `local_view` is the view of the target's seqno in the local ledger, 0 if
    /// the seqno lies beyond its end.
    #[must_use]
    pub fn decide(target: TxId, local_view: u64, committed: TxId) -> Self {
        if committed.seqno >= target.seqno {
            if local_view == target.view {
                Self::Committed
            } else {
                Self::Invalid
            }
        } else if local_view == target.view {
            Self::Pending
        } else if committed.view > target.view {
            Self::Invalid
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: (u64, u64), local_view: u64, committed: (u64, u64), expected: TxStatus) {
        let id = |(view, seqno)| TxId { view, seqno };
        assert_eq!(
            TxStatus::decide(id(target), local_view, id(committed)),
            expected,
            "{target:?}"
        );
    }

    #[test]
    fn ledger_7_3_each_row_of_the_status_table() {
        check((2, 5), 2, (2, 5), TxStatus::Committed);
        check((2, 5), 2, (2, 9), TxStatus::Committed);
        check((1, 1), 2, (2, 9), TxStatus::Invalid);
        check((3, 1), 2, (2, 9), TxStatus::Invalid);
        check((2, 10), 2, (2, 9), TxStatus::Pending);
        check((1, 10), 2, (2, 9), TxStatus::Invalid);
        check((2, 99_999), 0, (2, 9), TxStatus::Unknown);
        check((3, 10), 2, (2, 9), TxStatus::Unknown);
    }
}
