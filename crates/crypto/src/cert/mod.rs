//! X.509 certificates and signing requests: reading, writing, endorsing, chains.

mod chain;
mod csr;
mod identity;
mod read;
mod time;
mod write;

pub use chain::{is_valid_bundle, is_valid_chain};
pub use csr::{Csr, create_csr};
pub use identity::{MemberIdentity, generate_member_identity};
pub use read::{Certificate, PublicKey};
pub use time::{Validity, parse_valid_from};
pub use write::{San, endorse, endorse_earlier_service, random_serial, self_signed};
