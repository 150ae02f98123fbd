//! The transaction that creates a service (recovery-and-membership.md 3.1, kv-tables.md 12): seqno 1
//! of its ledger. What the node knows about itself comes in as [`GenesisInput`].

use quorate_crypto::{Digest, cert::Certificate};
use quorate_kv::{TableError, Tx};
use quorate_ledger::TxId;
use quorate_tables::{
    CONSTITUTION, CodeStatus, MEMBERS_ACKS, MEMBERS_CERTS, MEMBERS_ENCRYPTION_PUBLIC_KEYS,
    MEMBERS_INFO, MemberAck, MemberDetails, MemberId, MemberStatus, NODES_ENDORSED_CERTIFICATES,
    NODES_INFO, NODES_VIRTUAL_HOST_DATA, NODES_VIRTUAL_MEASUREMENTS, NodeId, NodeInfo, Pem,
    RecoveryRole, SERVICE_CONFIG, SERVICE_INFO, ServiceConfiguration, ServiceInfo, ServiceStatus,
};
use serde_json::Value;

/// Everything that the create transaction of a new service writes.
#[derive(Clone, Debug)]
pub struct GenesisInput {
    /// The service certificate.
    pub service_certificate: Pem,
    /// Free-form data of the service, from the configuration.
    pub service_data: Option<Value>,
    /// The id that this transaction will get: `2.1`.
    pub create_txid: TxId,
    /// The constitution: the configured files joined by single newlines.
    pub constitution: String,
    /// The configuration of the service, with the recovery threshold already determined.
    pub configuration: ServiceConfiguration,
    /// The founding members.
    pub members: Vec<GenesisMember>,
    /// The founding node.
    pub node: GenesisNode,
    /// What nodes that run the same program may join with.
    pub join_policy: JoinPolicy,
}

/// A founding member.
#[derive(Clone, Debug)]
pub struct GenesisMember {
    /// The certificate; its fingerprint is the member id.
    pub certificate: Pem,
    /// RSA key that the member's recovery share is encrypted to.
    pub encryption_public_key: Option<Pem>,
    /// Free-form data.
    pub data: Option<Value>,
    /// What the member does in a recovery. Ignored without encryption key.
    pub recovery_role: Option<RecoveryRole>,
}

/// The founding node.
#[derive(Clone, Debug)]
pub struct GenesisNode {
    /// Fingerprint of its public key.
    pub id: NodeId,
    /// Its entry, `Trusted` and without ledger secret seqno.
    pub info: NodeInfo,
    /// Its certificate, endorsed by the service.
    pub endorsed_certificate: Pem,
}

/// Attestation policy of a founding node (attestation.md 6.5).
#[derive(Clone, Debug)]
pub enum JoinPolicy {
    /// A virtual node: its measurement and host data.
    Virtual {
        /// The measurement, ASCII text.
        measurement: String,
        /// The host data.
        host_data: Digest,
    },
}

/// Why a service cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// A service with this certificate, or a configuration, exists in this ledger.
    #[error("Service is already created.")]
    AlreadyCreated,
    /// A member's certificate cannot be read.
    #[error("the certificate of founding member {index} is not a PEM certificate: {reason}")]
    MemberCertificate {
        /// Position in the configuration, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
    /// A member has a key to decrypt shares and a role that forbids to hold one.
    #[error(
        "founding member m[{member}] has an encryption public key, but recovery role \
         NonParticipant: give the role Participant or Owner, or no key"
    )]
    RoleWithoutUse {
        /// The member.
        member: MemberId,
    },
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Writes the create transaction of a new service.
///
/// # Errors
/// A service that exists already, or a member that cannot be added.
pub fn create(tx: &mut Tx, input: &GenesisInput) -> Result<(), GenesisError> {
    if SERVICE_INFO.get(tx)?.is_some() || SERVICE_CONFIG.get(tx)?.is_some() {
        return Err(GenesisError::AlreadyCreated);
    }
    SERVICE_INFO.put(
        tx,
        &ServiceInfo {
            cert: input.service_certificate.clone(),
            status: ServiceStatus::Opening,
            previous_service_identity_version: None,
            recovery_count: Some(0),
            service_data: input.service_data.clone().unwrap_or_default(),
            current_service_create_txid: Some(input.create_txid),
        },
    )?;
    for (index, member) in input.members.iter().enumerate() {
        add_member(tx, index, member)?;
    }
    SERVICE_CONFIG.put(tx, &input.configuration)?;
    CONSTITUTION.put(tx, &input.constitution)?;

    let node = &input.node;
    NODES_ENDORSED_CERTIFICATES.put(tx, &node.id, &node.endorsed_certificate)?;
    NODES_INFO.put(tx, &node.id, &node.info)?;
    match &input.join_policy {
        JoinPolicy::Virtual {
            measurement,
            host_data,
        } => {
            NODES_VIRTUAL_MEASUREMENTS.put(tx, measurement, &CodeStatus::AllowedToJoin)?;
            NODES_VIRTUAL_HOST_DATA.insert(tx, &host_data.to_string())?;
        }
    }
    Ok(())
}

/// Adds a founding member, unless one with this certificate is there already.
fn add_member(tx: &mut Tx, index: usize, member: &GenesisMember) -> Result<(), GenesisError> {
    let certificate = Certificate::from_pem(member.certificate.as_str()).map_err(|error| {
        GenesisError::MemberCertificate {
            index,
            reason: error.to_string(),
        }
    })?;
    let id = MemberId::from_digest(&certificate.fingerprint());
    if MEMBERS_INFO.has(tx, &id)? {
        return Ok(());
    }
    MEMBERS_CERTS.put(tx, &id, &member.certificate)?;
    let recovery_role = match &member.encryption_public_key {
        None => None,
        Some(_) if member.recovery_role == Some(RecoveryRole::NonParticipant) => {
            return Err(GenesisError::RoleWithoutUse { member: id });
        }
        Some(key) => {
            MEMBERS_ENCRYPTION_PUBLIC_KEYS.put(tx, &id, key)?;
            member.recovery_role
        }
    };
    MEMBERS_INFO.put(
        tx,
        &id,
        &MemberDetails {
            status: MemberStatus::Accepted,
            member_data: member.data.clone().unwrap_or_default(),
            recovery_role,
        },
    )?;
    // Nothing has been signed yet that could be acked.
    MEMBERS_ACKS.put(tx, &id, &MemberAck::default())?;
    Ok(())
}

#[cfg(test)]
mod tests;
