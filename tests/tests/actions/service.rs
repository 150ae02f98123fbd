//! Settings of the service and its opening (governance-api.md 6, 8.6, 10).

use quorate_tests::http::Request;
use quorate_tests::service::{bare_action, proposal, propose_one};
use quorate_tests::{Service, TxId};
use serde_json::json;

#[test]
fn settings_of_the_service_8_6() {
    let service = Service::default_open();
    let configuration = || service.gov("/service/info").expect(200)["configuration"].clone();
    let share = || {
        let path = format!("/recovery/encrypted-shares/{}", service.members[0].id);
        service.gov(&path).expect(200)["encryptedShare"].clone()
    };
    let before = share();
    service.accept(&propose_one(
        "set_recovery_threshold",
        json!({"recovery_threshold": 2}),
    ));
    assert_eq!(share(), before, "the same threshold issues no shares");
    service.accept(&propose_one(
        "set_service_configuration",
        json!({"recovery_threshold": 3}),
    ));
    assert_ne!(share(), before);
    assert_eq!(configuration()["recoveryThreshold"], 3);

    service.accept(&propose_one(
        "set_service_configuration",
        json!({"reconfiguration_type": "TwoTransaction"}),
    ));
    let shown = service
        .client()
        .get("/node/service/configuration")
        .expect(200);
    assert_eq!(shown["reconfiguration_type"], "TwoTransaction");
    let back = propose_one(
        "set_service_configuration",
        json!({"reconfiguration_type": "OneTransaction"}),
    );
    service.fail_to_apply(&back).expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): Error: Cannot change reconfiguration type from TwoTransaction to OneTransaction.",
    );
    let remove = propose_one("remove_member", json!({"member_id": service.members[2].id}));
    service.fail_to_apply(&remove).expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): Error: Number of active recovery members (2) would be less than recovery threshold (3)",
    );
    // Opening an open service is accepted, and does nothing.
    let open = propose_one(
        "transition_service_to_open",
        json!({"next_service_identity": service.certificate()}),
    );
    let shares = share();
    service.accept(&open);
    assert_eq!(share(), shares);
}

#[test]
fn opening_needs_the_right_identity_and_recovery_members_6_2_6_3() {
    let service = Service::start(&quorate_tests::ServiceOptions::default());
    service.activate_all();
    let rekey = proposal(&[bare_action("trigger_ledger_rekey")]);
    let answer = service.fail_to_apply(&rekey);
    answer.expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): InternalError: Could not rekey ledger\n",
    );
    let other = service.users[0].certificate.clone();
    let wrong = propose_one(
        "transition_service_to_open",
        json!({"next_service_identity": other}),
    );
    service.fail_to_apply(&wrong).expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): InternalError: Unable to open service: Service identity mismatch: the next service \
         identity in the transition_service_to_open proposal does not match the current service identity:\nNext:\n",
    );
    // The whole text is in the log; the answer's is cut to 255 bytes.
    let log = service.node.log();
    assert!(
        log.contains("Service identity mismatch") && log.contains("Current:\n"),
        "{log}"
    );
    service
        .gov(&format!(
            "/recovery/encrypted-shares/{}",
            service.members[0].id
        ))
        .expect_error(
            500,
            "InternalError",
            "Failed to retrieve current recovery shares info",
        );
    service.transition_to_open();
}

#[test]
fn commit_hooks_have_run_before_an_answer_says_so_10() {
    let service = Service::start(&quorate_tests::ServiceOptions::default());
    service.activate_all();
    let id = service.open_proposal(
        &service.members[0],
        &propose_one(
            "transition_service_to_open",
            json!({"next_service_identity": service.certificate()}),
        ),
    );
    service
        .vote(&service.members[0], &id, quorate_tests::ballots::FOR)
        .expect(200);
    let decided = TxId::of(&service.vote(&service.members[1], &id, quorate_tests::ballots::FOR));
    service.wait_committed(decided);
    // Not "soon", but at once.
    assert_eq!(service.client().get("/app/commit").status, 200);
    assert_eq!(
        service
            .client()
            .send(Request::new("GET", "/node/ready/app"))
            .status,
        204
    );
}
