//! The proposal object of the API (governance-api.md 3.1).

use std::collections::BTreeMap;

use quorate_tables::{Failure, MemberId, ProposalId, ProposalInfo, ProposalState};
use serde::Serialize;

/// What went wrong in a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// Text of the exception.
    pub reason: String,
    /// Stack, if the exception was an `Error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// A proposal as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    /// Its id.
    pub proposal_id: ProposalId,
    /// Who proposed it.
    pub proposer_id: MemberId,
    /// Its state.
    pub proposal_state: ProposalState,
    /// Number of ballots stored.
    pub ballot_count: usize,
    /// Votes that decided it; of accepted and rejected proposals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_votes: Option<BTreeMap<MemberId, bool>>,
    /// Ballots that threw; of accepted and rejected proposals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote_failures: Option<BTreeMap<MemberId, FailureView>>,
    /// Why it failed; no stored proposal has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
}

impl ProposalView {
    pub(super) fn new(id: &ProposalId, info: &ProposalInfo) -> Self {
        Self {
            proposal_id: id.clone(),
            proposer_id: info.proposer_id.clone(),
            proposal_state: info.state,
            ballot_count: info.ballots.len(),
            final_votes: info.final_votes.clone(),
            vote_failures: info.vote_failures.as_ref().map(|failures| {
                failures
                    .iter()
                    .map(|(member, failure)| (member.clone(), failure.into()))
                    .collect()
            }),
            failure: info.failure.as_ref().map(Into::into),
        }
    }
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            reason: failure.reason.clone(),
            trace: failure.trace.clone(),
        }
    }
}
