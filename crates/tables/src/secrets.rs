//! Ledger secrets and recovery (kv-tables.md 11). Everything secret here is encrypted.

use std::collections::BTreeMap;

use quorate_crypto::Digest;
use quorate_kv::{Json, Raw, Singleton, Table};
use quorate_ledger::TxId;
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{Base64Bytes, fields},
    ids::{MemberId, NodeId},
};

/// Shares of the key that wraps the latest ledger secret (kv-tables.md 11.1).
pub const RECOVERY_SHARES: Singleton<Json<RecoverySharesInfo>> =
    Singleton::new("public:ccf.internal.recovery_shares");

/// The ledger secret before the latest, encrypted with the latest: a chain through the ledger
/// (kv-tables.md 11.2).
pub const HISTORICAL_ENCRYPTED_LEDGER_SECRET: Singleton<Json<EncryptedLedgerSecretInfo>> =
    Singleton::new("public:ccf.internal.historical_encrypted_ledger_secret");

/// Ledger secrets for the other nodes (kv-tables.md 11.3). Whoever reads "the latest secret" in a transaction
/// reads this too, so that a concurrent rekey is a conflict.
pub const ENCRYPTED_LEDGER_SECRETS: Singleton<Json<EncryptedLedgerSecrets>> =
    Singleton::new("public:ccf.internal.encrypted_ledger_secrets");

/// Shares that members have submitted to a recovery, encrypted with the new ledger secret (kv-tables.md 11.4).
pub const ENCRYPTED_SUBMITTED_SHARES: Table<Raw<MemberId>, Json<Base64Bytes>> =
    Table::new("public:ccf.internal.encrypted_submitted_shares");

/// Endorsement of the previous service identity by the present one (kv-tables.md 11.5).
pub const PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT: Singleton<Json<CoseEndorsement>> =
    Singleton::new("public:ccf.internal.previous_service_identity_endorsement");

/// Merkle root of the last signature of the service that was recovered (kv-tables.md 11.6).
pub const PREVIOUS_SERVICE_LAST_SIGNED_ROOT: Singleton<Json<Digest>> =
    Singleton::new("public:ccf.internal.previous_service_last_signed_root");

/// How the last recovery got its secrets (kv-tables.md 11.7).
pub const LAST_RECOVERY_TYPE: Singleton<Json<RecoveryType>> =
    Singleton::new("public:ccf.internal.last_recovery_type");

/// The wrapped ledger secret and the members' shares of the wrapping key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySharesInfo {
    /// The latest ledger secret under the wrapping key: `tag ‖ iv ‖ ciphertext`, 60 bytes, iv zero.
    pub wrapped_latest_ledger_secret: Base64Bytes,
    /// Each member's share, encrypted to its RSA key.
    pub encrypted_shares: BTreeMap<MemberId, Base64Bytes>,
    /// Seqno at which the predecessor of the wrapped secret was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_stored_version: Option<u64>,
}

/// A step in the chain of ledger secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedLedgerSecretInfo {
    /// Seqno from which the newer secret applies; unset after a rekey, where it is the seqno after this write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_version: Option<u64>,
    /// The older secret, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_ledger_secret: Option<PreviousLedgerSecret>,
}

/// A ledger secret encrypted with its successor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousLedgerSecret {
    /// `tag ‖ iv ‖ ciphertext`, 60 bytes.
    pub encrypted_data: Base64Bytes,
    /// Seqno from which it applied.
    pub version: u64,
    /// Seqno at which its own predecessor was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_stored_version: Option<u64>,
}

/// Ledger secrets for the other nodes, by recipient.
pub type EncryptedLedgerSecrets = BTreeMap<NodeId, Vec<EncryptedLedgerSecret>>;

/// One ledger secret for one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptedLedgerSecret {
    /// RSA-OAEP of the 32 bytes, to the node's encryption key.
    pub encrypted_secret: Base64Bytes,
    /// Seqno from which it applies; null after a rekey, where it is the seqno after this write.
    #[serde(deserialize_with = "fields::required")]
    pub version: Option<u64>,
    /// Seqno at which its predecessor was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_stored_version: Option<u64>,
}

/// A link in the chain of service identities (ledger.md 6.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoseEndorsement {
    /// The COSE_Sign1 message.
    pub endorsement: Base64Bytes,
    /// DER public key that signed it.
    pub endorsing_key: Base64Bytes,
    /// First transaction of the endorsed identity.
    pub endorsement_epoch_begin: TxId,
    /// Last transaction of the endorsed identity; unset when an identity endorses itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement_epoch_end: Option<TxId>,
    /// Seqno of the previous write of this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<u64>,
}

/// How a recovery gets its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryType {
    /// There was no recovery.
    None,
    /// From members' shares.
    #[serde(rename = "RECOVERY_SHARES")]
    RecoveryShares,
    /// From a sealed file of the node.
    #[serde(rename = "LOCAL_UNSEALING")]
    LocalUnsealing,
}

#[cfg(test)]
mod tests;
