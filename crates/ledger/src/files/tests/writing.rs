//! Appending, completing, committing and cutting (ledger.md 1.1 to 1.5, 1.8; DESIGN "Files").

use super::*;
use Kind::{First, Last, Plain, Signature};

#[test]
fn ledger_1_2_layout_of_open_and_complete_files() {
    let (_parent, directory) = directory();
    let (_files, all) = three_chunks(&directory);
    let expected = BTreeMap::from([
        ("ledger_1".to_owned(), file_of(&all[..3], true)),
        ("ledger_4".to_owned(), file_of(&all[3..4], true)),
        ("ledger_5".to_owned(), file_of(&all[4..], false)),
    ]);
    assert_eq!(contents(&directory), expected);
}

#[test]
fn ledger_1_3_the_same_entries_make_the_same_files_however_they_come() {
    let (_parent, at_once) = directory();
    let (_files, all) = three_chunks(&at_once);
    for step in 1..=all.len() {
        let (_parent, directory) = directory();
        let mut files = LedgerFiles::open_new(&directory, &[], &SYNC).unwrap();
        for (index, batch) in all.chunks(step).enumerate() {
            let lengths: Vec<_> = batch
                .iter()
                .map(|entry| u32::try_from(entry.len()).unwrap())
                .collect();
            files
                .append_batch((index * step) as u64 + 1, &batch.concat(), &lengths)
                .unwrap();
            files.flush().unwrap();
        }
        assert_eq!(contents(&directory), contents(&at_once), "{step} at a time");
        assert_eq!(read_all(&files), all);
    }
}

#[test]
fn a_batch_is_one_write_for_each_file_and_the_table_is_flushed_before_its_header() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &SYNC).unwrap();
    let faults = files.disk.faults.clone();
    append(&mut files, 1, &entries(1, &[Plain, Plain, Signature])).unwrap();
    assert_eq!(
        faults.take_log(),
        ["create", "write", "write"],
        "header, then all entries"
    );
    append(&mut files, 4, &entries(4, &[Plain, Signature])).unwrap();
    assert_eq!(faults.take_log(), ["write"]);
    files.flush().unwrap();
    assert_eq!(faults.take_log(), ["flush", "flush directory"]);
    append(&mut files, 6, &entries(6, &[Plain, Last])).unwrap();
    assert_eq!(
        faults.take_log(),
        ["write", "write", "cut", "flush", "write"],
        "entries, table, flush, header"
    );
    files.flush().unwrap();
    assert_eq!(faults.take_log(), ["flush"], "no name has changed");
    files.flush().unwrap();
    assert_eq!(faults.take_log(), [""; 0], "nothing to do");
    files.committed(7).unwrap();
    assert_eq!(faults.take_log(), ["rename", "flush directory"]);
}

#[test]
fn without_sync_nothing_waits_for_the_disk() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    append(&mut files, 1, &entries(1, &[Plain, Last])).unwrap();
    files.flush().unwrap();
    files.committed(2).unwrap();
    let log = files.disk.faults.take_log();
    assert!(
        log.iter().all(|action| !action.starts_with("flush")),
        "{log:?}"
    );
}

#[test]
fn ledger_1_4_an_entry_can_end_the_chunk_before_it() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    let all = entries(1, &[First, Signature, First, First, Last, First]);
    append(&mut files, 1, &all).unwrap();
    let expected = BTreeMap::from([
        ("ledger_1".to_owned(), file_of(&all[..2], true)),
        ("ledger_3".to_owned(), file_of(&all[2..3], true)),
        ("ledger_4".to_owned(), file_of(&all[3..5], true)),
        ("ledger_6".to_owned(), file_of(&all[5..], false)),
    ]);
    assert_eq!(contents(&directory), expected);
}

#[test]
fn ledger_1_4_only_a_signature_ends_a_chunk() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    let mut bad = entries(1, &[Signature, Plain]);
    entry::set_flags(&mut bad[1], Flags::FORCE_CHUNK_AFTER).unwrap();
    let error = append(&mut files, 1, &bad).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 2 cannot be appended: its flags end the chunk, but it is no signature"
    );
    assert_eq!(names(&directory), [""; 0], "nothing was written");
    append(&mut files, 1, &entries(1, &[Signature])).unwrap();
}

#[test]
fn what_is_no_entry_of_its_seqno_is_refused_and_nothing_is_written() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    let good = entry(1, Plain, 20, 0);
    let mut version = good.clone();
    version[0] = 2;
    let longer = [good.as_slice(), b"x"].concat();
    for (bytes, reason) in [
        (entry(2, Plain, 20, 0), "it is the entry of seqno 2"),
        (version, "version 2 of its header is unknown"),
        (
            good[..good.len() - 1].to_vec(),
            &*format!(
                "its header says {} bytes, there are {}",
                good.len(),
                good.len() - 1
            ),
        ),
        (
            longer,
            &*format!(
                "its header says {} bytes, there are {}",
                good.len(),
                good.len() + 1
            ),
        ),
        (vec![1, 0, 0], "3 bytes are too few for an entry"),
        (
            vec![1, 0, 28, 0, 0, 0, 0, 0],
            "8 bytes are too few for an entry",
        ),
        (
            [vec![1, 0, 27], vec![0; 33]].concat(),
            "its header says that it is too short for an entry",
        ),
    ] {
        let error = append(&mut files, 1, &[bytes]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("entry 1 cannot be appended: {reason}")
        );
    }
    let error = append(&mut files, 2, &entries(2, &[Plain])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 2 does not follow the last entry of the ledger, 0"
    );
    let gap = [
        EntryRef {
            seqno: 1,
            bytes: &good,
        },
        EntryRef {
            seqno: 3,
            bytes: &good,
        },
    ];
    assert!(matches!(
        files.append(&gap),
        Err(FilesError::NotNext { seqno: 3, last: 1 })
    ));
    let len = u32::try_from(good.len()).unwrap();
    for lengths in [&[len - 1][..], &[len + 1], &[], &[len, 1]] {
        assert!(
            matches!(
                files.append_batch(1, &good, lengths),
                Err(FilesError::Entry { .. })
            ),
            "{lengths:?}"
        );
    }
    assert_eq!(names(&directory), [""; 0]);
    append(&mut files, 1, &[good]).unwrap();
    assert!(matches!(
        append(&mut files, 1, &entries(1, &[Plain])),
        Err(FilesError::NotNext { .. })
    ));
}

#[test]
fn ledger_1_3_committed_files_get_their_final_name() {
    let (_parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    files.committed(2).unwrap();
    assert_eq!(
        names(&directory),
        ["ledger_1", "ledger_4", "ledger_5"],
        "the file of 2 ends after it"
    );
    files.committed(3).unwrap();
    assert_eq!(
        names(&directory),
        ["ledger_1-3.committed", "ledger_4", "ledger_5"]
    );
    files.committed(6).unwrap();
    let open = ["ledger_1-3.committed", "ledger_4-4.committed", "ledger_5"];
    assert_eq!(
        names(&directory),
        open,
        "a file that is not complete is left alone"
    );
    assert_eq!(files.committed_seqno(), 6);
    for ignored in [0, 5, 6, 8, u64::MAX] {
        files.committed(ignored).unwrap();
        assert_eq!(
            (names(&directory), files.committed_seqno()),
            (open.map(String::from).to_vec(), 6)
        );
    }
    append(&mut files, 8, &entries(8, &[Last])).unwrap();
    assert_eq!(names(&directory).len(), 3);
    files.committed(8).unwrap();
    assert_eq!(names(&directory)[2], "ledger_5-8.committed");
    assert_eq!(read(&files, 1, 7).unwrap(), all);
}

#[test]
fn ledger_1_5_cutting_at_every_seqno() {
    for seqno in 0..=8 {
        let (_parent, directory) = directory();
        let (mut files, all) = three_chunks(&directory);
        files.truncate(seqno).unwrap();
        let kept = usize::try_from(seqno).unwrap().min(all.len());
        let mut expected = BTreeMap::new();
        let mut file = |name: &str, from: usize, to: usize, complete_at: Option<usize>| {
            let to = to.min(kept);
            if from < to {
                expected.insert(
                    name.to_owned(),
                    file_of(&all[from..to], complete_at == Some(to)),
                );
            }
        };
        file("ledger_1", 0, 3, Some(3));
        file("ledger_4", 3, 4, Some(4));
        file("ledger_5", 4, 7, None);
        assert_eq!(contents(&directory), expected, "cut after {seqno}");
        assert_eq!(files.last(), kept as u64);
        assert_eq!(read(&files, 1, 99).unwrap(), all[..kept]);

        // Appending goes on where the cut was, and the files are as if it had never been.
        append(&mut files, kept as u64 + 1, &all[kept..]).unwrap();
        assert_eq!(read_all(&files), all);
        assert_eq!(contents(&directory)["ledger_1"], file_of(&all[..3], true));
        assert_eq!(names(&directory), ["ledger_1", "ledger_4", "ledger_5"]);
    }
}

#[test]
fn ledger_1_5_committed_entries_are_never_cut() {
    let (_parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    files.committed(6).unwrap();
    let before = contents(&directory);
    for seqno in [0, 3, 5] {
        let error = files.truncate(seqno).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the ledger cannot be cut after seqno {seqno}: it is committed up to 6")
        );
    }
    assert_eq!(contents(&directory), before);
    files.truncate(6).unwrap();
    assert_eq!(read_all(&files), all[..6]);
}

#[test]
fn ledger_1_5_an_empty_ledger_can_begin_after_any_seqno() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    files.truncate(41).unwrap();
    append(&mut files, 42, &entries(42, &[First, Last])).unwrap();
    files.committed(43).unwrap();
    assert_eq!(names(&directory), ["ledger_42-43.committed"]);
    assert!(matches!(
        files.range(41, 43, 0),
        Err(FilesError::NotFound { seqno: 41 })
    ));
}

#[test]
fn ledger_1_8_files_of_a_recovery_have_names_of_their_own_until_it_ends() {
    let (_parent, directory) = directory();
    let (mut files, mut all) = three_chunks(&directory);
    files.truncate(6).unwrap();
    all.truncate(6);
    files.begin_recovery(6);
    all.extend(entries(7, &[First, Last, Plain, Signature]));
    append(&mut files, 7, &all[6..]).unwrap();
    assert_eq!(
        names(&directory),
        [
            "ledger_1",
            "ledger_4",
            "ledger_5",
            "ledger_7.recovery",
            "ledger_9.recovery"
        ]
    );
    files.committed(8).unwrap();
    let committed = [
        "ledger_1-3.committed",
        "ledger_4-4.committed",
        "ledger_5-6.committed",
        "ledger_7-8.committed.recovery",
        "ledger_9.recovery",
    ];
    assert_eq!(
        names(&directory),
        committed,
        "the file that was there before is committed like others"
    );
    assert_eq!(read_all(&files), all);
    files.end_recovery().unwrap();
    let open = [
        "ledger_1-3.committed",
        "ledger_4-4.committed",
        "ledger_5-6.committed",
        "ledger_7-8.committed",
        "ledger_9",
    ];
    assert_eq!(names(&directory), open);
    append(&mut files, 11, &entries(11, &[Last, Plain])).unwrap();
    files.committed(11).unwrap();
    let names = names(&directory);
    assert!(
        names.contains(&"ledger_9-11.committed".to_owned())
            && names.contains(&"ledger_12".to_owned()),
        "{names:?}"
    );
    all.extend(entries(11, &[Last, Plain]));
    assert_eq!(read_all(&files), all);
}

#[test]
fn a_file_that_is_there_already_is_fatal() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    append(&mut files, 1, &entries(1, &[Plain, Last])).unwrap();
    fs::write(directory.join("ledger_3"), "someone else's").unwrap();
    let error = append(&mut files, 3, &entries(3, &[Plain])).unwrap_err();
    assert!(
        matches!(&error, FilesError::Exists { path } if path.ends_with("ledger_3")),
        "{error}"
    );
    assert_eq!(
        fs::read(directory.join("ledger_3")).unwrap(),
        b"someone else's"
    );
    assert!(matches!(
        append(&mut files, 3, &entries(3, &[Plain])),
        Err(FilesError::Failed { .. })
    ));
}

#[test]
fn a_committed_name_that_is_taken_is_fatal_and_overwrites_nothing() {
    let (_parent, directory) = directory();
    let (mut files, _) = three_chunks(&directory);
    fs::write(directory.join("ledger_1-3.committed"), "someone else's").unwrap();
    assert!(matches!(files.committed(3), Err(FilesError::Exists { .. })));
    assert_eq!(
        fs::read(directory.join("ledger_1-3.committed")).unwrap(),
        b"someone else's"
    );
}

#[test]
fn design_a_failure_is_told_once_and_nothing_is_tried_again() {
    for action in ["create", "write", "cut", "flush", "flush directory"] {
        let (_parent, directory) = directory();
        let mut files = LedgerFiles::open_new(&directory, &[], &SYNC).unwrap();
        let faults = files.disk.faults.clone();
        faults.fail_once(action);
        let mut all = || {
            append(&mut files, 1, &entries(1, &[Plain, Last, Plain]))?;
            files.flush()
        };
        let error = all().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot {action} {}", directory.display())),
            "{error}"
        );
        faults.take_log();
        let reason =
            format!("the ledger files have failed before and are not touched again: {error}");
        let last = files.last();
        assert_eq!(
            append(&mut files, last + 1, &entries(last + 1, &[Plain]))
                .unwrap_err()
                .to_string(),
            reason
        );
        assert_eq!(files.flush().unwrap_err().to_string(), reason);
        assert_eq!(files.committed(2).unwrap_err().to_string(), reason);
        assert_eq!(files.truncate(0).unwrap_err().to_string(), reason);
        assert_eq!(files.start_at(0).unwrap_err().to_string(), reason);
        assert_eq!(files.end_recovery().unwrap_err().to_string(), reason);
        assert_eq!(faults.take_log(), [""; 0], "{action}");
        assert_eq!(
            read_all(&files).len() as u64,
            last,
            "what is there can still be read"
        );
    }
}

#[test]
fn design_a_failed_rename_or_removal_is_final_too() {
    let (_parent, directory) = directory();
    let (mut files, _) = three_chunks(&directory);
    files.disk.faults.fail_once("rename");
    assert!(matches!(
        files.committed(3),
        Err(FilesError::Io {
            action: "rename",
            ..
        })
    ));
    assert!(matches!(files.flush(), Err(FilesError::Failed { .. })));

    let (_parent, directory) = super::directory();
    let (mut files, _) = three_chunks(&directory);
    files.disk.faults.fail_once("remove");
    assert!(matches!(
        files.truncate(2),
        Err(FilesError::Io {
            action: "remove",
            ..
        })
    ));
    assert!(matches!(files.flush(), Err(FilesError::Failed { .. })));
}

#[test]
fn design_writes_are_admitted_while_there_is_room() {
    let (_parent, directory) = directory();
    let config = FilesConfig {
        sync: false,
        free_space_min: u64::MAX,
    };
    let files = LedgerFiles::open_new(&directory, &[], &config).unwrap();
    let error = files.check_space().unwrap_err();
    let FilesError::NoSpace { available, min, .. } = error else {
        panic!("{error}")
    };
    assert!(available > 0 && min == u64::MAX);
    assert_eq!(
        error.to_string(),
        format!(
            "{available} bytes are free on the disk of ledger directory {}, at least {min} are needed to admit writes",
            directory.display()
        )
    );
    drop(files);
    let files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    files.check_space().unwrap();
}

#[test]
fn ledger_1_2_a_file_is_never_longer_than_its_offsets_can_say() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    append(&mut files, 1, &entries(1, &[Plain])).unwrap();
    // Four gigabytes need not be written to get there.
    let len = entry(2, Plain, 20, 0).len() as u64;
    files.shared.active_mut().chunks.last_mut().unwrap().end = u64::from(u32::MAX) - len + 1;
    let error = append(&mut files, 2, &entries(2, &[Plain])).unwrap_err();
    assert!(
        matches!(error, FilesError::ChunkFull { seqno: 2, .. }),
        "{error}"
    );
    append(&mut files, 2, &entries(2, &[First])).unwrap();
    assert_eq!(names(&directory), ["ledger_1", "ledger_2"]);
}
