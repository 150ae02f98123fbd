//! X.509 certificates and signing requests: reading, writing, endorsing, chains.

mod chain;
mod csr;
mod identity;
mod name;
mod read;
mod structure;
mod time;
mod write;

pub use chain::{is_valid_bundle, is_valid_chain};
pub use csr::{Csr, create_csr};
pub use identity::{MemberIdentity, generate_member_identity};
pub use read::{Certificate, Extension, PublicKey};
pub use time::{Period, Validity, parse_valid_from};
pub use write::{
    San, endorse, endorse_earlier_service, endorse_for_period, random_serial, renew, self_signed,
};
