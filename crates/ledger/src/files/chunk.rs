//! The layout of one chunk file (ledger.md 1.2): header, entries, position table. Whether the file is part of a ledger
//! is not asked here.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{ChunkName, FileFault, FilesError};
use crate::{
    entry::{self, Flags, HEADER_LEN},
    limits,
};

/// Bytes before the first entry: the offset of the position table, 0 while the file is open.
pub(super) const FILE_HEADER_LEN: u64 = 8;

/// Where the seqno stands in an entry (ledger.md 2.2), and the fewest bytes that hold one.
const SEQNO_AT: usize = HEADER_LEN + 16;
const ENTRY_LEN_MIN: u64 = HEADER_LEN as u64 + 28;

/// Where the entries of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where each entry begins.
    pub(super) offsets: Vec<u32>,
    /// Where the last one ends.
    pub(super) end: u64,
    /// Whether a valid position table follows.
    pub(super) complete: bool,
    /// Size of the file.
    pub(super) size: u64,
    /// Why what follows the last entry is not the next one; `None` if it is only not whole.
    pub(super) invalid: Option<String>,
}

impl Layout {
    /// The layout of a file that need not be complete. A table that is not what the entries say is not believed.
    pub(super) fn read(file: &File, path: &Path, first: u64) -> Result<Self, FileFault> {
        let (table_offset, size) = header(file, path)?;
        if table_offset == 0 {
            return walk(file, path, first, size, size);
        }
        let fault = match Self::read_up_to(file, path, first, table_offset, size) {
            Ok(mut layout) => {
                let table = Self::from_table(file, path, table_offset, size);
                layout.complete = table.is_ok_and(|table| table.offsets == layout.offsets);
                return Ok(layout);
            }
            Err(fault) => fault,
        };
        // If all is there but the header, the header was being written when the process died.
        let layout = walk(file, path, first, size, size)?;
        let table = Self::from_table(file, path, layout.end, size);
        if table.is_ok_and(|table| table.offsets == layout.offsets) {
            Ok(layout)
        } else {
            Err(fault)
        }
    }

    fn read_up_to(
        file: &File,
        path: &Path,
        first: u64,
        table_offset: u64,
        size: u64,
    ) -> Result<Self, FileFault> {
        if table_offset > size {
            return Err(FileFault::TableBeyondEnd {
                offset: table_offset,
                size,
            });
        }
        let layout = walk(file, path, first, table_offset, size)?;
        if layout.end == table_offset {
            return Ok(layout);
        }
        let reason = layout
            .invalid
            .unwrap_or_else(|| "the next one is not whole".to_owned());
        Err(table_fault(
            path,
            format!("the entries before it end at {}: {reason}", layout.end),
        ))
    }

    /// The layout of a committed file, which must have a table with an entry for each seqno in its name.
    pub(super) fn read_committed(
        file: &File,
        path: &Path,
        name: ChunkName,
    ) -> Result<Self, FileFault> {
        let (table_offset, size) = header(file, path)?;
        if table_offset == 0 {
            return Err(FileFault::NotComplete {
                path: path.to_owned(),
            });
        }
        let layout = Self::from_table(file, path, table_offset, size)?;
        let count = layout.offsets.len() as u64;
        let expected = name.last.map_or(count, |last| last - name.first + 1);
        if count == expected {
            Ok(layout)
        } else {
            Err(table_fault(
                path,
                format!("{count} entries, but {expected} by the name of the file"),
            ))
        }
    }

    fn from_table(
        file: &File,
        path: &Path,
        table_offset: u64,
        size: u64,
    ) -> Result<Self, FileFault> {
        if table_offset > size {
            return Err(FileFault::TableBeyondEnd {
                offset: table_offset,
                size,
            });
        }
        let count_max = table_offset.saturating_sub(FILE_HEADER_LEN) / ENTRY_LEN_MIN;
        if table_offset > limits::CHUNK_BYTES || (size - table_offset) / 4 > count_max {
            let reason = format!(
                "{} bytes of table after {table_offset} bytes of entries",
                size - table_offset
            );
            return Err(table_fault(path, reason));
        }
        let mut table = vec![0; usize::try_from(size - table_offset).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut table, table_offset)
            .map_err(|error| table_fault(path, error.to_string()))?;
        let (offsets, rest) = table.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(table_fault(
                path,
                format!("its length {} is no multiple of 4", table.len()),
            ));
        }
        let offsets: Vec<u32> = offsets
            .iter()
            .map(|offset| u32::from_le_bytes(*offset))
            .collect();
        let layout = Self {
            offsets,
            end: table_offset,
            complete: true,
            size,
            invalid: None,
        };
        layout.check(file, path)?;
        Ok(layout)
    }

    /// Checks that the entries lie one after the other as far as the table shows, and that the last one reaches up to
    /// the table.
    fn check(&self, file: &File, path: &Path) -> Result<(), FileFault> {
        let Some(last) = self.offsets.last() else {
            return Err(table_fault(path, "it is empty".to_owned()));
        };
        let ends = self
            .offsets
            .iter()
            .skip(1)
            .map(|offset| u64::from(*offset))
            .chain([self.end]);
        let mut at = FILE_HEADER_LEN;
        for (offset, end) in self.offsets.iter().zip(ends) {
            if u64::from(*offset) != at || end < at + ENTRY_LEN_MIN {
                return Err(table_fault(
                    path,
                    format!("{offset} cannot be the place of an entry"),
                ));
            }
            at = end;
        }
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, u64::from(*last))
            .map_err(|error| table_fault(path, error.to_string()))?;
        if u64::from(*last) + entry::entry_len(&header) == self.end {
            Ok(())
        } else {
            Err(table_fault(
                path,
                "the last entry does not end where the table begins".to_owned(),
            ))
        }
    }

    /// Flags of the last entry.
    pub(super) fn last_flags(&self, file: &File) -> io::Result<Flags> {
        let Some(last) = self.offsets.last() else {
            return Ok(Flags::default());
        };
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, u64::from(*last))?;
        Ok(entry::flags(&header))
    }
}

fn header(file: &File, path: &Path) -> Result<(u64, u64), FileFault> {
    let open = |source| FileFault::Open {
        path: path.to_owned(),
        source,
    };
    let size = file.metadata().map_err(open)?.len();
    let mut header = [0; FILE_HEADER_LEN as usize];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => Ok((u64::from_le_bytes(header), size)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(FileFault::NoHeader {
            path: path.to_owned(),
        }),
        Err(source) => Err(open(source)),
    }
}

/// Goes through the entries by their headers, up to `limit`, and stops at the first that is not whole or is not the
/// entry of its place.
fn walk(file: &File, path: &Path, first: u64, limit: u64, size: u64) -> Result<Layout, FileFault> {
    let limit = limit.min(limits::CHUNK_BYTES);
    let mut layout = Layout {
        offsets: Vec::new(),
        end: FILE_HEADER_LEN,
        complete: false,
        size,
        invalid: None,
    };
    let mut start = [0; ENTRY_LEN_MIN as usize];
    for seqno in first.. {
        let Ok(offset) = u32::try_from(layout.end) else {
            break;
        };
        if limit.saturating_sub(layout.end) < ENTRY_LEN_MIN {
            break;
        }
        file.read_exact_at(&mut start, layout.end)
            .map_err(|source| FileFault::Open {
                path: path.to_owned(),
                source,
            })?;
        if let Err(reason) = check_start(&start, seqno) {
            layout.invalid = Some(format!(
                "at {offset}, where seqno {seqno} should be: {reason}"
            ));
            break;
        }
        let end = layout.end + start.first_chunk().map_or(0, entry::entry_len);
        if end > limit {
            break;
        }
        layout.offsets.push(offset);
        layout.end = end;
    }
    Ok(layout)
}

fn table_fault(path: &Path, reason: String) -> FileFault {
    FileFault::Table {
        path: path.to_owned(),
        reason,
    }
}

/// Checks that `bytes` are, by header and initialisation vector, the whole entry of `seqno`.
pub(super) fn check_entry(bytes: &[u8], seqno: u64) -> Result<Flags, String> {
    let flags = check_start(bytes, seqno)?;
    let len = bytes.first_chunk().map_or(0, entry::entry_len);
    if len == bytes.len() as u64 {
        Ok(flags)
    } else {
        Err(format!(
            "its header says {len} bytes, there are {}",
            bytes.len()
        ))
    }
}

fn check_start(bytes: &[u8], seqno: u64) -> Result<Flags, String> {
    let (Some(header), Some(found)) = (
        bytes.first_chunk(),
        bytes.get(SEQNO_AT..).and_then(<[u8]>::first_chunk),
    ) else {
        return Err(format!("{} bytes are too few for an entry", bytes.len()));
    };
    if header[0] != 1 {
        return Err(format!("version {} of its header is unknown", header[0]));
    }
    if entry::entry_len(header) < ENTRY_LEN_MIN {
        return Err("its header says that it is too short for an entry".to_owned());
    }
    let found = u64::from_le_bytes(*found);
    if found == seqno {
        Ok(entry::flags(header))
    } else {
        Err(format!("it is the entry of seqno {found}"))
    }
}

/// A chunk file by itself, open for reading. An end inside an entry, as a crash may leave it, is tolerated and
/// reported; the file is not changed.
pub struct ChunkReader {
    path: PathBuf,
    file: File,
    first: u64,
    layout: Layout,
}

impl ChunkReader {
    /// Opens a file whose name says where it begins.
    ///
    /// # Errors
    /// The name is none of a ledger file, or the file cannot be read, has no header, or has a damaged table while its
    /// entries are not whole either.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let first = ChunkName::of(path).map_or(0, |name| name.first);
        let unreadable = |fault| FilesError::Unreadable {
            file: name.clone(),
            seqno: first,
            fault,
        };
        if first == 0 {
            return Err(FilesError::Damaged {
                file: name,
                seqno: 0,
                reason: "ledger files are named ledger_<first>, ledger_<first>-<last>.committed and the like".to_owned(),
            });
        }
        let file = File::open(path).map_err(|source| {
            unreadable(FileFault::Open {
                path: path.to_owned(),
                source,
            })
        })?;
        let layout = Layout::read(&file, path, first).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            first,
            layout,
        })
    }

    /// Seqno of the first entry.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Seqno of the last whole entry; one less than [`ChunkReader::first`] if there is none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + self.layout.offsets.len() as u64 - 1
    }

    /// Whether the file has a valid position table.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.layout.complete
    }

    /// Bytes after the last whole entry that are no part of one; 0 for a complete file.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        if self.layout.complete {
            0
        } else {
            self.layout.size - self.layout.end
        }
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// The seqno is not in the file, or the entry is not what the table says.
    pub fn entry(&self, seqno: u64) -> Result<Bytes, FilesError> {
        let index = seqno
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok());
        let offset = index.and_then(|index| Some((index, *self.layout.offsets.get(index)?)));
        let Some((index, offset)) = offset else {
            return Err(FilesError::NotFound { seqno });
        };
        let end = self
            .layout
            .offsets
            .get(index + 1)
            .map_or(self.layout.end, |end| u64::from(*end));
        let offset = u64::from(offset);
        let mut bytes = vec![0; usize::try_from(end - offset).unwrap_or(usize::MAX)];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(FilesError::io("read", &self.path))?;
        check_entry(&bytes, seqno).map_err(|reason| {
            let file = self
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            FilesError::Damaged {
                file: file.unwrap_or_default(),
                seqno,
                reason,
            }
        })?;
        Ok(bytes.into())
    }
}
