//! Wrong arguments of every action (governance-api.md 8): refused when the proposal is made.

use quorate_tests::Service;
use quorate_tests::service::propose_one;
use serde_json::{Value, json};

/// Wrong arguments of every action of the catalogue (governance-api.md 8), and how they are refused.
fn wrong_arguments(certificate: &str) -> Vec<(&'static str, Value, &'static str)> {
    let id = "ab".repeat(32);
    let bundle = |endpoint: Value| {
        json!({"bundle": {
            "metadata": {"endpoints": {"/x": {"get": endpoint}}},
            "modules": [{"name": "m.js", "module": "export function f () { return {}; }"}]
        }})
    };
    let endpoint = json!({
        "js_module": "m.js", "js_function": "f", "mode": "readonly", "forwarding_required": "never",
        "authn_policies": [], "openapi": {}
    });
    let with = |key: &str, value: Value| {
        let mut changed = endpoint.clone();
        changed[key] = value;
        bundle(changed)
    };
    let jwks = |key: Value| json!({"issuer": "https://a.b", "jwks": {"keys": [key]}});
    vec![
        (
            "set_constitution",
            json!({}),
            "constitution must be of type string but is undefined",
        ),
        (
            "set_constitution",
            json!({"constitution": ""}),
            "TypeError: constitution is empty",
        ),
        (
            "set_constitution",
            json!({"constitution": "export function validate ( {"}),
            "TypeError: proposed constitution does not export a function named apply: Failed to compile proposed \
             constitution",
        ),
        (
            "set_constitution",
            json!({"constitution": "export function validate(a) {}; export function resolve(a) {}; \
                                    export function apply(a, b) {}"}),
            "TypeError: proposed constitution exports function resolve with 1 arg, expected between 3 and 4 args \
             (proposal, proposerId, votes[, proposalId])",
        ),
        (
            "set_member",
            json!({"cert": "x"}),
            "cert must be a valid X509 certificate (bundle) in PEM format",
        ),
        (
            "set_member",
            json!({"cert": certificate, "member_data": 5}),
            "member_data must be of type object but is number",
        ),
        (
            "set_member",
            json!({"cert": certificate, "recovery_role": "Owner"}),
            "Cannot specify a recovery_role value when encryption_pub_key is not specified",
        ),
        (
            "set_member",
            json!({"cert": certificate, "encryption_pub_key": "k", "recovery_role": "Boss"}),
            "recovery_role must be one of NonParticipant,Participant,Owner",
        ),
        (
            "set_member",
            json!({"cert": certificate, "encryption_pub_key": "k", "recovery_role": null}),
            "recovery_role must be one of NonParticipant,Participant,Owner",
        ),
        (
            "remove_member",
            json!({"member_id": "ab"}),
            "member_id must contain exactly 64 characters",
        ),
        (
            "remove_member",
            json!({"member_id": "xy".repeat(32)}),
            "member_id contains non-hexadecimal character",
        ),
        (
            "set_member_data",
            json!({"member_id": id}),
            "member_data must be of type object but is undefined",
        ),
        (
            "set_user",
            json!({"cert": 5}),
            "cert must be a valid X509 certificate (bundle) in PEM format",
        ),
        (
            "set_user",
            json!({"cert": certificate, "user_data": "x"}),
            "user_data must be of type object but is string",
        ),
        (
            "remove_user",
            json!({}),
            "user_id must be of type string but is undefined",
        ),
        (
            "set_user_data",
            json!({"user_id": id, "user_data": 7}),
            "user_data must be of type object but is number",
        ),
        (
            "set_recovery_threshold",
            json!({}),
            "threshold must be an integer",
        ),
        (
            "set_recovery_threshold",
            json!({"recovery_threshold": null}),
            "threshold must be an integer",
        ),
        (
            "set_recovery_threshold",
            json!({"recovery_threshold": 0}),
            "threshold must be greater than 1",
        ),
        (
            "set_recovery_threshold",
            json!({"recovery_threshold": 256}),
            "threshold must be lower than 254",
        ),
        (
            "set_service_configuration",
            json!({"consensus": "CFT"}),
            "Cannot change consensus via set_service_configuration.",
        ),
        (
            "set_service_configuration",
            json!({"recovery_threshold": null}),
            "recovery threshold must be greater than 1",
        ),
        (
            "set_service_configuration",
            json!({"recent_cose_proposals_window_size": 10001}),
            "recent cose proposals window size must be lower than 10000",
        ),
        (
            "set_service_configuration",
            json!({"reconfiguration_type": 5}),
            "reconfiguration type must be of type string but is number",
        ),
        (
            "trigger_recovery_shares_refresh",
            json!({"x": 1}),
            "Proposal does not accept any argument, found \"[object Object]\"",
        ),
        (
            "trigger_ledger_rekey",
            json!({"x": 1}),
            "Proposal does not accept any argument, found \"[object Object]\"",
        ),
        (
            "transition_service_to_open",
            json!({}),
            "next service identity (PEM certificate) must be of type string but is undefined",
        ),
        (
            "transition_service_to_open",
            json!({"next_service_identity": "x"}),
            "next_service_identity must be a valid X509 certificate (bundle) in PEM format",
        ),
        (
            "transition_service_to_open",
            json!({"next_service_identity": certificate, "previous_service_identity": null}),
            "previous_service_identity must be a valid X509 certificate (bundle) in PEM format",
        ),
        (
            "set_service_certificate_validity",
            json!({"valid_from": "220101000000Z", "validity_period_days": -1}),
            "validity_period_days must be greater than 1",
        ),
        (
            "assert_service_identity",
            json!({"service_identity": certificate}),
            "Service identity certificate mismatch",
        ),
        (
            "set_js_app",
            json!({}),
            "bundle must be of type object but is undefined",
        ),
        (
            "set_js_app",
            json!({"bundle": {"modules": 5}}),
            "bundle.modules must be an array",
        ),
        (
            "set_js_app",
            with("mode", json!("other")),
            "bundle.metadata.endpoints[\"/x\"][\"get\"].mode must be one of readwrite,readonly,historical",
        ),
        (
            "set_js_app",
            with("forwarding_required", json!(null)),
            "bundle.metadata.endpoints[\"/x\"][\"get\"].forwarding_required must be one of sometimes,always,never",
        ),
        (
            "set_js_app",
            with("redirection_strategy", json!(null)),
            "bundle.metadata.endpoints[\"/x\"][\"get\"].redirection_strategy must be one of \
             none,to_primary,to_backup",
        ),
        (
            "set_js_app",
            with("authn_policies", json!([{"all_of": [5]}])),
            "bundle.metadata.endpoints[\"/x\"][\"get\"].authn_policies[0].all_of[0] must be of type string but is \
             number",
        ),
        (
            "set_js_app",
            with("js_module", json!("other.js")),
            "module 'other.js' not found in bundle",
        ),
        (
            "set_js_runtime_options",
            json!({"max_heap_bytes": "1"}),
            "max_heap_bytes must be an integer",
        ),
        (
            "set_ca_cert_bundle",
            json!({"name": 5}),
            "name must be of type string but is number",
        ),
        (
            "set_ca_cert_bundle",
            json!({"name": "n", "cert_bundle": "x"}),
            "cert_bundle must be a valid X509 certificate (bundle) in PEM format",
        ),
        (
            "remove_ca_cert_bundle",
            json!({}),
            "name must be of type string but is undefined",
        ),
        (
            "set_jwt_issuer",
            json!({}),
            "issuer must be of type string but is undefined",
        ),
        (
            "set_jwt_issuer",
            json!({"issuer": "https://a.b", "auto_refresh": true}),
            "ca_cert_bundle_name is missing but required if auto_refresh is true",
        ),
        (
            "set_jwt_issuer",
            json!({"issuer": "a.b", "auto_refresh": true, "ca_cert_bundle_name": "x"}),
            "issuer must be a URL starting with https:// if auto_refresh is true",
        ),
        (
            "set_jwt_issuer",
            json!({"issuer": "https://a.b#c", "auto_refresh": true, "ca_cert_bundle_name": "x"}),
            "issuer must be a URL without query/fragment if auto_refresh is true",
        ),
        (
            "set_jwt_issuer",
            jwks(json!({"kid": "1", "kty": "RSA"})),
            "JWK must contain either x5c, or n/e for RSA key type, or x/y/crv for EC key type",
        ),
        (
            "set_jwt_issuer",
            jwks(json!({"kid": "1", "kty": "RSA", "x5c": []})),
            "jwks.keys[0].x5c must be an array of minimum 1 elements",
        ),
        (
            "set_jwt_public_signing_keys",
            json!({"issuer": "x"}),
            "jwks must be of type object but is undefined",
        ),
        (
            "remove_jwt_issuer",
            json!({}),
            "issuer must be of type string but is undefined",
        ),
        (
            "add_node_code",
            json!({}),
            "code_id must be of type string but is undefined",
        ),
        (
            "remove_node_code",
            json!({}),
            "code_id must be of type string but is undefined",
        ),
        (
            "add_snp_measurement",
            json!({"measurement": 5}),
            "measurement must be of type string but is number",
        ),
        (
            "remove_snp_measurement",
            json!({}),
            "measurement must be of type string but is undefined",
        ),
        (
            "add_snp_uvm_endorsement",
            json!({"did": "d", "feed": "f"}),
            "svn must be of type string but is undefined",
        ),
        (
            "remove_snp_uvm_endorsement",
            json!({"did": "d"}),
            "feed must be of type string but is undefined",
        ),
        (
            "add_snp_host_data",
            json!({"security_policy": "abc", "host_data": "00".repeat(32)}),
            "The hash of raw policy ",
        ),
        (
            "remove_snp_host_data",
            json!({}),
            "host_data must be of type string but is undefined",
        ),
        (
            "set_snp_minimum_tcb_version",
            json!({"cpuid": "00A00F11", "tcb_version": {}}),
            "cpuid must be a lowercase hex string: 00A00F11",
        ),
        (
            "set_snp_minimum_tcb_version_hex",
            json!({"cpuid": "00a00f11", "tcb_version": "d3"}),
            "tcb_version must convert to exactly 8 bytes",
        ),
        (
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "0"}),
            "Hex string invalid: ",
        ),
        (
            "set_node_data",
            json!({"node_id": "x"}),
            "node_id must contain exactly 64 characters",
        ),
        (
            "transition_node_to_trusted",
            json!({"node_id": id, "valid_from": "220101000000Z", "validity_period_days": 0}),
            "validity_period_days must be greater than 1",
        ),
        (
            "remove_node",
            json!({}),
            "node_id must be of type string but is undefined",
        ),
        (
            "set_node_certificate_validity",
            json!({"node_id": id}),
            "valid_from must be of type string but is undefined",
        ),
        (
            "set_all_nodes_certificate_validity",
            json!({"valid_from": 5}),
            "valid_from must be of type string but is number",
        ),
        (
            "add_virtual_measurement",
            json!({}),
            "measurement must be of type string but is undefined",
        ),
        (
            "remove_virtual_measurement",
            json!({}),
            "measurement must be of type string but is undefined",
        ),
        (
            "add_virtual_host_data",
            json!({}),
            "host_data must be of type string but is undefined",
        ),
        (
            "remove_virtual_host_data",
            json!({}),
            "host_data must be of type string but is undefined",
        ),
    ]
}

#[test]
fn wrong_arguments_of_each_action_8() {
    let service = Service::default_open();
    let member = &service.members[0];
    let before = service.settled();
    for (name, args, text) in wrong_arguments(&service.users[0].certificate) {
        let answer = service.propose(member, &propose_one(name, args.clone()));
        let error = if text.starts_with("TypeError") {
            ""
        } else {
            "Error: "
        };
        answer.expect_error_starting(
            400,
            "ProposalFailedToValidate",
            &format!(
                "Proposal failed to validate: {name} at position 0 failed validation: {error}{text}"
            ),
        );
    }
    assert_eq!(
        service.settled(),
        before,
        "a refused proposal changed a table"
    );

    // The catalogue is complete: every action that takes arguments refuses wrong ones above.
    let mut tested: Vec<_> = wrong_arguments("").iter().map(|(name, ..)| *name).collect();
    tested.dedup();
    assert_eq!(tested.len(), 45 - WITHOUT_ARGUMENTS.len());
    for name in WITHOUT_ARGUMENTS {
        let view = service
            .propose(member, &propose_one(name, json!({"ignored": true})))
            .expect(200);
        assert_eq!(
            view["proposalState"], "Open",
            "{name} ignores its arguments"
        );
    }
}

const WITHOUT_ARGUMENTS: [&str; 4] = [
    "trigger_ledger_chunk",
    "trigger_snapshot",
    "remove_js_app",
    "refresh_js_app_bytecode_cache",
];
