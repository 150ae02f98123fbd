//! Ballots and constitutions that misbehave (governance-api.md 3.5, 4.4 to 4.6, js-runtime.md 3, 5.2).

use quorate_tests::ballots::FOR;
use quorate_tests::service::{TEST_CONSTITUTION, TxId, bare_action, id_of, proposal, propose_one};
use quorate_tests::{Service, ServiceOptions, Walk};
use serde_json::{Value, json};

fn harmless() -> Value {
    propose_one("set_user_data", json!({"user_id": "ab".repeat(32)}))
}

#[test]
fn ballots_that_cannot_be_called_are_refused_3_5() {
    let service = Service::default_open();
    let member = &service.members[0];
    let id = service.open_proposal(member, &harmless());
    let module = format!(
        "public:ccf.gov.proposals_info[{id}].ballots[m[{}]]",
        member.id
    );
    for (ballot, text) in [
        (
            "export function vote ( {",
            format!("Failed to compile {module}"),
        ),
        (
            "",
            format!("Failed to find export 'vote' in module '{module}'"),
        ),
        (
            "function vote () { return true }",
            format!("Failed to find export 'vote' in module '{module}'"),
        ),
        (
            "export function veto () { return true }",
            format!("Failed to find export 'vote' in module '{module}'"),
        ),
        (
            "export let vote = 5",
            format!("Export 'vote' of module '{module}' is not a function"),
        ),
        (
            "import { x } from './x.js'; export function vote () { return x }",
            format!("Failed to compile {module}"),
        ),
    ] {
        let answer = service.unchanged(|| service.vote(member, &id, ballot));
        answer.expect_error(500, "InternalError", &text);
    }
    assert_eq!(service.proposal(&id)["ballotCount"], 0);
}

/// A ballot that fails when it is called is kept, and counts for nothing; the reason is recorded when the proposal
/// closes. It changes no table but those of the proposal.
fn failing_ballot(ballot: &str, reason: &str) {
    let service = Service::default_open();
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let id = service.open_proposal(first, &harmless());
    let answer = service.vote(first, &id, ballot);
    let given = TxId::of(&answer);
    let view = answer.expect(200);
    assert_eq!(
        (&view["proposalState"], &view["ballotCount"]),
        (&json!("Open"), &json!(1)),
        "{view}"
    );
    assert_eq!(
        service.vote(second, &id, FOR).expect(200)["proposalState"],
        "Open"
    );
    let view = service.vote(third, &id, FOR).expect(200);
    assert_eq!(view["proposalState"], "Accepted", "{view}");
    assert_eq!(
        view["finalVotes"],
        json!({(&second.id): true, (&third.id): true})
    );
    let failure = view["voteFailures"][&first.id]["reason"]
        .as_str()
        .unwrap_or_else(|| panic!("{view}"));
    assert!(
        failure.starts_with(reason),
        "expected \"{reason}\", found \"{failure}\""
    );

    let mut service = service;
    service.settled();
    service.node.stop_despite(&["timed out"]);
    let walk = Walk::of(&service.node.ledger());
    assert_eq!(
        walk.tables_written(given.seqno),
        [
            "public:ccf.gov.cose_history",
            "public:ccf.gov.proposals_info"
        ]
    );
}

#[test]
fn ballot_that_throws_4_4() {
    failing_ballot(
        "export function vote () { throw new Error('my ballot fails') }",
        "Error: my ballot fails",
    );
}

#[test]
fn ballot_that_throws_an_object_4_4() {
    failing_ballot(
        "export function vote () { throw { why: 1 } }",
        "{\"why\":1}",
    );
}

#[test]
fn ballot_that_loops_for_ever_4_4() {
    failing_ballot(
        "export function vote () { for (;;) { try { for (;;) {} } catch (e) {} } }",
        "Operation took too long to complete.",
    );
}

#[test]
fn ballot_that_allocates_without_end_3() {
    failing_ballot(
        "export function vote () { let all = []; for (;;) { all.push(new Uint8Array(1 << 20)); } }",
        "InternalError: out of memory",
    );
}

#[test]
fn ballot_that_recurses_without_end_3() {
    failing_ballot(
        "export function vote () { function f (n) { return f(n + 1) + 1; } return f(0) > 0; }",
        "InternalError: stack overflow",
    );
}

#[test]
fn ballot_that_tries_to_write_5_2() {
    failing_ballot(
        "export function vote () { ccf.kv['public:ccf.gov.members.info'].clear(); return true; }",
        "TypeError: Cannot call \"clear\" on table named public:ccf.gov.members.info. This table is read-only in \
         current (read-only governance) execution context.",
    );
}

#[test]
fn ballot_that_tries_to_read_private_data_5_2() {
    failing_ballot(
        "export function vote () { return ccf.kv['records'].has(ccf.strToBuf('1')); }",
        "TypeError: Cannot call \"has\" on table named records. This table is inaccessible in current (read-only \
         governance) execution context.",
    );
}

#[test]
fn ballot_that_calls_for_effects_7() {
    failing_ballot(
        "export function vote () { ccf.node.triggerLedgerRekey(); return true; }",
        "TypeError: ",
    );
}

#[test]
fn apply_that_throws_leaves_the_proposal_open_4_6() {
    let service = Service::default_open();
    let unknown = "ab".repeat(32);
    let proposed = propose_one(
        "set_member_data",
        json!({"member_id": unknown, "member_data": {}}),
    );
    let [first, second] = [0, 1].map(|i| &service.members[i]);
    let id = service.open_proposal(first, &proposed);
    service.vote(first, &id, FOR).expect(200);
    let answer = service.unchanged(|| service.vote(second, &id, FOR));
    answer.expect_error_starting(
        500,
        "InternalError",
        &format!("Failed to apply(): Error: Member {unknown} does not exist\nTrace: "),
    );
    let view = service.proposal(&id);
    assert_eq!(
        (&view["proposalState"], &view["ballotCount"]),
        (&json!("Open"), &json!(1)),
        "{view}"
    );
}

#[test]
fn effects_before_a_throw_are_given_up_4_6() {
    let service = Service::default_open();
    let proposed = proposal(&[
        quorate_tests::service::action("remove_user", json!({"user_id": service.users[0].id})),
        bare_action("trigger_ledger_rekey"),
        quorate_tests::service::action(
            "set_recovery_threshold",
            json!({"recovery_threshold": 200}),
        ),
    ]);
    let shares = || {
        service
            .gov(&format!(
                "/recovery/encrypted-shares/{}",
                service.members[0].id
            ))
            .expect(200)
    };
    let before = shares();
    service.fail_to_apply(&proposed).expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): Error: Cannot set recovery threshold to 200: recovery threshold would be greater than \
         the number of recovery members 3\nTrace: ",
    );
    assert_eq!(
        service
            .gov(&format!("/service/users/{}", service.users[0].id))
            .status,
        200
    );
    assert_eq!(shares(), before);
    // The ledger secret is still the old one: what is written now opens with the shares.
    let user = service.user(0);
    user.post_json(
        "/app/log/private",
        &json!({"id": 1, "msg": "after the failure"}),
    )
    .expect(200);
    let mut service = service;
    service.settled();
    service.node.stop();
    let members: Vec<_> = service.members.iter().collect();
    let found = quorate_tests::ledger::check_shares(&service.node.ledger(), 2, &members);
    assert_eq!(found["secrets"], json!([1]));
}

#[test]
fn constitution_that_throws_or_loops_4_5_4_6() {
    let service = Service::open(&ServiceOptions {
        constitution: TEST_CONSTITUTION.to_vec(),
        ..ServiceOptions::default()
    });
    let member = &service.members[0];
    for (name, text) in [
        (
            "always_throw_in_apply",
            "Failed to apply(): Error: Error message\nTrace: ",
        ),
        (
            "always_throw_in_resolve",
            "Failed to resolve(): Error: Resolve message\nTrace: ",
        ),
    ] {
        let body = proposal(&[bare_action(name)]);
        let answer = service.unchanged(|| service.propose(member, &body));
        answer.expect_error_starting(500, "InternalError", text);
    }

    // A constitution with traps; it must keep a way out for the members.
    let constitution = "
        export function validate (input) {
          const text = JSON.parse(input).trap;
          if (text === 'validate-loops') { for (;;) {} }
          if (text === 'validate-throws') { throw new Error('no'); }
          if (text === 'validate-nothing') { return; }
          if (text === 'validate-refuses') { return { valid: false, description: 'not this one' }; }
          return { valid: true };
        }
        export function resolve (proposal, proposerId, votes) {
          const text = JSON.parse(proposal).trap;
          if (text === 'resolve-loops') { for (;;) {} }
          if (text === 'resolve-writes') { ccf.kv['public:ccf.gov.constitution'].clear(); }
          if (text === 'resolve-strange') { return 'Perhaps'; }
          return 'Accepted';
        }
        export function apply (proposal, proposalId) {
          const text = JSON.parse(proposal).trap;
          ccf.kv['public:ccf.gov.members.info'].clear();
          if (text === 'apply-loops') { for (;;) {} }
          if (text === 'apply-internal') { ccf.kv['public:ccf.internal.signatures'].clear(); }
          if (text === 'apply-private') { ccf.kv['records'].clear(); }
          if (text === 'apply-reads') { ccf.kv['public:records'].get(ccf.strToBuf('1')); }
          if (text === 'apply-reserved') { try { ccf.kv['public:ccf.other'].clear(); } catch (e) { return; } }
          throw new Error('not applied');
        }";
    service.accept(&propose_one(
        "set_constitution",
        json!({"constitution": constitution}),
    ));
    let readable = "This table is write-only in current (read-write governance) execution context.";
    for (trap, status, text) in [
        (
            "validate-loops",
            500,
            "Failed to execute validation: Operation took too long to complete.",
        ),
        (
            "validate-throws",
            500,
            "Failed to execute validation: Error: no",
        ),
        (
            "validate-nothing",
            500,
            "Validation failed to return an object",
        ),
        (
            "validate-refuses",
            400,
            "Proposal failed to validate: not this one",
        ),
        (
            "resolve-loops",
            500,
            "Failed to resolve(): Operation took too long to complete.",
        ),
        (
            "resolve-writes",
            500,
            "Failed to resolve(): TypeError: Cannot call \"clear\" on table named public:ccf.gov.constitution. This \
             table is read-only in current (read-only governance) execution context.",
        ),
        (
            "resolve-strange",
            500,
            "resolve() returned invalid status value: \"Perhaps\"\nTrace: N/A",
        ),
        (
            "apply-loops",
            500,
            "Failed to apply(): Operation took too long to complete.",
        ),
        (
            "apply-internal",
            500,
            "Failed to apply(): TypeError: Cannot call \"clear\" on table named public:ccf.internal.signatures. This \
             table is read-only in current (read-write governance) execution context.",
        ),
        (
            "apply-private",
            500,
            "Failed to apply(): TypeError: Cannot call \"clear\" on table named records. This table is inaccessible \
             in current (read-write governance) execution context.",
        ),
        (
            "apply-reads",
            500,
            "Failed to apply(): TypeError: Cannot call \"get\" on table named public:records. ",
        ),
        (
            "apply-reserved",
            500,
            "Map name 'ccf.other' includes disallowed reserved prefix 'ccf.'",
        ),
        (
            "apply-throws",
            500,
            "Failed to apply(): Error: not applied\nTrace: ",
        ),
    ] {
        let answer = service.unchanged(|| service.propose(member, &json!({"trap": trap})));
        let code = if status == 400 {
            "ProposalFailedToValidate"
        } else {
            "InternalError"
        };
        answer.expect_error_starting(status, code, text);
        if trap == "apply-reads" {
            assert!(answer.text().contains(readable), "{answer}");
        }
    }
    assert_eq!(service.member(member)["status"], "Active");
}

#[test]
fn proposals_can_be_rejected_and_the_id_is_right_9() {
    let service = Service::open(&ServiceOptions {
        constitution: TEST_CONSTITUTION.to_vec(),
        ..ServiceOptions::default()
    });
    let [first, second] = [0, 1].map(|i| &service.members[i]);
    let rejected = service
        .propose(first, &proposal(&[bare_action("always_reject_noop")]))
        .expect(200);
    assert_eq!(rejected["proposalState"], "Rejected");
    assert_eq!(
        (&rejected["finalVotes"], &rejected["voteFailures"]),
        (&json!({}), &json!({}))
    );
    let id = id_of(&rejected);
    service.unchanged(|| service.vote(second, &id, FOR)).expect_error(
        400,
        "ProposalNotOpen",
        &format!("Proposal {id} is currently in state rejected - only open proposals can receive votes"),
    );
    service
        .unchanged(|| service.withdraw(first, &id))
        .expect_error(
            400,
            "ProposalNotOpen",
            &format!("Proposal {id} is currently in state rejected and cannot be withdrawn."),
        );
    let proposed = proposal(&[bare_action("check_proposal_id_is_set_correctly")]);
    let checked = service.propose(first, &proposed).expect(200);
    assert_eq!(checked["proposalState"], "Accepted", "{checked}");
}
