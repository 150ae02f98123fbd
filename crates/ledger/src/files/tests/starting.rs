//! What is found in the directories at the start (ledger.md 1.6).

use super::*;
use Kind::{Last, Plain, Signature};

fn open(directory: &Path) -> LedgerFiles {
    LedgerFiles::open(directory, &[], &NO_SYNC).unwrap()
}

#[test]
fn ledger_1_6_a_new_service_needs_an_empty_directory() {
    let (_parent, directory) = directory();
    drop(LedgerFiles::open_new(&directory, &[], &SYNC).unwrap());
    drop(LedgerFiles::open_new(&directory, &[], &SYNC).unwrap());
    for name in ["ledger_1", "anything"] {
        fs::write(directory.join(name), "").unwrap();
        let error = LedgerFiles::open_new(&directory, &[], &SYNC)
            .err()
            .unwrap()
            .to_string();
        let text = format!(
            "On start, ledger directory should not exist or be empty ({})",
            directory.display()
        );
        assert!(error.starts_with(&text), "{error}");
        assert!(
            error.contains(name) && error.contains("Recover") && error.contains("Join"),
            "{error}"
        );
        fs::remove_file(directory.join(name)).unwrap();
    }
}

#[test]
fn node_1_4_the_parent_of_the_directory_must_exist() {
    let (_parent, directory) = directory();
    let error = LedgerFiles::open_new(&directory.join("below"), &[], &SYNC)
        .err()
        .unwrap();
    assert!(
        matches!(
            error,
            FilesError::Io {
                action: "create directory",
                ..
            }
        ),
        "{error}"
    );
    assert!(!directory.exists());
}

#[test]
fn a_path_that_is_no_directory_is_named_with_its_key() {
    let (parent, directory) = directory();
    fs::write(&directory, "").unwrap();
    let error = LedgerFiles::open(&directory, &[], &SYNC)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        format!(
            "{} is configured as ledger.directory, but it is not a directory",
            directory.display()
        )
    );
    let main = parent.path().join("main");
    for missing in [directory, parent.path().join("absent")] {
        let error = LedgerFiles::open(&main, std::slice::from_ref(&missing), &SYNC)
            .err()
            .unwrap()
            .to_string();
        let role = "one of ledger.read_only_directories";
        assert_eq!(
            error,
            format!(
                "{} is configured as {role}, but it is not a directory",
                missing.display()
            )
        );
    }
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let (_parent, directory) = directory();
    let files = LedgerFiles::open_new(&directory, &[], &SYNC).unwrap();
    let error = LedgerFiles::open(&directory, &[], &SYNC).err().unwrap();
    assert!(matches!(error, FilesError::InUse { .. }), "{error}");
    drop(files);
    open(&directory);
}

#[test]
fn ledger_1_6_what_was_written_is_found_again() {
    let (_parent, directory) = directory();
    let (mut files, mut all) = three_chunks(&directory);
    files.committed(4).unwrap();
    drop(files);
    let before = contents(&directory);
    let mut files = open(&directory);
    assert_eq!(contents(&directory), before);
    assert_eq!((files.last(), files.committed_seqno()), (7, 4));
    assert_eq!(read_all(&files), all);
    let more = entries(8, &[Last, Plain]);
    append(&mut files, 8, &more).unwrap();
    all.extend(more);
    assert_eq!(read_all(&files), all);
    assert_eq!(contents(&directory)["ledger_5"], file_of(&all[4..8], true));
}

#[test]
fn ledger_1_6_read_only_directories_count_committed_files_only() {
    let (parent, directory) = directory();
    let archive = parent.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let all = entries(1, &[Plain, Last, Plain, Last]);
    fs::write(
        archive.join("ledger_1-2.committed"),
        file_of(&all[..2], true),
    )
    .unwrap();
    for name in [
        "ledger_3",
        "ledger_3-9",
        "ledger_3-9.committed.recovery",
        "ledger_3-9.committed.ignored",
        "notes",
    ] {
        fs::write(archive.join(name), "").unwrap();
    }
    let before = names(&archive);
    let mut files = LedgerFiles::open(&directory, std::slice::from_ref(&archive), &SYNC).unwrap();
    assert_eq!((files.last(), files.committed_seqno()), (2, 2));
    append(&mut files, 3, &all[2..]).unwrap();
    assert_eq!(read_all(&files), all);
    assert_eq!(names(&archive), before, "nothing is written there");
    drop(files);

    // A new service does not count them at all.
    fs::remove_dir_all(&directory).unwrap();
    let files = LedgerFiles::open_new(&directory, &[archive], &SYNC).unwrap();
    assert_eq!((files.last(), files.committed_seqno()), (0, 0));
}

#[test]
fn ledger_1_6_files_by_their_names() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Last, Plain, Last, Plain, Signature]);
    let put = |name: &str, from: usize, to: usize, complete| {
        fs::write(directory.join(name), file_of(&all[from - 1..to], complete)).unwrap();
    };
    put("ledger_1-2.committed", 1, 2, true);
    put("ledger_1-2", 1, 2, true);
    put("ledger_2-2", 2, 2, true);
    put("ledger_1", 1, 2, true);
    put("ledger_3-4", 3, 4, true);
    put("ledger_5.recovery", 5, 6, false);
    put("ledger_3-4.committed.recovery", 3, 4, true);
    put("ledger_9.ignored", 1, 2, true);
    put("ledger_5.committed", 5, 6, true);
    for foreign in [
        "ledger_x",
        "notes.txt",
        "ledger_1-2.committed.bak",
        "ledger_7-6",
    ] {
        fs::write(directory.join(foreign), foreign).unwrap();
    }
    fs::create_dir(directory.join("subdirectory")).unwrap();
    let files = open(&directory);
    assert_eq!((files.last(), files.committed_seqno()), (4, 2));
    let mut expected = vec![
        "ledger_1-2.committed",
        "ledger_1-2.ignored",
        "ledger_2-2.ignored",
        "ledger_1.ignored",
        "ledger_3-4",
        "ledger_5.recovery.ignored",
        "ledger_3-4.committed.recovery.ignored",
        "ledger_9.ignored",
        "ledger_5.committed",
        "ledger_x",
        "notes.txt",
        "ledger_1-2.committed.bak",
        "ledger_7-6",
        "subdirectory",
    ];
    expected.sort_unstable();
    assert_eq!(names(&directory), expected);
    assert_eq!(read_all(&files), all[..4]);
}

#[test]
fn ledger_1_6_1_an_open_file_is_cut_after_its_last_whole_entry() {
    let all = entries(1, &[Plain, Signature, Plain]);
    let whole = file_of(&all, false);
    for len in 0..=whole.len() {
        let (_parent, directory) = directory();
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("ledger_1"), &whole[..len]).unwrap();
        let mut files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
        let count = (0..=3)
            .rev()
            .find(|count| file_of(&all[..*count], false).len() <= len)
            .unwrap_or(0);
        assert_eq!(files.last(), count as u64, "{len} bytes");
        let expected = if count == 0 {
            vec![]
        } else {
            vec![file_of(&all[..count], false)]
        };
        assert_eq!(
            contents(&directory).into_values().collect::<Vec<_>>(),
            expected,
            "{len} bytes"
        );
        append(&mut files, count as u64 + 1, &all[count..]).unwrap();
        assert_eq!(contents(&directory)["ledger_1"], whole);
    }
}

#[test]
fn ledger_1_6_1_a_complete_file_with_a_torn_table_is_opened_again_and_one_with_torn_entries_set_aside()
 {
    let all = entries(1, &[Plain, Signature, Last]);
    let whole = file_of(&all, true);
    let table = file_of(&all, false).len();
    for len in 8..=whole.len() {
        let (_parent, directory) = directory();
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("ledger_1"), &whole[..len]).unwrap();
        let mut files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
        if len < table {
            assert_eq!(
                (names(&directory), files.last()),
                (vec!["ledger_1.ignored".to_owned()], 0),
                "{len}"
            );
            assert_eq!(
                fs::read(directory.join("ledger_1.ignored")).unwrap(),
                whole[..len]
            );
            continue;
        }
        assert_eq!(read_all(&files), all, "{len}");
        append(&mut files, 4, &entries(4, &[Plain])).unwrap();
        assert_eq!(
            names(&directory),
            ["ledger_1", "ledger_4"],
            "the signature has ended the chunk"
        );
        assert_eq!(contents(&directory)["ledger_1"], whole, "{len}");
    }
}

#[test]
fn ledger_1_6_1_a_table_without_its_header_is_cut_off() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Last]);
    let mut bytes = file_of(&all, true);
    bytes[..8].fill(0);
    fs::write(directory.join("ledger_1"), bytes).unwrap();
    let mut files = open(&directory);
    assert_eq!(contents(&directory)["ledger_1"], file_of(&all, false));
    append(&mut files, 3, &entries(3, &[Plain])).unwrap();
    assert_eq!(contents(&directory)["ledger_1"], file_of(&all, true));
}

#[test]
fn ledger_1_6_1_damaged_tables_are_not_believed() {
    let all = entries(1, &[Plain, Signature, Last]);
    let whole = file_of(&all, true);
    let table = file_of(&all, false).len();
    for at in table..whole.len() {
        let (_parent, directory) = directory();
        fs::create_dir(&directory).unwrap();
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(directory.join("ledger_1"), &bytes).unwrap();
        let files = open(&directory);
        assert_eq!(read_all(&files), all, "byte {at}");
    }
}

#[test]
fn a_file_whose_first_entry_is_another_one_is_set_aside_not_removed() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let bytes = file_of(&entries(5, &[Plain, Signature]), false);
    fs::write(directory.join("ledger_1"), &bytes).unwrap();
    let files = open(&directory);
    assert_eq!(files.last(), 0);
    assert_eq!(
        contents(&directory),
        BTreeMap::from([("ledger_1.ignored".to_owned(), bytes)])
    );
}

#[test]
fn a_file_that_cannot_be_opened_is_set_aside() {
    let (_parent, directory) = directory();
    drop(three_chunks(&directory));
    // A directory cannot be written to, not even by root.
    fs::create_dir(directory.join("ledger_8")).unwrap();
    let files = open(&directory);
    assert_eq!(files.last(), 7);
    assert_eq!(
        names(&directory),
        ["ledger_1", "ledger_4", "ledger_5", "ledger_8.ignored"]
    );
}

#[test]
fn failures_while_scanning_are_told() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("ledger_3.recovery"), "").unwrap();
    let disk = disk::Disk::new(true);
    disk.faults.fail_once("rename");
    let error = LedgerFiles::open_on(disk, &directory, &[], &SYNC)
        .err()
        .unwrap();
    assert!(
        matches!(&error, FilesError::Io { action: "rename", source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied),
        "{error}"
    );
    assert_eq!(names(&directory), ["ledger_3.recovery"]);
}

#[test]
fn a_gap_is_left_for_whoever_replays() {
    let (_parent, directory) = directory();
    let (files, all) = three_chunks(&directory);
    drop(files);
    fs::remove_file(directory.join("ledger_4")).unwrap();
    let files = open(&directory);
    assert_eq!(files.last(), 7);
    assert_eq!(read(&files, 1, 7).unwrap(), all[..3]);
    assert_eq!(
        read(&files, 4, 7).unwrap_err().to_string(),
        "Cannot find ledger file for seqno 4"
    );
    assert_eq!(read(&files, 5, 7).unwrap(), all[4..]);
}

#[test]
fn of_two_files_with_the_same_entries_the_longer_one_is_kept() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Signature, Plain, Last, Plain]);
    let put = |name: &str, from: usize, to: usize| {
        fs::write(directory.join(name), file_of(&all[from - 1..to], false)).unwrap();
    };
    put("ledger_1", 1, 4);
    put("ledger_1-2", 1, 2);
    put("ledger_2", 2, 5);
    put("ledger_5", 5, 5);
    let files = open(&directory);
    assert_eq!(
        names(&directory),
        [
            "ledger_1",
            "ledger_1-2.ignored",
            "ledger_2.ignored",
            "ledger_5"
        ]
    );
    assert_eq!(read_all(&files), all);
}

#[test]
fn a_file_that_reaches_beyond_the_committed_ones_is_kept() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Last, Plain, Signature]);
    fs::write(
        directory.join("ledger_1-2.committed"),
        file_of(&all[..2], true),
    )
    .unwrap();
    fs::write(directory.join("ledger_1"), file_of(&all, false)).unwrap();
    let files = open(&directory);
    assert_eq!((files.last(), files.committed_seqno()), (4, 2));
    assert_eq!(read_all(&files), all);
}

#[test]
fn ledger_1_6_a_chunk_that_was_ended_but_not_completed_is_completed_before_the_next() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Last]);
    fs::write(directory.join("ledger_1"), file_of(&all, false)).unwrap();
    let mut files = open(&directory);
    append(&mut files, 3, &entries(3, &[Plain])).unwrap();
    assert_eq!(contents(&directory)["ledger_1"], file_of(&all, true));
    assert_eq!(names(&directory), ["ledger_1", "ledger_3"]);
}
