//! The schema layer: unknown keys, required keys, types, enumerations, minima (2.1).

use serde_json::{Value, json};

use super::{accepted, notes, parse, refusal, smallest, with};
use crate::{CommandKind, Config, ConfigError};

/// The one mistake that the schema finds.
fn mistake(changes: &[(&str, Value)]) -> (String, String) {
    match refusal(changes) {
        ConfigError::Schema(mut errors) if errors.len() == 1 => {
            let error = errors.remove(0);
            (error.context, error.message)
        }
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn text_that_is_not_json_is_a_syntax_error() {
    for text in ["", "{", "nonsense", "{\"network\": }", &"[".repeat(100_000)] {
        let error = Config::parse(text).unwrap_err();
        assert!(
            matches!(error, ConfigError::Syntax(_)),
            "{text:.20}: {error:?}"
        );
        assert!(
            error
                .describe("c.json")
                .starts_with("Error parsing configuration file c.json: ")
        );
    }
    let long = format!("\"{}\"", "x".repeat(crate::limits::MAX_TEXT_BYTES));
    assert!(matches!(Config::parse(&long), Err(ConfigError::Syntax(_))));
}

#[test]
fn json_that_is_no_object_is_refused_by_the_schema() {
    for text in ["null", "5", "[]", "\"x\""] {
        assert!(
            matches!(Config::parse(text), Err(ConfigError::Schema(_))),
            "{text}"
        );
    }
}

#[test]
fn text_of_schema_errors_1_3() {
    let error = refusal(&[("/network/foo", json!(1)), ("/ledger/chunk_size", json!(5))]);
    assert_eq!(
        error.describe("c.json"),
        "Error validating JSON schema for configuration file c.json: \
         \nError #1:\n  context: <root>[ledger][chunk_size]\
         \n  message: Value type not permitted by 'type' constraint: expected a text, found number 5.\
         \nError #2:\n  context: <root>[network]\
         \n  message: Object contains a property that could not be validated using 'properties' or \
         'additionalProperties' constraints: 'foo'. Known here: node_to_node_interface, rpc_interfaces."
    );
}

#[test]
fn unknown_key_is_refused_by_name_and_position_2_1() {
    let interface = "/network/rpc_interfaces/primary_rpc_interface";
    for (place, context) in [
        ("".to_owned(), "<root>"),
        ("/network".to_owned(), "<root>[network]"),
        (
            "/network/node_to_node_interface".to_owned(),
            "<root>[network][node_to_node_interface]",
        ),
        (
            format!("{interface}/http_configuration"),
            "<root>[network][rpc_interfaces][primary_rpc_interface][http_configuration]",
        ),
        ("/command/start".to_owned(), "<root>[command][start]"),
        (
            "/command/start/members/0".to_owned(),
            "<root>[command][start][members][0]",
        ),
        ("/node_certificate".to_owned(), "<root>[node_certificate]"),
        ("/attestation".to_owned(), "<root>[attestation]"),
        ("/ledger".to_owned(), "<root>[ledger]"),
        ("/snapshots".to_owned(), "<root>[snapshots]"),
        ("/ledger_signatures".to_owned(), "<root>[ledger_signatures]"),
        ("/logging".to_owned(), "<root>[logging]"),
        ("/consensus".to_owned(), "<root>[consensus]"),
        ("/jwt".to_owned(), "<root>[jwt]"),
        ("/output_files".to_owned(), "<root>[output_files]"),
        ("/memory".to_owned(), "<root>[memory]"),
    ] {
        let (found, message) = mistake(&[(&format!("{place}/no_such_key"), json!(1))]);
        assert_eq!(found, context);
        assert!(
            message.contains("constraints: 'no_such_key'. Known here: "),
            "{message}"
        );
    }
}

#[test]
fn keys_that_the_schema_forbids_though_the_structures_have_them_2_1() {
    for key in [
        "/attestation/environment",
        "/network/will_locally_seal_ledger_secrets",
        "/command/start/service_configuration/consensus",
        "/command/start/service_configuration/reconfiguration_type",
    ] {
        assert!(
            matches!(refusal(&[(key, json!("x"))]), ConfigError::Schema(_)),
            "{key}"
        );
    }
    let servers = json!([{"url": "x", "max_client_response_size": "1MB"}]);
    assert_eq!(
        mistake(&[("/attestation/snp_endorsements_servers", servers)]).0,
        "<root>[attestation][snp_endorsements_servers][0]"
    );
}

#[test]
fn unknown_keys_are_ignored_and_named_where_the_contract_ignores_them_2_1() {
    assert_eq!(
        notes(&[
            (
                "/network/rpc_interfaces/primary_rpc_interface/enabled_operator_features",
                json!([])
            ),
            ("/command/foo", json!(1)),
            (
                "/command/start/cose_signatures",
                json!({"issuer": "i", "subject": "s", "bar": 2})
            ),
        ]),
        [
            "Configuration key 'foo' in <root>[command] is unknown and ignored",
            "Configuration key 'enabled_operator_features' in \
             <root>[network][rpc_interfaces][primary_rpc_interface] is unknown and ignored",
            "Configuration key 'bar' in <root>[command][start][cose_signatures] is unknown and ignored",
        ]
    );
}

#[test]
fn missing_required_keys_are_named() {
    for (pointer, key, context) in [
        ("", "network", "<root>"),
        ("", "command", "<root>"),
        ("/network", "node_to_node_interface", "<root>[network]"),
        ("/network", "rpc_interfaces", "<root>[network]"),
        (
            "/network/node_to_node_interface",
            "bind_address",
            "<root>[network][node_to_node_interface]",
        ),
        ("/command", "type", "<root>[command]"),
        ("/command", "start", "<root>[command]"),
        ("/command/start", "members", "<root>[command][start]"),
        (
            "/command/start",
            "constitution_files",
            "<root>[command][start]",
        ),
        (
            "/command/start/members/0",
            "certificate_file",
            "<root>[command][start][members][0]",
        ),
    ] {
        let mut config = smallest();
        config
            .pointer_mut(pointer)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(key)
            .unwrap();
        let Err(ConfigError::Schema(errors)) = parse(&config) else {
            panic!("{key}")
        };
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].context, context);
        assert!(
            errors[0]
                .message
                .starts_with(&format!("Missing required property '{key}'")),
            "{errors:?}"
        );
    }
    let interface = "/network/rpc_interfaces/primary_rpc_interface";
    assert!(
        mistake(&[(interface, json!({}))])
            .1
            .starts_with("Missing required property 'bind_address'")
    );
    assert!(
        mistake(&[(&format!("{interface}/endorsement"), json!({}))])
            .1
            .starts_with("Missing required property 'authority'")
    );
    assert!(
        mistake(&[("/command/start/service_configuration", json!({}))])
            .1
            .starts_with("Missing required property 'recovery_threshold'")
    );
}

#[test]
fn types_are_checked() {
    for (path, value) in [
        ("/network", json!([])),
        ("/network/rpc_interfaces", json!("x")),
        ("/command/type", json!(5)),
        ("/command/start", json!("x")),
        ("/command/start/members", json!({})),
        ("/command/start/members/0/certificate_file", json!(null)),
        ("/command/start/constitution_files", json!(["a", 5])),
        ("/ledger/read_only_directories", json!("x")),
        ("/worker_threads", json!("1")),
        ("/worker_threads", json!(1.5)),
        ("/ignore_first_sigterm", json!(1)),
        ("/tick_interval", json!(10)),
        ("/snapshots/tx_count", json!("10")),
        ("/ledger/sync", json!("yes")),
        ("/enclave", json!("file")),
    ] {
        let (_, message) = mistake(&[(path, value)]);
        assert!(
            message.starts_with("Value type not permitted by 'type' constraint: expected "),
            "{path}: {message}"
        );
    }
}

#[test]
fn enumerations_and_minima_are_checked_3() {
    for (path, value) in [
        ("/command/type", json!("start")),
        ("/node_certificate/curve_id", json!("Secp521R1")),
        ("/logging/format", json!("json")),
        ("/logging/host_level", json!("info")),
        ("/command/start/members/0/recovery_role", json!("None")),
        (
            "/network/rpc_interfaces/primary_rpc_interface/endorsement",
            json!({"authority": "None"}),
        ),
        (
            "/attestation/snp_endorsements_servers",
            json!([{"type": "x", "url": "u"}]),
        ),
    ] {
        let (_, message) = mistake(&[(path, value)]);
        assert!(
            message.starts_with("Failed to match against any enum values: "),
            "{path}: {message}"
        );
    }
    for (path, value) in [
        ("/worker_threads", json!(-1)),
        ("/snapshots/tx_count", json!(0)),
        ("/ledger_signatures/tx_count", json!(0)),
        ("/node_certificate/initial_validity_days", json!(0)),
        ("/node_to_node_message_limit", json!(-1)),
        (
            "/command/start/initial_service_certificate_validity_days",
            json!(0),
        ),
        (
            "/command/start/service_configuration",
            json!({"recovery_threshold": -1}),
        ),
        (
            "/command/start/service_configuration",
            json!({"recovery_threshold": 1, "recent_cose_proposals_window_size": 0}),
        ),
        (
            "/network/rpc_interfaces/primary_rpc_interface/http_configuration",
            json!({"max_concurrent_streams_count": 0}),
        ),
    ] {
        let (_, message) = mistake(&[(path, value)]);
        assert!(
            message.contains(" is too small: the minimum is "),
            "{path}: {message}"
        );
    }
}

#[test]
fn null_is_allowed_where_the_contract_says_so_2_1() {
    let config = accepted(&[
        ("/node_client_interface", json!(null)),
        ("/idle_connection_timeout", json!(null)),
        ("/node_data_json_file", json!(null)),
        ("/service_data_json_file", json!(null)),
        ("/snapshots/read_only_directory", json!(null)),
        ("/attestation/snp_security_policy_file", json!(null)),
        ("/attestation/snp_uvm_endorsements_file", json!(null)),
        ("/attestation/snp_endorsements_file", json!(null)),
        (
            "/command/start/members/0/encryption_public_key_file",
            json!(null),
        ),
        ("/command/start/members/0/data_json_file", json!(null)),
    ]);
    assert_eq!(config.idle_connection_timeout, None);
    for path in [
        "/tick_interval",
        "/ledger/directory",
        "/logging/format",
        "/output_files/pid_file",
    ] {
        assert!(
            matches!(refusal(&[(path, json!(null))]), ConfigError::Schema(_)),
            "{path}"
        );
    }
}

#[test]
fn only_the_object_of_the_command_type_is_checked_by_the_schema_2_1() {
    let mut config = with(&[(
        "/command/join",
        json!({"target_rpc_address": "", "no_such_key": 1}),
    )]);
    let (parsed, found) = parse(&config).unwrap();
    assert_eq!(parsed.command.join.unwrap().target_rpc_address, None);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Configuration key 'no_such_key' in <root>[command][join] is unknown and ignored"]
    );

    config["command"]["type"] = json!("Join");
    let Err(ConfigError::Schema(errors)) = parse(&config) else {
        panic!()
    };
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].context, "<root>[command][join]");
}

#[test]
fn recover_does_not_require_its_object_2_1() {
    let mut config = smallest();
    config["command"] = json!({"type": "Recover"});
    let (parsed, _) = parse(&config).unwrap();
    assert_eq!(parsed.command.kind, CommandKind::Recover);
    assert_eq!(parsed.command.recover, None);

    config["command"]["recover"] = json!({});
    assert!(matches!(parse(&config), Err(ConfigError::Schema(_))));
    for (kind, key) in [("Start", "start"), ("Join", "join")] {
        config["command"] = json!({"type": kind});
        let Err(ConfigError::Schema(errors)) = parse(&config) else {
            panic!("{kind}")
        };
        assert!(
            errors[0]
                .message
                .starts_with(&format!("Missing required property '{key}'"))
        );
    }
}

#[test]
fn very_many_mistakes_are_not_all_listed() {
    let many: serde_json::Map<String, Value> =
        (0..1000).map(|i| (format!("key{i}"), json!({}))).collect();
    let text = refusal(&[("/ledger", Value::Object(many))]).describe("c.json");
    assert!(text.contains("Error #100:") && !text.contains("Error #101:"));
    assert!(text.ends_with("and 900 more"));
}
