//! Golden tests against entries, trees, signatures, receipts and whole ledgers that CCF wrote. The data is found through
//! `QUORATE_SHARED`; where it is missing the tests fail.

// Tests, and helpers of tests, which the lint does not recognise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod entries;
mod merkle;
mod receipts;
mod signatures;

use std::{path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quorate_crypto::{Digest, cert::Certificate};
use quorate_ledger::{LedgerSecret, LedgerSecrets, SecretInForce};
use serde_json::Value;

/// A path below the data directory.
fn data(path: &str) -> PathBuf {
    let shared = std::env::var_os("QUORATE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    shared.join("data").join(path)
}

fn vectors(name: &str) -> Value {
    let path = data("vectors").join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// The elements of an array that must not be empty.
fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a text, not {value}"))
}

fn bytes_of_hex(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

fn bytes_of_base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).unwrap()
}

fn digest(value: &Value) -> Digest {
    text(value).parse().unwrap()
}

fn certificate(value: &Value) -> Certificate {
    Certificate::from_pem(text(value)).unwrap()
}

/// The ledger secrets of one of the real services.
fn secrets(service: &str) -> LedgerSecrets {
    let all = vectors("ledger_entries.json");
    let secrets = all["ledger_secrets"][service].as_object().unwrap();
    let in_force = |(version, key): (&String, &Value)| SecretInForce {
        valid_from: version.parse().unwrap(),
        secret: Arc::new(LedgerSecret::from_bytes(&bytes_of_hex(key)).unwrap()),
        previous_stored: None,
    };
    LedgerSecrets::with_initial(secrets.iter().map(in_force)).unwrap()
}
