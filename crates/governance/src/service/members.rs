//! Members (governance-api.md 3.11).

use quorate_kv::Tx;
use quorate_tables::{
    MEMBERS_CERTS, MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, MemberDetails, MemberId,
    MemberStatus, Pem, RecoveryRole,
};
use serde::Serialize;
use serde_json::Value;

use super::Collection;
use crate::{error::GovernanceError, ids};

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// Id.
    pub member_id: MemberId,
    /// Whether it has acked yet.
    pub status: MemberStatus,
    /// Free-form data.
    pub member_data: Value,
    /// Certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Pem>,
    /// Key that recovery shares are encrypted to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_encryption_key: Option<Pem>,
    /// Part in a recovery.
    pub recovery_role: RecoveryRole,
}

/// All members.
///
/// # Errors
/// A table that cannot be read.
pub fn members(tx: &mut Tx) -> Result<Collection<MemberView>, GovernanceError> {
    let value = MEMBERS_INFO
        .entries(tx)?
        .into_iter()
        .map(|(id, details)| view(tx, id, details))
        .collect::<Result<_, _>>()?;
    Ok(Collection { value })
}

/// One member.
///
/// # Errors
/// An id that is no id, or of no member.
pub fn member(tx: &mut Tx, path_member: &str) -> Result<MemberView, GovernanceError> {
    if let Some(id) = ids::member(path_member)?
        && let Some(details) = MEMBERS_INFO.get(tx, &id)?
    {
        return view(tx, id, details);
    }
    Err(GovernanceError::MemberNotFound {
        member: path_member.to_owned(),
    })
}

fn view(
    tx: &mut Tx,
    member_id: MemberId,
    details: MemberDetails,
) -> Result<MemberView, GovernanceError> {
    let public_encryption_key = MEMBERS_ENCRYPTION_PUBLIC_KEYS.get(tx, &member_id)?;
    let default_role = match public_encryption_key {
        Some(_) => RecoveryRole::Participant,
        None => RecoveryRole::NonParticipant,
    };
    Ok(MemberView {
        status: details.status,
        member_data: details.member_data,
        certificate: MEMBERS_CERTS.get(tx, &member_id)?,
        public_encryption_key,
        recovery_role: details.recovery_role.unwrap_or(default_role),
        member_id,
    })
}
