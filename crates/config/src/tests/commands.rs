//! Conversion of the commands (2.1, 3.3, 11.1).

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::{accepted, bad_value, parse, refusal, smallest};
use crate::ConfigError;

#[test]
fn all_three_command_objects_are_converted_2_1() {
    let join = |value| ("/command/join", value);
    assert_eq!(
        bad_value(&[join(json!({}))]),
        (
            "command.join.target_rpc_address".to_owned(),
            "Missing required property 'target_rpc_address'".to_owned()
        )
    );
    for (key, bad) in [
        ("retry_timeout", json!("soon")),
        ("retry_timeout", json!(5)),
        ("fetch_snapshot_retry_interval", json!("")),
        ("fetch_snapshot_max_size", json!("1day")),
        ("follow_redirect", json!("yes")),
        ("fetch_snapshot_max_attempts", json!(0)),
    ] {
        let mut object = json!({"target_rpc_address": ""});
        object[key] = bad;
        assert_eq!(bad_value(&[join(object)]).0, format!("command.join.{key}"));
    }
    // As the infrastructure renders it: texts that mean nothing for this command may be empty.
    let config = accepted(&[
        join(
            json!({"target_rpc_address": "", "retry_timeout": "1500ms", "follow_redirect": false}),
        ),
        (
            "/command/recover",
            json!({"initial_service_certificate_validity_days": 3, "previous_service_identity_file": ""}),
        ),
    ]);
    let join = config.command.join.unwrap();
    assert_eq!(join.retry_timeout, Duration::from_millis(1500));
    assert!(!join.follow_redirect && join.fetch_recent_snapshot);
    assert_eq!(join.fetch_snapshot_max_attempts, 3);
    assert_eq!(join.fetch_snapshot_retry_interval, Duration::from_secs(1));
    assert_eq!(join.fetch_snapshot_max_size, 10 << 30);
    let recover = config.command.recover.unwrap();
    assert_eq!(recover.previous_service_identity_file, None);
    assert_eq!(recover.initial_service_certificate_validity_days, 3);
}

#[test]
fn join_and_recover_need_what_they_start_from() {
    let mut config = smallest();
    config["command"] = json!({"type": "Join", "join": {"target_rpc_address": "10.0.0.1:8000"}});
    let (joining, _) = parse(&config).unwrap();
    assert_eq!(
        joining
            .command
            .join
            .unwrap()
            .target_rpc_address
            .unwrap()
            .port,
        8000
    );
    config["command"]["join"]["target_rpc_address"] = json!("");
    assert!(
        matches!(parse(&config), Err(ConfigError::Value { field, .. }) if field == "command.join.target_rpc_address")
    );

    config["command"] =
        json!({"type": "Recover", "recover": {"previous_service_identity_file": "old.pem"}});
    let (recovering, _) = parse(&config).unwrap();
    assert_eq!(
        recovering
            .command
            .recover
            .unwrap()
            .previous_service_identity_file,
        Some(PathBuf::from("old.pem"))
    );
    config["command"]["recover"]["previous_service_identity_file"] = json!("");
    let error = parse(&config).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "Recovery requires a previous service identity certificate; cannot open ''"
        ),
        "{error}"
    );
}

#[test]
fn empty_names_of_optional_files_mean_none_11_1() {
    let config = accepted(&[
        (
            "/command/start/members/0/encryption_public_key_file",
            json!(""),
        ),
        ("/command/start/members/0/data_json_file", json!("")),
        (
            "/output_files",
            json!({"node_to_node_address_file": "", "rpc_addresses_file": "a"}),
        ),
        ("/snapshots/read_only_directory", json!("")),
    ]);
    let member = &config.command.start.unwrap().members[0];
    assert_eq!(
        (&member.encryption_public_key_file, &member.data_json_file),
        (&None, &None)
    );
    assert_eq!(config.output_files.node_to_node_address_file, None);
    assert_eq!(
        config.output_files.rpc_addresses_file,
        Some(PathBuf::from("a"))
    );
    assert_eq!(config.snapshots.read_only_directory, None);
    assert_eq!(
        bad_value(&[("/ledger/directory", json!(""))]).0,
        "ledger.directory"
    );
}

#[test]
fn cose_signatures_need_both_claims_3_3() {
    let config = accepted(&[(
        "/command/start/cose_signatures",
        json!({"issuer": "i", "subject": ""}),
    )]);
    let claims = config.command.start.unwrap().cose_signatures.unwrap();
    assert_eq!((claims.issuer.as_str(), claims.subject.as_str()), ("i", ""));
    let error = refusal(&[("/command/start/cose_signatures", json!({"issuer": "i"}))]);
    assert!(matches!(error, ConfigError::Schema(_)));
}
