//! Reading entries, also from damaged and moved files (ledger.md 1.9; node-and-operations.md 7.3).

use std::thread;

use proptest::prelude::*;

use super::*;
use Kind::{Last, Plain, Signature};

#[test]
fn ledger_1_9_ranges_cross_files_of_every_state() {
    let (_parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    for committed in [0, 3, 4] {
        files.committed(committed).unwrap();
        for from in 1..=7 {
            for to in from..=9 {
                let expected = &all[from - 1..to.min(7)];
                assert_eq!(
                    read(&files, from as u64, to as u64).unwrap(),
                    expected,
                    "{from}..={to}"
                );
            }
        }
    }
}

#[test]
fn ledger_1_9_a_range_is_capped_by_bytes_but_has_one_entry() {
    let (_parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    files.committed(3).unwrap();
    let mut total = 0;
    for (index, entry) in all.iter().enumerate() {
        let before = files.range(1, 7, (total + entry.len() - 1).max(1)).unwrap();
        assert_eq!(
            before.len(),
            index.max(1),
            "a byte too few for entry {index}"
        );
        total += entry.len();
        assert_eq!(files.range(1, 7, total).unwrap().len(), index + 1);
    }
    assert_eq!(files.range(4, 7, 0).unwrap().len(), 1);
}

#[test]
fn ledger_1_9_what_is_not_there_yet_is_left_out() {
    let (_parent, directory) = directory();
    let (files, _) = three_chunks(&directory);
    assert!(files.range(8, 9, usize::MAX).unwrap().is_empty());
    assert!(files.range(5, 4, usize::MAX).unwrap().is_empty());
    assert!(
        files
            .range(u64::MAX, u64::MAX, usize::MAX)
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        files.range(0, 3, usize::MAX),
        Err(FilesError::NotFound { seqno: 0 })
    ));
}

/// Operators add missing files to a read-only directory under a running node, and get them wrong at first.
#[test]
fn node_7_3_reads_fail_with_known_texts_until_the_file_is_right() {
    let (parent, directory) = directory();
    let archive = parent.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let mut files =
        LedgerFiles::open(&directory, std::slice::from_ref(&archive), &NO_SYNC).unwrap();
    files.truncate(2).unwrap();
    append(&mut files, 3, &entries(3, &[Plain])).unwrap();
    let all = entries(1, &[Plain, Last]);
    let right = file_of(&all, true);
    let path = archive.join("ledger_1-2.committed");
    let text = |expected: String| {
        let error = read(&files, 2, 3).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let cause = |cause: String| {
        text(format!(
            "Could not open ledger file ledger_1-2.committed to read seqno 2: {cause}"
        ));
    };
    text("Cannot find ledger file for seqno 2".to_owned());

    fs::write(&path, "").unwrap();
    cause(format!(
        "Failed to read positions offset from ledger file {}",
        path.display()
    ));
    fs::write(&path, vec![0; right.len()]).unwrap();
    cause(format!(
        "Committed ledger file {} cannot be read: invalid table offset (0)",
        path.display()
    ));
    let size = right.len();
    fs::write(
        &path,
        [&(size as u64 + 1).to_le_bytes(), &right[8..]].concat(),
    )
    .unwrap();
    cause(format!(
        "Invalid table offset {} greater than total file size {size}",
        size + 1
    ));
    fs::write(&path, &right[..size - 4]).unwrap();
    cause(format!(
        "Invalid positions table in ledger file {}: the last entry does not end where the table begins",
        path.display()
    ));
    fs::write(&path, file_of(&all[..1], true)).unwrap();
    cause(format!(
        "Invalid positions table in ledger file {}: 1 entries, but 2 by the name of the file",
        path.display()
    ));
    fs::write(&path, file_of(&entries(5, &[Plain, Last]), true)).unwrap();
    text(
        "ledger file ledger_1-2.committed is damaged at seqno 2: it is the entry of seqno 6"
            .to_owned(),
    );

    fs::write(&path, &right).unwrap();
    assert_eq!(
        read(&files, 1, 3).unwrap(),
        [all, entries(3, &[Plain])].concat()
    );
}

#[test]
fn node_6_committed_files_may_be_moved_to_a_read_only_directory() {
    let (parent, directory) = directory();
    let archive = parent.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let mut files =
        LedgerFiles::open_new(&directory, std::slice::from_ref(&archive), &NO_SYNC).unwrap();
    let mut all = Vec::new();
    for seqno in 1..=8 {
        all.push(entry(seqno, Last, 20, 0));
        append(&mut files, seqno, &all[all.len() - 1..]).unwrap();
        files.committed(seqno).unwrap();
    }
    // More files than are kept open, so that some are looked for.
    for name in names(&directory) {
        fs::rename(directory.join(&name), archive.join(&name)).unwrap();
    }
    assert_eq!(read_all(&files), all);
    assert_eq!(read(&files, 1, 1).unwrap(), all[..1]);
}

#[test]
fn of_two_candidates_the_one_that_can_be_read_is_taken() {
    let (parent, directory) = directory();
    let archive = parent.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let all = entries(1, &[Plain, Last, Plain, Last]);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("ledger_1-4.committed"), "").unwrap();
    fs::write(
        directory.join("ledger_1-2.committed"),
        file_of(&all[..2], true),
    )
    .unwrap();
    fs::write(
        archive.join("ledger_3-4.committed"),
        file_of(&all[2..], true),
    )
    .unwrap();
    let files = LedgerFiles::open(&directory, &[archive], &NO_SYNC).unwrap();
    assert_eq!(read_all(&files), all);
}

#[test]
fn entries_before_damage_are_still_read() {
    let (_parent, directory) = directory();
    let (mut files, all) = three_chunks(&directory);
    files.committed(3).unwrap();
    drop(files);
    let path = directory.join("ledger_1-3.committed");
    let mut bytes = fs::read(&path).unwrap();
    let third = 8 + all[0].len() + all[1].len();
    bytes[third - all[1].len()] = 9;
    fs::write(&path, &bytes).unwrap();
    let files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
    assert_eq!(read(&files, 1, 7).unwrap(), all[..1]);
    assert_eq!(
        read(&files, 2, 7).unwrap_err().to_string(),
        "ledger file ledger_1-3.committed is damaged at seqno 2: version 9 of its header is unknown"
    );
    assert_eq!(read(&files, 3, 7).unwrap(), all[2..]);
}

#[test]
fn readers_see_whole_entries_while_the_writer_works() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    let reader = files.reader();
    let all: Vec<_> = (1..=600)
        .map(|seqno| entry(seqno, if seqno % 7 == 0 { Last } else { Plain }, 50, 0))
        .collect();
    thread::scope(|scope| {
        let all = &all;
        for _ in 0..2 {
            let reader = reader.clone();
            scope.spawn(move || {
                let mut last = 0;
                while last < 600 {
                    last = reader.last();
                    let from = last.saturating_sub(40).max(1);
                    for (entry, seqno) in reader
                        .range(from, last, usize::MAX)
                        .unwrap()
                        .iter()
                        .zip(from..)
                    {
                        assert_eq!(entry, &all[usize::try_from(seqno).unwrap() - 1]);
                    }
                }
            });
        }
        for (index, batch) in all.chunks(5).enumerate() {
            let first = index as u64 * 5 + 1;
            append(&mut files, first, batch).unwrap();
            files.committed(first + 4).unwrap();
            // Nothing that a reader may have seen is replaced by something else.
            if index % 10 == 9 {
                let last = files.last();
                let committed = files.committed_seqno();
                assert_eq!(committed, last);
            }
        }
    });
}

#[test]
fn a_single_file_is_read_with_a_torn_end_and_not_changed() {
    let (_parent, directory) = directory();
    let (files, all) = three_chunks(&directory);
    drop(files);
    let path = directory.join("ledger_5");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let reader = ChunkReader::open(&path).unwrap();
    assert_eq!(
        (reader.first(), reader.last(), reader.is_complete()),
        (5, 6, false)
    );
    assert_eq!(reader.torn_bytes(), all[6].len() as u64 - 3);
    assert_eq!(reader.entry(6).unwrap(), all[5]);
    for outside in [0, 4, 7] {
        assert!(
            matches!(reader.entry(outside), Err(FilesError::NotFound { seqno }) if seqno == outside)
        );
    }
    assert_eq!(fs::read(&path).unwrap().len(), whole.len() - 3);

    let complete = ChunkReader::open(&directory.join("ledger_1")).unwrap();
    assert_eq!(
        (
            complete.last(),
            complete.is_complete(),
            complete.torn_bytes()
        ),
        (3, true, 0)
    );
    assert!((1..=3).all(|seqno| complete.entry(seqno).unwrap() == all[usize::try_from(seqno).unwrap() - 1]));

    fs::write(directory.join("notes"), "").unwrap();
    assert!(
        ChunkReader::open(&directory.join("notes"))
            .err()
            .unwrap()
            .to_string()
            .contains("ledger_<first>")
    );
    assert!(matches!(
        ChunkReader::open(&directory.join("ledger_9")),
        Err(FilesError::Unreadable { .. })
    ));
}

#[test]
fn a_file_of_absurd_length_is_refused_without_reading_it() {
    let (_parent, directory) = directory();
    fs::create_dir(&directory).unwrap();
    let path = directory.join("ledger_1-2.committed");
    let file = File::create(&path).unwrap();
    file.write_all_at(&16_u64.to_le_bytes(), 0).unwrap();
    file.set_len(1 << 40).unwrap();
    let files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
    let error = read(&files, 1, 2).unwrap_err().to_string();
    assert!(
        error.contains("bytes of table after 16 bytes of entries"),
        "{error}"
    );
}

#[test]
fn signatures_in_the_tail_are_no_different() {
    let (_parent, directory) = directory();
    let mut files = LedgerFiles::open_new(&directory, &[], &NO_SYNC).unwrap();
    let all = entries(1, &[Signature, Signature]);
    append(&mut files, 1, &all).unwrap();
    drop(files);
    let files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
    assert_eq!(read_all(&files), all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happens to a file: it is opened, cut or set aside, and what is kept can be read.
    #[test]
    fn damaged_files_are_survived(
        complete in any::<bool>(),
        len in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        header in prop::option::of(any::<u64>()),
    ) {
        let all = entries(1, &[Plain, Signature, Last]);
        let mut bytes = file_of(&all, complete);
        bytes.truncate(len.index(bytes.len() * 3).min(bytes.len()));
        for (at, with) in flips {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= with;
            }
        }
        if let (Some(header), Some(start)) = (header, bytes.first_chunk_mut()) {
            *start = header.to_le_bytes();
        }
        // Contents are not verified here: what is found calls itself the entries from 1 on, no more is known.
        let known = |found: &[Vec<u8>]| {
            found.iter().zip(1_u64..).all(|(found, seqno)| found[24..32] == seqno.to_le_bytes())
        };

        let (_parent, directory) = directory();
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("ledger_1"), &bytes).unwrap();
        if let Ok(reader) = ChunkReader::open(&directory.join("ledger_1")) {
            for seqno in reader.first()..=reader.last() {
                prop_assert!(reader.entry(seqno).is_ok());
            }
        }
        let files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
        let found = read(&files, 1, files.last()).unwrap();
        prop_assert_eq!(found.len() as u64, files.last());
        prop_assert!(known(&found));
        drop(files);

        fs::remove_dir_all(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("ledger_1-3.committed"), &bytes).unwrap();
        let files = LedgerFiles::open(&directory, &[], &NO_SYNC).unwrap();
        if let Ok(found) = read(&files, 1, 3) {
            prop_assert!(known(&found));
        }
        prop_assert_eq!(fs::read(directory.join("ledger_1-3.committed")).unwrap(), bytes);
    }
}
