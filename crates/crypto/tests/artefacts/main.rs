//! What this crate reads and writes, against artefacts made by CCF and its tools. The data is not part of the project:
//! `QUORATE_SHARED` names the directory that has it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod certificates;
mod cose_requests;
mod shares;
mod signatures;

use std::path::PathBuf;

use base64::Engine;
use serde_json::Value;

/// One file of test vectors.
fn vectors(name: &str) -> Value {
    let shared = std::env::var_os("QUORATE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = shared.join("data/vectors").join(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The elements of an array, which must not be empty.
fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty(), "a test over no data would prove nothing");
    list
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a text, found {value}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

fn base64(value: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text(value))
        .unwrap()
}
