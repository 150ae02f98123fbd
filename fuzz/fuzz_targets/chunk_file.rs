//! Ledger files (ledger.md 1.2, 1.6): found at a start, and read by themselves.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use quorate_ledger::files::{ChunkReader, FilesConfig, LedgerFiles};

static DIRECTORY: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("quorate-fuzz-{}", std::process::id())));

fuzz_target!(|data: &[u8]| {
    let _ = fs::remove_dir_all(&*DIRECTORY);
    fs::create_dir(&*DIRECTORY).expect("a directory for the file");
    let path = DIRECTORY.join("ledger_1");
    fs::write(&path, data).expect("a file");
    if let Ok(chunk) = ChunkReader::open(&path) {
        for seqno in chunk.first()..=chunk.last() {
            let entry = chunk.entry(seqno).expect("each entry has been checked");
            assert!(entry.len() <= data.len());
        }
        assert!(chunk.torn_bytes() <= data.len() as u64);
    }
    let config = FilesConfig { sync: false, free_space_min: 0 };
    let files = LedgerFiles::open(&DIRECTORY, &[], &config).expect("damaged files are set aside");
    let entries = files.range(1, files.last(), usize::MAX).expect("what was kept can be read");
    assert_eq!(entries.len() as u64, files.last());
});
