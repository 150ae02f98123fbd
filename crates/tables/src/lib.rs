//! The maps that every Quorate service has, each declared once: its name, what its keys and values are, and
//! where the contract describes it (kv-tables.md 3).
//!
//! # How to read this crate
//!
//! All state of a service (who its members are, which nodes belong to it, what was proposed, the signatures
//! over the ledger) lives in maps of the key-value store. A constant such as [`MEMBERS_INFO`] is the only
//! place where the name of such a map is written down; it knows how to read and write it:
//!
//! ```
//! use quorate_kv::{Snapshot, Tx};
//! use quorate_tables::{SERVICE_INFO, ServiceStatus};
//!
//! let mut tx = Tx::new(Snapshot::default());
//! let open = SERVICE_INFO.get(&mut tx)?.is_some_and(|info| info.status == ServiceStatus::Open);
//! assert!(!open);
//! # Ok::<(), quorate_kv::TableError>(())
//! ```
//!
//! The maps stand in the modules by subject, and so do the types of their values: [`members`], [`nodes`],
//! [`proposals`], [`service`], [`apps`], [`jwt`], [`integrity`], [`secrets`], and [`legacy`] for maps that
//! are only found in old ledgers. Their constants are named like the map, without `public:ccf.gov.` or
//! `public:ccf.internal.`. Ids, [`Pem`] and [`Base64Bytes`] stand in modules of their own.
//!
//! Names and encodings are a contract with other tools: nothing here may change shape, no map may be added
//! ([`NAMES`] is closed), and values are written as compact JSON with sorted keys. What the values mean, and
//! who may change them, is decided in `quorate-governance` and `quorate-node`.

pub mod apps;
mod encoding;
mod ids;
pub mod integrity;
pub mod jwt;
pub mod legacy;
pub mod members;
pub mod nodes;
pub mod proposals;
pub mod secrets;
pub mod service;
#[cfg(test)]
mod testing;

pub use apps::*;
pub use encoding::{Base64Bytes, Pem};
pub use ids::{IdError, MemberId, NodeId, ProposalId, UserId};
pub use integrity::*;
pub use jwt::*;
pub use members::*;
pub use nodes::*;
pub use proposals::*;
pub use secrets::*;
pub use service::*;

/// The names of all maps under `public:ccf.` that may occur in a ledger (kv-tables.md 3). Auditors
/// compare a ledger with this list, so it is closed: state that has no place in these maps goes into values
/// of existing ones, or outside the ledger.
pub const NAMES: [&str; 47] = [
    COSE_HISTORY.name(),
    COSE_RECENT_PROPOSALS.name(),
    CONSTITUTION.name(),
    ENDPOINTS.name(),
    legacy::HISTORY.name(),
    INTERPRETER_FLUSH.name(),
    JS_RUNTIME_OPTIONS.name(),
    JWT_ISSUERS.name(),
    legacy::JWT_PUBLIC_SIGNING_KEY_ISSUER.name(),
    legacy::JWT_PUBLIC_SIGNING_KEYS.name(),
    legacy::JWT_PUBLIC_SIGNING_KEYS_METADATA.name(),
    JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.name(),
    MEMBERS_ACKS.name(),
    MEMBERS_CERTS.name(),
    MEMBERS_ENCRYPTION_PUBLIC_KEYS.name(),
    MEMBERS_INFO.name(),
    MODULES.name(),
    MODULES_QUICKJS_BYTECODE.name(),
    MODULES_QUICKJS_VERSION.name(),
    legacy::NODES_CODE_IDS.name(),
    NODES_ENDORSED_CERTIFICATES.name(),
    NODES_INFO.name(),
    NODES_SNP_HOST_DATA.name(),
    NODES_SNP_MEASUREMENTS.name(),
    NODES_SNP_TCB_VERSIONS.name(),
    NODES_SNP_UVM_ENDORSEMENTS.name(),
    NODES_VIRTUAL_HOST_DATA.name(),
    NODES_VIRTUAL_MEASUREMENTS.name(),
    PROPOSALS.name(),
    PROPOSALS_INFO.name(),
    SERVICE_CONFIG.name(),
    SERVICE_INFO.name(),
    PREVIOUS_SERVICE_IDENTITY.name(),
    TLS_CA_CERT_BUNDLES.name(),
    USERS_CERTS.name(),
    USERS_INFO.name(),
    COSE_SIGNATURES.name(),
    ENCRYPTED_LEDGER_SECRETS.name(),
    ENCRYPTED_SUBMITTED_SHARES.name(),
    HISTORICAL_ENCRYPTED_LEDGER_SECRET.name(),
    LAST_RECOVERY_TYPE.name(),
    PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT.name(),
    PREVIOUS_SERVICE_LAST_SIGNED_ROOT.name(),
    RECOVERY_SHARES.name(),
    SIGNATURES.name(),
    SNAPSHOT_EVIDENCE.name(),
    TREE.name(),
];

#[cfg(test)]
mod names_tests {
    use std::collections::BTreeSet;

    use quorate_kv::{Domain, Namespace, classify};

    use super::NAMES;

    /// The index of kv-tables.md 3, without the singular `public:ccf.gov.jwt.public_signing_key`.
    #[test]
    fn kv_tables_3_the_set_of_names_is_closed() {
        let names: BTreeSet<_> = NAMES.into_iter().collect();
        assert_eq!(names.len(), NAMES.len(), "each map is declared once");
        let internal = names
            .iter()
            .filter(|name| classify(name) == Ok((Domain::Public, Namespace::Internal)));
        assert_eq!(internal.count(), 11);
        let governance = names
            .iter()
            .filter(|name| classify(name) == Ok((Domain::Public, Namespace::Governance)));
        assert_eq!(governance.count(), 36);
        assert!(names.contains("public:ccf.gov.jwt.public_signing_keys"));
        assert!(!names.contains("public:ccf.gov.jwt.public_signing_key"));
    }
}
