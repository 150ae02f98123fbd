//! Examples of kv-tables.md 6.

use super::*;
use crate::testing::{check_json, id, read, refuse, round_trip};

#[test]
fn kv_tables_6_3_a_proposal_from_creation_to_resolution() {
    let member: MemberId = id('4');
    let mut info = ProposalInfo {
        proposer_id: member.clone(),
        state: ProposalState::Open,
        ballots: BTreeMap::new(),
        final_votes: None,
        vote_failures: None,
        failure: None,
    };
    check_json(
        &info,
        &format!(r#"{{"ballots":{{}},"proposer_id":"{member}","state":"Open"}}"#),
    );

    let ballot = "export function vote (rawProposal, proposerId) { return true }";
    info.ballots.insert(member.clone(), ballot.to_owned());
    info.state = ProposalState::Accepted;
    info.final_votes = Some(BTreeMap::from([(member.clone(), true)]));
    info.vote_failures = Some(BTreeMap::new());
    check_json(
        &info,
        &format!(
            r#"{{"ballots":{{"{member}":"{ballot}"}},"final_votes":{{"{member}":true}},"proposer_id":"{member}","state":"Accepted","vote_failures":{{}}}}"#
        ),
    );
}

#[test]
fn kv_tables_6_3_failures() {
    round_trip::<Failure>(r#"{"reason":"Error: no","trace":"    at vote"}"#);
    check_json(
        &Failure {
            reason: "x".to_owned(),
            trace: None,
        },
        r#"{"reason":"x"}"#,
    );
    for state in [
        "Open",
        "Accepted",
        "Withdrawn",
        "Rejected",
        "Failed",
        "Dropped",
    ] {
        round_trip::<ProposalState>(&format!("\"{state}\""));
    }
    refuse::<ProposalState>(r#""Ready""#, "unknown variant");
    let info = format!(r#"{{"proposer_id":"{}","state":"Open"}}"#, "4".repeat(64));
    refuse::<ProposalInfo>(&info, "missing field `ballots`");
    refuse::<ProposalInfo>(
        r#"{"ballots":{},"proposer_id":"m0","state":"Open"}"#,
        "'m0' is not a member id",
    );
}

#[test]
fn kv_tables_6_3_a_dropped_proposal_as_the_constitution_writes_it() {
    let text = format!(
        r#"{{"state":"Dropped","proposer_id":"{}","ballots":{{}},"x":1}}"#,
        "4".repeat(64)
    );
    assert_eq!(read::<ProposalInfo>(&text).state, ProposalState::Dropped);
}
