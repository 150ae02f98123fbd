//! The service itself: status, identity, configuration, constitution (governance-api.md 3.9, 3.10).

use quorate_kv::Tx;
use quorate_ledger::TxId;
use quorate_tables::{
    CONSTITUTION, Pem, SERVICE_CONFIG, SERVICE_INFO, ServiceConfiguration, ServiceStatus,
};
use serde::Serialize;
use serde_json::Value;

use crate::error::GovernanceError;

/// `GET /service/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceInfoView {
    /// Status of the service.
    pub status: ServiceStatus,
    /// Its current certificate.
    pub certificate: Pem,
    /// How often it has been recovered.
    pub recovery_count: u64,
    /// The transaction that created this identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_transaction_id: Option<TxId>,
    /// The transaction that created the identity before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_service_creation_transaction_id: Option<TxId>,
    /// Free-form data.
    pub service_data: Value,
    /// Its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ConfigurationView>,
}

/// The configuration of a service, defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationView {
    /// Shares that are needed to recover.
    pub recovery_threshold: u64,
    /// Longest validity of a node certificate, days.
    pub maximum_node_certificate_validity_days: u64,
    /// Longest validity of the service certificate, days.
    pub maximum_service_certificate_validity_days: u64,
    /// Size of the replay window.
    pub recent_cose_proposals_window_size: u64,
}

/// The service. `view_at` tells the view in which a seqno was written, if it is known.
///
/// # Errors
/// There is no service yet.
pub fn info(
    tx: &mut Tx,
    view_at: &dyn Fn(u64) -> Option<u64>,
) -> Result<ServiceInfoView, GovernanceError> {
    let service = SERVICE_INFO
        .get(tx)?
        .ok_or(GovernanceError::ServiceInfoNotFound)?;
    let configuration = SERVICE_CONFIG.get(tx)?;
    Ok(ServiceInfoView {
        status: service.status,
        certificate: service.cert,
        recovery_count: service.recovery_count.unwrap_or_default(),
        creation_transaction_id: service.current_service_create_txid,
        previous_service_creation_transaction_id: service.previous_service_identity_version.map(
            |seqno| TxId {
                view: view_at(seqno).unwrap_or_default(),
                seqno,
            },
        ),
        service_data: service.service_data,
        configuration: configuration.as_ref().map(ConfigurationView::from),
    })
}

/// The source of the constitution.
///
/// # Errors
/// There is none yet.
pub fn constitution(tx: &mut Tx) -> Result<String, GovernanceError> {
    CONSTITUTION
        .get(tx)?
        .ok_or(GovernanceError::ConstitutionNotFound)
}

impl From<&ServiceConfiguration> for ConfigurationView {
    fn from(configuration: &ServiceConfiguration) -> Self {
        Self {
            recovery_threshold: configuration.recovery_threshold,
            maximum_node_certificate_validity_days: configuration
                .node_certificate_validity_days_max(),
            maximum_service_certificate_validity_days: configuration
                .service_certificate_validity_days_max(),
            recent_cose_proposals_window_size: configuration.proposals_window(),
        }
    }
}
