//! What a member does to take part: fetch the digest of the state, sign it, become active
//! (governance-api.md 3.6, 5.3).

use quorate_kv::Tx;
use quorate_tables::{
    Base64Bytes, MEMBERS_ACKS, MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, MemberId,
    MemberStatus, SERVICE_INFO, SIGNATURES, ServiceStatus,
};
use serde::Serialize;

use crate::{Env, SignedMessage, error::GovernanceError, json, shares};

/// The digest that a member is to ack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateDigestView {
    /// The member, as in the path.
    pub member_id: String,
    /// Lower-case hex of a Merkle root, or nothing before the first signature.
    pub state_digest: String,
}

/// The recorded state digest of a member. Any text is an id here (governance-api.md 1.6).
///
/// # Errors
/// There is no ack record under that id.
pub fn state_digest(tx: &mut Tx, path_member: &str) -> Result<StateDigestView, GovernanceError> {
    let ack = match path_member.parse::<MemberId>() {
        Ok(member) => MEMBERS_ACKS.get(tx, &member)?,
        Err(_) => None,
    };
    let ack = ack.ok_or_else(|| GovernanceError::AckRecordNotFound {
        member: path_member.to_owned(),
    })?;
    Ok(StateDigestView {
        member_id: path_member.to_owned(),
        state_digest: ack.state_digest,
    })
}

/// Records the Merkle root of the latest signature as the digest that the signer is to ack.
///
/// # Errors
/// The path names another member, or nothing has been signed yet.
pub fn update_state_digest(
    tx: &mut Tx,
    path_member: &str,
    message: &SignedMessage<'_>,
) -> Result<StateDigestView, GovernanceError> {
    require_signer(path_member, message)?;
    let signature = SIGNATURES.get(tx)?.ok_or(GovernanceError::NoSignatureYet)?;
    let state_digest = signature.root.to_string();
    let mut ack = MEMBERS_ACKS.get(tx, message.signer)?.unwrap_or_default();
    ack.state_digest.clone_from(&state_digest);
    MEMBERS_ACKS.put(tx, message.signer, &ack)?;
    Ok(StateDigestView {
        member_id: path_member.to_owned(),
        state_digest,
    })
}

/// Takes a member's ack: the member becomes active, and a new recovery member of an open service
/// gets a share, as all others get new ones (governance-api.md 5.3).
///
/// # Errors
/// The path names another member, there is nothing to ack, the digest is another one, the payload
/// has none, or shares cannot be issued.
pub fn ack(
    tx: &mut Tx,
    path_member: &str,
    message: &SignedMessage<'_>,
    env: &Env,
) -> Result<(), GovernanceError> {
    require_signer(path_member, message)?;
    let mut ack =
        MEMBERS_ACKS
            .get(tx, message.signer)?
            .ok_or_else(|| GovernanceError::NothingToAck {
                member: message.signer.to_string(),
            })?;
    let payload = json::parse(message.payload)?;
    let received = json::text_field(&payload, "stateDigest")?;
    if received != ack.state_digest {
        return Err(GovernanceError::StateDigestMismatch {
            expected: ack.state_digest,
            received: received.to_owned(),
        });
    }

    ack.signed_req = None;
    ack.cose_sign1_req = Some(Base64Bytes::from(message.envelope));
    MEMBERS_ACKS.put(tx, message.signer, &ack)?;

    let newly_active = activate(tx, message.signer)?;
    if newly_active && MEMBERS_ENCRYPTION_PUBLIC_KEYS.has(tx, message.signer)? {
        let service = SERVICE_INFO.get(tx)?.ok_or(GovernanceError::NoService)?;
        if service.status == ServiceStatus::Open {
            let secrets = crate::context::secrets_for(tx, &*env.service)?;
            shares::shuffle(tx, &*env.service, &secrets.latest)
                .map_err(GovernanceError::ReissueShares)?;
        }
    }
    Ok(())
}

/// Makes a member active. Says whether it was not before.
fn activate(tx: &mut Tx, member: &MemberId) -> Result<bool, GovernanceError> {
    let mut details =
        MEMBERS_INFO
            .get(tx, member)?
            .ok_or_else(|| GovernanceError::ActivateUnknownMember {
                member: member.to_string(),
            })?;
    let newly_active = details.status != MemberStatus::Active;
    details.status = MemberStatus::Active;
    MEMBERS_INFO.put(tx, member, &details)?;
    Ok(newly_active)
}

/// The path must name the signer. Its syntax is not checked (governance-api.md 1.6).
pub(crate) fn require_signer(
    path_member: &str,
    message: &SignedMessage<'_>,
) -> Result<(), GovernanceError> {
    if path_member == message.signer.as_str() {
        Ok(())
    } else {
        Err(GovernanceError::MemberMismatch {
            path: path_member.to_owned(),
            signer: message.signer.to_string(),
        })
    }
}

#[cfg(test)]
mod tests;
