//! What can be done to a ledger. How it is done stands in `append` (entries), `lifecycle` (names, cuts, flushes) and
//! `reuse` (entries of an earlier run); what is there at the start, in `scan`.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    FilesError,
    append::chunk_full,
    disk::Disk,
    reader::{Chunk, LedgerReader, Shared},
    scan,
};
use crate::limits;

/// How the ledger is written.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// Whether [`LedgerFiles::flush`] waits for the disk. Without it a crash of the machine may lose entries, a crash
    /// of the process does not.
    pub sync: bool,
    /// Free bytes on the disk below which no further transaction should be admitted.
    pub free_space_min: u64,
}

/// An encoded entry to be appended.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    /// Its seqno.
    pub seqno: u64,
    /// Its bytes, as `entry::encode` makes them.
    pub bytes: &'a [u8],
}

/// The ledger in one directory, open for writing.
///
/// Any failure to write or flush is final: it is returned once, and every later change is refused with
/// [`FilesError::Failed`]. The process has to end then.
pub struct LedgerFiles {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Disk,
    /// The directory itself: holds the lock, and is flushed when names change.
    pub(super) handle: File,
    pub(super) committed: u64,
    /// Names changed after the last flush.
    pub(super) names_changed: bool,
    /// Files that begin after this seqno are of a recovery.
    pub(super) recovery_from: Option<u64>,
    /// Entries up to this seqno may be on disk from an earlier run, to be compared and used again.
    pub(super) reuse_until: u64,
    pub(super) failed: Option<String>,
    pub(super) buffer: Vec<u8>,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            sync: true,
            free_space_min: limits::FREE_SPACE_MIN_DEFAULT,
        }
    }
}

impl LedgerFiles {
    /// Opens the ledger of a new service: `directory` must not exist (it is made, its parent must exist) or be empty.
    /// What read-only directories hold does not count.
    ///
    /// # Errors
    /// [`FilesError::NotEmpty`], [`FilesError::InUse`], [`FilesError::NotADirectory`], [`FilesError::Io`].
    pub fn open_new(
        directory: &Path,
        read_only_directories: &[PathBuf],
        config: &FilesConfig,
    ) -> Result<Self, FilesError> {
        let handle = scan::open_directory(directory)?;
        scan::check_is_empty(directory)?;
        scan::scan_read_only(read_only_directories)?;
        Ok(Self::new(
            Disk::new(config.sync),
            handle,
            directory,
            read_only_directories,
            config,
        ))
    }

    /// Opens what is in the directories, to join a service or to recover one. Files that end inside an entry are cut,
    /// files of unfinished recoveries and files that cannot be used are set aside (ledger.md 1.6). The contents are
    /// not verified; that is the business of whoever replays them.
    ///
    /// # Errors
    /// [`FilesError::InUse`], [`FilesError::NotADirectory`], [`FilesError::Io`].
    pub fn open(
        directory: &Path,
        read_only_directories: &[PathBuf],
        config: &FilesConfig,
    ) -> Result<Self, FilesError> {
        Self::open_on(
            Disk::new(config.sync),
            directory,
            read_only_directories,
            config,
        )
    }

    pub(super) fn open_on(
        disk: Disk,
        directory: &Path,
        read_only_directories: &[PathBuf],
        config: &FilesConfig,
    ) -> Result<Self, FilesError> {
        let handle = scan::open_directory(directory)?;
        let committed = scan::scan_read_only(read_only_directories)?;
        let found = scan::scan_main(directory, &disk, committed)?;
        let mut files = Self::new(disk, handle, directory, read_only_directories, config);
        files.committed = found.committed;
        files.names_changed = found.changed;
        {
            let mut active = files.shared.active_mut();
            active.last = found
                .chunks
                .last()
                .map_or(0, Chunk::last)
                .max(found.committed);
            active.chunks = found.chunks;
        }
        files.flush()?;
        Ok(files)
    }

    fn new(
        disk: Disk,
        handle: File,
        directory: &Path,
        read_only: &[PathBuf],
        config: &FilesConfig,
    ) -> Self {
        let shared = Shared::new(
            directory.to_owned(),
            read_only.to_vec(),
            config.free_space_min,
        );
        Self {
            shared: Arc::new(shared),
            disk,
            handle,
            committed: 0,
            names_changed: false,
            recovery_from: None,
            reuse_until: 0,
            failed: None,
            buffer: Vec::new(),
        }
    }

    /// Seqno of the last entry; 0 if there is none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.shared.active().last
    }

    /// Seqno up to which everything is known to be committed.
    #[must_use]
    pub fn committed_seqno(&self) -> u64 {
        self.committed
    }

    /// A reader of this ledger, for any thread.
    #[must_use]
    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(Arc::clone(&self.shared))
    }

    /// See [`LedgerReader::range`].
    ///
    /// # Errors
    /// As there.
    pub fn range(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, FilesError> {
        self.reader().range(from, to, bytes_max)
    }

    /// See [`LedgerReader::check_space`].
    ///
    /// # Errors
    /// As there.
    pub fn check_space(&self) -> Result<(), FilesError> {
        self.reader().check_space()
    }

    /// Appends entries that lie in different places of memory, see [`LedgerFiles::append_batch`].
    ///
    /// # Errors
    /// As there.
    pub fn append(&mut self, entries: &[EntryRef<'_>]) -> Result<(), FilesError> {
        let Some(first) = entries.first() else {
            return Ok(());
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut lengths = Vec::with_capacity(entries.len());
        for (entry, expected) in entries.iter().zip(first.seqno..) {
            if entry.seqno != expected {
                return Err(FilesError::NotNext {
                    seqno: entry.seqno,
                    last: expected - 1,
                });
            }
            buffer.extend_from_slice(entry.bytes);
            lengths.push(
                u32::try_from(entry.bytes.len())
                    .map_err(|_| chunk_full(entry.seqno, entry.bytes.len()))?,
            );
        }
        let result = self.append_batch(first.seqno, &buffer, &lengths);
        self.buffer = buffer;
        result
    }

    /// Appends entries that lie one after the other in `bytes`, of the given lengths; one write for each file that
    /// they go to. They are visible to readers at once and lost by no crash of the process; to make them last, call
    /// [`LedgerFiles::flush`]. Files are ended where the flags of the entries say so, and nowhere else.
    ///
    /// # Errors
    /// [`FilesError::NotNext`], [`FilesError::Entry`] and [`FilesError::ChunkFull`]: nothing was written. Everything
    /// else is final.
    pub fn append_batch(
        &mut self,
        first_seqno: u64,
        bytes: &[u8],
        lengths: &[u32],
    ) -> Result<(), FilesError> {
        self.check_usable()?;
        let flags = self.check_batch(first_seqno, bytes, lengths)?;
        let result = self.write_batch(first_seqno, bytes, lengths, &flags);
        self.final_if_failed(result)
    }

    /// Waits until everything appended, and every name given, is on the disk.
    ///
    /// # Errors
    /// Final: what a disk has after a failed flush is unknown, also if a second flush succeeds.
    pub fn flush(&mut self) -> Result<(), FilesError> {
        self.check_usable()?;
        let result = self.flush_all();
        self.final_if_failed(result)
    }

    /// Takes note that everything up to `seqno` is committed, and gives files that are complete and lie at or below
    /// it their final names. Ignored for what is committed already and for what is not in the ledger.
    ///
    /// # Errors
    /// Final.
    pub fn committed(&mut self, seqno: u64) -> Result<(), FilesError> {
        self.check_usable()?;
        if seqno <= self.committed || seqno > self.last() {
            return Ok(());
        }
        self.committed = seqno;
        let result = self.name_committed();
        self.final_if_failed(result)
    }

    /// Cuts off everything after `seqno`. Nothing to do if that is nothing; in an empty ledger the next entry will be
    /// the one after `seqno`.
    ///
    /// # Errors
    /// [`FilesError::BelowCommitted`]; everything else is final.
    pub fn truncate(&mut self, seqno: u64) -> Result<(), FilesError> {
        self.check_usable()?;
        let last = self.last();
        if last == 0 {
            self.shared.active_mut().last = seqno;
            return Ok(());
        }
        if seqno >= last {
            return Ok(());
        }
        if seqno < self.committed {
            return Err(FilesError::BelowCommitted {
                seqno,
                committed: self.committed,
            });
        }
        let result = self.cut_after(seqno);
        self.final_if_failed(result)
    }

    /// Prepares a node that joins a service at `seqno`, of a snapshot or 0: that is its last and committed seqno now,
    /// and whatever the directory holds after it must prove itself again. It is compared with the entries that will
    /// be appended, used where it is equal, and cut off or removed from the first difference on (ledger.md 1.7).
    ///
    /// # Errors
    /// Final.
    pub fn start_at(&mut self, seqno: u64) -> Result<(), FilesError> {
        self.check_usable()?;
        let result = self.start_over_at(seqno);
        self.final_if_failed(result)
    }

    /// Takes note that a disaster recovery begins after `seqno`: files made from now on that begin later get names of
    /// a recovery, which the next start does not use (ledger.md 1.8).
    pub fn begin_recovery(&mut self, seqno: u64) {
        self.recovery_from = Some(seqno);
    }

    /// Ends a disaster recovery: the service is open. Files of the recovery get names like others, for good.
    ///
    /// # Errors
    /// Final.
    pub fn end_recovery(&mut self) -> Result<(), FilesError> {
        self.check_usable()?;
        self.recovery_from = None;
        let result = self.name_recovered();
        self.final_if_failed(result)
    }

    fn check_usable(&self) -> Result<(), FilesError> {
        match &self.failed {
            None => Ok(()),
            Some(reason) => Err(FilesError::Failed {
                reason: reason.clone(),
            }),
        }
    }

    fn final_if_failed<T>(&mut self, result: Result<T, FilesError>) -> Result<T, FilesError> {
        if let Err(error) = &result {
            self.failed = Some(error.to_string());
        }
        result
    }
}
