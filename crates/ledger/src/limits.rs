//! Every bound this half of the crate sets on what it reads or writes.

/// Largest value of the 48-bit size field of an entry header (ledger.md 2.1).
pub const ENTRY_SIZE_MAX: u64 = (1 << 48) - 1;

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

/// Deepest nesting of CBOR that is followed in receipts.
pub const CBOR_DEPTH: usize = 16;
