//! Submitting proposals (governance-api.md 3.2, 4.2).

use quorate_crypto::{sha256, sha256_parts};
use quorate_kv::Tx;
use quorate_tables::{CONSTITUTION, PROPOSALS, ProposalId, ProposalState};
use serde_json::json;

use super::*;
use crate::{
    error::GovernanceError,
    proposals::{self, ProposalView},
    testing::{NO, YES, json_of, message},
};

#[test]
fn a_fresh_proposal_has_exactly_four_fields() {
    let mut world = world(3);
    let view = world.create(1, &needing(2)).unwrap();
    assert_eq!(
        world.named(&json_of(&view)),
        r#"{"ballotCount":0,"proposalId":"p0","proposalState":"Open","proposerId":"m1"}"#
    );
}

#[test]
fn create_writes_four_tables() {
    let mut world = world(3);
    let payload = "{ \"needed\":\t2 }";
    world.create(1, payload).unwrap();
    assert_eq!(
        world.tables_written_at(world.seqno),
        [
            "cose_history",
            "cose_recent_proposals",
            "proposals",
            "proposals_info"
        ]
    );
    assert_eq!(
        world.dump(&["proposals", "proposals_info", "cose_history"]),
        "proposals p0 = { \"needed\":\t2 }\n\
         proposals_info p0 = {\"ballots\":{},\"proposer_id\":\"m1\",\"state\":\"Open\"}\n\
         cose_history m1 = \"ZW52ZWxvcGUgb2Ygc2lnbmF0dXJlIDE=\"\n"
    );
    let digest = sha256(b"signature 1");
    assert_eq!(
        world.dump(&["cose_recent_proposals"]),
        format!("cose_recent_proposals 1700000010:{digest} = \"p0\"\n")
    );
}

#[test]
fn the_id_binds_root_and_signature() {
    let mut world = world(3);
    let root = world.root();
    let view = world
        .create_signed(0, &needing(2), 5, b"some signature")
        .unwrap();
    let expected = sha256_parts(&[root.as_bytes(), sha256(b"some signature").as_bytes()]);
    assert_eq!(view.proposal_id, ProposalId::from_digest(&expected));
}

#[test]
fn a_proposal_can_be_accepted_or_rejected_at_creation() {
    let mut world = world(3);
    let accepted = world.create(0, &needing(0)).unwrap();
    assert_eq!(
        world.named(&json_of(&accepted)),
        "{\"ballotCount\":0,\"finalVotes\":{},\"proposalId\":\"p0\",\
         \"proposalState\":\"Accepted\",\"proposerId\":\"m0\",\"voteFailures\":{}}"
    );
    let rejected = world
        .create(0, r#"{"resolve":"return 'Rejected'"}"#)
        .unwrap();
    assert_eq!(rejected.proposal_state, ProposalState::Rejected);
    // The first is pruned; the own entry carries votes and failures, though there are none.
    assert_eq!(
        world.dump(&["proposals_info"]),
        "proposals_info p1 = {\"ballots\":{},\"final_votes\":{},\"proposer_id\":\"m0\",\
         \"state\":\"Rejected\",\"vote_failures\":{}}\n"
    );
}

#[test]
fn what_validate_can_answer() {
    // What the proposal is, what `validate` does, and the refusal.
    let internal = "InternalError";
    let invalid = "ProposalFailedToValidate";
    let cases = [
        (
            "return { valid: false, description: 'no good' }",
            invalid,
            "Proposal failed to validate: no good",
        ),
        (
            "return { valid: false }",
            invalid,
            "Proposal failed to validate: ",
        ),
        (
            "return { valid: 0, description: 5 }",
            invalid,
            "Proposal failed to validate: ",
        ),
        (
            "return { description: 'no valid' }",
            invalid,
            "Proposal failed to validate: no valid",
        ),
        (
            "return 5",
            internal,
            "Validation failed to return an object",
        ),
        (
            "return 'text'",
            internal,
            "Validation failed to return an object",
        ),
        (
            "throw 'a text'",
            internal,
            "Failed to execute validation: a text ",
        ),
        (
            "throw { a: 1 }",
            internal,
            "Failed to execute validation: {\"a\":1} ",
        ),
    ];
    let mut world = world(3);
    for (validate, code, expected) in cases {
        let payload = json!({ "validate": validate }).to_string();
        world.refuses(|world| world.create(0, &payload), code, expected);
    }
    for validate in [
        "return { valid: 1 }",
        "return { valid: 'false' }",
        "return { valid: {} }",
    ] {
        let payload = json!({ "validate": validate, "needed": 1 }).to_string();
        world.create(0, &payload).unwrap();
    }
}

#[test]
fn validate_that_throws_an_error_shows_its_stack() {
    let mut world = world(3);
    let text = world.create(0, "{ not valid json").unwrap_err().to_string();
    assert!(
        text.starts_with("Failed to execute validation: SyntaxError: "),
        "{text}"
    );
    assert!(
        text.contains("    at validate (public:ccf.gov.constitution[0]:"),
        "{text}"
    );
}

#[test]
fn a_service_without_constitution_takes_no_proposals() {
    let mut world = world(3);
    world.write(|tx| CONSTITUTION.remove(tx));
    world.refuses(
        |world| world.create(0, "{}"),
        "InternalError",
        "No constitution is set - proposals cannot be evaluated",
    );
}

#[test]
fn a_broken_constitution_is_an_internal_error() {
    let cases = [
        (
            "not javascript",
            "Failed to compile public:ccf.gov.constitution[0]",
        ),
        (
            "export function resolve() {}",
            "Failed to find export 'validate' in module 'public:ccf.gov.constitution[0]'",
        ),
        (
            "export const validate = 5;",
            "Export 'validate' of module 'public:ccf.gov.constitution[0]' is not a function",
        ),
        (
            "export function validate() { return { valid: true } }",
            "Failed to find export 'resolve' in module 'public:ccf.gov.constitution[0]'",
        ),
        (
            "export function validate() { return { valid: true } }\n\
             export function resolve() { return 'Accepted' }",
            "Failed to find export 'apply' in module 'public:ccf.gov.constitution[0]'",
        ),
        (
            "import 'somewhere.js';\nexport function validate() { return { valid: true } }",
            "Failed to compile public:ccf.gov.constitution[0]",
        ),
    ];
    let mut world = world(3);
    for (constitution, expected) in cases {
        world.write(|tx| CONSTITUTION.put(tx, &constitution.to_owned()).unwrap());
        world.refuses(|world| world.create(0, "{}"), "InternalError", expected);
    }
}

#[test]
fn an_existing_id_is_a_collision() {
    let world = world(3);
    let root = world.root();
    let id = ProposalId::from_digest(&sha256_parts(&[
        root.as_bytes(),
        sha256(b"some signature").as_bytes(),
    ]));
    let mut tx = world.begin();
    PROPOSALS.put(&mut tx, &id, &"{}".into()).unwrap();
    let signer = world.members[0].id.clone();
    let create = |tx: &mut Tx| -> Result<ProposalView, GovernanceError> {
        let message = crate::SignedMessage {
            payload: b"{\"needed\":2}",
            signature: b"some signature",
            ..message(&signer)
        };
        proposals::create(tx, &message, &root, &world.env)
    };
    let error = create(&mut tx).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("InternalError", "Proposal ID collision.")
    );
    create(&mut world.begin()).unwrap();
}

#[test]
fn a_refused_create_leaves_no_replay_entry() {
    let mut world = world(3);
    let payload = json!({ "needed": 0, "apply": "throw new Error('not now')" }).to_string();
    for _ in 0..2 {
        let before = world.seqno;
        let error = world.create_signed(0, &payload, 5, b"same").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("Failed to apply(): Error: not now\nTrace:     at "),
            "{error}"
        );
        assert_eq!(world.seqno, before);
    }
    assert_eq!(world.dump(&["cose_recent_proposals", "proposals"]), "");
}

#[test]
fn readers_see_the_exact_payload_and_all_proposals() {
    let mut world = world(3);
    let payload = "{\"needed\" : 2}\n";
    let first = world.create(0, payload).unwrap().proposal_id.to_string();
    world.create(1, &needing(2)).unwrap();
    let list = world.run(|tx, _| proposals::list(tx)).unwrap();
    let mut ids: Vec<String> = list
        .value
        .iter()
        .map(|view| view.proposal_id.to_string())
        .collect();
    assert!(ids.is_sorted());
    let mut created = world.proposals.clone();
    created.sort();
    ids.sort();
    assert_eq!(ids, created);

    let actions = world.run(|tx, _| proposals::actions(tx, &first)).unwrap();
    assert_eq!(&actions[..], payload.as_bytes());
    let unknown = "0".repeat(64);
    let text = format!("Could not find proposal {unknown}.");
    world.refuses(
        |world| world.run(|tx, _| proposals::actions(tx, &unknown)),
        "ProposalNotFound",
        &text,
    );
    world.refuses(
        |world| world.run(|tx, _| proposals::get(tx, &unknown)),
        "ProposalNotFound",
        &text,
    );
    // Upper case is the syntax of an id, but no id is stored so.
    let upper = first.to_uppercase();
    let text = format!("Could not find proposal {upper}.");
    world.refuses(
        |world| world.run(|tx, _| proposals::get(tx, &upper)),
        "ProposalNotFound",
        &text,
    );
    world.refuses(
        |world| world.run(|tx, _| proposals::get(tx, "xyz")),
        "InvalidResourceName",
        "'xyz' is not a valid hex-encoded proposal ID",
    );
}

#[test]
fn unreadable_runtime_options_do_not_lock_members_out() {
    let mut world = world(3);
    world.write(|tx| {
        tx.put(
            "public:ccf.gov.js_runtime_options",
            &[0; 8][..],
            &b"{\"max_heap_bytes\":-1}"[..],
        );
    });
    world.create(0, &needing(1)).unwrap();
    let id = world.proposals[0].clone();
    assert_eq!(
        world.vote(1, &id, NO).unwrap().proposal_state,
        ProposalState::Open
    );
    assert_eq!(
        world.vote(2, &id, YES).unwrap().proposal_state,
        ProposalState::Accepted
    );
}
