//! Examples of kv-tables.md 8.

use super::*;
use crate::testing::{check_json, read, refuse, round_trip};

#[test]
fn kv_tables_8_1_what_is_left_out_has_a_default() {
    assert_eq!(read::<JsRuntimeOptions>("{}"), JsRuntimeOptions::default());
    let options: JsRuntimeOptions = read(
        r#"{"max_heap_bytes":52428800,"max_stack_bytes":524288,"max_execution_time_ms":1000,"log_exception_details":true,"other":{}}"#,
    );
    assert_eq!(
        options,
        JsRuntimeOptions {
            max_heap_bytes: 52_428_800,
            max_stack_bytes: 524_288,
            max_execution_time_ms: 1_000,
            log_exception_details: true,
            return_exception_details: false,
            max_cached_interpreters: 10,
        }
    );
    let default = JsRuntimeOptions::default();
    assert_eq!(
        (default.max_heap_bytes, default.max_stack_bytes),
        (104_857_600, 1_048_576)
    );
    assert_eq!(default.max_execution_time_ms, 5_000);
}

#[test]
fn kv_tables_8_2_the_observed_endpoint() {
    let endpoint: EndpointProperties = read(
        r#"{"js_module":"/logging.js","js_function":"delete_private","forwarding_required":"always","redirection_strategy":"to_primary","authn_policies":["jwt","user_cert"],"mode":"readwrite","openapi":{},"interpreter_reuse":{"key":"singleton_interpreter"}}"#,
    );
    assert_eq!(endpoint.js_module, "/logging.js");
    assert_eq!(
        endpoint.authn_policies[0],
        AuthnPolicy::Named("jwt".to_owned())
    );
    assert_eq!(
        endpoint.interpreter_reuse.as_ref().unwrap().key,
        "singleton_interpreter"
    );
    check_json(
        &endpoint,
        r#"{"authn_policies":["jwt","user_cert"],"forwarding_required":"always","interpreter_reuse":{"key":"singleton_interpreter"},"js_function":"delete_private","js_module":"/logging.js","openapi":{}}"#,
    );
}

#[test]
fn kv_tables_8_2_defaults_and_values() {
    let least: EndpointProperties =
        round_trip(r#"{"authn_policies":[],"forwarding_required":"never"}"#);
    assert_eq!(least.mode, EndpointMode::ReadWrite);
    assert_eq!(least.redirection_strategy, RedirectionStrategy::ToPrimary);
    let most: EndpointProperties = round_trip(
        r#"{"authn_policies":[{"all_of":["user_cert","jwt"]}],"forwarding_required":"sometimes","mode":"historical","openapi_hidden":true,"redirection_strategy":"to_backup"}"#,
    );
    assert_eq!(
        most.authn_policies,
        [AuthnPolicy::AllOf {
            all_of: vec!["user_cert".to_owned(), "jwt".to_owned()]
        }]
    );
    for mode in ["readwrite", "readonly", "historical"] {
        read::<EndpointMode>(&format!("\"{mode}\""));
    }
    for strategy in ["none", "to_primary", "to_backup"] {
        read::<RedirectionStrategy>(&format!("\"{strategy}\""));
    }
    refuse::<EndpointProperties>(
        r#"{"authn_policies":[]}"#,
        "missing field `forwarding_required`",
    );
    refuse::<EndpointProperties>(
        r#"{"forwarding_required":"always"}"#,
        "missing field `authn_policies`",
    );
    refuse::<EndpointMode>(r#""ReadOnly""#, "unknown variant");
}

#[test]
fn kv_tables_1_2_endpoint_keys_are_a_verb_and_a_path() {
    let key = EndpointKey {
        verb: "GET".to_owned(),
        uri_path: "/log/{id}".to_owned(),
    };
    assert_eq!(key.to_raw().as_ref(), b"GET /log/{id}");
    assert_eq!(EndpointKey::from_raw(b"GET /log/{id}"), Ok(key));
    let spaced = EndpointKey::from_raw(b"GET /a b").unwrap();
    assert_eq!(
        spaced.uri_path, "/a b",
        "the verb is what precedes the first space"
    );
    assert!(
        EndpointKey::from_raw(b"GET")
            .unwrap_err()
            .to_string()
            .contains("<VERB> <path>")
    );
}
