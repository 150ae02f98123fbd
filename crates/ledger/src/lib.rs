//! The ledger: entry codec, Merkle tree, signatures, receipts and chunk files (ledger.md). It knows neither
//! what the tables mean nor how entries travel between nodes.

pub mod audit;
pub mod chunking;
mod encoding;
pub mod entry;
pub mod files;
pub mod limits;
pub mod merkle;
pub mod receipt;
mod secrets;
pub mod signature;
#[cfg(test)]
mod testing;
mod txid;
mod view_history;
mod write_set;

pub use secrets::{LedgerSecret, LedgerSecrets, SecretError, SecretInForce};
pub use txid::{TxId, TxIdError};
pub use view_history::{ViewHistory, ViewHistoryError};
pub use write_set::{MapName, MapWrites, WriteSet};
