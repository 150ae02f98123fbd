//! Walking through one chunk file (ledger.md 1.2). It is read as it is audited, so that only one entry is in memory.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use super::Problem;
use crate::entry::{self, HEADER_LEN};

/// The bytes before the first entry: the offset of the position table.
const FILE_HEADER: u64 = 8;

/// One chunk file, open for reading.
pub(super) struct Chunk {
    file: BufReader<File>,
    at: u64,
    // Where the entries end: at the position table, or at the end of an open file.
    end: u64,
    positions: Option<Vec<u32>>,
    read: usize,
}

/// What comes next in a chunk file.
pub(super) enum Next {
    Entry,
    End,
    /// An open file ends within an entry, this many bytes after the last whole one.
    Torn(u64),
}

impl Chunk {
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let mut file = BufReader::new(File::open(path)?);
        let size = file.get_ref().metadata()?.len();
        if size < FILE_HEADER {
            return Err(Problem::FileHeader(size));
        }
        let mut header = [0; FILE_HEADER as usize];
        file.read_exact(&mut header)?;
        let offset = u64::from_le_bytes(header);
        if offset == 0 {
            return Ok(Self {
                file,
                at: FILE_HEADER,
                end: size,
                positions: None,
                read: 0,
            });
        }
        if !(FILE_HEADER..=size).contains(&offset) {
            return Err(Problem::TableOffset { offset, size });
        }
        let length = size - offset;
        if length % 4 != 0 {
            return Err(Problem::TableLength(length));
        }
        file.seek(SeekFrom::Start(offset))?;
        let mut table = Vec::new();
        file.by_ref().take(length).read_to_end(&mut table)?;
        let (positions, _) = table.as_chunks::<4>();
        let positions = positions
            .iter()
            .map(|position| u32::from_le_bytes(*position))
            .collect();
        file.seek(SeekFrom::Start(FILE_HEADER))?;
        Ok(Self {
            file,
            at: FILE_HEADER,
            end: offset,
            positions: Some(positions),
            read: 0,
        })
    }

    /// Whether the file has a position table.
    pub(super) fn is_complete(&self) -> bool {
        self.positions.is_some()
    }

    /// Reads the next entry into `entry`.
    pub(super) fn next(&mut self, entry: &mut Vec<u8>) -> Result<Next, Problem> {
        let left = self.end - self.at;
        if left == 0 {
            return self.check_count();
        }
        if let Some(positions) = &self.positions {
            let expected = positions.len() as u64;
            let Some(&stored) = positions.get(self.read) else {
                return Err(Problem::EntryCount {
                    by: "position table",
                    expected,
                    found: expected + 1,
                });
            };
            if u64::from(stored) != self.at {
                return Err(Problem::Position {
                    stored,
                    actual: self.at,
                });
            }
        }
        entry.clear();
        let mut header = [0; HEADER_LEN];
        if left < HEADER_LEN as u64 {
            return self.torn(HEADER_LEN as u64, left);
        }
        self.file.read_exact(&mut header)?;
        let needed = entry::entry_len(&header);
        if needed > left {
            return self.torn(needed, left);
        }
        entry.extend_from_slice(&header);
        let body = needed - HEADER_LEN as u64;
        if self.file.by_ref().take(body).read_to_end(entry)? as u64 != body {
            return Err(Problem::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.at += needed;
        self.read += 1;
        Ok(Next::Entry)
    }

    fn check_count(&self) -> Result<Next, Problem> {
        let expected = self.positions.as_ref().map_or(self.read, Vec::len);
        if expected == self.read {
            return Ok(Next::End);
        }
        let (expected, found) = (expected as u64, self.read as u64);
        Err(Problem::EntryCount {
            by: "position table",
            expected,
            found,
        })
    }

    fn torn(&self, needed: u64, left: u64) -> Result<Next, Problem> {
        if self.is_complete() {
            Err(Problem::TornEntry { needed, left })
        } else {
            Ok(Next::Torn(left))
        }
    }
}
