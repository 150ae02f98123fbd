//! Values of the built-in maps as other software has written them: each must decode, and what native code wrote must
//! come out byte for byte when it is encoded again (kv-tables.md 14).
//!
//! Reads `$QUORATE_SHARED/data`, and fails where that is missing.

// Tests, and helpers of tests, which the lint does not recognise.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use quorate_kv::{Codec, KeySet, Singleton, Table, UNIT};
use quorate_ledger::{WriteSet, entry, files::ChunkReader};
use quorate_tables::*;
use serde_json::Value;

/// How a value comes out when it is encoded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// As the same bytes.
    Bytes,
    /// As the same bytes if its keys are sorted; else the constitution wrote it, and it is the same JSON value.
    Json,
    /// Without what is not for native code: the constitution wrote it.
    Part,
}

type Recode = Box<dyn Fn(&[u8], &[u8]) -> Result<(Vec<u8>, Vec<u8>), String>>;

fn table<K: Codec, V: Codec>(table: &Table<K, V>, again: Again) -> (&'static str, (Recode, Again)) {
    (
        table.name(),
        (
            Box::new(|key, value| Ok((recode::<K>(key)?, recode::<V>(value)?))),
            again,
        ),
    )
}

fn singleton<V: Codec>(table: &Singleton<V>, again: Again) -> (&'static str, (Recode, Again)) {
    (
        table.name(),
        (
            Box::new(|key, value| {
                if key != UNIT {
                    return Err("a single value has a key of 8 zero bytes".to_owned());
                }
                Ok((key.to_vec(), recode::<V>(value)?))
            }),
            again,
        ),
    )
}

fn set<K: Codec>(table: &KeySet<K>) -> (&'static str, (Recode, Again)) {
    (
        table.name(),
        (
            Box::new(|key, _| Ok((recode::<K>(key)?, UNIT.to_vec()))),
            Again::Bytes,
        ),
    )
}

fn recode<C: Codec>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let value = C::decode(bytes).map_err(|error| error.to_string())?;
    C::encode(&value)
        .map(|bytes| bytes.into_owned())
        .map_err(|error| error.to_string())
}

fn tables() -> BTreeMap<&'static str, (Recode, Again)> {
    use Again::{Bytes, Json, Part};
    BTreeMap::from([
        singleton(&CONSTITUTION, Bytes),
        table(&MEMBERS_CERTS, Bytes),
        table(&MEMBERS_ENCRYPTION_PUBLIC_KEYS, Bytes),
        table(&MEMBERS_INFO, Bytes),
        table(&MEMBERS_ACKS, Bytes),
        table(&USERS_CERTS, Bytes),
        table(&USERS_INFO, Bytes),
        table(&NODES_INFO, Json),
        table(&NODES_ENDORSED_CERTIFICATES, Bytes),
        table(&legacy::NODES_CODE_IDS, Bytes),
        table(&NODES_VIRTUAL_MEASUREMENTS, Bytes),
        set(&NODES_VIRTUAL_HOST_DATA),
        table(&NODES_SNP_MEASUREMENTS, Bytes),
        table(&NODES_SNP_HOST_DATA, Bytes),
        table(&NODES_SNP_UVM_ENDORSEMENTS, Bytes),
        table(&NODES_SNP_TCB_VERSIONS, Bytes),
        table(&legacy::HISTORY, Bytes),
        table(&COSE_HISTORY, Bytes),
        table(&COSE_RECENT_PROPOSALS, Bytes),
        table(&PROPOSALS, Bytes),
        table(&PROPOSALS_INFO, Bytes),
        table(&MODULES, Bytes),
        table(&MODULES_QUICKJS_BYTECODE, Bytes),
        singleton(&MODULES_QUICKJS_VERSION, Bytes),
        singleton(&INTERPRETER_FLUSH, Bytes),
        singleton(&JS_RUNTIME_OPTIONS, Part),
        table(&ENDPOINTS, Part),
        table(&TLS_CA_CERT_BUNDLES, Bytes),
        table(&JWT_ISSUERS, Part),
        table(&JWT_PUBLIC_SIGNING_KEYS_METADATA_V2, Bytes),
        table(&legacy::JWT_PUBLIC_SIGNING_KEYS_METADATA, Bytes),
        table(&legacy::JWT_PUBLIC_SIGNING_KEYS, Bytes),
        table(&legacy::JWT_PUBLIC_SIGNING_KEY_ISSUER, Bytes),
        singleton(&SERVICE_INFO, Bytes),
        singleton(&SERVICE_CONFIG, Bytes),
        singleton(&PREVIOUS_SERVICE_IDENTITY, Bytes),
        singleton(&SIGNATURES, Bytes),
        singleton(&COSE_SIGNATURES, Bytes),
        singleton(&TREE, Bytes),
        singleton(&SNAPSHOT_EVIDENCE, Bytes),
        singleton(&ENCRYPTED_LEDGER_SECRETS, Bytes),
        singleton(&HISTORICAL_ENCRYPTED_LEDGER_SECRET, Bytes),
        singleton(&RECOVERY_SHARES, Bytes),
        table(&ENCRYPTED_SUBMITTED_SHARES, Bytes),
        singleton(&PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT, Bytes),
        singleton(&PREVIOUS_SERVICE_LAST_SIGNED_ROOT, Bytes),
        singleton(&LAST_RECOVERY_TYPE, Bytes),
    ])
}

fn check(
    tables: &BTreeMap<&'static str, (Recode, Again)>,
    place: &str,
    name: &str,
    key: &[u8],
    value: &[u8],
) {
    let (recode, again) = tables
        .get(name)
        .unwrap_or_else(|| panic!("{place}: {name} is not declared"));
    let context = format!("{place}: {name}[{}]", key.escape_ascii());
    let (key_again, value_again) =
        recode(key, value).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(key_again, key, "{context}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match again {
        Again::Bytes => assert_eq!(text(&value_again), text(value), "{context}"),
        Again::Json => {
            // A value parsed without a type is sorted.
            let sorted = serde_json::from_slice::<Value>(value).unwrap().to_string();
            assert_eq!(text(&value_again), sorted, "{context}");
        }
        Again::Part => {
            let (_, third) = recode(key, &value_again).unwrap();
            assert_eq!(text(&third), text(&value_again), "{context}");
        }
    }
}

#[test]
fn kv_tables_14_values_of_the_vectors_come_out_as_they_were() {
    let path = data().join("vectors/ledger_entries.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let tables = tables();
    let mut seen = BTreeSet::new();
    for vector in vectors["entries"].as_array().unwrap() {
        let place = vector["name"].as_str().unwrap();
        for map in vector["public_maps"].as_array().unwrap() {
            let name = map["name"].as_str().unwrap();
            if !name.starts_with("public:ccf.") {
                continue;
            }
            for write in map["writes"].as_array().unwrap() {
                check(
                    &tables,
                    place,
                    name,
                    &bytes(write, "key"),
                    &bytes(write, "value"),
                );
                seen.insert(name.to_owned());
            }
        }
    }
    assert!(seen.len() >= 20, "{seen:?}");
}

#[test]
fn kv_tables_14_values_of_whole_ledgers_come_out_as_they_were() {
    let tables = tables();
    let mut services = 0;
    for service in fs::read_dir(data().join("ledgers")).unwrap() {
        let service = service.unwrap().path();
        if !service.is_dir() {
            continue;
        }
        let mut count = 0;
        for directory in ["ledger", "ledger_read_only"] {
            let Ok(files) = fs::read_dir(service.join(directory)) else {
                continue;
            };
            for file in files {
                let file = file.unwrap().path();
                let chunk = ChunkReader::open(&file).unwrap();
                for seqno in chunk.first()..=chunk.last() {
                    let entry = entry::decode(&chunk.entry(seqno).unwrap(), None).unwrap();
                    check_writes(&tables, &file, seqno, &entry.writes);
                    count += 1;
                }
            }
        }
        assert!(count > 40, "{}: {count} entries", service.display());
        services += 1;
    }
    assert!(services >= 4);
}

fn check_writes(
    tables: &BTreeMap<&'static str, (Recode, Again)>,
    file: &Path,
    seqno: u64,
    writes: &WriteSet,
) {
    for (name, writes) in writes
        .maps
        .iter()
        .filter(|(name, _)| name.starts_with("public:ccf."))
    {
        assert!(NAMES.contains(&&**name), "{name}");
        for (key, value) in writes {
            if let Some(value) = value {
                check(
                    tables,
                    &format!("{} {seqno}", file.display()),
                    name,
                    key,
                    value,
                );
            }
        }
    }
}

/// A field of a vector, given as `<field>_text`, `<field>_base64` or `<field>_hex`.
fn bytes(write: &Value, field: &str) -> Vec<u8> {
    if let Some(text) = write.get(format!("{field}_text")) {
        return text.as_str().unwrap().as_bytes().to_vec();
    }
    if let Some(base64) = write.get(format!("{field}_base64")) {
        return serde_json::from_value::<Base64Bytes>(base64.clone())
            .unwrap()
            .0;
    }
    hex::decode(write[format!("{field}_hex")].as_str().unwrap()).unwrap()
}

fn data() -> PathBuf {
    let shared = std::env::var_os("QUORATE_SHARED").map(PathBuf::from);
    shared
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"))
        .join("data")
}
