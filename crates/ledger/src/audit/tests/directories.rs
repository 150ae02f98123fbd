//! The rules of files and directories.

use std::path::PathBuf;

use super::*;

#[test]
fn ledger_1_10_a_committed_file_ends_on_a_signature() {
    let service = service();
    let directory = directory(&service);
    fs::write(
        directory.path().join("ledger_6-6.committed"),
        chunk(&service, 6, 6, true),
    )
    .unwrap();
    let error = audit_one(&directory, &service).unwrap_err();
    assert!(matches!(*error.problem, Problem::NoFinalSignature));
    assert_eq!(error.seqno, Some(6));
    assert_eq!(
        error.file,
        Some(directory.path().join("ledger_6-6.committed"))
    );
}

#[test]
fn ledger_1_1_names_that_are_passed_over() {
    let service = service();
    let directory = directory(&service);
    let names = [
        "ledger_1-5.committed.ignored",
        "ledger_6.recovery",
        "ledger_6-6.committed.recovery",
        "ledger_6.committed",
        "ledger_a",
        "ledger_7-6.committed",
        "ledger_0-5.committed",
        "ledger_18446744073709551616",
        "ledger_+7",
        "notes.txt",
    ];
    for name in names {
        fs::write(directory.path().join(name), b"").unwrap();
    }
    let report = audit_one(&directory, &service).unwrap();
    let mut skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|(path, _)| path.file_name().unwrap())
        .collect();
    let mut expected = names.map(std::ffi::OsStr::new).to_vec();
    skipped.sort();
    expected.sort();
    assert_eq!(skipped, expected);
}

#[test]
fn ledger_10_files_must_follow_one_another() {
    let service = service();
    let directory = directory(&service);
    let path = |name: &str| directory.path().join(name);
    fs::write(path("ledger_4-6"), chunk(&service, 4, 6, true)).unwrap();
    let error = audit_one(&directory, &service).unwrap_err();
    assert!(
        matches!(
            *error.problem,
            Problem::Overlap {
                begins: 4,
                expected: 6
            }
        ),
        "{error}"
    );
    fs::remove_file(path("ledger_4-6")).unwrap();

    // An older, shorter copy that was not committed.
    fs::write(path("ledger_1"), chunk(&service, 1, 4, false)).unwrap();
    assert_eq!(audit_one(&directory, &service).unwrap().skipped.len(), 1);

    fs::rename(path("ledger_6"), path("ledger_7")).unwrap();
    let error = audit_one(&directory, &service).unwrap_err();
    assert!(
        matches!(*error.problem, Problem::Gap) && error.seqno == Some(6),
        "{error}"
    );

    let nothing = audit(&[], &service.certificate, None).unwrap_err();
    assert!(matches!(*nothing.problem, Problem::NoLedger));
    let missing = PathBuf::from("/nowhere/at/all");
    let error = audit(std::slice::from_ref(&missing), &service.certificate, None).unwrap_err();
    assert!(matches!(*error.problem, Problem::Io(_)) && error.file == Some(missing));
}

#[test]
fn ledger_1_3_an_open_file_may_be_torn() {
    let service = service();
    let directory = directory(&service);
    let whole = chunk(&service, 6, 6, false);
    for cut in [3, 8, 100] {
        fs::write(directory.path().join("ledger_6"), &whole[..8 + cut]).unwrap();
        let report = audit_one(&directory, &service).unwrap();
        assert_eq!((report.torn_bytes, report.last.seqno), (cut as u64, 5));
    }
    // Nothing can follow a torn file.
    fs::write(
        directory.path().join("ledger_7"),
        chunk(&service, 6, 6, false),
    )
    .unwrap();
    assert!(matches!(
        *audit_one(&directory, &service).unwrap_err().problem,
        Problem::Gap
    ));
}

#[test]
fn an_error_names_file_seqno_and_what_was_expected() {
    let service = service();
    let directory = directory(&service);
    let mut bytes = chunk(&service, 1, 5, true);
    bytes[8] = 2;
    fs::write(directory.path().join("ledger_1-5.committed"), bytes).unwrap();
    let text = audit_one(&directory, &service).unwrap_err().to_string();
    let file = directory.path().join("ledger_1-5.committed");
    assert_eq!(
        text,
        format!(
            "{}, seqno 1: entry version: expected 1, found 2",
            file.display()
        )
    );
}
