//! The key-value store: versioned maps that are cheap to clone, and transactions with optimistic
//! concurrency over them.
//!
//! A [`State`] is the whole content at one seqno; a clone costs nothing and never changes under its holder.
//! A [`Tx`] executes on a [`Snapshot`], records what it reads and collects a [`WriteSet`]; whoever orders
//! transactions checks the reads against the newest state ([`ReadSet::validate`]) and applies the writes
//! ([`State::apply`]). Framework and applications see their maps through typed [`Table`]s.
//!
//! No disk, network, time or randomness reaches in here; the built-in maps are declared in
//! `quorate-tables`.

mod codec;
mod entries;
mod hooks;
mod name;
mod reads;
mod state;
mod table;
mod tx;

pub use codec::{Codec, CodecError, Json, Raw, RawEncoding};
pub use hooks::{HookError, HookResult, Hooks};
pub use name::{
    Domain, MapNameError, Namespace, PUBLIC_PREFIX, UNIT, check_name, classify, is_legal_name,
};
pub use quorate_ledger::{MapName, MapWrites, TxId, WriteSet};
pub use reads::{Conflict, ReadSet};
pub use state::{MapState, Snapshot, State, Versioned};
pub use table::{KeySet, Row, Singleton, Table, TableError, WrittenRow};
pub use tx::{Requests, Tx, TxParts};
