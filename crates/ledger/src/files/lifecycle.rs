//! What becomes of files after entries were appended: flushes, names of committed and recovered files, cuts
//! (ledger.md 1.3, 1.5, 1.8).

use std::sync::Arc;

use super::{ChunkName, FilesError, LedgerFiles, chunk::FILE_HEADER_LEN, reader::Chunk};

impl LedgerFiles {
    pub(super) fn flush_all(&mut self) -> Result<(), FilesError> {
        let dirty: Vec<_> = {
            let active = self.shared.active();
            let dirty = active.chunks.iter().filter(|chunk| chunk.dirty);
            dirty
                .map(|chunk| (Arc::clone(&chunk.file), chunk.path.clone()))
                .collect()
        };
        for (file, path) in &dirty {
            self.disk.flush(file, path)?;
        }
        if !dirty.is_empty() {
            self.shared
                .active_mut()
                .chunks
                .iter_mut()
                .for_each(|chunk| chunk.dirty = false);
        }
        if self.names_changed {
            self.disk
                .flush_directory(&self.handle, &self.shared.directory)?;
            self.names_changed = false;
        }
        Ok(())
    }

    /// Gives complete files that are committed as a whole their names.
    pub(super) fn name_committed(&mut self) -> Result<(), FilesError> {
        let committed = self.committed;
        let is_due =
            |chunk: &&Chunk| chunk.complete && !chunk.name.committed && chunk.last() <= committed;
        let due: Vec<_> = self
            .shared
            .active()
            .chunks
            .iter()
            .filter(is_due)
            .cloned()
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        self.flush_all()?;
        for chunk in due {
            let name = ChunkName::committed(chunk.name.first, chunk.last(), chunk.name.recovery);
            self.rename_chunk(&chunk, name)?;
        }
        self.flush_all()
    }

    /// Gives the files of a recovery names like others.
    pub(super) fn name_recovered(&mut self) -> Result<(), FilesError> {
        let is_due = |chunk: &&Chunk| chunk.name.recovery;
        let due: Vec<_> = self
            .shared
            .active()
            .chunks
            .iter()
            .filter(is_due)
            .cloned()
            .collect();
        for chunk in due {
            self.rename_chunk(
                &chunk,
                ChunkName {
                    recovery: false,
                    ..chunk.name
                },
            )?;
        }
        self.flush_all()
    }

    /// Gives a file its next name. With the final name of a committed file it is left to the directory.
    fn rename_chunk(&mut self, chunk: &Chunk, name: ChunkName) -> Result<(), FilesError> {
        let path = self.shared.directory.join(name.to_string());
        self.disk.rename(&chunk.path, &path)?;
        self.names_changed = true;
        let mut active = self.shared.active_mut();
        let index = active
            .chunks
            .iter()
            .position(|other| other.name.first == name.first);
        let Some(index) = index else { return Ok(()) };
        if name.committed && !name.recovery {
            let chunk = active.chunks.remove(index);
            self.shared.keep(name, chunk);
        } else if let Some(chunk) = active.chunks.get_mut(index) {
            chunk.name = name;
            chunk.path = path;
        }
        Ok(())
    }

    /// Removes and cuts files so that `seqno` is the last entry.
    pub(super) fn cut_after(&mut self, seqno: u64) -> Result<(), FilesError> {
        // From the end, so that a crash in between leaves no gap.
        while let Some(chunk) = self.pop_chunk_after(seqno) {
            self.disk.remove(&chunk.path)?;
            self.names_changed = true;
        }
        self.flush_all()?;
        let open = self
            .shared
            .active()
            .chunks
            .last()
            .filter(|chunk| chunk.last() > seqno)
            .cloned();
        if let Some(mut chunk) = open {
            chunk.cut_after(seqno);
            self.cut_file(&chunk)?;
            self.reopen_last_chunk(chunk);
        }
        {
            let mut active = self.shared.active_mut();
            active.last = seqno;
            active.cuts += 1;
        }
        self.flush_all()
    }

    fn pop_chunk_after(&self, seqno: u64) -> Option<Chunk> {
        let mut active = self.shared.active_mut();
        let chunk = active.chunks.pop_if(|chunk| chunk.name.first > seqno)?;
        active.last = chunk.name.first - 1;
        active.cuts += 1;
        Some(chunk)
    }

    /// Makes a file as long as its entries, and open. The header first: a file must never be shorter than its header
    /// says.
    pub(super) fn cut_file(&self, chunk: &Chunk) -> Result<(), FilesError> {
        self.disk
            .write(&chunk.file, &chunk.path, &[0; FILE_HEADER_LEN as usize], 0)?;
        self.disk.flush(&chunk.file, &chunk.path)?;
        self.disk.cut(&chunk.file, &chunk.path, chunk.end)
    }

    /// Takes note that the last file is `chunk` now, and open.
    fn reopen_last_chunk(&self, mut chunk: Chunk) {
        chunk.complete = false;
        chunk.sealed = false;
        chunk.ended = false;
        chunk.dirty = true;
        chunk.reusable.clear();
        if let Some(last) = self.shared.active_mut().chunks.last_mut() {
            *last = chunk;
        }
    }

    /// Before something is written to the open file, `ahead` bytes after its last entry: what stands there from
    /// an earlier run goes.
    pub(super) fn unseal_open_chunk(&self, ahead: u64) -> Result<(), FilesError> {
        let sealed = self
            .shared
            .active()
            .chunks
            .last()
            .filter(|chunk| chunk.sealed)
            .cloned();
        if let Some(chunk) = sealed {
            self.cut_file(&Chunk {
                end: chunk.end + ahead,
                ..chunk.clone()
            })?;
            self.reopen_last_chunk(chunk);
        }
        Ok(())
    }
}

impl Chunk {
    fn cut_after(&mut self, seqno: u64) {
        let kept = usize::try_from(seqno + 1 - self.name.first).unwrap_or(usize::MAX);
        if let Some(end) = self.offsets.get(kept) {
            self.end = u64::from(*end);
            self.offsets.truncate(kept);
        }
    }
}
