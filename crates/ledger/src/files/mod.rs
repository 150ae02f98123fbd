//! The ledger directory: chunk files, their names and their life cycle (ledger.md 1, DESIGN "Files"). What the
//! entries mean lives in `entry`; here they are bytes with a length and two flags.

mod error;

pub use error::FilesError;
