//! What accepted actions do, beyond the walk-through: each action of the catalogue (governance-api.md 8), as the
//! governance API and the interfaces show it.
#![cfg(test)]

use std::time::Duration;

use quorate_crypto::cert::Certificate;
use quorate_tests::http::Request;
use quorate_tests::service::{
    DEFAULT_CONSTITUTION, action, bare_action, constitution_files, proposal, propose_one,
};
use quorate_tests::signer::iso8601;
use quorate_tests::{Service, TxId, Walk, identity, wait};
use serde_json::{Value, json};

fn node_id(service: &Service) -> String {
    service.client().get("/node/state").expect(200)["node_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn attestation_policy_8_9() {
    let service = Service::default_open();
    let policy = || service.gov("/service/join-policy").expect(200);
    let before = policy();
    let (measurement, host_data) = ("ab".repeat(48), "cd".repeat(32));
    let policy_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    service.accept(&proposal(&[
        action("add_virtual_measurement", json!({"measurement": "m1"})),
        action("add_virtual_host_data", json!({"host_data": host_data})),
        action("add_node_code", json!({"code_id": "ef".repeat(32)})),
        action("add_snp_measurement", json!({"measurement": measurement})),
        action("add_snp_uvm_endorsement", json!({"did": "did:x509:0", "feed": "f", "svn": "100"})),
        action("add_snp_uvm_endorsement", json!({"did": "did:x509:0", "feed": "g", "svn": "7"})),
        action("add_snp_host_data", json!({"security_policy": "abc", "host_data": policy_digest})),
        action("set_snp_minimum_tcb_version_hex", json!({"cpuid": "00a00f11", "tcb_version": "d315000000000004"})),
        action(
            "set_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11", "tcb_version": {"boot_loader": 1, "tee": 2, "snp": 3, "microcode": 4}}),
        ),
    ]));
    let added = policy();
    let contains = |list: &Value, text: &str| list.as_array().unwrap().contains(&json!(text));
    assert!(contains(&added["virtual"]["measurements"], "m1"));
    assert!(contains(&added["virtual"]["hostData"], &host_data));
    assert_eq!(added["snp"]["measurements"], json!([measurement]));
    assert_eq!(
        added["snp"]["uvmEndorsements"],
        json!({"did:x509:0": {"f": {"svn": "100"}, "g": {"svn": "7"}}})
    );
    assert_eq!(added["snp"]["hostData"], json!({policy_digest: "abc"}));
    assert_eq!(
        added["snp"]["tcbVersions"],
        json!({
            "00a00f11": {
                "boot_loader": 4, "hexstring": "d315000000000004", "microcode": 211, "snp": 21, "tee": 0
            },
            "00a10f11": {"boot_loader": 1, "microcode": 4, "snp": 3, "tee": 2}
        })
    );

    service.accept(&proposal(&[
        action("remove_virtual_measurement", json!({"measurement": "m1"})),
        action("remove_virtual_host_data", json!({"host_data": host_data})),
        action("remove_node_code", json!({"code_id": "ef".repeat(32)})),
        action(
            "remove_snp_measurement",
            json!({"measurement": measurement}),
        ),
        action(
            "remove_snp_uvm_endorsement",
            json!({"did": "did:x509:0", "feed": "f"}),
        ),
        action("remove_snp_host_data", json!({"host_data": policy_digest})),
        action(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a00f11"}),
        ),
        action(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11"}),
        ),
    ]));
    assert_eq!(
        policy()["snp"]["uvmEndorsements"],
        json!({"did:x509:0": {"g": {"svn": "7"}}})
    );
    let last = json!({"did": "did:x509:0", "feed": "g"});
    service.accept(&propose_one("remove_snp_uvm_endorsement", last.clone()));
    service.accept(&propose_one("remove_snp_uvm_endorsement", last));
    assert_eq!(policy(), before);

    service
        .fail_to_apply(&propose_one(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a00f11"}),
        ))
        .expect_error_starting(
            500,
            "InternalError",
            "Failed to apply(): Error: CPUID 00a00f11 not found",
        );
    // A processor that nobody knows aborts the request (js-runtime.md 6.3).
    let unknown = json!({"cpuid": "00000000", "tcb_version": "d315000000000004"});
    service
        .fail_to_apply(&propose_one("set_snp_minimum_tcb_version_hex", unknown))
        .expect_error(
            500,
            "InternalError",
            "SEV-SNP: Unsupported CPUID family 0 model 0",
        );
}

#[test]
fn what_changes_the_meaning_of_votes_drops_open_proposals_8_2() {
    let service = Service::default_open();
    let constitution: Vec<String> = constitution_files(&DEFAULT_CONSTITUTION)
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let tcb = json!({"boot_loader": 1, "tee": 2, "snp": 3, "microcode": 4});
    let state_after = |proposed: &Value| {
        let open = propose_one("set_user_data", json!({"user_id": "ab".repeat(32)}));
        let id = service.open_proposal(&service.members[1], &open);
        service.accept(proposed);
        service.proposal(&id)["proposalState"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (name, args) in [
        (
            "set_constitution",
            json!({"constitution": constitution.join("\n")}),
        ),
        ("add_node_code", json!({"code_id": "x"})),
        (
            "add_snp_measurement",
            json!({"measurement": "ab".repeat(48)}),
        ),
        (
            "add_snp_uvm_endorsement",
            json!({"did": "d", "feed": "f", "svn": "1"}),
        ),
        (
            "add_snp_host_data",
            json!({"security_policy": "abc", "host_data": digest}),
        ),
        (
            "set_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11", "tcb_version": tcb}),
        ),
        (
            "set_snp_minimum_tcb_version_hex",
            json!({"cpuid": "00a00f11", "tcb_version": "d315000000000004"}),
        ),
        ("add_virtual_measurement", json!({"measurement": "m"})),
        (
            "add_virtual_host_data",
            json!({"host_data": "cd".repeat(32)}),
        ),
    ] {
        assert_eq!(state_after(&propose_one(name, args)), "Dropped", "{name}");
    }
    let fourth = service.stranger("member4", false);
    for (name, args) in [
        ("set_member", json!({"cert": fourth.certificate})),
        ("remove_member", json!({"member_id": fourth.id})),
        (
            "remove_snp_measurement",
            json!({"measurement": "ab".repeat(48)}),
        ),
        (
            "set_service_configuration",
            json!({"recent_cose_proposals_window_size": 90}),
        ),
    ] {
        assert_eq!(state_after(&propose_one(name, args)), "Open", "{name}");
    }
}

#[test]
fn javascript_application_8_7() {
    let service = Service::default_open();
    let endpoint = json!({
        "js_module": "m.js", "js_function": "f", "forwarding_required": "never", "authn_policies": ["user_cert"],
        "mode": "readonly", "openapi": {"summary": "x"}, "interpreter_reuse": {"key": "k"}
    });
    let app = |disabled: bool| {
        propose_one(
            "set_js_app",
            json!({
                "bundle": {
                    "metadata": {"endpoints": {"/x": {"get": endpoint}, "/y/{id}": {"post": endpoint}}},
                    "modules": [
                        {"name": "m.js", "module": "export function f () { return {}; }"},
                        {"name": "lib/n.js", "module": "export const n = 1;"}
                    ]
                },
                "disable_bytecode_cache": disabled
            }),
        )
    };
    let metrics = || service.client().get("/node/js_metrics").expect(200);
    // No bytecode is stored, as with the cache disabled (docs/compatibility.md).
    let assert_no_bytecode = || {
        let shown = metrics();
        assert_eq!(
            (&shown["bytecode_size"], &shown["bytecode_used"]),
            (&json!(0), &json!(false))
        );
    };
    service.accept(&app(false));
    assert_no_bytecode();

    let shown = service.gov("/service/javascript-app");
    if service.api_version == "2024-07-01" {
        let shown = shown.expect(200);
        let operation = json!({
            "authnPolicies": ["user_cert"], "forwardingRequired": "never", "jsFunction": "f", "jsModule": "/m.js",
            "mode": "readonly", "openApi": {"summary": "x"}, "redirectionStrategy": "to_primary"
        });
        assert_eq!(
            shown,
            json!({"endpoints": {"/x": {"GET": operation}, "/y/{id}": {"POST": operation}}})
        );
    }
    let modules = service.gov("/service/javascript-modules").expect(200);
    assert_eq!(
        modules,
        json!({"value": [{"moduleName": "/lib/n.js"}, {"moduleName": "/m.js"}]})
    );
    let source = service.gov("/service/javascript-modules/%2Fm.js");
    assert_eq!(
        (source.status, source.text().as_str()),
        (200, "export function f () { return {}; }")
    );
    assert_eq!(source.header("content-type"), Some("text/javascript"));

    service.accept(&app(true));
    assert_no_bytecode();
    service.accept(&proposal(&[bare_action("refresh_js_app_bytecode_cache")]));
    assert_no_bytecode();
    let broken = json!({"bundle": {
        "metadata": {"endpoints": {}}, "modules": [{"name": "bad.js", "module": "export function f ( {"}]
    }});
    let answer = service.fail_to_apply(&propose_one("set_js_app", broken));
    answer.expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): InternalError: Failed to refresh bytecode: ",
    );

    let options = json!({
        "max_heap_bytes": 52_428_800, "max_stack_bytes": 524_288, "max_execution_time_ms": 1000,
        "log_exception_details": true, "max_cached_interpreters": 5
    });
    service.accept(&propose_one("set_js_runtime_options", options));
    let shown = metrics();
    assert_eq!(
        (&shown["max_heap_size"], &shown["max_execution_time"]),
        (&json!(52_428_800), &json!(1000))
    );

    service.accept(&proposal(&[bare_action("remove_js_app")]));
    assert_eq!(
        service.gov("/service/javascript-app").expect(200),
        json!({"endpoints": {}})
    );
    assert_eq!(
        service.gov("/service/javascript-modules").expect(200),
        json!({"value": []})
    );

    let mut service = service;
    service.settled();
    // One application did not compile.
    service.node.stop_despite(&["[fail ][gov]"]);
    let walk = Walk::of(&service.node.ledger());
    let rows = (1..=walk.len() as u64)
        .find_map(|seqno| {
            walk.entry(seqno)["tables"]
                .get("public:ccf.gov.endpoints")
                .cloned()
        })
        .unwrap();
    // JavaScript's order of keys, with the module's name changed in place.
    let stored = rows["GET /x"].as_str().unwrap();
    let keys: Value = serde_json::from_str(stored).unwrap();
    assert_eq!(keys["js_module"], "/m.js");
    assert_eq!(
        keys["interpreter_reuse"],
        json!({"key": "k"}),
        "unknown keys are stored"
    );
    let runtime = walk.table("public:ccf.gov.js_runtime_options");
    assert!(
        runtime
            .values()
            .next()
            .unwrap()
            .contains("\"max_heap_bytes\":52428800"),
        "{runtime:?}"
    );
}

#[test]
fn runtime_options_never_strangle_governance_3() {
    let service = Service::default_open();
    let tiny = json!({"max_heap_bytes": 1, "max_stack_bytes": 1, "max_execution_time_ms": 1});
    service.accept(&propose_one("set_js_runtime_options", tiny));
    // Ballots, resolve and apply still run, so that members can take it back.
    let usual = json!({
        "max_heap_bytes": 104_857_600, "max_stack_bytes": 1_048_576, "max_execution_time_ms": 5000
    });
    service.accept(&propose_one("set_js_runtime_options", usual));
}

#[test]
fn tls_and_jwt_8_8() {
    let service = Service::default_open();
    let jwk = |service: &Service| service.gov("/service/jwk").expect(200);
    let certificate = service.users[0].certificate.clone();
    let issuer = "https://issuer.example.com";
    // RFC 7517 A.1: an EC and an RSA key.
    let ec = json!({
        "kty": "EC", "kid": "ec", "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
    });
    let der: String = certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let x5c = json!({"kty": "EC", "kid": "x5c", "x5c": [der], "issuer": "https://issuer.example.com/tenant"});
    service.accept(&proposal(&[
        action(
            "set_ca_cert_bundle",
            json!({"name": "bundle", "cert_bundle": certificate}),
        ),
        action(
            "set_jwt_issuer",
            json!({"issuer": issuer, "key_filter": "all", "jwks": {"keys": [ec, x5c]}}),
        ),
    ]));
    let shown = jwk(&service);
    assert_eq!(shown["caCertBundles"], json!({"bundle": certificate}));
    assert_eq!(shown["issuers"], json!({(issuer): {"autoRefresh": false}}));
    let keys = shown["keys"].as_object().unwrap();
    assert_eq!(keys.keys().collect::<Vec<_>>(), ["ec", "x5c"]);
    assert_eq!(keys["ec"][0]["constraint"], Value::Null);
    assert_eq!(
        keys["x5c"][0]["constraint"],
        "https://issuer.example.com/tenant"
    );
    assert!(
        keys["x5c"][0]["publicKey"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PUBLIC KEY-----\n")
    );

    service.accept(&propose_one(
        "set_jwt_public_signing_keys",
        json!({"issuer": issuer, "jwks": {"keys": [ec]}}),
    ));
    assert_eq!(
        jwk(&service)["keys"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["ec"]
    );
    for (proposed, text) in [
        (
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": "https://no", "jwks": {"keys": []}}),
            ),
            "Error: issuer https://no not found",
        ),
        (
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": issuer, "jwks": {"keys": []}}),
            ),
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
        (
            propose_one(
                "set_jwt_issuer",
                json!({"issuer": "https://a.b", "auto_refresh": true, "ca_cert_bundle_name": "none"}),
            ),
            "Error: No CA cert bundle found with name 'none'",
        ),
        (
            // A constraint for a host that is not the issuer's.
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": issuer, "jwks": {"keys": [
                    {"kty": "EC", "kid": "k", "crv": ec["crv"], "x": ec["x"], "y": ec["y"], "issuer": "https://evil.com"}
                ]}}),
            ),
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
    ] {
        let answer = service.fail_to_apply(&proposed);
        answer.expect_error_starting(500, "InternalError", &format!("Failed to apply(): {text}"));
    }
    service.accept(&proposal(&[
        action("remove_jwt_issuer", json!({"issuer": issuer})),
        action("remove_jwt_issuer", json!({"issuer": "https://never.was"})),
        action("remove_ca_cert_bundle", json!({"name": "bundle"})),
    ]));
    assert_eq!(
        jwk(&service),
        json!({"caCertBundles": {}, "issuers": {}, "keys": {}})
    );
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
