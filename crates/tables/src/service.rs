//! The service as a whole (kv-tables.md 7).

use quorate_kv::{Json, Singleton};
use quorate_ledger::TxId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encoding::{Pem, fields};

/// Identity and status of the service (kv-tables.md 7.1).
pub const SERVICE_INFO: Singleton<Json<ServiceInfo>> =
    Singleton::new("public:ccf.gov.service.info");

/// Settings that members can change (kv-tables.md 7.2).
pub const SERVICE_CONFIG: Singleton<Json<ServiceConfiguration>> =
    Singleton::new("public:ccf.gov.service.config");

/// Certificate of the service that a recovered one continues (kv-tables.md 7.3). Compared as a text.
pub const PREVIOUS_SERVICE_IDENTITY: Singleton<Json<Pem>> =
    Singleton::new("public:ccf.gov.service.previous_service_identity");

/// Identity and status of the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceInfo {
    /// The service's certificate.
    pub cert: Pem,
    /// Whether it takes users' requests.
    pub status: ServiceStatus,
    /// Seqno of the transaction that created the previous identity. Older services wrote the seqno of the
    /// previous write of this value; readers must assume neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_service_identity_version: Option<u64>,
    /// How often the service was recovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_count: Option<u64>,
    /// Free-form data from the configuration; null is none.
    #[serde(default, skip_serializing_if = "fields::is_null")]
    pub service_data: Value,
    /// Id of the transaction that created this identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_service_create_txid: Option<TxId>,
}

/// Status of the service (recovery-and-membership.md 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceStatus {
    /// New, only governance.
    Opening,
    /// Takes users' requests.
    Open,
    /// Recovered in public, waits for members' shares to read the private state.
    WaitingForRecoveryShares,
    /// Recovered in public, waits for members to accept it.
    Recovering,
}

/// Settings that members can change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceConfiguration {
    /// How many shares a recovery takes.
    pub recovery_threshold: u64,
    /// Kind of replication; unset is CFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consensus: Option<ConsensusType>,
    /// Longest validity of a node's certificate in days; unset is [`Self::CERTIFICATE_VALIDITY_DAYS_DEFAULT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_node_certificate_validity_days: Option<u64>,
    /// Longest validity of the service's certificate in days; unset is
    /// [`Self::CERTIFICATE_VALIDITY_DAYS_DEFAULT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_service_certificate_validity_days: Option<u64>,
    /// How many proposals are remembered against replay; unset is [`Self::PROPOSALS_WINDOW_DEFAULT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent_cose_proposals_window_size: Option<u64>,
    /// How nodes are added and removed; unset is one transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconfiguration_type: Option<ReconfigurationType>,
}

/// Kind of replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsensusType {
    /// Tolerates crashes.
    #[serde(rename = "CFT")]
    Cft,
    /// Was meant to tolerate malice; in old ledgers.
    #[serde(rename = "BFT")]
    Bft,
}

/// How nodes are added and removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReconfigurationType {
    /// In one transaction.
    OneTransaction,
    /// In two; in old ledgers.
    TwoTransaction,
}

impl ServiceConfiguration {
    /// Longest validity of a certificate in days, if unset.
    pub const CERTIFICATE_VALIDITY_DAYS_DEFAULT: u64 = 365;
    /// How many proposals are remembered against replay, if unset.
    pub const PROPOSALS_WINDOW_DEFAULT: u64 = 100;

    /// Longest validity of a node's certificate in days.
    #[must_use]
    pub fn node_certificate_validity_days_max(&self) -> u64 {
        self.maximum_node_certificate_validity_days
            .unwrap_or(Self::CERTIFICATE_VALIDITY_DAYS_DEFAULT)
    }

    /// Longest validity of the service's certificate in days.
    #[must_use]
    pub fn service_certificate_validity_days_max(&self) -> u64 {
        self.maximum_service_certificate_validity_days
            .unwrap_or(Self::CERTIFICATE_VALIDITY_DAYS_DEFAULT)
    }

    /// How many proposals are remembered against replay.
    #[must_use]
    pub fn proposals_window(&self) -> u64 {
        self.recent_cose_proposals_window_size
            .unwrap_or(Self::PROPOSALS_WINDOW_DEFAULT)
    }
}

#[cfg(test)]
mod tests;
