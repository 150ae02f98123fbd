//! Every bound of this crate, in one place.

use std::time::Duration;

/// A run is signed at the latest when its entries reach this many bytes (`ledger_signatures.batch_bytes_max`).
pub const BATCH_BYTES_MAX_DEFAULT: usize = 1 << 20;

/// Transactions between two signatures (`ledger_signatures.tx_count`, node-and-operations.md 3.6).
pub const SIGNATURE_TX_COUNT_DEFAULT: u64 = 5_000;

/// Longest time a transaction stays unsigned (`ledger_signatures.delay`, node-and-operations.md 3.6).
pub const SIGNATURE_DELAY_DEFAULT: Duration = Duration::from_millis(1_000);

/// Largest serialised entry (`memory.max_msg_size`, node-and-operations.md 3.1).
pub const ENTRY_BYTES_MAX_DEFAULT: usize = 64 << 20;

/// Bytes of entries that may be sequenced and not committed before further writes are refused.
pub const UNCOMMITTED_BYTES_MAX: usize = 512 << 20;

/// Batches that the one-node engine writes with one flush.
pub const GROUP_COMMIT_BATCHES_MAX: usize = 64;

/// A flush that takes longer than this is worth a log line, unless the configuration says otherwise.
pub const SLOW_FLUSH: Duration = Duration::from_millis(100);

/// From so many times the threshold on, a slow operation is logged as a failure (node-and-operations.md 3.1).
pub const STALLED_FACTOR: u32 = 100;
