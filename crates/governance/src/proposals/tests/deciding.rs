//! How a proposal closes (governance-api.md 4.5 to 4.8).

use quorate_tables::{PROPOSALS_INFO, ProposalState};

use super::*;
use crate::testing::{NO, YES};

/// The stored proposals in the order of their creation.
pub(super) fn states(world: &World) -> String {
    let infos = PROPOSALS_INFO.entries_in(&world.state).unwrap();
    let mut states: Vec<String> = infos
        .iter()
        .map(|(id, info)| format!("{} {:?}", world.named(id.as_str()), info.state))
        .collect();
    states.sort();
    states.join(", ")
}

#[test]
fn resolve_decides_with_one_of_three_words() {
    let cases = [
        ("return 'Open'", Ok(ProposalState::Open)),
        ("return 'Accepted'", Ok(ProposalState::Accepted)),
        ("return 'Rejected'", Ok(ProposalState::Rejected)),
        (
            "return 'Withdrawn'",
            Err("resolve() returned invalid status value: \"Withdrawn\"\nTrace: N/A"),
        ),
        (
            "return 'accepted'",
            Err("resolve() returned invalid status value: \"accepted\"\nTrace: N/A"),
        ),
        (
            "",
            Err("resolve() returned invalid status value: \"undefined\"\nTrace: N/A"),
        ),
        (
            "return { toString() { return 'Accepted' } }",
            Ok(ProposalState::Accepted),
        ),
        (
            "return {}",
            Err("resolve() returned invalid status value: \"[object Object]\"\nTrace: N/A"),
        ),
        ("throw 'no'", Err("Failed to resolve(): no\nTrace: N/A")),
    ];
    for (resolve, expected) in cases {
        let mut world = world(1);
        let payload = json!({ "resolve": resolve }).to_string();
        match expected {
            Ok(state) => {
                assert_eq!(
                    world.create(0, &payload).unwrap().proposal_state,
                    state,
                    "{resolve}"
                );
            }
            Err(text) => world.refuses(|world| world.create(0, &payload), "InternalError", text),
        }
    }
}

#[test]
fn resolve_that_throws_an_error_shows_its_stack() {
    let mut world = world(1);
    let payload = json!({ "resolve": "throw new Error('Resolve message')" }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    assert!(
        text.starts_with("Failed to resolve(): Error: Resolve message\nTrace:     at "),
        "{text}"
    );
}

#[test]
fn resolve_gets_proposer_and_proposal_id() {
    let mut world = world(2);
    let resolve = "const stored = ccf.kv['public:ccf.gov.proposals'].get(ccf.strToBuf(proposalId)); \
                   const info = ccf.bufToJsonCompatible(ccf.kv['public:ccf.gov.proposals_info'].get(ccf.strToBuf(proposalId))); \
                   return ccf.bufToStr(stored) === proposal && info.proposer_id === proposerId ? 'Accepted' : 'Rejected'";
    let view = world
        .create(1, &json!({ "resolve": resolve }).to_string())
        .unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted);
}

#[test]
fn apply_reads_its_own_final_state() {
    let mut world = world(1);
    let apply = "const info = ccf.bufToJsonCompatible(ccf.kv['public:ccf.gov.proposals_info'].get(ccf.strToBuf(proposalId))); \
                 if (info.state !== 'Accepted' || JSON.stringify(Object.values(info.final_votes)) !== '[true]') { throw new Error(JSON.stringify(info)); }";
    world
        .create(0, &json!({ "apply": apply }).to_string())
        .unwrap();
    let id = world.proposals[0].clone();
    assert_eq!(
        world.vote(0, &id, YES).unwrap().proposal_state,
        ProposalState::Accepted
    );
}

#[test]
fn a_failing_apply_leaves_the_proposal_open_without_the_deciding_vote() {
    let mut world = world(3);
    let apply = "if (ccf.kv['public:ccf.gov.users.info'].size === 0) { \
                 ccf.kv['public:ccf.gov.users.certs'].set(ccf.strToBuf('half'), ccf.strToBuf('done')); \
                 throw new Error('not yet'); }";
    world
        .create(0, &json!({ "needed": 2, "apply": apply }).to_string())
        .unwrap();
    let id = world.proposals[0].clone();
    world.vote(0, &id, YES).unwrap();
    let before = world.dump(&["proposals_info", "users.certs", "cose_history"]);
    let text = world.vote(1, &id, YES).unwrap_err().to_string();
    assert!(
        text.starts_with("Failed to apply(): Error: not yet\nTrace:     at "),
        "{text}"
    );
    assert_eq!(
        world.dump(&["proposals_info", "users.certs", "cose_history"]),
        before
    );

    // The same voter may try again.
    world.write(|tx| {
        tx.put(
            "public:ccf.gov.users.info",
            &b"u"[..],
            &b"{\"user_data\":1}"[..],
        )
    });
    let view = world.vote(1, &id, YES).unwrap();
    assert_eq!(
        (view.proposal_state, view.ballot_count),
        (ProposalState::Accepted, 2)
    );
}

#[test]
fn apply_writes_governance_and_application_tables_only() {
    let mut world = world(1);
    let more = "See https://microsoft.github.io/CCF/main/audit/read_write_restrictions.html for more detail.";
    let context = "in current (read-write governance) execution context";
    let cases = [
        ("ccf.kv['public:ccf.gov.own'].set(k, k)", Ok(())),
        ("ccf.kv['public:app'].set(k, k)", Ok(())),
        (
            "ccf.kv['public:app'].get(k)",
            Err(("get", "public:app", "write-only")),
        ),
        (
            "ccf.kv['app'].set(k, k)",
            Err(("set", "app", "inaccessible")),
        ),
        (
            "ccf.kv['public:ccf.internal.own'].set(k, k)",
            Err(("set", "public:ccf.internal.own", "read-only")),
        ),
        (
            "ccf.kv['public:ccf.internal.signatures'].get(new ArrayBuffer(8))",
            Ok(()),
        ),
    ];
    for (statement, expected) in cases {
        let apply = format!("const k = ccf.strToBuf('k'); {statement}");
        let payload = json!({ "needed": 0, "apply": apply }).to_string();
        match (world.create(0, &payload), expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err((method, table, kind))) => {
                let text = error.to_string();
                let expected = format!(
                    "Failed to apply(): TypeError: Cannot call \"{method}\" on table named {table}. \
                     This table is {kind} {context}. {more}\nTrace: "
                );
                assert!(text.starts_with(&expected), "{text}");
            }
            (got, _) => panic!("{statement}: {got:?}"),
        }
    }
}

#[test]
fn a_reserved_map_name_ends_the_request() {
    let mut world = world(1);
    let apply =
        "try { ccf.kv['public:ccf.other'].set(ccf.strToBuf('k'), ccf.strToBuf('v')) } catch (e) {}";
    let payload = json!({ "needed": 0, "apply": apply }).to_string();
    world.refuses(
        |world| world.create(0, &payload),
        "InternalError",
        "Map name 'ccf.other' includes disallowed reserved prefix 'ccf.'",
    );
}

#[test]
fn closing_prunes_every_other_closed_proposal() {
    let mut world = world(1);
    world.create(0, &needing(0)).unwrap();
    world.create(0, &needing(1)).unwrap();
    world.create(0, &needing(1)).unwrap();
    assert_eq!(states(&world), "p0 Accepted, p1 Open, p2 Open");
    // A ballot that leaves its proposal open prunes nothing.
    let p1 = world.proposals[1].clone();
    world.vote(0, &p1, NO).unwrap();
    assert_eq!(states(&world), "p0 Accepted, p1 Open, p2 Open");
    let p2 = world.proposals[2].clone();
    world.vote(0, &p2, YES).unwrap();
    assert_eq!(states(&world), "p1 Open, p2 Accepted");
    assert_eq!(world.dump(&["proposals"]).lines().count(), 2);
    world
        .create(0, &json!({ "resolve": "return 'Rejected'" }).to_string())
        .unwrap();
    assert_eq!(states(&world), "p1 Open, p3 Rejected");
}

#[test]
fn dropped_proposals_stay_until_the_next_closing() {
    let mut world = world(1);
    world.create(0, &needing(1)).unwrap();
    let drop = "const map = ccf.kv['public:ccf.gov.proposals_info']; map.forEach((value, key) => { \
                const info = ccf.bufToJsonCompatible(value); if (info.state === 'Open') { \
                info.state = 'Dropped'; map.set(key, ccf.jsonCompatibleToBuf(info)); } })";
    world
        .create(0, &json!({ "needed": 0, "apply": drop }).to_string())
        .unwrap();
    assert_eq!(states(&world), "p0 Dropped, p1 Accepted");
    world.create(0, &needing(0)).unwrap();
    assert_eq!(states(&world), "p2 Accepted");
}

#[test]
fn a_looping_resolve_is_ended_and_the_reason_says_so() {
    let mut world = world(1);
    let payload = json!({ "resolve": "for (;;) {}" }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    assert!(
        text.starts_with("Failed to resolve(): Operation took too long to complete.\nTrace: "),
        "{text}"
    );
}
