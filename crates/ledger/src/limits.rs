//! Every bound this half of the crate sets on what it reads or writes.

/// Largest value of the 48-bit size field of an entry header (ledger.md 2.1).
pub const ENTRY_SIZE_MAX: u64 = (1 << 48) - 1;

/// Largest private domain: what AES-GCM can encrypt under one initialisation vector.
pub const PRIVATE_LEN_MAX: u64 = (1 << 36) - 32;

/// Largest view that the initialisation vector of an entry can hold (ledger.md 2.2).
pub const VIEW_MAX: u64 = 0x7FFF_FFFF;

/// Highest level of a Merkle tree: a leaf index is 64 bits, so a path never has more steps.
pub const MERKLE_LEVELS: usize = 64;

/// Longest text of a JSON receipt that is read, in bytes: far above one with a proof of 64 steps and a chain of
/// endorsements.
pub const RECEIPT_JSON_BYTES: usize = 1024 * 1024;

/// Longest COSE receipt that is read, in bytes.
pub const RECEIPT_COSE_BYTES: usize = 1024 * 1024;

/// Most proofs read from one COSE receipt, and most certificates from the endorsements of a JSON receipt.
pub const RECEIPT_LIST: usize = 256;

/// Longest commit evidence text that is read, in bytes: `ce:`, two numbers, `.`, `:` and 64 digits are at most 109.
pub const COMMIT_EVIDENCE_BYTES: usize = 128;

/// Most elements of a view history, that is: the highest view of a ledger that can be followed. Far above what
/// elections reach, and small enough that a forged view cannot exhaust memory.
pub const VIEW_HISTORY_LEN: u64 = 1 << 24;

/// Longest chunk file in bytes, without its position table, whose offsets are 32 bits (ledger.md 1.2).
pub const CHUNK_BYTES: u64 = u32::MAX as u64;

/// Most committed chunk files that are kept open for reading (ledger.md 1.9).
pub const CHUNKS_CACHED: usize = 5;

/// Free bytes on the ledger's disk below which no write is admitted, if the configuration does not say. Enough for
/// what has been admitted before.
pub const FREE_SPACE_MIN_DEFAULT: u64 = 256 << 20;
