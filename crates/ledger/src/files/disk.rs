//! The operations on files that the ledger is written with, each with what makes it last. Without `sync` they are
//! done, but nothing waits for the disk.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use super::FilesError;

/// The disk of the ledger directory.
pub(super) struct Disk {
    sync: bool,
    #[cfg(test)]
    pub(super) faults: super::tests::Faults,
}

impl Disk {
    pub(super) fn new(sync: bool) -> Self {
        Self {
            sync,
            #[cfg(test)]
            faults: super::tests::Faults::default(),
        }
    }

    /// Creates a file that must not exist yet.
    pub(super) fn create(&self, path: &Path) -> Result<File, FilesError> {
        self.fault("create", path)?;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => FilesError::Exists {
                    path: path.to_owned(),
                },
                _ => FilesError::io("create", path)(source),
            })
    }

    pub(super) fn write(
        &self,
        file: &File,
        path: &Path,
        bytes: &[u8],
        offset: u64,
    ) -> Result<(), FilesError> {
        #[cfg(test)]
        let bytes = self
            .faults
            .before_write(file, bytes, offset)
            .map_err(FilesError::io("write", path))?;
        file.write_all_at(bytes, offset)
            .map_err(FilesError::io("write", path))
    }

    pub(super) fn cut(&self, file: &File, path: &Path, len: u64) -> Result<(), FilesError> {
        self.fault("cut", path)?;
        file.set_len(len).map_err(FilesError::io("cut", path))
    }

    /// Makes the content of a file last.
    pub(super) fn flush(&self, file: &File, path: &Path) -> Result<(), FilesError> {
        if self.sync {
            self.fault("flush", path)?;
            file.sync_data().map_err(FilesError::io("flush", path))?;
        }
        Ok(())
    }

    /// Makes the names in a directory last.
    pub(super) fn flush_directory(&self, directory: &File, path: &Path) -> Result<(), FilesError> {
        if self.sync {
            self.fault("flush directory", path)?;
            directory
                .sync_all()
                .map_err(FilesError::io("flush directory", path))?;
        }
        Ok(())
    }

    /// Gives a file another name, which must be free.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        self.fault("rename", from)?;
        if to.try_exists().map_err(FilesError::io("look for", to))? {
            return Err(FilesError::Exists {
                path: to.to_owned(),
            });
        }
        fs::rename(from, to).map_err(FilesError::io("rename", from))
    }

    pub(super) fn remove(&self, path: &Path) -> Result<(), FilesError> {
        self.fault("remove", path)?;
        fs::remove_file(path).map_err(FilesError::io("remove", path))
    }

    #[cfg(test)]
    fn fault(&self, action: &'static str, path: &Path) -> Result<(), FilesError> {
        self.faults
            .before(action)
            .map_err(FilesError::io(action, path))
    }

    #[cfg(not(test))]
    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "does something in tests"
    )]
    const fn fault(&self, _action: &'static str, _path: &Path) -> Result<(), FilesError> {
        Ok(())
    }
}
