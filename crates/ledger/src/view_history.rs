//! Which view a seqno belongs to (ledger.md 7.1).

use crate::{TxId, limits};

/// The first seqno of every view: element j is that of view j + 1. A view without entries has the value of the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewHistory {
    starts: Vec<u64>,
}

/// A view history that is none, or a step that cannot follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewHistoryError {
    /// An element is smaller than the one before it.
    #[error("view history: view {view} begins at {start}, before the view below it")]
    Descending {
        /// The view.
        view: u64,
        /// Its first seqno.
        start: u64,
    },
    /// A view below the present one.
    #[error("view history: view {view} cannot follow view {current}")]
    Backwards {
        /// The view asked for.
        view: u64,
        /// The present one.
        current: u64,
    },
    /// A view above the bound.
    #[error("view history: view {0} is above the highest that is followed, {max}", max = limits::VIEW_HISTORY_LEN)]
    TooHigh(u64),
}

impl ViewHistory {
    /// The history of an empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the elements of a history, as snapshots store it.
    pub fn from_starts(starts: Vec<u64>) -> Result<Self, ViewHistoryError> {
        if starts.len() as u64 > limits::VIEW_HISTORY_LEN {
            return Err(ViewHistoryError::TooHigh(starts.len() as u64));
        }
        match starts.windows(2).position(|pair| pair[1] < pair[0]) {
            Some(index) => Err(ViewHistoryError::Descending {
                view: index as u64 + 2,
                start: starts[index + 1],
            }),
            None => Ok(Self { starts }),
        }
    }

    /// The elements.
    #[must_use]
    pub fn starts(&self) -> &[u64] {
        &self.starts
    }

    /// The highest view, 0 if there is none.
    #[must_use]
    pub fn current_view(&self) -> u64 {
        self.starts.len() as u64
    }

    /// The view of a seqno, 0 if it lies before the first.
    #[must_use]
    pub fn view_at(&self, seqno: u64) -> u64 {
        self.starts.partition_point(|start| *start <= seqno) as u64
    }

    /// The first seqno of a view, if the history reaches it.
    #[must_use]
    pub fn start_of(&self, view: u64) -> Option<u64> {
        let index = usize::try_from(view.checked_sub(1)?).ok()?;
        self.starts.get(index).copied()
    }

    /// Records that `view` begins at `start`; views in between get the same value. Again for the present view, nothing
    /// happens: rebuilding from a ledger calls this at each signature, with the seqno after the previous one.
    pub fn begin(&mut self, view: u64, start: u64) -> Result<(), ViewHistoryError> {
        let current = self.current_view();
        if view < current {
            return Err(ViewHistoryError::Backwards { view, current });
        }
        if view > limits::VIEW_HISTORY_LEN {
            return Err(ViewHistoryError::TooHigh(view));
        }
        if view > current && self.starts.last().is_some_and(|last| start < *last) {
            return Err(ViewHistoryError::Descending { view, start });
        }
        // Bounded just above.
        self.starts.resize(view as usize, start);
        Ok(())
    }

    /// Forgets the views that begin after `seqno`.
    pub fn rollback(&mut self, seqno: u64) {
        let keep = self.starts.partition_point(|start| *start <= seqno);
        self.starts.truncate(keep);
    }

    /// The history as `GET /commit` shows it: one id per view, from `since` (a view, at least 1) on.
    pub fn ids_since(&self, since: u64) -> impl Iterator<Item = TxId> + '_ {
        let skipped = usize::try_from(since.saturating_sub(1)).unwrap_or(usize::MAX);
        self.starts
            .iter()
            .enumerate()
            .skip(skipped)
            .map(|(index, start)| TxId::new(index as u64 + 1, *start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_7_1_views_without_entries_repeat_the_next_value() {
        let mut history = ViewHistory::new();
        history.begin(2, 1).unwrap();
        history.begin(2, 15).unwrap();
        history.begin(4, 36).unwrap();
        assert_eq!(history.starts(), [1, 1, 36, 36]);
        let views = [0, 1, 35, 36, 1000].map(|seqno| history.view_at(seqno));
        assert_eq!(views, [0, 2, 2, 4, 4]);
        assert_eq!(
            [0, 1, 3, 4, 5].map(|view| history.start_of(view)),
            [None, Some(1), Some(36), Some(36), None]
        );
        let ids: Vec<_> = history.ids_since(1).map(|id| id.to_string()).collect();
        assert_eq!(ids, ["1.1", "2.1", "3.36", "4.36"]);
        assert_eq!(history.ids_since(4).count(), 1);
        assert_eq!(history.ids_since(u64::MAX).count(), 0);
    }

    #[test]
    fn ledger_7_rolling_back_forgets_later_views() {
        let mut history = ViewHistory::from_starts(vec![1, 1, 36, 36, 50]).unwrap();
        history.rollback(50);
        assert_eq!(history.current_view(), 5);
        history.rollback(49);
        assert_eq!(history.starts(), [1, 1, 36, 36]);
        history.rollback(35);
        assert_eq!(history.starts(), [1, 1]);
    }

    #[test]
    fn ledger_7_views_never_decrease() {
        let mut history = ViewHistory::from_starts(vec![1, 1, 36]).unwrap();
        assert_eq!(
            history.begin(2, 50),
            Err(ViewHistoryError::Backwards {
                view: 2,
                current: 3
            })
        );
        assert_eq!(
            history.begin(4, 35),
            Err(ViewHistoryError::Descending { view: 4, start: 35 })
        );
        assert!(matches!(
            history.begin(u64::MAX, 50),
            Err(ViewHistoryError::TooHigh(_))
        ));
        assert!(ViewHistory::from_starts(vec![1, 5, 4]).is_err());
        assert_eq!(history.starts(), [1, 1, 36]);
    }
}
