//! Proposals that are refused when they are made: replayed, outdated, malformed.

use quorate_tests::Service;
use quorate_tests::identity::now;
use quorate_tests::service::{action, id_of, proposal, propose_one};
use quorate_tests::signer::Message;
use serde_json::json;

const CREATE: &str = "/members/proposals:create";

fn harmless(byte: &str) -> Vec<u8> {
    propose_one("set_user_data", json!({"user_id": byte.repeat(32)}))
        .to_string()
        .into_bytes()
}

#[test]
fn replayed_proposal_4_3() {
    let service = Service::default_open();
    let member = &service.members[0];
    let payload = harmless("ab");
    let body = service
        .signer
        .sign(member, Message::new("proposal", &payload));
    let id = id_of(&service.post(CREATE, body.clone()).expect(200));
    let answer = service.unchanged(|| service.post(CREATE, body.clone()));
    let text = format!("Proposal submission replay, already exists as proposal {id}");
    answer.expect_error(400, "ProposalReplay", &text);
    // Also when it is withdrawn and forgotten.
    service.withdraw(member, &id).expect(200);
    service.accept(&propose_one(
        "set_user_data",
        json!({"user_id": "ac".repeat(32)}),
    ));
    let answer = service.unchanged(|| service.post(CREATE, body));
    answer.expect_error(400, "ProposalReplay", &text);
}

#[test]
fn created_at_outside_the_window_4_3() {
    let service = Service::default_open();
    let member = &service.members[0];
    let base = now().unsigned_abs() + 1000;
    let at = |time: u64, byte: &str| {
        let payload = harmless(byte);
        service.send(member, CREATE, Message::new("proposal", &payload).at(time))
    };
    // With those of the opening before, these make `base + 20` the median.
    for offset in [10, 20, 30, 40] {
        at(base + offset, "ab").expect(200);
    }
    let earliest = base + 10;
    let answer = service.unchanged(|| at(1, "ab"));
    answer.expect_error_starting(
        400,
        "ProposalCreatedTooLongAgo",
        "Proposal created too long ago, created_at must be greater than ",
    );
    let floor: u64 = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(floor >= earliest, "{floor} is before {earliest}");
    let answer = service.unchanged(|| at(floor - 1, "ab"));
    assert_eq!(answer.json()["error"]["code"], "ProposalCreatedTooLongAgo");
    at(floor, "ad").expect(200);

    let answer = service.unchanged(|| at(10_000_000_000, "ab"));
    answer.expect_error(
        400,
        "InvalidCreatedAt",
        "Header parameter created_at value is too large",
    );
}

#[test]
fn proposals_that_are_no_json_or_no_proposal_3_2() {
    let service = Service::default_open();
    let member = &service.members[0];
    for (payload, text) in [
        ("", "Failed to execute validation: SyntaxError: "),
        (
            "{ not valid json",
            "Failed to execute validation: SyntaxError: ",
        ),
        ("{\"foo\": 1}", "Failed to execute validation: TypeError: "),
        (
            "{\"actions\": null}",
            "Failed to execute validation: TypeError: ",
        ),
        ("null", "Failed to execute validation: TypeError: "),
    ] {
        let answer = service.unchanged(|| service.propose_bytes(member, payload.as_bytes()));
        answer.expect_error_starting(500, "InternalError", text);
    }
    assert_eq!(
        service.gov("/members/proposals").expect(200)["value"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn unknown_action_8_1() {
    let service = Service::default_open();
    let member = &service.members[0];
    let answer =
        service.unchanged(|| service.propose(member, &propose_one("no_such_action", json!({}))));
    answer.expect_error(
        400,
        "ProposalFailedToValidate",
        "Proposal failed to validate: no_such_action: no such action",
    );
    // All actions are checked, not just up to the first mistake.
    let several = proposal(&[
        action("no_such_action", json!({})),
        action("remove_user", json!({"user_id": "ab".repeat(32)})),
        action("remove_user", json!({})),
    ]);
    let answer = service.unchanged(|| service.propose(member, &several));
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    answer.expect_error_starting(
        400,
        "ProposalFailedToValidate",
        "Proposal failed to validate: no_such_action: no such action, remove_user at position 2 failed validation: \
         Error: user_id must be of type string but is undefined",
    );
    assert!(!message.contains("position 1"), "{message}");
}
