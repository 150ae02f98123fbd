//! Tests against real artefacts: TCB versions as the reference takes them apart.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{fs, path::PathBuf};

use quorate_kv::{Snapshot, Tx};
use quorate_script::{Environment, Limits, Script, resolve};
use serde_json::Value;

fn vectors() -> Value {
    let shared = std::env::var_os("QUORATE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("data/attestation/tcb_vectors.json");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn js_runtime_6_3_tcb_versions_are_taken_apart_as_by_the_reference() {
    let vectors = vectors();
    let parsed = vectors["parse"].as_array().unwrap();
    assert!(!parsed.is_empty());
    for case in parsed {
        let cpuid = vectors["cpuid"]
            .as_array()
            .unwrap()
            .iter()
            .find(|processor| processor["product"] == case["product"])
            .unwrap();
        let source = format!(
            "export function resolve() {{ return JSON.stringify(ccf.tcbHexToPolicy({}, {})); }}",
            cpuid["hex"], case["hex"]
        );
        let script = Script {
            source: &source,
            name: "test.js",
        };
        let environment = Environment::governance(Limits::default());
        let mut tx = Tx::new(Snapshot::default());
        let policy = resolve(&script, &environment, &mut tx, "", "", &[], "").unwrap();
        let policy: Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(policy, case["policy"], "{case}");
    }
}
