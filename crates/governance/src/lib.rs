//! Governance of a service: constitution, proposals and ballots, members and their acks, recovery
//! shares, the native effects of accepted actions, the genesis writes, and the views that the API
//! shows of all these.
//!
//! Everything works on a [`quorate_kv::Tx`]. What reaches beyond the tables (keys, secrets, time,
//! randomness) comes through [`ServiceContext`]. There is no HTTP here: the endpoints check
//! signatures, call in, and turn answers and [`GovernanceError`] into responses.
//!
//! | module | holds |
//! |---|---|
//! | [`proposals`] | create, withdraw, vote, read: the proposal engine (governance-api.md 3.1 to 3.5, 4) |
//! | [`members`] | state digests and acks (3.6, 5.3) |
//! | [`shares`] | recovery shares (3.7, 3.8, 5.4, 5.5) |
//! | [`service`] | what the API shows of the service (3.9 to 3.17) |
//! | [`genesis`] | the create transaction (recovery-and-membership.md 3) |
//! | [`jwt`] | JWT signing keys (apps-and-endpoints.md 6.4) |
//! | [`effects`] | native functions of `apply` (governance-api.md 6, 10) |

mod context;
pub mod effects;
pub mod error;
pub mod genesis;
mod ids;
mod json;
pub mod jwt;
pub mod limits;
pub mod members;
pub mod proposals;
pub mod service;
pub mod shares;

#[cfg(test)]
extern crate self as quorate_governance;
#[cfg(test)]
mod default_constitution_tests;
#[cfg(test)]
mod testing;

pub use context::{Env, LedgerSecretsView, NodeStartupState, ServiceContext, SignedMessage};
pub use error::{ErrorKind, GovernanceError};
