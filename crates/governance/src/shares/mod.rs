//! Recovery shares: who holds them, issuing them, and what members can do with them
//! (governance-api.md 3.7, 3.8, 5.4, 5.5; recovery-and-membership.md 5). Combining submitted shares
//! belongs to the recovery of a service, which is not here yet.

mod issue;
#[cfg(test)]
mod tests;

use quorate_kv::Tx;
use quorate_tables::{RECOVERY_SHARES, SERVICE_INFO, ServiceStatus};
use serde::Serialize;

pub use self::issue::{ShareError, issue, shuffle};
use crate::{Env, NodeStartupState, SignedMessage, error::GovernanceError, ids};

/// A member's share, encrypted for that member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EncryptedShareView {
    /// The member.
    pub member_id: String,
    /// Base64 of the RSA-OAEP ciphertext of the 44 bytes of the share.
    pub encrypted_share: String,
}

/// What a share submission answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmittedShareView {
    /// What has been reached.
    pub message: String,
    /// Shares submitted so far.
    pub submitted_count: usize,
    /// Shares that are needed.
    pub recovery_threshold: u64,
    /// Whether an owner's full key was submitted, which suffices alone.
    pub full_key_submitted: bool,
}

/// The encrypted share of a member (governance-api.md 3.7).
///
/// # Errors
/// An id that is no id, a member without share, or no shares at all yet.
pub fn encrypted_share(
    tx: &mut Tx,
    path_member: &str,
) -> Result<EncryptedShareView, GovernanceError> {
    let member = ids::member(path_member)?;
    let shares = RECOVERY_SHARES
        .get(tx)?
        .ok_or(GovernanceError::NoSharesIssued)?;
    member
        .and_then(|member| shares.encrypted_shares.get(&member).cloned())
        .map(|share| EncryptedShareView {
            member_id: path_member.to_owned(),
            encrypted_share: share.to_base64(),
        })
        .ok_or_else(|| GovernanceError::ShareNotFound {
            member: path_member.to_owned(),
        })
}

/// Takes a decrypted share of the signer (governance-api.md 3.8).
///
/// # Errors
/// Always, for now: a running service does not wait for shares, and the steps of a service that
/// does are not available in this version.
pub fn submit(
    tx: &mut Tx,
    path_member: &str,
    message: &SignedMessage<'_>,
    env: &Env,
) -> Result<SubmittedShareView, GovernanceError> {
    let status = SERVICE_INFO.get(tx)?.map(|service| service.status);
    if status != Some(ServiceStatus::WaitingForRecoveryShares) {
        return Err(GovernanceError::NotWaitingForShares);
    }
    if env.service.node_state() == NodeStartupState::ReadingPrivateLedger {
        return Err(GovernanceError::AlreadyRecovering);
    }
    ids::member(path_member)?;
    crate::members::require_signer(path_member, message)?;
    Err(GovernanceError::NotAvailable {
        what: "Recovering a service from recovery shares",
    })
}
