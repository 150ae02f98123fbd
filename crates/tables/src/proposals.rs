//! The records of governance: the constitution, proposals and ballots (kv-tables.md 6).

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate_kv::{Json, Raw, Singleton, Table};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::Base64Bytes,
    ids::{MemberId, ProposalId},
};

/// The constitution, JavaScript source (kv-tables.md 6.1).
pub const CONSTITUTION: Singleton<Json<String>> = Singleton::new("public:ccf.gov.constitution");

/// Proposals as they were submitted, byte for byte (kv-tables.md 6.2).
pub const PROPOSALS: Table<Raw<ProposalId>, Raw<Bytes>> = Table::new("public:ccf.gov.proposals");

/// State and ballots of the proposals (kv-tables.md 6.3).
pub const PROPOSALS_INFO: Table<Raw<ProposalId>, Json<ProposalInfo>> =
    Table::new("public:ccf.gov.proposals_info");

/// The COSE_Sign1 envelope of each member's latest proposal, ballot or withdrawal (kv-tables.md 6.4).
pub const COSE_HISTORY: Table<Raw<MemberId>, Json<Base64Bytes>> =
    Table::new("public:ccf.gov.cose_history");

/// Recent proposals, against replay: `<created_at, 10 digits>:<hex digest of the signature>` to the proposal's
/// id (kv-tables.md 6.5).
pub const COSE_RECENT_PROPOSALS: Table<Raw<String>, Json<ProposalId>> =
    Table::new("public:ccf.gov.cose_recent_proposals");

/// A proposal's fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalInfo {
    /// Who proposed it.
    pub proposer_id: MemberId,
    /// Where it stands.
    pub state: ProposalState,
    /// Ballots as JavaScript source, by member.
    pub ballots: BTreeMap<MemberId, String>,
    /// The votes that decided it; set with states `Accepted` and `Rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_votes: Option<BTreeMap<MemberId, bool>>,
    /// Ballots that failed when the proposal was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vote_failures: Option<BTreeMap<MemberId, Failure>>,
    /// Why it failed; with state `Failed`, which never reaches a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalState {
    /// Members may vote.
    Open,
    /// Voted for and applied.
    Accepted,
    /// Taken back by its proposer.
    Withdrawn,
    /// Voted against.
    Rejected,
    /// Voted for, but its actions failed.
    Failed,
    /// Made invalid by another proposal.
    Dropped,
}

/// What a script threw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Text of the exception.
    pub reason: String,
    /// Its stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

#[cfg(test)]
mod tests;
