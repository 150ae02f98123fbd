//! Ledger directories that CCF wrote, opened, read and written again by our own files. The data is found through
//! `QUORATE_SHARED`; where it is missing the tests fail. It is copied before anything else is done to it.

// Tests, and helpers of tests, which the lint does not recognise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use quorate_ledger::{
    entry::{self, Flags},
    files::{ChunkName, ChunkReader, EntryRef, FilesConfig, LedgerFiles},
};
use tempfile::TempDir;

/// The services, how many entries each has, and whether all its chunks were cut by flags (ledger.md 1.4: older
/// versions cut by file size too).
const SERVICES: [(&str, u64, bool); 4] = [
    ("ccf7-rekeyed", 118, true),
    ("ccf7-recovered", 179, true),
    ("older-expired", 74, false),
    ("older-mixed-signatures", 46, false),
];

const CONFIG: FilesConfig = FilesConfig {
    sync: false,
    free_space_min: 0,
};

/// A copy of a service's ledger.
struct Copy {
    _parent: TempDir,
    main: PathBuf,
    read_only: Vec<PathBuf>,
}

impl Copy {
    fn new(service: &str) -> Self {
        let shared = std::env::var_os("QUORATE_SHARED").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        );
        let source = shared.join("data/ledgers").join(service);
        let parent = tempfile::tempdir().unwrap();
        let main = parent.path().join("ledger");
        copy(&source.join("ledger"), &main);
        let archive = parent.path().join("archive");
        let mut read_only = Vec::new();
        if source.join("ledger_read_only").exists() {
            copy(&source.join("ledger_read_only"), &archive);
            read_only.push(archive);
        }
        Self {
            _parent: parent,
            main,
            read_only,
        }
    }

    fn directories(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.main).chain(&self.read_only)
    }

    fn open(&self) -> LedgerFiles {
        LedgerFiles::open(&self.main, &self.read_only, &CONFIG).unwrap()
    }

    /// All entries, each file read by itself.
    fn entries(&self) -> Vec<Vec<u8>> {
        let mut entries = BTreeMap::new();
        for file in self
            .directories()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
        {
            let file = file.unwrap().path();
            let chunk = ChunkReader::open(&file).unwrap();
            let name = ChunkName::of(&file).unwrap();
            assert_eq!(chunk.torn_bytes(), 0, "{}", file.display());
            assert_eq!(chunk.is_complete(), name.committed, "{}", file.display());
            assert!(
                name.last.is_none_or(|last| last == chunk.last()),
                "{}",
                file.display()
            );
            for seqno in chunk.first()..=chunk.last() {
                entries.insert(seqno, chunk.entry(seqno).unwrap().to_vec());
            }
        }
        assert!(entries.keys().copied().eq(1..=entries.len() as u64));
        entries.into_values().collect()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::write(to.join(file.file_name()), fs::read(file.path()).unwrap()).unwrap();
    }
}

fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap());
    files
        .map(|file| {
            (
                file.file_name().into_string().unwrap(),
                fs::read(file.path()).unwrap(),
            )
        })
        .collect()
}

fn read_all(files: &LedgerFiles) -> Vec<Vec<u8>> {
    files
        .range(1, files.last(), usize::MAX)
        .unwrap()
        .into_iter()
        .map(Vec::from)
        .collect()
}

fn append(files: &mut LedgerFiles, first: u64, entries: &[Vec<u8>]) {
    let entries: Vec<_> = entries
        .iter()
        .zip(first..)
        .map(|(bytes, seqno)| EntryRef { seqno, bytes })
        .collect();
    files.append(&entries).unwrap();
}

/// The last seqno in the committed files of a directory.
fn committed(directory: &Path) -> u64 {
    contents(directory)
        .keys()
        .filter_map(|name| ChunkName::parse(name)?.last)
        .max()
        .unwrap()
}

#[test]
fn ledger_1_6_directories_are_opened_and_left_as_they_are() {
    for (service, count, _) in SERVICES {
        let copy = Copy::new(service);
        let entries = copy.entries();
        assert_eq!(entries.len() as u64, count, "{service}");
        let before: Vec<_> = copy
            .directories()
            .map(|directory| contents(directory))
            .collect();
        let files = copy.open();
        assert_eq!(files.last(), count, "{service}");
        assert_eq!(files.committed_seqno(), committed(&copy.main), "{service}");
        assert_eq!(read_all(&files), entries, "{service}");
        let after: Vec<_> = copy
            .directories()
            .map(|directory| contents(directory))
            .collect();
        assert_eq!(after, before, "{service}");
    }
}

#[test]
fn ledger_1_3_the_same_entries_make_the_same_files() {
    for (service, count, by_flags) in SERVICES {
        let copy = Copy::new(service);
        let entries = copy.entries();
        let directory = tempfile::tempdir().unwrap();
        let mut files = LedgerFiles::open_new(directory.path(), &[], &CONFIG).unwrap();
        append(&mut files, 1, &entries);
        files.committed(committed(&copy.main)).unwrap();
        assert_eq!(read_all(&files), entries, "{service}");
        if by_flags {
            let expected: BTreeMap<_, _> = copy
                .directories()
                .flat_map(|directory| contents(directory))
                .collect();
            assert_eq!(contents(directory.path()), expected, "{service}");
        } else {
            let flagged = |flag: Flags| {
                let flags = entries
                    .iter()
                    .map(|bytes| entry::flags(bytes.first_chunk().unwrap()));
                flags.filter(|flags| flags.contains(flag)).count()
            };
            let chunks = flagged(Flags::FORCE_CHUNK_AFTER) + flagged(Flags::FORCE_CHUNK_BEFORE) + 1;
            assert!(
                contents(directory.path()).len() <= chunks,
                "{service}: {count} entries"
            );
        }
    }
}

#[test]
fn ledger_1_5_a_recovery_cuts_the_open_file_and_goes_on_in_names_of_its_own() {
    for (service, count, _) in SERVICES {
        let copy = Copy::new(service);
        let entries = copy.entries();
        let mut files = copy.open();
        let signed = committed(&copy.main);
        files.truncate(signed).unwrap();
        files.begin_recovery(signed);
        assert_eq!(
            read_all(&files),
            entries[..usize::try_from(signed).unwrap()],
            "{service}"
        );
        if signed == count {
            continue;
        }
        let next = usize::try_from(signed).unwrap();
        append(&mut files, signed + 1, &entries[next..=next]);
        let names = contents(&copy.main).into_keys().collect::<Vec<_>>();
        assert!(
            names.contains(&format!("ledger_{}.recovery", signed + 1)),
            "{service}: {names:?}"
        );
        drop(files);
        // The recovery was not finished: the next start does not use its file.
        let files = copy.open();
        assert_eq!(files.last(), signed, "{service}");
        assert!(
            contents(&copy.main).contains_key(&format!("ledger_{}.recovery.ignored", signed + 1))
        );
    }
}

#[test]
fn ledger_1_7_a_joining_node_uses_what_is_equal() {
    for (service, count, by_flags) in SERVICES {
        let copy = Copy::new(service);
        let entries = copy.entries();
        let before = contents(&copy.main);
        let names = before.keys().filter_map(|name| ChunkName::parse(name));
        let first = names.map(|name| name.first).min().unwrap();
        let signed = committed(&copy.main);
        let mut files = copy.open();
        files.start_at(first - 1).unwrap();
        let index = usize::try_from(first).unwrap() - 1;
        append(&mut files, first, &entries[index..]);
        files.committed(signed).unwrap();
        assert_eq!(
            (read_all(&files), files.last()),
            (entries, count),
            "{service}"
        );
        if by_flags {
            assert_eq!(contents(&copy.main), before, "{service}");
        }
    }
}

#[test]
fn ledger_1_6_1_the_open_file_torn_at_any_byte_is_cut_after_a_whole_entry() {
    let copy = Copy::new("ccf7-rekeyed");
    let entries = copy.entries();
    let open = copy.main.join("ledger_94");
    let whole = fs::read(&open).unwrap();
    for len in (0..whole.len()).rev().step_by(97) {
        fs::write(&open, &whole[..len]).unwrap();
        let files = copy.open();
        let last = usize::try_from(files.last()).unwrap();
        assert!((93..118).contains(&last));
        assert_eq!(read_all(&files), entries[..last]);
        let cut = fs::read(&open).unwrap_or_default();
        assert!(cut.len() <= len && whole.starts_with(&cut));
    }
}
