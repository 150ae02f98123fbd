//! Proposals and ballots: what members and readers can do with them (governance-api.md 3.1 to 3.5).
//! How a proposal is decided is in `engine`, the replay window in `replay`.

mod engine;
mod replay;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate_crypto::{Digest, sha256, sha256_parts};
use quorate_kv::{TableError, Tx};
use quorate_tables::{
    Base64Bytes, CONSTITUTION, COSE_HISTORY, MemberId, PROPOSALS, PROPOSALS_INFO, ProposalId,
    ProposalInfo, ProposalState,
};
use serde_json::Value;

pub use self::view::{FailureView, ProposalView};
use crate::{
    Env, SignedMessage, error::GovernanceError, ids, json, limits::MAX_CREATED_AT,
    service::Collection,
};

/// Submits a proposal (governance-api.md 3.2, 4.2). `root` is the Merkle root over everything up to
/// the version that `tx` reads; together with the signature it makes the id of the proposal.
///
/// # Errors
/// Whatever the constitution, the replay window or the effects refuse. The caller drops `tx` then.
pub fn create(
    tx: &mut Tx,
    message: &SignedMessage<'_>,
    root: &Digest,
    env: &Env,
) -> Result<ProposalView, GovernanceError> {
    let signature_digest = sha256(message.signature);
    let id = ProposalId::from_digest(&sha256_parts(&[
        root.as_bytes(),
        signature_digest.as_bytes(),
    ]));
    let constitution = CONSTITUTION
        .get(tx)?
        .ok_or(GovernanceError::NoConstitution { what: "proposals" })?;
    let text = quorate_script::text_from_bytes(message.payload);
    engine::validate(tx, &constitution, &text)?;

    if PROPOSALS.has(tx, &id)? {
        return Err(GovernanceError::ProposalIdCollision);
    }
    PROPOSALS.put(tx, &id, &Bytes::copy_from_slice(message.payload))?;
    let info = ProposalInfo {
        proposer_id: message.signer.clone(),
        state: ProposalState::Open,
        ballots: BTreeMap::new(),
        final_votes: None,
        vote_failures: None,
        failure: None,
    };
    PROPOSALS_INFO.put(tx, &id, &info)?;
    record_history(tx, message)?;

    if message.created_at > MAX_CREATED_AT {
        return Err(GovernanceError::CreatedAtTooLarge);
    }
    replay::admit(tx, message.created_at, &signature_digest, &id)?;
    let info = engine::decide(tx, env, &constitution, &id, &text, info)?;
    Ok(ProposalView::new(&id, &info))
}

/// Withdraws a proposal of the signer (governance-api.md 3.4). `None`: there is no such proposal,
/// which is a success.
///
/// # Errors
/// Ids that do not fit, another proposer, or a proposal that is closed.
pub fn withdraw(
    tx: &mut Tx,
    path_proposal: &str,
    message: &SignedMessage<'_>,
) -> Result<Option<ProposalView>, GovernanceError> {
    let id = signed_proposal(path_proposal, message)?;
    let Some((id, mut info)) = find(tx, id)? else {
        return Ok(None);
    };
    if info.proposer_id != *message.signer {
        return Err(GovernanceError::NotTheProposer {
            proposal: id.to_string(),
            proposer: info.proposer_id.to_string(),
            caller: message.signer.to_string(),
        });
    }
    match info.state {
        ProposalState::Open => {
            info.state = ProposalState::Withdrawn;
            PROPOSALS_INFO.put(tx, &id, &info)?;
            engine::prune(tx, &id)?;
            record_history(tx, message)?;
        }
        // Withdrawing twice is one withdrawal.
        ProposalState::Withdrawn => {}
        state => {
            return Err(GovernanceError::CannotWithdraw {
                proposal: id.to_string(),
                state: state_name(state),
            });
        }
    }
    Ok(Some(ProposalView::new(&id, &info)))
}

/// Submits the signer's ballot and decides the proposal anew (governance-api.md 3.5, 4.4 to 4.7).
///
/// # Errors
/// Ids that do not fit, a closed or unknown proposal, a payload without ballot, another ballot of
/// the same member, or whatever deciding refuses. The caller drops `tx` then.
pub fn submit_ballot(
    tx: &mut Tx,
    path_proposal: &str,
    path_member: &str,
    message: &SignedMessage<'_>,
    env: &Env,
) -> Result<ProposalView, GovernanceError> {
    let id = signed_proposal(path_proposal, message)?;
    if ids::member(path_member)?.as_ref() != Some(message.signer) {
        return Err(GovernanceError::BallotMemberMismatch);
    }
    let not_found = || GovernanceError::ProposalNotFound {
        proposal: path_proposal.to_owned(),
    };
    let (id, mut info) = find(tx, id)?.ok_or_else(not_found)?;
    if info.state != ProposalState::Open {
        return Err(GovernanceError::CannotVote {
            proposal: id.to_string(),
            state: state_name(info.state),
        });
    }
    let proposal = PROPOSALS.get(tx, &id)?.ok_or_else(not_found)?;
    let ballot = ballot_of(message.payload)?;
    let constitution = CONSTITUTION
        .get(tx)?
        .ok_or(GovernanceError::NoConstitution { what: "ballots" })?;
    if let Some(earlier) = info.ballots.get(message.signer) {
        return if *earlier == ballot {
            Ok(ProposalView::new(&id, &info))
        } else {
            Err(GovernanceError::VoteAlreadyExists {
                proposal: id.to_string(),
                member: message.signer.to_string(),
            })
        };
    }

    info.ballots.insert(message.signer.clone(), ballot);
    // Stored before it is evaluated: scripts can read it.
    PROPOSALS_INFO.put(tx, &id, &info)?;
    record_history(tx, message)?;
    let text = quorate_script::text_from_bytes(&proposal);
    let info = engine::decide(tx, env, &constitution, &id, &text, info)?;
    Ok(ProposalView::new(&id, &info))
}

/// One proposal (governance-api.md 3.3).
///
/// # Errors
/// An id that is no id, or of no proposal.
pub fn get(tx: &mut Tx, path_proposal: &str) -> Result<ProposalView, GovernanceError> {
    let id = ids::proposal(path_proposal)?;
    let (id, info) = find(tx, id)?.ok_or_else(|| GovernanceError::ProposalNotFound {
        proposal: path_proposal.to_owned(),
    })?;
    Ok(ProposalView::new(&id, &info))
}

/// All proposals that are still stored, ascending by id (governance-api.md 3.3).
///
/// # Errors
/// A table that cannot be read.
pub fn list(tx: &mut Tx) -> Result<Collection<ProposalView>, GovernanceError> {
    let proposals = PROPOSALS_INFO.entries(tx)?;
    Ok(Collection {
        value: proposals
            .iter()
            .map(|(id, info)| ProposalView::new(id, info))
            .collect(),
    })
}

/// The payload of a proposal, as it was submitted (governance-api.md 3.3).
///
/// # Errors
/// An id that is no id, or of no proposal.
pub fn actions(tx: &mut Tx, path_proposal: &str) -> Result<Bytes, GovernanceError> {
    let payload = match ids::proposal(path_proposal)? {
        Some(id) => PROPOSALS.get(tx, &id)?,
        None => None,
    };
    payload.ok_or_else(|| GovernanceError::ProposalNotFound {
        proposal: path_proposal.to_owned(),
    })
}

/// The source of a member's ballot (governance-api.md 3.5).
///
/// # Errors
/// Ids that are no ids, an unknown proposal, or a member who has not voted.
pub fn ballot(
    tx: &mut Tx,
    path_proposal: &str,
    path_member: &str,
) -> Result<String, GovernanceError> {
    let id = ids::proposal(path_proposal)?;
    let member = ids::member(path_member)?;
    let (_, info) = find(tx, id)?.ok_or_else(|| GovernanceError::ProposalOfBallotNotFound {
        proposal: path_proposal.to_owned(),
    })?;
    member
        .and_then(|member: MemberId| info.ballots.get(&member).cloned())
        .ok_or_else(|| GovernanceError::VoteNotFound {
            proposal: path_proposal.to_owned(),
            member: path_member.to_owned(),
        })
}

/// The proposal id of the path, which the signature must cover (governance-api.md 1.6).
fn signed_proposal(
    path_proposal: &str,
    message: &SignedMessage<'_>,
) -> Result<Option<ProposalId>, GovernanceError> {
    let id = ids::proposal(path_proposal)?;
    if message.proposal_id == Some(path_proposal) {
        Ok(id)
    } else {
        Err(GovernanceError::SignedProposalMismatch)
    }
}

fn find(
    tx: &mut Tx,
    id: Option<ProposalId>,
) -> Result<Option<(ProposalId, ProposalInfo)>, TableError> {
    let Some(id) = id else { return Ok(None) };
    let info = PROPOSALS_INFO.get(tx, &id)?;
    Ok(info.map(|info| (id, info)))
}

/// The ballot in a payload.
fn ballot_of(payload: &[u8]) -> Result<String, GovernanceError> {
    if let Value::Object(mut members) = json::parse(payload)?
        && let Some(Value::String(ballot)) = members.remove("ballot")
    {
        return Ok(ballot);
    }
    Err(GovernanceError::InvalidInput(
        "Signed request body is not a JSON object containing required string field \"ballot\""
            .to_owned(),
    ))
}

/// Keeps the signer's latest proposal, ballot or withdrawal for auditors (governance-api.md 4.8).
fn record_history(tx: &mut Tx, message: &SignedMessage<'_>) -> Result<(), TableError> {
    COSE_HISTORY.put(tx, message.signer, &Base64Bytes::from(message.envelope))
}

/// A state as messages spell it (governance-api.md 3.4).
fn state_name(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Open => "open",
        ProposalState::Accepted => "accepted",
        ProposalState::Withdrawn => "withdrawn",
        ProposalState::Rejected => "rejected",
        ProposalState::Dropped => "dropped",
        ProposalState::Failed => "UNKNOWN",
    }
}
