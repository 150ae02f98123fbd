//! The ledger: entry codec, Merkle tree, signatures, receipts and chunk files (ledger.md). It knows neither
//! what the tables mean nor how entries travel between nodes.

pub mod files;
mod txid;
mod write_set;

pub use txid::{TxId, TxIdError};
pub use write_set::{MapName, MapWrites, WriteSet};
