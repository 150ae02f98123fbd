//! A ballot that binds to one proposal (governance-api.md 11).

use quorate_tests::service::{action, bare_action, proposal};
use quorate_tests::{Service, ballots};
use serde_json::{Value, json};

#[test]
fn a_structurally_equal_ballot_accepts_its_proposal_and_no_other() {
    let service = Service::default_open();
    let data = json!({"a": 1, "b": [true, null], "c": "text"});
    let user = |id: &str, data: Value| {
        action(
            "set_user_data",
            json!({"user_id": id.repeat(32), "user_data": data}),
        )
    };
    let target = proposal(&[
        user("ab", data.clone()),
        bare_action("trigger_ledger_chunk"),
    ]);
    let ballot = ballots::structurally_equal(&target);

    let others = [
        proposal(&[user("ab", data.clone())]),
        proposal(&[
            user("ab", data.clone()),
            bare_action("refresh_js_app_bytecode_cache"),
        ]),
        proposal(&[
            user("ac", data.clone()),
            bare_action("trigger_ledger_chunk"),
        ]),
        proposal(&[
            user("ab", json!({"a": 1, "b": [true, null]})),
            bare_action("trigger_ledger_chunk"),
        ]),
        proposal(&[
            user("ab", json!({"a": 1, "b": [null, true], "c": "text"})),
            bare_action("trigger_ledger_chunk"),
        ]),
        proposal(&[
            user("ab", json!({"a": "1", "b": [true, null], "c": "text"})),
            bare_action("trigger_ledger_chunk"),
        ]),
        proposal(&[
            bare_action("trigger_ledger_chunk"),
            user("ab", data.clone()),
        ]),
        proposal(&[
            user("ab", data.clone()),
            bare_action("trigger_ledger_chunk"),
            bare_action("trigger_ledger_chunk"),
        ]),
        proposal(&[
            user("ab", data.clone()),
            action("trigger_ledger_chunk", json!(null)),
        ]),
        proposal(&[]),
    ];
    for other in others {
        let id = service.open_proposal(&service.members[0], &other);
        for member in &service.members {
            let view = service.vote(member, &id, &ballot).expect(200);
            assert_eq!(view["proposalState"], "Open", "{other}");
        }
        service.withdraw(&service.members[0], &id).expect(200);
    }

    let id = service.open_proposal(&service.members[0], &target);
    service.vote(&service.members[0], &id, &ballot).expect(200);
    let view = service.vote(&service.members[1], &id, &ballot).expect(200);
    assert_eq!(view["proposalState"], "Accepted", "{view}");
    assert_eq!(view["voteFailures"], json!({}));
}
