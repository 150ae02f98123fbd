//! Submitting and reading ballots (governance-api.md 3.5, 4.4).

use quorate_tables::{CONSTITUTION, MEMBERS_INFO, PROPOSALS, ProposalState};

use super::*;
use crate::{
    SignedMessage, proposals,
    testing::{NO, YES, json_of, message},
};

/// A world with one open proposal that two votes accept, and its id.
fn with_proposal(count: usize) -> (World, String) {
    let mut world = world(count);
    world.create(0, &needing(2)).unwrap();
    let id = world.proposals[0].clone();
    (world, id)
}

#[test]
fn a_ballot_is_stored_and_decides() {
    let (mut world, id) = with_proposal(3);
    let first = world.vote(0, &id, YES).unwrap();
    assert_eq!(
        world.named(&json_of(&first)),
        r#"{"ballotCount":1,"proposalId":"p0","proposalState":"Open","proposerId":"m0"}"#
    );
    assert_eq!(
        world.tables_written_at(world.seqno),
        ["cose_history", "proposals_info"]
    );
    world.vote(1, &id, NO).unwrap();
    let last = world.vote(2, &id, YES).unwrap();
    assert_eq!(
        (last.proposal_state, last.ballot_count),
        (ProposalState::Accepted, 3)
    );
    let votes: Vec<(String, bool)> = last
        .final_votes
        .unwrap()
        .iter()
        .map(|(member, vote)| (world.named(member.as_str()), *vote))
        .collect();
    for expected in [
        ("m0".to_owned(), true),
        ("m1".to_owned(), false),
        ("m2".to_owned(), true),
    ] {
        assert!(votes.contains(&expected), "{votes:?}");
    }
}

#[test]
fn the_same_ballot_again_writes_nothing() {
    let (mut world, id) = with_proposal(3);
    let first = world.vote(0, &id, YES).unwrap();
    let seqno = world.seqno;
    assert_eq!(world.vote(0, &id, YES).unwrap(), first);
    assert_eq!(world.seqno, seqno);
    world.refuses(
        |world| world.vote(0, &id, NO),
        "VoteAlreadyExists",
        "Different ballot already submitted by m[m0] for p0.",
    );
}

#[test]
fn checks_of_a_submission_come_in_order() {
    let (mut world, id) = with_proposal(3);
    let no_ballot =
        "Signed request body is not a JSON object containing required string field \"ballot\"";
    for payload in ["{}", "5", "[]", "{\"ballot\":5}", "{\"ballot\":null}"] {
        world.refuses(
            |world| world.vote_raw(0, &id, payload),
            "InvalidInput",
            no_ballot,
        );
    }
    let error = world.vote_raw(0, &id, "nope").unwrap_err();
    assert_eq!(error.code(), "InvalidInput");
    assert!(
        error
            .to_string()
            .starts_with("[json.exception.parse_error.101] parse error")
    );

    // No constitution is noticed after the payload, before an earlier vote.
    world.vote(0, &id, YES).unwrap();
    world.write(|tx| CONSTITUTION.remove(tx));
    let none = "No constitution is set - ballots cannot be evaluated";
    world.refuses(|world| world.vote(0, &id, NO), "InternalError", none);
    world.refuses(
        |world| world.vote_raw(0, &id, "{}"),
        "InvalidInput",
        no_ballot,
    );

    // A proposal without body is not found, whatever the payload.
    let key = world.proposals[0].parse().unwrap();
    world.write(|tx| PROPOSALS.remove(tx, &key).unwrap());
    world.refuses(
        |world| world.vote_raw(0, &id, "nope"),
        "ProposalNotFound",
        "Could not find proposal p0.",
    );
}

#[test]
fn ids_of_path_and_signature_must_agree() {
    let (mut world, id) = with_proposal(3);
    let signer = world.members[0].id.clone();
    let other = world.id(1);
    let mut submit = |path: &str, member: &str, signed: Option<&str>, message_text: &str| {
        world.refuses(
            |world| {
                world.run(|tx, env| {
                    let message = SignedMessage {
                        payload: b"nope",
                        proposal_id: signed,
                        ..message(&signer)
                    };
                    proposals::submit_ballot(tx, path, member, &message, env)
                })
            },
            "InvalidResourceName",
            message_text,
        );
    };
    let unsigned = "Authenticated proposal id does not match URL";
    submit(
        "zz",
        "no-such",
        Some("zz"),
        "'zz' is not a valid hex-encoded proposal ID",
    );
    submit(&id, "no-such", None, unsigned);
    submit(&id, signer.as_str(), Some("0"), unsigned);
    submit(
        &id,
        "no-such",
        Some(&id),
        "'no-such' is not a valid hex-encoded member ID",
    );
    submit(
        &id,
        &other,
        Some(&id),
        "Authenticated member id does not match URL",
    );
}

#[test]
fn an_unknown_proposal_receives_no_ballots() {
    let mut world = world(1);
    let unknown = "0".repeat(64);
    world.refuses(
        |world| world.vote(0, &unknown, YES),
        "ProposalNotFound",
        &format!("Could not find proposal {unknown}."),
    );
}

#[test]
fn a_ballot_that_cannot_be_loaded_is_not_recorded() {
    let (mut world, id) = with_proposal(3);
    let module = "public:ccf.gov.proposals_info[p0].ballots[m[m1]]";
    let cases = [
        ("not javascript", format!("Failed to compile {module}")),
        (
            "import 'x.js'; export function vote() {}",
            format!("Failed to compile {module}"),
        ),
        (
            "export function other() {}",
            format!("Failed to find export 'vote' in module '{module}'"),
        ),
        (
            "export const vote = 5",
            format!("Export 'vote' of module '{module}' is not a function"),
        ),
    ];
    for (ballot, expected) in cases {
        world.refuses(
            |world| world.vote(1, &id, ballot),
            "InternalError",
            &expected,
        );
    }
    assert_eq!(
        world.dump(&["proposals_info"]),
        "proposals_info p0 = {\"ballots\":{},\"proposer_id\":\"m0\",\"state\":\"Open\"}\n"
    );
}

#[test]
fn a_vote_is_the_truthiness_of_the_result() {
    let cases = [
        ("return true", true),
        ("return 'false'", true),
        ("return {}", true),
        ("return Promise.resolve(false)", true),
        ("return 1", true),
        ("return false", false),
        ("return 0", false),
        ("return ''", false),
        ("return null", false),
        ("", false),
    ];
    for (body, expected) in cases {
        let mut world = world(1);
        world.create(0, &closing_on_a_ballot()).unwrap();
        let id = world.proposals[0].clone();
        let view = world
            .vote(0, &id, &format!("export function vote() {{ {body} }}"))
            .unwrap();
        let votes = view.final_votes.unwrap();
        assert_eq!(
            votes.values().copied().collect::<Vec<_>>(),
            [expected],
            "{body}"
        );
    }
}

#[test]
fn a_ballot_that_throws_is_a_failure_of_its_own() {
    let (mut world, id) = with_proposal(3);
    let throws = "export function vote() { throw new Error('my ballot fails') }";
    let open = world.vote(0, &id, throws).unwrap();
    assert_eq!(
        (open.proposal_state, open.ballot_count),
        (ProposalState::Open, 1)
    );
    assert_eq!(open.vote_failures, None, "open proposals show none");
    world.vote(1, &id, YES).unwrap();
    let closed = world.vote(2, &id, YES).unwrap();
    assert_eq!(closed.proposal_state, ProposalState::Accepted);
    let failures = closed.vote_failures.unwrap();
    let failure = &failures[&world.members[0].id];
    assert_eq!(failure.reason, "Error: my ballot fails");
    let trace = world.named(failure.trace.as_deref().unwrap());
    assert!(
        trace.contains("    at vote (public:ccf.gov.proposals_info[p0].ballots[m[m0]])")
            || trace.contains("    at vote (public:ccf.gov.proposals_info[p0].ballots[m[m0]]:1)"),
        "{trace}"
    );
    assert!(
        !closed
            .final_votes
            .unwrap()
            .contains_key(&world.members[0].id)
    );
}

#[test]
fn reasons_of_ballot_failures() {
    let cases = [
        ("throw { a: 1 }", "{\"a\":1}", false),
        ("throw 'text'", "text", false),
        ("throw 5", "5", false),
        (
            "null.x",
            "TypeError: cannot read property 'x' of null",
            true,
        ),
        (
            "ccf.kv['public:ccf.gov.members.info'].clear()",
            "TypeError: Cannot call \"clear\" on table named public:ccf.gov.members.info. This table is read-only in current (read-only governance) execution context. See https://microsoft.github.io/CCF/main/audit/read_write_restrictions.html for more detail.",
            true,
        ),
        (
            "ccf.node.triggerLedgerRekey()",
            "TypeError: cannot read property 'triggerLedgerRekey' of undefined",
            true,
        ),
    ];
    for (body, reason, has_trace) in cases {
        let mut world = world(1);
        world.create(0, &closing_on_a_ballot()).unwrap();
        let id = world.proposals[0].clone();
        let view = world
            .vote(0, &id, &format!("export function vote() {{ {body} }}"))
            .unwrap();
        let failures = view.vote_failures.unwrap();
        let failure = failures.values().next().unwrap();
        assert_eq!(failure.reason, reason, "{body}");
        assert_eq!(failure.trace.is_some(), has_trace, "{body}");
    }
}

#[test]
fn every_ballot_is_evaluated_again_at_each_submission() {
    // The first ballot votes by the state at the time of evaluation: yes once m0 has data.
    let mut world = world(3);
    world.create(0, &needing(1)).unwrap();
    let id = world.proposals[0].clone();
    let by_state = format!(
        "export function vote() {{ const info = ccf.bufToJsonCompatible(\
         ccf.kv['public:ccf.gov.members.info'].get(ccf.strToBuf('{}'))); \
         return info.member_data !== undefined; }}",
        world.id(0)
    );
    assert_eq!(
        world.vote(1, &id, &by_state).unwrap().proposal_state,
        ProposalState::Open
    );
    let member = world.members[0].id.clone();
    world.write(|tx| {
        let mut details = MEMBERS_INFO.get(tx, &member).unwrap().unwrap();
        details.member_data = json!({ "ready": true });
        MEMBERS_INFO.put(tx, &member, &details).unwrap();
    });
    let view = world.vote(2, &id, NO).unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted);
}

#[test]
fn ballots_share_no_globals() {
    let mut world = world(2);
    world.create(0, &needing(1)).unwrap();
    let id = world.proposals[0].clone();
    let counting = "globalThis.seen = (globalThis.seen ?? 0) + 1;\n\
                    export function vote() { return globalThis.seen > 1; }";
    for member in [0, 1] {
        let view = world.vote(member, &id, counting).unwrap();
        assert_eq!(view.proposal_state, ProposalState::Open);
    }
}

#[test]
fn a_ballot_gets_proposal_text_and_proposer() {
    let mut world = world(2);
    world.create(1, &needing(1)).unwrap();
    let id = world.proposals[0].clone();
    let ballot = format!(
        "export function vote(proposal, proposer, more) {{ return proposal === '{}' && \
         proposer === '{}' && more === undefined; }}",
        needing(1),
        world.id(1)
    );
    assert_eq!(
        world.vote(0, &id, &ballot).unwrap().proposal_state,
        ProposalState::Accepted
    );
}

#[test]
fn ballots_of_removed_members_still_count() {
    let (mut world, id) = with_proposal(3);
    world.vote(1, &id, YES).unwrap();
    let removed = world.members[1].id.clone();
    world.write(|tx| MEMBERS_INFO.remove(tx, &removed).unwrap());
    let view = world.vote(2, &id, YES).unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted);
    assert!(view.final_votes.unwrap()[&removed]);
}

#[test]
fn resolve_gets_votes_in_ascending_order_of_members() {
    let mut world = world(4);
    let resolve = "if (votes.length < 4) return 'Open'; \
                   const ids = votes.map((v) => v.member_id); \
                   return ids.join() === [...ids].sort().join() \
                   && votes.every((v) => v.vote === true) ? 'Accepted' : 'Rejected'";
    world
        .create(0, &json!({ "resolve": resolve }).to_string())
        .unwrap();
    let id = world.proposals[0].clone();
    for member in [2, 0, 3] {
        world.vote(member, &id, YES).unwrap();
    }
    assert_eq!(
        world.vote(1, &id, YES).unwrap().proposal_state,
        ProposalState::Accepted
    );
}

#[test]
fn readers_see_the_source_of_a_ballot() {
    let (mut world, id) = with_proposal(3);
    world.vote(1, &id, YES).unwrap();
    let (voter, other, unknown) = (world.id(1), world.id(2), "0".repeat(64));
    let text = world
        .run(|tx, _| proposals::ballot(tx, &id, &voter))
        .unwrap();
    assert_eq!(text, YES);
    world.refuses(
        |world| world.run(|tx, _| proposals::ballot(tx, &id, &other)),
        "VoteNotFound",
        "Member m[m2] has not voted for proposal p0.",
    );
    world.refuses(
        |world| world.run(|tx, _| proposals::ballot(tx, &unknown, &other)),
        "ProposalNotFound",
        &format!("Proposal {unknown} does not exist."),
    );
    world.refuses(
        |world| world.run(|tx, _| proposals::ballot(tx, &id, "q")),
        "InvalidResourceName",
        "'q' is not a valid hex-encoded member ID",
    );
}

#[test]
fn a_looping_ballot_is_ended_and_the_reason_says_so() {
    let mut world = world(1);
    world.create(0, &closing_on_a_ballot()).unwrap();
    let id = world.proposals[0].clone();
    let view = world
        .vote(0, &id, "export function vote() { for (;;) {} }")
        .unwrap();
    let failures = view.vote_failures.unwrap();
    let failure = failures.values().next().unwrap();
    assert_eq!(failure.reason, "Operation took too long to complete.");
}

#[test]
fn a_ballot_that_allocates_without_end_is_ended() {
    let mut world = world(1);
    world.create(0, &closing_on_a_ballot()).unwrap();
    let id = world.proposals[0].clone();
    let ballot = "export function vote() { const all = []; for (;;) { all.push(new Uint8Array(1 << 20)); } }";
    let view = world.vote(0, &id, ballot).unwrap();
    let failures = view.vote_failures.unwrap();
    let failure = failures.values().next().unwrap();
    assert!(
        failure.reason.contains("out of memory"),
        "{}",
        failure.reason
    );
}
