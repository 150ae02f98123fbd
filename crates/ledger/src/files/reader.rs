//! Finding and reading entries (ledger.md 1.9): in the files that are being written, in a few committed ones that are
//! kept open, and else by the names in the directories, which are looked at anew each time, so that files may be
//! moved there while the node runs.

use std::{
    collections::VecDeque,
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;

use super::{
    ChunkName, FileFault, FilesError,
    chunk::{Layout, check_entry},
};
use crate::limits;

/// Reads the ledger of one directory. Clones share what they know; all can be used at the same time, and while the
/// writer works.
#[derive(Clone)]
pub struct LedgerReader {
    shared: Arc<Shared>,
}

/// What reader and writer know together.
pub(super) struct Shared {
    pub(super) directory: PathBuf,
    read_only: Vec<PathBuf>,
    free_space_min: u64,
    active: RwLock<Active>,
    cache: Mutex<VecDeque<Arc<ReadFile>>>,
}

/// The files that are not left to the directory yet, and where the ledger ends.
#[derive(Default)]
pub(super) struct Active {
    /// Ascending by first seqno.
    pub(super) chunks: Vec<Chunk>,
    pub(super) last: u64,
    /// Counts truncations: what was read before one may be gone.
    pub(super) cuts: u64,
}

/// A file that is written, or was and is not committed yet.
#[derive(Clone)]
pub(super) struct Chunk {
    pub(super) name: ChunkName,
    pub(super) path: PathBuf,
    pub(super) file: Arc<File>,
    /// Where the entries begin that are part of the ledger.
    pub(super) offsets: Vec<u32>,
    /// Where the last of them ends.
    pub(super) end: u64,
    /// Takes no more entries; its position table stands after them.
    pub(super) complete: bool,
    /// Has something after its entries on disk, a position table as a rule, that must go before more are written.
    pub(super) sealed: bool,
    /// The last entry says that the chunk ends with it.
    pub(super) ended: bool,
    /// Was written to after the last flush.
    pub(super) dirty: bool,
    /// Entries of an earlier run that new ones are compared with (ledger.md 1.7): where they end, ascending.
    pub(super) reusable: VecDeque<u64>,
}

/// A committed file that is open for reading.
struct ReadFile {
    name: ChunkName,
    file: Arc<File>,
    offsets: Vec<u32>,
    end: u64,
}

/// Entries of one file that lie one after the other.
struct Piece {
    name: ChunkName,
    file: Arc<File>,
    first: u64,
    start: u64,
    ends: Vec<u64>,
}

impl LedgerReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Seqno of the last entry written, committed or not; 0 if there is none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.shared.active().last
    }

    /// The entries `from..=to`, or those of them from `from` on that together have at most `bytes_max` bytes (but at
    /// least one). What lies beyond the end of the ledger is left out, and so is what comes after an entry that
    /// cannot be read.
    ///
    /// # Errors
    /// The first entry cannot be read: [`FilesError::NotFound`], [`FilesError::Unreadable`],
    /// [`FilesError::Damaged`] or [`FilesError::Io`]. It has been logged, and the next call tries again: operators
    /// add and repair files while the node runs.
    pub fn range(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, FilesError> {
        let to = to.min(self.last());
        let mut entries = Vec::new();
        let mut left = bytes_max;
        let mut next = from;
        while next <= to {
            match self.shared.read(next, to, left, entries.is_empty()) {
                Ok(more) if more.is_empty() => break,
                Ok(more) => {
                    next += more.len() as u64;
                    left = left.saturating_sub(more.iter().map(Bytes::len).sum());
                    entries.extend(more);
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    if entries.is_empty() {
                        return Err(error);
                    }
                    break;
                }
            }
        }
        Ok(entries)
    }

    /// Whether there is room on the disk for further entries. To be asked before transactions are admitted: what has
    /// been admitted is written as long as the disk takes it.
    ///
    /// # Errors
    /// [`FilesError::NoSpace`] below the floor, [`FilesError::Io`] if the disk cannot be asked.
    pub fn check_space(&self) -> Result<(), FilesError> {
        let Shared {
            directory,
            free_space_min,
            ..
        } = &*self.shared;
        let status = rustix::fs::statvfs(directory)
            .map_err(|error| FilesError::io("ask for free space of", directory)(error.into()))?;
        let available = status.f_bavail.saturating_mul(status.f_frsize);
        if available >= *free_space_min {
            return Ok(());
        }
        Err(FilesError::NoSpace {
            directory: directory.clone(),
            available,
            min: *free_space_min,
        })
    }
}

impl Shared {
    pub(super) fn new(directory: PathBuf, read_only: Vec<PathBuf>, free_space_min: u64) -> Self {
        Self {
            directory,
            read_only,
            free_space_min,
            active: RwLock::default(),
            cache: Mutex::default(),
        }
    }

    pub(super) fn active(&self) -> RwLockReadGuard<'_, Active> {
        self.active.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn active_mut(&self) -> RwLockWriteGuard<'_, Active> {
        self.active.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a file open for reading that has just been committed and left the active ones.
    pub(super) fn keep(&self, name: ChunkName, chunk: Chunk) {
        let Chunk {
            file, offsets, end, ..
        } = chunk;
        self.remember(Arc::new(ReadFile {
            name,
            file,
            offsets,
            end,
        }));
    }

    /// Forgets the committed files that are open for reading.
    pub(super) fn forget(&self) {
        self.cache().clear();
    }

    /// Entries from `first` up to `to` that lie in one file, as far as they fit. With `at_least_one` the first fits
    /// always.
    fn read(
        &self,
        first: u64,
        to: u64,
        bytes_max: usize,
        at_least_one: bool,
    ) -> Result<Vec<Bytes>, FilesError> {
        loop {
            let active = self.active();
            if first > active.last {
                return Ok(Vec::new());
            }
            let cuts = active.cuts;
            let chunk = active
                .chunks
                .iter()
                .rev()
                .find(|chunk| chunk.contains(first));
            let piece = chunk.map(|chunk| {
                Piece::of(
                    chunk.name,
                    &chunk.file,
                    &chunk.offsets,
                    chunk.end,
                    first,
                    to,
                    bytes_max,
                    at_least_one,
                )
            });
            drop(active);
            let (piece, committed) = match piece {
                Some(piece) => (piece, None),
                None => {
                    let file = self.find(first)?;
                    let piece = Piece::of(
                        file.name,
                        &file.file,
                        &file.offsets,
                        file.end,
                        first,
                        to,
                        bytes_max,
                        at_least_one,
                    );
                    (piece, Some(file))
                }
            };
            let result = piece.read();
            if committed.is_none() && self.active().cuts != cuts {
                continue;
            }
            if let (Err(_), Some(file)) = (&result, committed) {
                self.cache().retain(|cached| !Arc::ptr_eq(cached, &file));
            }
            return result;
        }
    }

    /// The committed file that has `seqno`.
    fn find(&self, seqno: u64) -> Result<Arc<ReadFile>, FilesError> {
        if let Some(file) = self.cache().iter().find(|file| file.name.covers(seqno)) {
            return Ok(Arc::clone(file));
        }
        let mut first_failure = None;
        for (path, name) in self.candidates(seqno) {
            match ReadFile::open(&path, name) {
                Ok(file) => {
                    let file = Arc::new(file);
                    self.remember(Arc::clone(&file));
                    return Ok(file);
                }
                Err(fault) => {
                    first_failure.get_or_insert(FilesError::Unreadable {
                        file: name.to_string(),
                        seqno,
                        fault,
                    });
                }
            }
        }
        Err(first_failure.unwrap_or(FilesError::NotFound { seqno }))
    }

    /// Files whose names say that they have `seqno`: those of the main directory first, in each directory committed
    /// ones before others and long ones before short ones.
    fn candidates(&self, seqno: u64) -> Vec<(PathBuf, ChunkName)> {
        let mut candidates = Vec::new();
        for (index, directory) in std::iter::once(&self.directory)
            .chain(&self.read_only)
            .enumerate()
        {
            let in_main = index == 0;
            let usable = |name: &ChunkName| {
                name.covers(seqno) && !name.ignored && (in_main || name.committed && !name.recovery)
            };
            let mut here: Vec<_> = match chunk_names(directory) {
                Ok(names) => names.into_iter().filter(|(_, name)| usable(name)).collect(),
                Err(error) => {
                    tracing::warn!("{error}");
                    continue;
                }
            };
            here.sort_by_key(|(_, name)| {
                (
                    !name.committed,
                    name.recovery,
                    std::cmp::Reverse(name.last),
                    name.first,
                )
            });
            candidates.extend(here);
        }
        candidates
    }

    fn remember(&self, file: Arc<ReadFile>) {
        let mut cache = self.cache();
        if cache.len() >= limits::CHUNKS_CACHED {
            cache.pop_front();
        }
        cache.push_back(file);
    }

    fn cache(&self) -> MutexGuard<'_, VecDeque<Arc<ReadFile>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chunk {
    /// Seqno of the last entry, one less than the first if there is none.
    pub(super) fn last(&self) -> u64 {
        self.name.first + self.offsets.len() as u64 - 1
    }

    pub(super) fn contains(&self, seqno: u64) -> bool {
        self.name.first <= seqno && seqno <= self.last()
    }
}

impl ReadFile {
    fn open(path: &Path, name: ChunkName) -> Result<Self, FileFault> {
        let file = File::open(path).map_err(|source| FileFault::Open {
            path: path.to_owned(),
            source,
        })?;
        let Layout { offsets, end, .. } = Layout::read_committed(&file, path, name)?;
        Ok(Self {
            name,
            file: Arc::new(file),
            offsets,
            end,
        })
    }
}

impl Piece {
    #[allow(
        clippy::too_many_arguments,
        reason = "two kinds of files share it, and the rest is the request"
    )]
    fn of(
        name: ChunkName,
        file: &Arc<File>,
        offsets: &[u32],
        end: u64,
        first: u64,
        to: u64,
        bytes_max: usize,
        at_least_one: bool,
    ) -> Self {
        let skipped = usize::try_from(first - name.first).unwrap_or(usize::MAX);
        let offsets = offsets.get(skipped..).unwrap_or_default();
        let start = offsets.first().map_or(end, |offset| u64::from(*offset));
        let ends = offsets
            .iter()
            .skip(1)
            .map(|offset| u64::from(*offset))
            .chain([end]);
        let count = usize::try_from(to - first + 1)
            .unwrap_or(usize::MAX)
            .min(offsets.len());
        let ends = ends
            .take(count)
            .enumerate()
            .take_while(|(index, end)| {
                (at_least_one && *index == 0) || end - start <= bytes_max as u64
            })
            .map(|(_, end)| end)
            .collect();
        Self {
            name,
            file: Arc::clone(file),
            first,
            start,
            ends,
        }
    }

    fn read(self) -> Result<Vec<Bytes>, FilesError> {
        let Some(end) = self.ends.last() else {
            return Ok(Vec::new());
        };
        let damaged = |seqno, reason| FilesError::Damaged {
            file: self.name.to_string(),
            seqno,
            reason,
        };
        let mut bytes = vec![0; usize::try_from(end - self.start).unwrap_or(usize::MAX)];
        self.file
            .read_exact_at(&mut bytes, self.start)
            .map_err(|error| damaged(self.first, error.to_string()))?;
        let bytes = Bytes::from(bytes);
        let mut at = 0;
        let mut entries = Vec::with_capacity(self.ends.len());
        for (end, seqno) in self.ends.iter().zip(self.first..) {
            let end = usize::try_from(end - self.start).unwrap_or(usize::MAX);
            let entry = bytes.slice(at..end);
            match check_entry(&entry, seqno) {
                Ok(_) => entries.push(entry),
                // What comes before the damage is still good.
                Err(_) if !entries.is_empty() => break,
                Err(reason) => return Err(damaged(seqno, reason)),
            }
            at = end;
        }
        Ok(entries)
    }
}

/// The files of a directory that have the name of a ledger file, in no particular order. Others are passed over.
pub(super) fn chunk_names(directory: &Path) -> Result<Vec<(PathBuf, ChunkName)>, FilesError> {
    let mut names = Vec::new();
    for item in fs::read_dir(directory).map_err(FilesError::io("list", directory))? {
        let path = item.map_err(FilesError::io("list", directory))?.path();
        names.extend(ChunkName::of(&path).map(|name| (path, name)));
    }
    Ok(names)
}
