//! Certificates and nodes (governance-api.md 8.6, 8.10).

use std::time::Duration;

use quorate_crypto::cert::Certificate;
use quorate_tests::service::{action, bare_action, proposal, propose_one};
use quorate_tests::signer::iso8601;
use quorate_tests::{Service, identity, wait};
use serde_json::{Value, json};

fn node_id(service: &Service) -> String {
    service.client().get("/node/state").expect(200)["node_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn certificates_are_renewed_8_6_8_10() {
    let service = Service::default_open();
    let node = node_id(&service);
    let now = identity::now();
    let from = iso8601(now.unsigned_abs());
    let certificates = || {
        let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
        let network = service.client().get("/node/network").expect(200);
        let parse = |value: &Value| Certificate::from_pem(value.as_str().unwrap()).unwrap();
        (
            parse(&shown["certificate"]),
            parse(&network["service_certificate"]),
        )
    };
    let (node_before, service_before) = certificates();
    let old_file = service.certificate();

    service.accept(&proposal(&[
        action(
            "set_all_nodes_certificate_validity",
            json!({"valid_from": from, "validity_period_days": 100}),
        ),
        action(
            "set_service_certificate_validity",
            json!({"valid_from": from}),
        ),
    ]));
    let (node_after, service_after) = certificates();
    for (before, after, days) in [
        (&node_before, &node_after, 100),
        (&service_before, &service_after, 365),
    ] {
        assert_eq!(after.spki_der(), before.spki_der(), "the key stays");
        assert_eq!(after.subject(), before.subject());
        assert_ne!(after.serial(), before.serial());
        assert_eq!(after.not_before(), now);
        assert_eq!(after.not_after(), now + days * 86_400 - 1);
    }
    assert!(node_after.issued_by(&service_before) && node_after.issued_by(&service_after));
    assert_eq!(service.certificate(), old_file, "the file is not rewritten");

    // Clients that trust the older service certificate go on, and the node's own certificate follows.
    wait::until(
        "the self-signed certificate is renewed",
        Duration::from_secs(5),
        || {
            let shown = service
                .client()
                .get("/node/self_signed_certificate")
                .expect(200);
            let own =
                Certificate::from_pem(shown["self_signed_certificate"].as_str().unwrap()).unwrap();
            let renewed = own.not_before() == node_after.not_before()
                && own.not_after() == node_after.not_after();
            if renewed {
                Ok(())
            } else {
                Err(own.not_after())
            }
        },
    );

    // Twice with the same period gives another certificate.
    let again = json!({"node_id": node, "valid_from": from, "validity_period_days": 100});
    service.accept(&propose_one("set_node_certificate_validity", again));
    assert_ne!(certificates().0.serial(), node_after.serial());

    for (name, args, text) in [
        (
            "set_node_certificate_validity",
            json!({"node_id": node, "valid_from": "not a time"}),
            "InternalError: Failed to create endorsed cert: 'not a time' does not match any accepted time format",
        ),
        (
            "set_node_certificate_validity",
            json!({"node_id": "ab".repeat(32), "valid_from": from}),
            &format!("Error: No such node: {}", "ab".repeat(32)),
        ),
        (
            "set_all_nodes_certificate_validity",
            json!({"valid_from": from, "validity_period_days": 366}),
            "Error: Validity period 366 (days) is not allowed: service max allowed is 365 (days)",
        ),
        (
            "set_service_certificate_validity",
            json!({"valid_from": from, "validity_period_days": 366}),
            "Error: Validity period 366 (days) is not allowed: service max allowed is 365 (days)",
        ),
    ] {
        let answer = service.fail_to_apply(&propose_one(name, args));
        answer.expect_error_starting(500, "InternalError", &format!("Failed to apply(): {text}"));
    }
}

#[test]
fn all_formats_of_times_8_6() {
    let service = Service::default_open();
    let node = node_id(&service);
    // An hour ago, so that the certificates are valid and the service can be asked on.
    let start = identity::now() - 3600;
    let iso = iso8601(start.unsigned_abs());
    let (date, time) = (&iso[..10], &iso[11..19]);
    let digits = |text: &str| text.replace(['-', ':'], "");
    let in_zone = |offset: i64| iso8601((start + offset).unsigned_abs())[..19].to_owned();
    for from in [
        format!("{}{}Z", &digits(date)[2..], digits(time)),
        format!("{}{}Z", digits(date), digits(time)),
        format!("{date} {time}"),
        format!("{date}T{time}"),
        format!("{date}T{time}.999999"),
        format!("{date} {time}.123456+00:00"),
        format!("{}+01:00", in_zone(3600)),
        format!("{}.5-00:30", in_zone(-1800)),
    ] {
        let args = json!({"node_id": node, "valid_from": from, "validity_period_days": 1});
        service.accept(&propose_one("set_node_certificate_validity", args));
        let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
        let certificate = Certificate::from_pem(shown["certificate"].as_str().unwrap()).unwrap();
        assert_eq!(certificate.not_before(), start, "{from}");
        assert_eq!(certificate.not_after(), start + 86_399, "{from}");
    }
}

#[test]
fn nodes_and_data_8_10() {
    let service = Service::default_open();
    let node = node_id(&service);
    service.accept(&propose_one(
        "set_node_data",
        json!({"node_id": node, "node_data": {"rack": [1, 2]}}),
    ));
    let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
    assert_eq!(
        (&shown["nodeData"], &shown["status"]),
        (&json!({"rack": [1, 2]}), &json!("Trusted"))
    );
    service.accept(&propose_one("set_node_data", json!({"node_id": node})));
    assert_eq!(
        service.gov(&format!("/service/nodes/{node}")).expect(200)["nodeData"],
        Value::Null
    );

    let unknown = "ab".repeat(32);
    for (name, args, text) in [
        (
            "set_node_data",
            json!({"node_id": unknown, "node_data": 1}),
            "Error: Node [object ArrayBuffer] does not exist".to_owned(),
        ),
        (
            "transition_node_to_trusted",
            json!({"node_id": unknown, "valid_from": "220101000000Z"}),
            format!("Error: No such node: {unknown}"),
        ),
    ] {
        let answer = service.fail_to_apply(&propose_one(name, args));
        answer.expect_error_starting(500, "InternalError", &format!("Failed to apply(): {text}"));
    }
    // Unknown nodes are removed without effect.
    service.accept(&propose_one("remove_node", json!({"node_id": unknown})));
}

#[test]
fn what_comes_with_later_work_is_refused_at_apply() {
    let service = Service::default_open();
    let node = node_id(&service);
    for proposed in [
        proposal(&[bare_action("trigger_snapshot")]),
        propose_one("remove_node", json!({"node_id": node})),
    ] {
        let answer = service.fail_to_apply(&proposed);
        answer.expect_error_starting(500, "InternalError", "Failed to apply(): ");
        assert!(
            answer.text().contains("not available in this version"),
            "{answer}"
        );
    }
    let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
    assert_eq!(shown["status"], "Trusted");
}
