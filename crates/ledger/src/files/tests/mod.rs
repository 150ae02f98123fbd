//! Chunk files against ledger.md 1: what is written, what is found at the start, what is read, what a crash leaves.
//! The entries are real ones, of a service without keys.

mod crashes;
mod joining;
mod reading;
mod starting;
mod writing;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use quorate_crypto::Digest;
use tempfile::TempDir;

use super::*;
use crate::{
    LedgerSecret, TxId, WriteSet,
    entry::{self, Flags},
    signature::{SIGNATURES, TREE},
};

const NO_SYNC: FilesConfig = FilesConfig {
    sync: false,
    free_space_min: 0,
};
const SYNC: FilesConfig = FilesConfig {
    sync: true,
    free_space_min: 0,
};

/// Kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An entry that is no signature.
    Plain,
    /// A signature that does not end a chunk.
    Signature,
    /// A signature that ends a chunk.
    Last,
    /// An entry that begins a chunk.
    First,
}

/// An entry whose value has `len` bytes that depend on `salt`.
fn entry(seqno: u64, kind: Kind, len: usize, salt: u8) -> Vec<u8> {
    let mut writes = WriteSet::new();
    let value: Vec<u8> = (0..len)
        .map(|index| salt.wrapping_add(u8::try_from(index % 251).unwrap()))
        .collect();
    match kind {
        Kind::Plain | Kind::First => writes.put("public:records", seqno.to_string(), value),
        Kind::Signature | Kind::Last => {
            writes.put(SIGNATURES, vec![0; 8], value);
            writes.put(TREE, vec![0; 8], "");
        }
    }
    let flags = match kind {
        Kind::Plain | Kind::Signature => Flags::default(),
        Kind::Last => Flags::FORCE_CHUNK_AFTER,
        Kind::First => Flags::FORCE_CHUNK_BEFORE,
    };
    let secret = LedgerSecret::from_bytes(&[5; 32]).unwrap();
    let mut bytes = Vec::new();
    entry::encode(
        TxId::new(2, seqno),
        &writes,
        &Digest::default(),
        &secret,
        flags,
        &mut bytes,
    )
    .unwrap();
    bytes
}

/// Entries `first..`, of the given kinds.
fn entries(first: u64, kinds: &[Kind]) -> Vec<Vec<u8>> {
    kinds
        .iter()
        .zip(first..)
        .map(|(kind, seqno)| entry(seqno, *kind, 20, 0))
        .collect()
}

fn append(files: &mut LedgerFiles, first: u64, entries: &[Vec<u8>]) -> Result<(), FilesError> {
    let entries: Vec<_> = entries
        .iter()
        .zip(first..)
        .map(|(bytes, seqno)| EntryRef { seqno, bytes })
        .collect();
    files.append(&entries)
}

/// A ledger of three chunks, seqnos 1–3, 4–4 and 5–7, the last one open; and its entries.
fn three_chunks(directory: &Path) -> (LedgerFiles, Vec<Vec<u8>>) {
    use Kind::{Last, Plain, Signature};
    let all = entries(1, &[Plain, Signature, Last, Last, Plain, Signature, Plain]);
    let mut files = LedgerFiles::open_new(directory, &[], &NO_SYNC).unwrap();
    append(&mut files, 1, &all).unwrap();
    (files, all)
}

fn read_all(files: &LedgerFiles) -> Vec<Vec<u8>> {
    read(files, 1, files.last()).unwrap()
}

fn read(files: &LedgerFiles, from: u64, to: u64) -> Result<Vec<Vec<u8>>, FilesError> {
    Ok(files
        .range(from, to, usize::MAX)?
        .into_iter()
        .map(Vec::from)
        .collect())
}

/// The names in a directory, ascending.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|item| item.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Content of all files of a directory, by name.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    names(directory)
        .into_iter()
        .map(|name| (name.clone(), fs::read(directory.join(name)).unwrap()))
        .collect()
}

/// The file of ledger.md 1.2 with these entries, made by hand.
fn file_of(entries: &[Vec<u8>], complete: bool) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    let mut table = Vec::new();
    for entry in entries {
        table.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(entry);
    }
    if complete {
        let offset = bytes.len() as u64;
        bytes[..8].copy_from_slice(&offset.to_le_bytes());
        bytes.extend_from_slice(&table);
    }
    bytes
}

fn directory() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("ledger");
    (parent, directory)
}

/// Makes operations of [`super::disk::Disk`] fail as a test wants it.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<FaultState>>);

#[derive(Default)]
struct FaultState {
    /// What is done before the process dies: one for each operation, and for each byte written.
    life: Option<usize>,
    /// An operation that fails once.
    failing: Option<&'static str>,
    log: Vec<&'static str>,
}

impl Faults {
    /// The process dies after this much.
    fn die_after(life: usize) -> Self {
        let faults = Self::default();
        faults.0.lock().unwrap().life = Some(life);
        faults
    }

    fn fail_once(&self, action: &'static str) {
        self.0.lock().unwrap().failing = Some(action);
    }

    /// The operations since the last call.
    fn take_log(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }

    pub(super) fn before(&self, action: &'static str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.log.push(action);
        if state
            .failing
            .take_if(|failing| *failing == action)
            .is_some()
        {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match &mut state.life {
            Some(0) => Err(io::Error::other("dead")),
            Some(life) => {
                *life -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn before_write<'a>(
        &self,
        file: &File,
        bytes: &'a [u8],
        offset: u64,
    ) -> io::Result<&'a [u8]> {
        self.before("write")?;
        let mut state = self.0.lock().unwrap();
        let Some(life) = &mut state.life else {
            return Ok(bytes);
        };
        if *life >= bytes.len() {
            *life -= bytes.len();
            return Ok(bytes);
        }
        file.write_all_at(&bytes[..*life], offset)?;
        *life = 0;
        Err(io::Error::other("dead"))
    }
}
