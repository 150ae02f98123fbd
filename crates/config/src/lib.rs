//! The configuration file of a node: its text is checked against the schema and converted to types.
//!
//! [`Config::parse`] is the one way in. It works in two layers, as node-and-operations.md 2.1 has it: the schema
//! finds every unknown, missing or ill-typed field at once ([`ConfigError::Schema`]), then each value is converted
//! ([`ConfigError::Value`]), which stops at the first mistake. What is accepted but has no effect is told in
//! [`Note`]s. This crate opens no file: names of files stay names.

mod address;
mod command;
mod config;
mod cursor;
mod error;
pub mod limits;
mod network;
mod note;
mod schema;
mod shapes;
mod threshold;
mod units;

#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use command::{
    Command, CommandKind, CoseSignatures, Join, Member, Recover, RecoveryRole,
    ServiceConfiguration, Start,
};
pub use config::{
    Attestation, Config, Consensus, CurveId, EndorsementsServer, EndorsementsServerKind, Jwt,
    Ledger, LedgerSignatures, LogFormat, Logging, Memory, NodeCertificate, OutputFiles, Snapshots,
    SubjectAltName,
};
pub use error::{ConfigError, SchemaError};
pub use network::{
    AcceptedEndpoints, AppProtocol, Authority, HttpConfiguration, Network, NodeToNodeInterface,
    Redirection, Redirections, Role, RpcInterface,
};
pub use note::Note;
pub use threshold::ThresholdError;
pub use units::{UnitError, parse_size, parse_time};
