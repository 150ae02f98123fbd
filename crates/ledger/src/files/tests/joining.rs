//! A node that joins with something in its directory (ledger.md 1.7).

use super::*;
use Kind::{Last, Plain, Signature};

/// Three chunks on disk, the first two committed, opened by a node that joins at `seqno`.
fn joining_at(seqno: u64) -> (TempDir, PathBuf, LedgerFiles, Vec<Vec<u8>>) {
    let (parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    files.committed(4).unwrap();
    drop(files);
    let mut files = LedgerFiles::open(&directory, &[], &SYNC).unwrap();
    files.start_at(seqno).unwrap();
    (parent, directory, files, all)
}

#[test]
fn ledger_1_7_committed_files_after_the_start_must_prove_themselves_again() {
    let (_parent, directory, files, all) = joining_at(3);
    assert_eq!(
        names(&directory),
        ["ledger_1-3.committed", "ledger_4", "ledger_5"]
    );
    assert_eq!((files.last(), files.committed_seqno()), (3, 3));
    assert_eq!(read_all(&files), all[..3]);
}

#[test]
fn ledger_1_7_equal_entries_are_used_and_not_written_again() {
    for step in [1, 2, 7] {
        let (_parent, directory, mut files, all) = joining_at(0);
        let before = contents(&directory);
        files.disk.faults.take_log();
        for (index, batch) in all[..6].chunks(step).enumerate() {
            append(&mut files, (index * step) as u64 + 1, batch).unwrap();
        }
        assert_eq!(files.last(), 6);
        let log = files.disk.faults.take_log();
        assert!(!log.contains(&"create"), "{log:?}");
        assert_eq!(contents(&directory), before, "{step} at a time");
        assert_eq!(
            read_all(&files),
            all[..6],
            "the seventh has not come again yet"
        );

        let more = [
            all[6].clone(),
            entry(8, Last, 20, 0),
            entry(9, Plain, 20, 0),
        ];
        append(&mut files, 7, &more).unwrap();
        files.committed(8).unwrap();
        let names_after = [
            "ledger_1-3.committed",
            "ledger_4-4.committed",
            "ledger_5-8.committed",
            "ledger_9",
        ];
        assert_eq!(names(&directory), names_after);
        assert_eq!(read_all(&files), [all, more[1..].to_vec()].concat());
    }
}

#[test]
fn ledger_1_7_from_the_first_difference_on_everything_goes() {
    for different in 1..=7_u64 {
        for step in [1, 3, 7] {
            let (_parent, directory, mut files, mut all) = joining_at(0);
            let index = usize::try_from(different).unwrap() - 1;
            let kind = [Plain, Signature, Last, Last, Plain, Signature, Plain][index];
            all[index] = entry(different, kind, 20, 77);
            for (index, batch) in all.chunks(step).enumerate() {
                append(&mut files, (index * step) as u64 + 1, batch).unwrap();
                files.flush().unwrap();
            }
            assert_eq!(read_all(&files), all, "{different}");
            let expected = BTreeMap::from([
                ("ledger_1".to_owned(), file_of(&all[..3], true)),
                ("ledger_4".to_owned(), file_of(&all[3..4], true)),
                ("ledger_5".to_owned(), file_of(&all[4..], false)),
            ]);
            assert_eq!(
                contents(&directory),
                expected,
                "{different}, {step} at a time"
            );
        }
    }
}

#[test]
fn ledger_1_7_an_entry_of_another_length_is_a_difference() {
    for len in [0, 19, 21, 4000] {
        let (_parent, directory, mut files, mut all) = joining_at(3);
        all[4] = entry(5, Plain, len, 0);
        append(&mut files, 4, &all[3..5]).unwrap();
        assert_eq!(
            contents(&directory)["ledger_5"],
            file_of(&all[4..5], false),
            "{len}"
        );
    }
}

#[test]
fn ledger_1_7_a_chunk_that_ended_elsewhere_is_written_on() {
    // In the earlier run a chunk was cut after seqno 2, without a flag; now it goes on.
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let all = entries(1, &[Plain, Signature, Plain, Last]);
    fs::write(
        directory.join("ledger_1-2.committed"),
        file_of(&all[..2], true),
    )
    .unwrap();
    let mut files = LedgerFiles::open(&directory, &[], &SYNC).unwrap();
    files.start_at(0).unwrap();
    append(&mut files, 1, &all[..2]).unwrap();
    append(&mut files, 3, &all[2..]).unwrap();
    assert_eq!(
        contents(&directory),
        BTreeMap::from([("ledger_1".to_owned(), file_of(&all, true))])
    );
    assert_eq!(read_all(&files), all);
}

#[test]
fn ledger_1_7_a_cut_while_entries_are_compared() {
    for cut in 0..=6 {
        let (_parent, directory, mut files, all) = joining_at(0);
        append(&mut files, 1, &all[..6]).unwrap();
        files.truncate(cut).unwrap();
        let kept = usize::try_from(cut).unwrap();
        assert_eq!(read(&files, 1, 9).unwrap(), all[..kept]);
        append(&mut files, cut + 1, &all[kept..]).unwrap();
        assert_eq!(read_all(&files), all, "{cut}");
        assert_eq!(names(&directory), ["ledger_1", "ledger_4", "ledger_5"]);
    }
}

#[test]
fn ledger_1_7_a_snapshot_beyond_all_files_begins_a_new_one() {
    let (_parent, directory, mut files, _) = joining_at(20);
    append(&mut files, 21, &entries(21, &[Plain, Last])).unwrap();
    files.committed(22).unwrap();
    assert_eq!(
        names(&directory),
        [
            "ledger_1-3.committed",
            "ledger_21-22.committed",
            "ledger_4-4.committed",
            "ledger_5"
        ]
    );
}

#[test]
fn ledger_1_7_recovery_names_apply_to_a_node_that_joins_one() {
    let (_parent, directory, mut files, _) = joining_at(20);
    files.begin_recovery(22);
    append(&mut files, 21, &entries(21, &[Plain, Last, Plain])).unwrap();
    assert!(names(&directory).contains(&"ledger_21".to_owned()));
    assert!(names(&directory).contains(&"ledger_23.recovery".to_owned()));
}

#[test]
fn a_damaged_file_is_not_reused() {
    let (_parent, directory, mut files, all) = joining_at(3);
    fs::write(
        directory.join("ledger_4"),
        [&99_u64.to_le_bytes()[..], b"rubbish"].concat(),
    )
    .unwrap();
    append(&mut files, 4, &all[3..]).unwrap();
    assert_eq!(read_all(&files), all);
    assert_eq!(
        names(&directory),
        [
            "ledger_1-3.committed",
            "ledger_4",
            "ledger_4.ignored",
            "ledger_5"
        ]
    );
}
