//! A node that joins with entries of an earlier run in its directory (ledger.md 1.7): they are compared with what is
//! appended, and stay while they are equal.

use std::os::unix::fs::FileExt;

use super::{
    ChunkName, FilesError, LedgerFiles,
    chunk::FILE_HEADER_LEN,
    reader::{Chunk, chunk_names},
    scan,
};

impl LedgerFiles {
    pub(super) fn start_over_at(&mut self, seqno: u64) -> Result<(), FilesError> {
        let directory = self.shared.directory.clone();
        {
            let mut active = self.shared.active_mut();
            active.chunks.clear();
            active.last = seqno;
            active.cuts += 1;
        }
        self.shared.forget();
        self.committed = seqno;
        self.reuse_until = 0;
        for (path, name) in chunk_names(&directory)? {
            if name.ignored || name.recovery {
                continue;
            }
            if name.committed && name.first > seqno {
                let open = directory.join(ChunkName::open(name.first, false).to_string());
                if open
                    .try_exists()
                    .map_err(FilesError::io("look for", &open))?
                {
                    scan::set_aside(&open, &self.disk, "its entries are in a committed file")?;
                }
                self.disk.rename(&path, &open)?;
                self.names_changed = true;
            }
            self.reuse_until = self.reuse_until.max(name.last.unwrap_or(u64::MAX));
        }
        self.flush_all()
    }

    /// A file of an earlier run that begins at `first`, to be compared with what comes.
    pub(super) fn reusable_chunk(&mut self, first: u64) -> Result<Option<Chunk>, FilesError> {
        if first > self.reuse_until {
            return Ok(None);
        }
        for (path, name) in chunk_names(&self.shared.directory)? {
            if name.first != first || name.committed || name.recovery || name.ignored {
                continue;
            }
            let reason = match scan::open_chunk(&path, name, &self.disk)? {
                Ok(Some(mut chunk)) => {
                    chunk.forget_entries();
                    return Ok(Some(chunk));
                }
                Ok(None) => "it has no whole entry".to_owned(),
                Err(fault) => fault.to_string(),
            };
            scan::set_aside(&path, &self.disk, &reason)?;
            self.names_changed = true;
        }
        Ok(None)
    }

    /// How many bytes of the entries are in the open file already. At the first difference everything after it in
    /// the directory is from another history and goes.
    pub(super) fn compare_with_reusable(
        &mut self,
        bytes: &[u8],
        ends: &[usize],
    ) -> Result<usize, FilesError> {
        let chunk = self
            .shared
            .active()
            .chunks
            .last()
            .filter(|chunk| !chunk.reusable.is_empty())
            .cloned();
        let Some(mut chunk) = chunk else { return Ok(0) };
        let mut present = 0;
        for (end, seqno) in ends.iter().zip(self.last() + 1..) {
            let Some(stored_end) = chunk.reusable.pop_front() else {
                break;
            };
            let same_end = stored_end == chunk.end + *end as u64;
            if !same_end || !stored_equals(&chunk, present, &bytes[present..*end])? {
                tracing::warn!(
                    "ledger file {} is of another history from seqno {seqno} on",
                    chunk.path.display()
                );
                self.remove_files_after(seqno)?;
                self.reuse_until = 0;
                // Even if the file has no table: what stands there must not follow a shorter entry.
                chunk.sealed = true;
                chunk.reusable.clear();
                break;
            }
            present = *end;
        }
        if let Some(last) = self.shared.active_mut().chunks.last_mut() {
            last.sealed = chunk.sealed;
            last.reusable = chunk.reusable;
        }
        Ok(present)
    }

    fn remove_files_after(&mut self, seqno: u64) -> Result<(), FilesError> {
        for (path, name) in chunk_names(&self.shared.directory)? {
            if name.first > seqno && !name.ignored {
                tracing::warn!(
                    "ledger file {} is of another history and is removed",
                    path.display()
                );
                self.disk.remove(&path)?;
                self.names_changed = true;
            }
        }
        Ok(())
    }
}

impl Chunk {
    /// Keeps the entries as something to compare with; none is part of the ledger for now.
    fn forget_entries(&mut self) {
        let ends = self.offsets.iter().skip(1).map(|offset| u64::from(*offset));
        self.reusable = ends.chain([self.end]).collect();
        self.offsets.clear();
        self.end = FILE_HEADER_LEN;
        self.complete = false;
        self.ended = false;
    }
}

/// Whether `bytes` stand in the file, `ahead` bytes after its last entry.
fn stored_equals(chunk: &Chunk, ahead: usize, bytes: &[u8]) -> Result<bool, FilesError> {
    let mut stored = vec![0; bytes.len()];
    let read = chunk
        .file
        .read_exact_at(&mut stored, chunk.end + ahead as u64);
    read.map_err(FilesError::io("read", &chunk.path))?;
    Ok(stored == bytes)
}
