//! Arbitrary texts and JSON never make the parser panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::smallest;
use crate::{Config, parse_size, parse_time};

/// JSON whose keys often are those of a configuration.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        Just("5MB"),
        Just("1s"),
        Just(""),
        Just("Start"),
        Just("Join"),
        Just("HTTP2"),
        Just("a:b:c"),
        Just("(")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        texts.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let keys = prop_oneof![
        Just("bind_address"),
        Just("target_rpc_address"),
        Just("target"),
        Just("kind"),
        Just("members"),
        Just("certificate_file"),
        Just("authority"),
        Just("start"),
        Just("type"),
        Just("url"),
        Just("x")
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect::<Map<_, _>>(),
                )
            }),
        ]
    })
}

/// All places of the smallest configuration and of some optional sections.
fn places() -> Vec<&'static str> {
    vec![
        "/network",
        "/network/node_to_node_interface",
        "/network/rpc_interfaces",
        "/network/rpc_interfaces/primary_rpc_interface",
        "/network/rpc_interfaces/primary_rpc_interface/bind_address",
        "/command",
        "/command/type",
        "/command/start",
        "/command/start/members",
        "/command/start/members/0",
        "/command/start/constitution_files",
    ]
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,200}") {
        let _ = Config::parse(&text);
    }

    #[test]
    fn any_json_is_parsed_or_refused(value in arbitrary_json()) {
        let _ = Config::parse(&value.to_string());
    }

    #[test]
    fn any_json_at_any_place_is_parsed_or_refused(
        place in prop::sample::select(places()),
        key in prop_oneof![
            Just("ledger"), Just("snapshots"), Just("attestation"), Just("consensus"), Just("memory"),
            Just("node_certificate"), Just("idle_connection_timeout"), Just("enclave"), Just("output_files")
        ],
        value in arbitrary_json(),
        section in arbitrary_json(),
    ) {
        let mut config = smallest();
        *config.pointer_mut(place).unwrap() = value;
        config[key] = section;
        if let Err(error) = Config::parse(&config.to_string()) {
            prop_assert!(!error.describe("c.json").is_empty());
        }
    }

    #[test]
    fn any_text_is_a_unit_or_refused(text in ".{0,40}") {
        let _ = parse_time(&text);
        let _ = parse_size(&text);
    }

    #[test]
    fn a_number_with_a_unit_is_read(value in 0u64..1_000_000, unit in prop::sample::select(vec![
        ("us", 1u64), ("ms", 1000), ("s", 1_000_000), ("min", 60_000_000), ("", 1)
    ])) {
        let time = parse_time(&format!("{value}{}", unit.0)).unwrap();
        prop_assert_eq!(time.as_micros(), u128::from(value) * u128::from(unit.1));
    }
}
