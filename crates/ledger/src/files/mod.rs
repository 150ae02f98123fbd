//! The ledger directory: chunk files, their names and their life cycle (ledger.md 1). What the entries mean lives in
//! `entry`, where chunks are cut is decided in `chunking`; here entries are bytes with a length, a seqno and two flags.
//!
//! [`LedgerFiles`] writes. It is the only writer of its directory, holds a lock on it, and reports each failed write
//! or flush once; after that it refuses everything, since nobody knows what is on the disk. [`LedgerReader`] reads,
//! from any thread, also while the writer waits for the disk. [`ChunkReader`] looks at one file without a ledger
//! around it.
//!
//! What a crash may leave behind, and what becomes of it at the next start:
//!
//! | on disk | then |
//! |---|---|
//! | an open file that ends inside an entry | cut after the last whole entry; removed if there is none |
//! | a position table without its header, or with half of it | the table is cut off again |
//! | a header whose table is damaged, all entries whole | opened again as an open file |
//! | a file that is damaged otherwise | set aside as `.ignored`, with a warning |
//!
//! Nothing that [`LedgerFiles::flush`] has returned for is lost, and what is found is always a prefix of what was
//! appended.

mod append;
mod chunk;
mod disk;
mod error;
mod lifecycle;
mod name;
mod reader;
mod reuse;
mod scan;
mod writer;

pub use chunk::ChunkReader;
pub use error::{FileFault, FilesError};
pub use name::ChunkName;
pub use reader::LedgerReader;
pub use writer::{EntryRef, FilesConfig, LedgerFiles};

#[cfg(test)]
mod tests;
