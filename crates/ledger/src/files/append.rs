//! Appending entries (ledger.md 1.3, 1.4): a batch is checked as a whole, then written with one write for each file
//! that it goes to. Files end where the flags of the entries say so.

use std::{collections::VecDeque, sync::Arc};

use super::{
    ChunkName, FilesError, LedgerFiles,
    chunk::{FILE_HEADER_LEN, check_entry},
    reader::Chunk,
};
use crate::{
    entry::{self, Flags},
    limits,
    signature::SIGNATURES,
};

impl LedgerFiles {
    /// Checks a batch before any of it is written.
    pub(super) fn check_batch(
        &self,
        first_seqno: u64,
        bytes: &[u8],
        lengths: &[u32],
    ) -> Result<Vec<Flags>, FilesError> {
        let active = self.shared.active();
        if first_seqno != active.last + 1 {
            return Err(FilesError::NotNext {
                seqno: first_seqno,
                last: active.last,
            });
        }
        let open = active
            .chunks
            .last()
            .filter(|chunk| !chunk.complete && !chunk.ended);
        let mut end = open.map_or(FILE_HEADER_LEN, |chunk| chunk.end);
        let mut rest = bytes;
        let mut flags = Vec::with_capacity(lengths.len());
        for (len, seqno) in lengths.iter().zip(first_seqno..) {
            let invalid = |reason| FilesError::Entry { seqno, reason };
            let available = rest.len();
            let entry = rest.split_off(..*len as usize).ok_or_else(|| {
                invalid(format!("it should have {len} bytes, there are {available}"))
            })?;
            let entry_flags = check_entry(entry, seqno).map_err(invalid)?;
            if entry_flags.contains(Flags::FORCE_CHUNK_BEFORE) {
                end = FILE_HEADER_LEN;
            }
            end += u64::from(*len);
            if end > limits::CHUNK_BYTES {
                return Err(chunk_full(seqno, entry.len()));
            }
            if entry_flags.contains(Flags::FORCE_CHUNK_AFTER) {
                check_is_signature(entry).map_err(invalid)?;
                end = FILE_HEADER_LEN;
            }
            flags.push(entry_flags);
        }
        if rest.is_empty() {
            return Ok(flags);
        }
        let seqno = first_seqno + lengths.len() as u64;
        Err(FilesError::Entry {
            seqno,
            reason: format!("{} bytes are left over", rest.len()),
        })
    }

    /// Writes a batch that has been checked.
    pub(super) fn write_batch(
        &mut self,
        first_seqno: u64,
        bytes: &[u8],
        lengths: &[u32],
        flags: &[Flags],
    ) -> Result<(), FilesError> {
        // The entries that go to the open file and are not written yet: where they begin in the batch, and where each
        // ends after that.
        let (mut start, mut at) = (0, 0);
        let mut ends = Vec::new();
        for ((len, flags), seqno) in lengths.iter().zip(flags).zip(first_seqno..) {
            if flags.contains(Flags::FORCE_CHUNK_BEFORE) {
                self.write_entries(&bytes[start..at], &mut ends)?;
                start = at;
                self.complete_open_chunk()?;
            }
            if ends.is_empty() {
                self.ensure_open_chunk(seqno)?;
            }
            at += *len as usize;
            ends.push(at - start);
            if flags.contains(Flags::FORCE_CHUNK_AFTER) {
                self.write_entries(&bytes[start..at], &mut ends)?;
                start = at;
                self.complete_open_chunk()?;
            }
        }
        self.write_entries(&bytes[start..at], &mut ends)
    }

    /// Makes sure that there is an open file that `seqno` can go to.
    fn ensure_open_chunk(&mut self, seqno: u64) -> Result<(), FilesError> {
        let (is_open, has_ended) = {
            let active = self.shared.active();
            let chunk = active.chunks.last().filter(|chunk| !chunk.complete);
            (chunk.is_some(), chunk.is_some_and(|chunk| chunk.ended))
        };
        if has_ended {
            // Its last entry ended the chunk, but a crash came in between.
            self.complete_open_chunk()?;
        } else if is_open {
            return Ok(());
        }
        let chunk = match self.reusable_chunk(seqno)? {
            Some(chunk) => chunk,
            None => self.create_chunk(seqno)?,
        };
        self.shared.active_mut().chunks.push(chunk);
        Ok(())
    }

    fn create_chunk(&mut self, first: u64) -> Result<Chunk, FilesError> {
        let name = ChunkName::open(first, self.recovery_from.is_some_and(|from| first > from));
        let path = self.shared.directory.join(name.to_string());
        let file = self.disk.create(&path)?;
        self.disk
            .write(&file, &path, &[0; FILE_HEADER_LEN as usize], 0)?;
        self.names_changed = true;
        Ok(Chunk {
            name,
            path,
            file: Arc::new(file),
            offsets: Vec::new(),
            end: FILE_HEADER_LEN,
            complete: false,
            sealed: false,
            ended: false,
            dirty: true,
            reusable: VecDeque::new(),
        })
    }

    /// Writes entries to the open file; `ends` says where each ends in `bytes`, and is emptied.
    fn write_entries(&mut self, bytes: &[u8], ends: &mut Vec<usize>) -> Result<(), FilesError> {
        if ends.is_empty() {
            return Ok(());
        }
        let present = self.compare_with_reusable(bytes, ends)?;
        let fresh = bytes.get(present..).unwrap_or_default();
        if !fresh.is_empty() {
            self.unseal_open_chunk(present as u64)?;
            let (file, path, at) = {
                let active = self.shared.active();
                let Some(chunk) = active.chunks.last() else {
                    return Ok(());
                };
                (Arc::clone(&chunk.file), chunk.path.clone(), chunk.end)
            };
            self.disk.write(&file, &path, fresh, at + present as u64)?;
        }
        let mut active = self.shared.active_mut();
        active.last += ends.len() as u64;
        if let Some(chunk) = active.chunks.last_mut() {
            let base = chunk.end;
            for end in ends.drain(..) {
                // Fits: the whole batch has been checked for that.
                chunk
                    .offsets
                    .push(u32::try_from(chunk.end).unwrap_or(u32::MAX));
                chunk.end = base + end as u64;
            }
            chunk.dirty |= !fresh.is_empty();
        }
        Ok(())
    }

    /// Writes the position table of the open file, then the header that says that there is one.
    fn complete_open_chunk(&mut self) -> Result<(), FilesError> {
        let open = self
            .shared
            .active()
            .chunks
            .last()
            .filter(|chunk| !chunk.complete)
            .cloned();
        let Some(chunk) = open else { return Ok(()) };
        let Chunk {
            file,
            path,
            offsets,
            end,
            ..
        } = &chunk;
        let table: Vec<u8> = offsets
            .iter()
            .flat_map(|offset| offset.to_le_bytes())
            .collect();
        if chunk.sealed {
            self.cut_file(&chunk)?;
        }
        self.disk.write(file, path, &table, *end)?;
        self.disk.cut(file, path, end + table.len() as u64)?;
        self.disk.flush(file, path)?;
        self.disk.write(file, path, &end.to_le_bytes(), 0)?;
        if let Some(chunk) = self.shared.active_mut().chunks.last_mut() {
            chunk.complete = true;
            chunk.sealed = true;
            chunk.ended = true;
            chunk.dirty = true;
            chunk.reusable.clear();
        }
        Ok(())
    }
}

/// A chunk ends with a signature, or its committed file could hold entries that are not (ledger.md 1.4).
fn check_is_signature(entry: &[u8]) -> Result<(), String> {
    let entry = entry::decode(entry, None).map_err(|error| error.to_string())?;
    match entry.writes.writes_to(SIGNATURES) {
        Some(_) => Ok(()),
        None => Err("its flags end the chunk, but it is no signature".to_owned()),
    }
}

pub(super) fn chunk_full(seqno: u64, len: usize) -> FilesError {
    FilesError::ChunkFull {
        seqno,
        len: len as u64,
        max: limits::CHUNK_BYTES,
    }
}
