//! The audit of ledger directories: which files there are, in which order they follow one another (ledger.md 1.1, 10).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use quorate_crypto::cert::Certificate;

use super::{
    AuditError, Auditor, Problem, Report,
    chunk::{Chunk, Next},
};
use crate::{LedgerSecrets, files::ChunkName};

/// A file that may be part of the ledger.
struct Candidate {
    path: PathBuf,
    first: u64,
    last: Option<u64>,
    committed: bool,
}

/// Audits the ledger in `directories` (a main directory, and read-only ones, in any order) against the certificate of
/// the service that is trusted. `secrets`, if given, must reach back to seqno 1.
pub fn audit(
    directories: &[PathBuf],
    trusted: &Certificate,
    secrets: Option<LedgerSecrets>,
) -> Result<Report, AuditError> {
    let mut skipped = Vec::new();
    let mut candidates = Vec::new();
    for directory in directories {
        scan(directory, &mut candidates, &mut skipped)
            .map_err(|error| Problem::Io(error).at(Some(directory.clone()), None))?;
    }
    // Of several files that begin at the same seqno, a committed one comes first, the longest of them.
    candidates.sort_by_key(|file| (file.first, !file.committed, std::cmp::Reverse(file.last)));

    let mut auditor = Auditor::new(secrets);
    let mut files = Vec::new();
    let mut torn_bytes = 0;
    for file in candidates {
        let next = auditor.next_seqno();
        if file.first < next {
            if file.last.is_some_and(|last| last >= next) {
                let problem = Problem::Overlap {
                    begins: file.first,
                    expected: next,
                };
                return Err(problem.at(Some(file.path), None));
            }
            skipped.push((file.path, "its entries are in another file too"));
            continue;
        }
        if torn_bytes > 0 || file.first > next {
            return Err(Problem::Gap.at(None, Some(next)));
        }
        torn_bytes = audit_file(&file, &mut auditor)?;
        files.push(file.path);
    }
    if files.is_empty() {
        return Err(Problem::NoLedger.at(None, None));
    }
    let report = auditor
        .finish(trusted)
        .map_err(|problem| problem.at(None, None))?;
    Ok(Report {
        files,
        skipped,
        torn_bytes,
        ..report
    })
}

/// Audits one file; returns how many bytes of an incomplete entry follow the last whole one.
fn audit_file(file: &Candidate, auditor: &mut Auditor) -> Result<u64, AuditError> {
    let fail = |problem: Problem, seqno| problem.at(Some(file.path.clone()), seqno);
    let mut chunk = Chunk::open(&file.path).map_err(|problem| fail(problem, None))?;
    if file.committed && !chunk.is_complete() {
        let size = fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        return Err(fail(Problem::TableOffset { offset: 0, size }, None));
    }
    let mut entry = Vec::new();
    let mut ends_signed = false;
    let torn = loop {
        let seqno = auditor.next_seqno();
        match chunk
            .next(&mut entry)
            .map_err(|problem| fail(problem, Some(seqno)))?
        {
            Next::Entry => {
                ends_signed = auditor
                    .push(&entry)
                    .map_err(|problem| fail(problem, Some(seqno)))?
            }
            Next::Torn(bytes) => break bytes,
            Next::End => break 0,
        }
    };
    if let Some(last) = file.last {
        let (expected, found) = (last - file.first + 1, auditor.next_seqno() - file.first);
        if expected != found {
            return Err(fail(
                Problem::EntryCount {
                    by: "file name",
                    expected,
                    found,
                },
                None,
            ));
        }
    }
    if file.committed && !ends_signed {
        return Err(fail(
            Problem::NoFinalSignature,
            Some(auditor.next_seqno() - 1),
        ));
    }
    Ok(torn)
}

fn scan(
    directory: &Path,
    candidates: &mut Vec<Candidate>,
    skipped: &mut Vec<(PathBuf, &'static str)>,
) -> io::Result<()> {
    let mut paths: Vec<_> = fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        match candidate(&path) {
            Ok(ChunkName {
                first,
                last,
                committed,
                ..
            }) => candidates.push(Candidate {
                path,
                first,
                last,
                committed,
            }),
            Err(reason) => skipped.push((path, reason)),
        }
    }
    Ok(())
}

/// What a file's name says, or why the file is passed over.
fn candidate(path: &Path) -> Result<ChunkName, &'static str> {
    match ChunkName::of(path) {
        None => Err("its name is not that of a ledger file"),
        Some(name) if name.ignored => Err("a node set it aside"),
        Some(name) if name.recovery => Err("it belongs to a recovery that has not ended"),
        Some(name) if name.committed && name.last.is_none() => {
            Err("a committed file must have a range in its name")
        }
        Some(name) => Ok(name),
    }
}
