//! The audit of four ledgers that CCF wrote, whole and damaged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quorate_crypto::cert::Certificate;
use quorate_ledger::{
    LedgerSecrets, TxId,
    audit::{AuditError, Problem, Report, audit},
    entry::entry_len,
};

use crate::{data, secrets};

/// A copy of a real ledger, in a directory of its own.
struct Ledger {
    directory: tempfile::TempDir,
    service: Certificate,
    secrets: LedgerSecrets,
}

impl Ledger {
    fn copy(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let source = data("ledgers").join(name);
        for part in ["ledger", "ledger_read_only"] {
            let target = directory.path().join(part);
            fs::create_dir(&target).unwrap();
            let Ok(files) = fs::read_dir(source.join(part)) else {
                continue;
            };
            for file in files {
                let path = file.unwrap().path();
                // Read and write, not copy: the copies must be writable.
                fs::write(
                    target.join(path.file_name().unwrap()),
                    fs::read(&path).unwrap(),
                )
                .unwrap();
            }
        }
        let pem = fs::read_to_string(source.join("common/service_cert.pem")).unwrap();
        Self {
            directory,
            service: Certificate::from_pem(&pem).unwrap(),
            secrets: secrets(name),
        }
    }

    fn directories(&self) -> Vec<PathBuf> {
        ["ledger", "ledger_read_only"]
            .map(|part| self.directory.path().join(part))
            .to_vec()
    }

    fn audit(&self) -> Result<Report, AuditError> {
        audit(
            &self.directories(),
            &self.service,
            Some(self.secrets.clone()),
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directories()
            .iter()
            .map(|directory| directory.join(name))
            .find(|path| path.exists())
            .unwrap()
    }

    /// Changes bytes of a file.
    fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.file(name);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }
}

/// Where entries begin in a chunk file.
fn entry_offsets(bytes: &[u8]) -> Vec<usize> {
    let table = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let end = if table == 0 { bytes.len() } else { table };
    let (mut offsets, mut at) = (Vec::new(), 8);
    while at < end {
        offsets.push(at);
        at += entry_len(bytes[at..].first_chunk().unwrap()) as usize;
    }
    offsets
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_rekeyed_ledger_is_whole() {
    let report = Ledger::copy("ccf7-rekeyed").audit().unwrap();
    assert_eq!(
        (report.last, report.signed),
        (TxId::new(2, 118), TxId::new(2, 118))
    );
    assert_eq!(report.signatures, report.cose_signatures);
    assert_eq!(report.views.starts(), [1, 1]);
    assert_eq!(report.services.len(), 1);
    assert_eq!(report.files.len(), 8);
    assert!(report.skipped.is_empty());
    assert_eq!(report.torn_bytes, 0);
}

#[test]
fn a_recovered_ledger_is_whole() {
    let ledger = Ledger::copy("ccf7-recovered");
    let report = ledger.audit().unwrap();
    assert_eq!(report.last, TxId::new(4, 179));
    assert_eq!(report.signatures, report.cose_signatures);
    assert_eq!(report.views.starts(), [1, 1, 125, 125]);
    let from: Vec<_> = report.services.iter().map(|service| service.from).collect();
    assert_eq!(from, [TxId::new(2, 1), TxId::new(4, 125)]);
    assert_eq!(report.services[1].certificate, ledger.service);
    assert_eq!(report.files.len(), 14);
}

#[test]
fn older_ledgers_are_whole() {
    let report = Ledger::copy("older-expired").audit().unwrap();
    assert_eq!(report.last, TxId::new(4, 74));
    assert_eq!(report.views.starts(), [1, 1, 29, 29]);
    assert!(report.cose_signatures > 0 && report.cose_signatures < report.signatures);
    let report = Ledger::copy("older-mixed-signatures").audit().unwrap();
    assert_eq!(report.last, TxId::new(2, 46));
    assert_eq!((report.signatures, report.cose_signatures), (23, 5));
}

#[test]
fn secrets_are_not_needed() {
    for name in [
        "ccf7-rekeyed",
        "ccf7-recovered",
        "older-expired",
        "older-mixed-signatures",
    ] {
        let ledger = Ledger::copy(name);
        let public_only = audit(&ledger.directories(), &ledger.service, None).unwrap();
        assert_eq!(public_only, ledger.audit().unwrap(), "{name}");
    }
}

#[test]
fn the_certificate_of_another_service_is_refused() {
    let mut ledger = Ledger::copy("ccf7-rekeyed");
    ledger.service = Ledger::copy("ccf7-recovered").service;
    assert!(matches!(
        *ledger.audit().unwrap_err().problem,
        Problem::OtherService { .. }
    ));
}

#[test]
fn wrong_secrets_are_noticed_at_the_first_entry_under_them() {
    let mut ledger = Ledger::copy("ccf7-rekeyed");
    ledger.secrets.rollback(1);
    let first = LedgerSecrets::new(ledger.secrets.earliest().clone());
    let error = audit(&ledger.directories(), &ledger.service, Some(first)).unwrap_err();
    assert_eq!(error.seqno, Some(53), "{error}");
}

#[test]
fn every_entry_is_protected() {
    let ledger = Ledger::copy("ccf7-rekeyed");
    let name = "ledger_16-44.committed";
    let good = fs::read(ledger.file(name)).unwrap();
    let offsets = entry_offsets(&good);
    assert_eq!(offsets.len(), 29);
    for (index, offset) in offsets.into_iter().enumerate() {
        let seqno = 16 + index as u64;
        // The flags: nothing but the Merkle root covers them, so the next signature finds out.
        ledger.edit(name, |bytes| bytes[offset + 1] ^= 4);
        let error = ledger.audit().unwrap_err();
        assert!(
            matches!(*error.problem, Problem::Root { .. }),
            "{seqno}: {error}"
        );
        assert!(error.seqno.unwrap() > seqno, "{seqno}: {error}");
        fs::write(ledger.file(name), &good).unwrap();
        // The public domain: without secrets, again the next signature, or the content itself.
        ledger.edit(name, |bytes| bytes[offset + 60] ^= 1);
        let error = ledger.audit().unwrap_err();
        assert_eq!(error.seqno, Some(seqno), "{error}");
        assert_eq!(name_of(error.file.as_ref().unwrap()), name);
        let error = audit(&ledger.directories(), &ledger.service, None).unwrap_err();
        assert!(error.seqno.unwrap() >= seqno, "{error}");
        fs::write(ledger.file(name), &good).unwrap();
    }
    ledger.audit().unwrap();
}

#[test]
fn files_that_are_damaged_are_named() {
    let ledger = Ledger::copy("ccf7-rekeyed");
    let name = "ledger_16-44.committed";
    let good = fs::read(ledger.file(name)).unwrap();
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        ledger.edit(name, |bytes| change(bytes));
        let error = ledger.audit().unwrap_err();
        assert_eq!(name_of(error.file.as_ref().unwrap()), name, "{error}");
        fs::write(ledger.file(name), &good).unwrap();
        *error.problem
    };
    assert!(matches!(
        damage(&|bytes| bytes.truncate(7)),
        Problem::FileHeader(7)
    ));
    assert!(matches!(
        damage(&|bytes| bytes[..8].fill(0)),
        Problem::TableOffset { offset: 0, .. }
    ));
    assert!(matches!(
        damage(&|bytes| bytes[7] = 1),
        Problem::TableOffset { .. }
    ));
    assert!(matches!(
        damage(&|bytes| bytes.push(0)),
        Problem::TableLength(_)
    ));
    assert!(matches!(
        damage(&|bytes| bytes.extend([0; 4])),
        Problem::EntryCount { .. }
    ));
    let last = good.len() - 1;
    assert!(matches!(
        damage(&|bytes| bytes[last] = 1),
        Problem::Position { .. }
    ));
    assert!(matches!(
        damage(&|bytes| bytes.truncate(last - 3)),
        Problem::EntryCount { .. }
    ));
    assert!(matches!(
        damage(&|bytes| bytes[14] = 1),
        Problem::TornEntry { .. }
    ));
}

#[test]
fn missing_and_doubled_files() {
    let ledger = Ledger::copy("ccf7-rekeyed");
    let (main, read_only) = (
        ledger.directories()[0].clone(),
        ledger.directories()[1].clone(),
    );
    let name = "ledger_16-44.committed";

    // Committed files may stand in a read-only directory, and in both.
    fs::copy(main.join(name), read_only.join(name)).unwrap();
    let report = ledger.audit().unwrap();
    assert_eq!(report.skipped.len(), 1);
    fs::remove_file(main.join(name)).unwrap();
    assert!(ledger.audit().unwrap().skipped.is_empty());

    fs::rename(
        read_only.join(name),
        main.join("ledger_16-44.committed.ignored"),
    )
    .unwrap();
    let error = ledger.audit().unwrap_err();
    assert!(matches!(*error.problem, Problem::Gap), "{error}");
    assert_eq!(error.seqno, Some(16));

    fs::rename(
        main.join("ledger_16-44.committed.ignored"),
        main.join("ledger_16-45.committed"),
    )
    .unwrap();
    let error = ledger.audit().unwrap_err();
    assert!(
        matches!(
            *error.problem,
            Problem::EntryCount {
                expected: 30,
                found: 29,
                ..
            }
        ),
        "{error}"
    );

    fs::remove_file(main.join("ledger_1-2.committed")).unwrap();
    assert!(matches!(*ledger.audit().unwrap_err().problem, Problem::Gap));
}

#[test]
fn an_open_file_may_end_within_an_entry() {
    let ledger = Ledger::copy("ccf7-rekeyed");
    let bytes = fs::read(ledger.file("ledger_94")).unwrap();
    assert_eq!(&bytes[..8], [0; 8], "the file is open");
    let last = *entry_offsets(&bytes).last().unwrap();
    ledger.edit("ledger_94", |bytes| bytes.truncate(last + 20));
    let report = ledger.audit().unwrap();
    assert_eq!((report.torn_bytes, report.last.seqno), (20, 117));
    assert_eq!(report.signed.seqno, 114);
}

#[test]
fn exchanged_and_repeated_entries_are_noticed() {
    let ledger = Ledger::copy("ccf7-rekeyed");
    let name = "ledger_94";
    ledger.edit(name, |bytes| {
        let offsets = entry_offsets(bytes);
        let entry = bytes[offsets[1]..offsets[2]].to_vec();
        bytes.splice(offsets[2]..offsets[2], entry);
    });
    let error = ledger.audit().unwrap_err();
    assert_eq!(error.seqno, Some(96), "{error}");
}
