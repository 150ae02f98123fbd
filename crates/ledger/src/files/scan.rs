//! What is in the directories when a node starts (ledger.md 1.6).

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ChunkName, FileFault, FilesError,
    chunk::Layout,
    disk::Disk,
    reader::{Chunk, chunk_names},
};
use crate::entry::Flags;

/// Makes the ledger directory if it is not there, and locks it for this process.
pub(super) fn open_directory(directory: &Path) -> Result<File, FilesError> {
    match fs::create_dir(directory) {
        Ok(()) => {
            let parent = directory
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or_else(|| Path::new("."));
            let flush = || File::open(parent)?.sync_all();
            flush().map_err(FilesError::io("flush directory", parent))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(FilesError::io("create directory", directory)(error)),
    }
    check_is_directory(directory, "ledger.directory")?;
    let handle = File::open(directory).map_err(FilesError::io("open", directory))?;
    match rustix::fs::flock(
        &handle,
        rustix::fs::FlockOperation::NonBlockingLockExclusive,
    ) {
        Ok(()) => Ok(handle),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(FilesError::InUse {
            directory: directory.to_owned(),
        }),
        // There are file systems without locks.
        Err(error) => {
            tracing::warn!(
                "cannot lock ledger directory {}: {error}",
                directory.display()
            );
            Ok(handle)
        }
    }
}

/// Refuses a directory that has anything in it.
pub(super) fn check_is_empty(directory: &Path) -> Result<(), FilesError> {
    let first = || fs::read_dir(directory)?.next().transpose();
    match first().map_err(FilesError::io("list", directory))? {
        None => Ok(()),
        Some(item) => Err(FilesError::NotEmpty {
            directory: directory.to_owned(),
            example: item.file_name().to_string_lossy().into_owned(),
        }),
    }
}

/// Last seqno in the committed files of read-only directories, which must exist.
pub(super) fn scan_read_only(directories: &[PathBuf]) -> Result<u64, FilesError> {
    let mut committed = 0;
    for directory in directories {
        check_is_directory(directory, "one of ledger.read_only_directories")?;
        for (_, name) in chunk_names(directory)? {
            if name.committed && !name.recovery && !name.ignored {
                committed = committed.max(name.last.unwrap_or(0));
            }
        }
    }
    Ok(committed)
}

/// What was found in the main directory.
pub(super) struct Found {
    /// Files that can be written on, ascending.
    pub(super) chunks: Vec<Chunk>,
    /// Last seqno in committed files.
    pub(super) committed: u64,
    /// Files were renamed, cut or removed.
    pub(super) changed: bool,
}

/// Scans the main directory. `committed` is what read-only directories have.
pub(super) fn scan_main(
    directory: &Path,
    disk: &Disk,
    committed: u64,
) -> Result<Found, FilesError> {
    let mut names = Vec::new();
    for item in fs::read_dir(directory).map_err(FilesError::io("list", directory))? {
        let path = item.map_err(FilesError::io("list", directory))?.path();
        match ChunkName::of(&path) {
            Some(name) => names.push((path, name)),
            None => tracing::info!("{} is no ledger file and is left alone", path.display()),
        }
    }
    let mut found = Found {
        chunks: Vec::new(),
        committed,
        changed: false,
    };
    for (path, name) in &names {
        match (name.committed && !name.recovery && !name.ignored, name.last) {
            (true, Some(last)) => found.committed = found.committed.max(last),
            (true, None) => tracing::warn!(
                "committed ledger file {} does not say where it ends",
                path.display()
            ),
            (false, _) => {}
        }
    }
    for (path, name) in names {
        if name.ignored || (name.committed && !name.recovery) {
            continue;
        }
        let superseded = name.last.is_some_and(|last| last <= found.committed);
        if name.recovery {
            set_aside(&path, disk, "it is of a recovery that was not finished")?;
        } else if superseded {
            set_aside(&path, disk, "its entries are in committed files")?;
        } else {
            found.open(path, name, disk)?;
            continue;
        }
        found.changed = true;
    }
    found.drop_overlaps(disk)?;
    Ok(found)
}

impl Found {
    fn open(&mut self, path: PathBuf, name: ChunkName, disk: &Disk) -> Result<(), FilesError> {
        match open_chunk(&path, name, disk)? {
            Ok(Some(chunk)) if chunk.last() <= self.committed => {
                set_aside(&path, disk, "its entries are in committed files")?;
                self.changed = true;
            }
            Ok(Some(chunk)) => {
                self.changed |= chunk.dirty;
                self.chunks.push(chunk);
            }
            Ok(None) => {
                tracing::warn!(
                    "ledger file {} has no whole entry and is removed",
                    path.display()
                );
                disk.remove(&path)?;
                self.changed = true;
            }
            Err(fault) => {
                set_aside(&path, disk, &fault.to_string())?;
                self.changed = true;
            }
        }
        Ok(())
    }

    /// Of files with the same entries only the one that reaches farther is kept.
    fn drop_overlaps(&mut self, disk: &Disk) -> Result<(), FilesError> {
        self.chunks
            .sort_by_key(|chunk| (chunk.name.first, std::cmp::Reverse(chunk.last())));
        let mut kept: Vec<Chunk> = Vec::new();
        for chunk in std::mem::take(&mut self.chunks) {
            match kept.last() {
                Some(before) if chunk.name.first <= before.last() => {
                    let reason = format!("entries of it are in {} too", before.name);
                    set_aside(&chunk.path, disk, &reason)?;
                    self.changed = true;
                }
                _ => kept.push(chunk),
            }
        }
        self.chunks = kept;
        Ok(())
    }
}

/// Opens a file for writing that was not committed, and cuts off what is no whole entry. `None`: nothing is left.
pub(super) fn open_chunk(
    path: &Path,
    name: ChunkName,
    disk: &Disk,
) -> Result<Result<Option<Chunk>, FileFault>, FilesError> {
    let fault = |source| FileFault::Open {
        path: path.to_owned(),
        source,
    };
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(source) => return Ok(Err(fault(source))),
    };
    let layout = match Layout::read(&file, path, name.first) {
        Ok(layout) => layout,
        Err(FileFault::NoHeader { .. }) => return Ok(Ok(None)),
        Err(fault) => return Ok(Err(fault)),
    };
    if layout.offsets.is_empty() {
        // What begins with something else was not torn, so it is not for us to remove.
        return Ok(match layout.invalid {
            None => Ok(None),
            Some(reason) => Err(FileFault::Entry {
                path: path.to_owned(),
                reason,
            }),
        });
    }
    let ended = match layout.last_flags(&file) {
        Ok(flags) => flags.contains(Flags::FORCE_CHUNK_AFTER),
        Err(source) => return Ok(Err(fault(source))),
    };
    let cut = !layout.complete && layout.size > layout.end;
    if !layout.complete {
        // The header first: a file must never be shorter than its header says.
        disk.write(&file, path, &[0; 8], 0)?;
        disk.flush(&file, path)?;
    }
    if cut {
        tracing::warn!(
            "{} bytes after the last whole entry of {} are cut off",
            layout.size - layout.end,
            path.display()
        );
        disk.cut(&file, path, layout.end)?;
    }
    Ok(Ok(Some(Chunk {
        name,
        path: path.to_owned(),
        file: Arc::new(file),
        offsets: layout.offsets,
        end: layout.end,
        complete: layout.complete,
        sealed: layout.complete,
        ended,
        dirty: cut,
        reusable: std::collections::VecDeque::new(),
    })))
}

/// Gives a file the name of one that is never read again.
pub(super) fn set_aside(path: &Path, disk: &Disk, reason: &str) -> Result<(), FilesError> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".ignored");
    let aside = PathBuf::from(aside);
    tracing::warn!(
        "ledger file {} is set aside as {}: {reason}",
        path.display(),
        aside.display()
    );
    // What was set aside under this name before was of an even earlier start.
    if aside
        .try_exists()
        .map_err(FilesError::io("look for", &aside))?
    {
        disk.remove(&aside)?;
    }
    disk.rename(path, &aside)
}

fn check_is_directory(path: &Path, role: &'static str) -> Result<(), FilesError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(FilesError::NotADirectory {
            path: path.to_owned(),
            role,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FilesError::NotADirectory {
            path: path.to_owned(),
            role,
        }),
        Err(error) => Err(FilesError::io("look at", path)(error)),
    }
}
