//! Tests of the crate through `Config::parse`, one per rule of node-and-operations.md.

mod commands;
mod interfaces;
mod properties;
mod schema;
mod threshold;
mod values;

use serde_json::{Value, json};

use crate::{Config, ConfigError, Note};

/// The smallest useful configuration of node-and-operations.md 3.9.
fn smallest() -> Value {
    json!({
        "network": {
            "node_to_node_interface": {"bind_address": "127.0.0.1:0"},
            "rpc_interfaces": {"primary_rpc_interface": {"bind_address": "127.0.0.1:8000"}}
        },
        "command": {
            "type": "Start",
            "start": {
                "constitution_files": ["actions.js", "validate.js", "resolve.js", "apply.js"],
                "members": [{
                    "certificate_file": "member0_cert.pem",
                    "encryption_public_key_file": "member0_enc_pubk.pem"
                }]
            }
        }
    })
}

/// The smallest configuration with a value put at a path such as `/ledger/chunk_size`.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut config = smallest();
    for (path, value) in changes {
        let mut place = &mut config;
        for key in path.trim_start_matches('/').split('/') {
            place = match key.parse::<usize>() {
                Ok(index) if place.is_array() => &mut place[index],
                _ => &mut place[key],
            };
        }
        *place = value.clone();
    }
    config
}

fn parse(config: &Value) -> Result<(Config, Vec<Note>), ConfigError> {
    Config::parse(&config.to_string())
}

fn accepted(changes: &[(&str, Value)]) -> Config {
    parse(&with(changes)).unwrap().0
}

fn notes(changes: &[(&str, Value)]) -> Vec<String> {
    parse(&with(changes))
        .unwrap()
        .1
        .iter()
        .map(Note::to_string)
        .collect()
}

fn refusal(changes: &[(&str, Value)]) -> ConfigError {
    match parse(&with(changes)) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {changes:?}"),
    }
}

const INTERFACE: &str = "/network/rpc_interfaces/primary_rpc_interface";

/// Path of a key of the interface of the smallest configuration.
fn in_interface(key: &str) -> String {
    format!("{INTERFACE}/{key}")
}

/// Field and text of the one value that conversion refuses.
fn bad_value(changes: &[(&str, Value)]) -> (String, String) {
    match refusal(changes) {
        ConfigError::Value { field, problem, .. } => (field, problem),
        other => panic!("{changes:?}: {other:?}"),
    }
}
