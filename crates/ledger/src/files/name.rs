//! Names of chunk files (ledger.md 1.1).

use std::{fmt, path::Path};

const PREFIX: &str = "ledger_";
const COMMITTED: &str = ".committed";
const RECOVERY: &str = ".recovery";
const IGNORED: &str = ".ignored";

/// What a file's name says: `ledger_<first>[-<last>][.committed][.recovery][.ignored]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkName {
    /// First seqno.
    pub first: u64,
    /// Last seqno; files that are not committed have none as a rule.
    pub last: Option<u64>,
    /// Complete, and everything in it is committed.
    pub committed: bool,
    /// Written while a disaster recovery was in progress.
    pub recovery: bool,
    /// Set aside, never read again.
    pub ignored: bool,
}

impl ChunkName {
    /// The name of a file that is written: with `.recovery` while a disaster recovery is in progress.
    #[must_use]
    pub const fn open(first: u64, recovery: bool) -> Self {
        Self {
            first,
            last: None,
            committed: false,
            recovery,
            ignored: false,
        }
    }

    /// The name of a file whose entries, up to `last`, are all committed.
    #[must_use]
    pub const fn committed(first: u64, last: u64, recovery: bool) -> Self {
        Self {
            first,
            last: Some(last),
            committed: true,
            recovery,
            ignored: false,
        }
    }

    /// Parses a name; `None` for anything that no node gives to a ledger file.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let (rest, ignored) = strip(rest, IGNORED);
        let (rest, recovery) = strip(rest, RECOVERY);
        let (range, committed) = strip(rest, COMMITTED);
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (seqno(first)?, Some(seqno(last)?)),
            None => (seqno(range)?, None),
        };
        let ascends = last.is_none_or(|last| last >= first);
        ascends.then_some(Self {
            first,
            last,
            committed,
            recovery,
            ignored,
        })
    }

    /// Parses the last component of a path.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        Self::parse(path.file_name()?.to_str()?)
    }

    /// Whether the name says that `seqno` is in the file.
    #[must_use]
    pub fn covers(&self, seqno: u64) -> bool {
        self.first <= seqno && self.last.is_some_and(|last| seqno <= last)
    }
}

impl fmt::Display for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.first)?;
        if let Some(last) = self.last {
            write!(f, "-{last}")?;
        }
        let suffixes = [
            (self.committed, COMMITTED),
            (self.recovery, RECOVERY),
            (self.ignored, IGNORED),
        ];
        suffixes
            .iter()
            .filter(|(set, _)| *set)
            .try_for_each(|(_, suffix)| f.write_str(suffix))
    }
}

fn strip<'a>(name: &'a str, suffix: &str) -> (&'a str, bool) {
    name.strip_suffix(suffix)
        .map_or((name, false), |rest| (rest, true))
}

fn seqno(digits: &str) -> Option<u64> {
    let canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledger_1_1_names_of_every_state() {
        let open = ChunkName::open;
        for (text, name) in [
            ("ledger_1", open(1, false)),
            ("ledger_37.recovery", open(37, true)),
            ("ledger_1-36.committed", ChunkName::committed(1, 36, false)),
            (
                "ledger_37-37.committed.recovery",
                ChunkName::committed(37, 37, true),
            ),
            (
                "ledger_5-9",
                ChunkName {
                    last: Some(9),
                    ..open(5, false)
                },
            ),
            (
                "ledger_5.ignored",
                ChunkName {
                    ignored: true,
                    ..open(5, false)
                },
            ),
            (
                "ledger_5.recovery.ignored",
                ChunkName {
                    ignored: true,
                    ..open(5, true)
                },
            ),
            (
                "ledger_5-6.committed.recovery.ignored",
                ChunkName {
                    ignored: true,
                    ..ChunkName::committed(5, 6, true)
                },
            ),
            (
                "ledger_5.committed",
                ChunkName {
                    committed: true,
                    ..open(5, false)
                },
            ),
            ("ledger_18446744073709551615", open(u64::MAX, false)),
        ] {
            assert_eq!(ChunkName::parse(text), Some(name), "{text}");
            assert_eq!(name.to_string(), text);
            assert_eq!(
                ChunkName::of(&Path::new("/some/where").join(text)),
                Some(name)
            );
        }
    }

    #[test]
    fn ledger_1_6_foreign_names() {
        for text in [
            "",
            "ledger_",
            "ledger",
            "ledger_0",
            "ledger_01",
            "ledger_x",
            "ledger_1-",
            "ledger_-2",
            "ledger_2-1",
            "ledger_1-2-3",
            "ledger_1.backup",
            "ledger_1-2.committed.bak",
            "ledger_1.committed.committed",
            "ledger_1.ignored.ignored",
            "ledger_18446744073709551616",
            "Ledger_1",
            "ledger_+1",
            "snapshot_1_2",
            "ledger_1.recovery.committed",
            ".ledger_1",
            "ledger_1 ",
        ] {
            assert_eq!(ChunkName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_names_with_a_range_cover_a_seqno() {
        let name = ChunkName::committed(5, 6, false);
        assert_eq!(
            [4, 5, 6, 7].map(|seqno| name.covers(seqno)),
            [false, true, true, false]
        );
        assert!(!ChunkName::open(5, false).covers(5));
    }
}
