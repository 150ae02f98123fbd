//! The create transaction and its signature (recovery-and-membership.md 3, kv-tables.md 12).

use std::collections::{BTreeMap, BTreeSet};

use quorate_crypto::cert::Certificate;
use quorate_crypto::sha256;
use quorate_ledger::entry;
use quorate_tables::*;
use serde_json::json;

use super::*;

/// The public writes of a ledger entry, as text: map, key, value.
type Writes = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// All keys and values looked at here are texts; a singleton's key and a set's value are eight zero bytes.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const ZEROS: &str = "\0\0\0\0\0\0\0\0";

fn entry_of(node: &TestNode, seqno: u64) -> Writes {
    let entries = node
        .running
        .node
        .sequencer
        .engine()
        .read(seqno, seqno, 1 << 20);
    let entry = entry::decode(&entries.unwrap()[0], None).unwrap();
    assert_eq!((entry.txid.view, entry.txid.seqno), (2, seqno));
    entry
        .writes
        .maps
        .iter()
        .map(|(map, writes)| {
            let writes = writes
                .iter()
                .map(|(key, value)| (text(key), value.as_deref().map(text)))
                .collect();
            (map.to_string(), writes)
        })
        .collect()
}

fn maps(names: &[&str]) -> BTreeSet<String> {
    names
        .iter()
        .map(|name| format!("public:ccf.{name}"))
        .collect()
}

fn singleton(writes: &Writes, map: &str) -> Value {
    let values = &writes[map];
    assert_eq!(values.keys().collect::<Vec<_>>(), [ZEROS], "{map}");
    serde_json::from_str(values[ZEROS].as_ref().unwrap()).unwrap()
}

/// The values of a map as JSON, by key; written compactly with sorted keys.
fn values(writes: &Writes, map: &str) -> BTreeMap<String, Value> {
    writes[map]
        .iter()
        .map(|(key, value)| {
            let text = value.as_ref().unwrap();
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), *text, "{map} {key}");
            (key.clone(), value)
        })
        .collect()
}

#[test]
fn kv_tables_12_genesis_writes_exactly_these_tables() {
    let node = found_with(|config| {
        let start = &mut config["command"]["start"];
        start["members"][1]["encryption_public_key_file"] = Value::Null;
        start["members"][2]["recovery_role"] = "Owner".into();
        start["service_configuration"] = json!({
            "recovery_threshold": 0,
            "maximum_node_certificate_validity_days": 200
        });
    });
    let writes = entry_of(&node, 1);
    let expected = maps(&[
        "gov.constitution",
        "gov.members.acks",
        "gov.members.certs",
        "gov.members.encryption_public_keys",
        "gov.members.info",
        "gov.nodes.endorsed_certificates",
        "gov.nodes.info",
        "gov.nodes.virtual.host_data",
        "gov.nodes.virtual.measurements",
        "gov.service.config",
        "gov.service.info",
    ]);
    assert_eq!(writes.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let removed = writes
        .values()
        .flat_map(BTreeMap::values)
        .any(Option::is_none);
    assert!(!removed, "genesis removes nothing");

    let directory = node.directory.path();
    let file = |name: String| std::fs::read_to_string(directory.join(name)).unwrap();
    let ids: Vec<_> = node
        .members
        .iter()
        .map(|member| member.id.clone())
        .collect();
    let by_id = |of: &dyn Fn(usize) -> Option<Value>| -> BTreeMap<String, Value> {
        (0..3)
            .filter_map(|number| Some((ids[number].clone(), of(number)?)))
            .collect()
    };
    let raw = |map: &str| -> BTreeMap<String, Value> {
        writes[map]
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect()
    };
    let certificate = |number| Some(json!(file(format!("member{number}_cert.pem"))));
    assert_eq!(raw(MEMBERS_CERTS.name()), by_id(&certificate));
    let key = |number| (number != 1).then(|| json!(file(format!("member{number}_enc_pubk.pem"))));
    assert_eq!(raw(MEMBERS_ENCRYPTION_PUBLIC_KEYS.name()), by_id(&key));
    let info = |number| {
        Some(match number {
            2 => json!({ "recovery_role": "Owner", "status": "Accepted" }),
            _ => json!({ "status": "Accepted" }),
        })
    };
    assert_eq!(values(&writes, MEMBERS_INFO.name()), by_id(&info));
    let ack = |_| Some(json!({ "state_digest": "" }));
    assert_eq!(values(&writes, MEMBERS_ACKS.name()), by_id(&ack));

    assert_eq!(
        singleton(&writes, SERVICE_CONFIG.name()),
        json!({ "maximum_node_certificate_validity_days": 200, "recovery_threshold": 1 }),
        "what was given, and the threshold for one participant"
    );
    assert_eq!(
        singleton(&writes, SERVICE_INFO.name()),
        json!({
            "cert": file("service_cert.pem".to_owned()),
            "current_service_create_txid": "2.1",
            "recovery_count": 0,
            "status": "Opening"
        })
    );
}

#[test]
fn kv_tables_6_1_the_constitution_is_its_files_joined_with_one_newline() {
    let directory = tempfile::tempdir().unwrap();
    let files: Vec<_> = ["first", "second"]
        .iter()
        .map(|name| {
            let path = directory.path().join(name);
            std::fs::write(&path, format!("/* {name} */")).unwrap();
            path
        })
        .collect();
    let node = found_with(|config| {
        config["command"]["start"]["constitution_files"] = json!(files);
    });
    let writes = entry_of(&node, 1);
    assert_eq!(
        singleton(&writes, CONSTITUTION.name()),
        "/* first */\n/* second */"
    );
}

#[test]
fn kv_tables_5_1_the_founding_node_is_written_as_it_is_configured() {
    let data = tempfile::tempdir().unwrap();
    let data_file = data.path().join("data.json");
    std::fs::write(&data_file, r#"{"b": 1, "a": [2.5]}"#).unwrap();
    let node = found_with(|config| config["node_data_json_file"] = json!(data_file));
    let writes = entry_of(&node, 1);
    let local = &node.running.node.local;
    let id = local.identity.id.as_str();
    let infos = values(&writes, NODES_INFO.name());
    assert_eq!(infos.keys().collect::<Vec<_>>(), [id]);
    let host_data = sha256(&std::fs::read("/proc/self/exe").unwrap());
    let measurement = "Insecure hard-coded virtual measurement v1";
    let report_data = {
        use base64::Engine as _;
        let digest = local.identity.key.public_key().fingerprint();
        base64::prelude::BASE64_STANDARD.encode(digest.as_bytes())
    };
    let quote = json!({
        "host_data": host_data.to_string(),
        "measurement": measurement,
        "report_data": report_data
    });
    let address = |interface: &NetInterface| -> (String, String) {
        let (host, port) = interface.address().rsplit_once(':').unwrap();
        (host.to_owned(), port.to_owned())
    };
    let main = address(&local.interfaces.rpc()["main"]);
    let to_node = address(&local.interfaces.node_to_node);
    let info = &infos[id];
    assert_eq!(
        *info,
        json!({
            "certificate_signing_request": info["certificate_signing_request"],
            "code_digest": hex::encode(measurement),
            "encryption_pub_key": local.identity.encryption_key.public_key().to_pem(),
            "node_data": {"a": [2.5], "b": 1},
            "node_to_node_interface": {
                "bind_address": format!("{}:{}", to_node.0, to_node.1),
                "published_address": format!("{}:{}", to_node.0, to_node.1)
            },
            "nodehost": to_node.0,
            "nodeport": to_node.1,
            "pubhost": main.0,
            "pubport": main.1,
            "rpchost": main.0,
            "rpcport": main.1,
            "public_key": local.identity.key.public_key().to_pem(),
            "quote_info": {
                "endorsements": "",
                "format": "Insecure_Virtual",
                "quote": base64_of(&quote.to_string())
            },
            "rpc_interfaces": local.interfaces.as_json(),
            "status": "Trusted"
        })
    );
    let request = info["certificate_signing_request"].as_str().unwrap();
    assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));

    let measurements = values(&writes, NODES_VIRTUAL_MEASUREMENTS.name());
    assert_eq!(json!(measurements), json!({ measurement: "AllowedToJoin" }));
    let allowed = &writes[NODES_VIRTUAL_HOST_DATA.name()];
    assert_eq!(
        allowed.iter().collect::<Vec<_>>(),
        [(&host_data.to_string(), &Some(ZEROS.to_owned()))]
    );

    let endorsed = &writes[NODES_ENDORSED_CERTIFICATES.name()];
    assert_eq!(endorsed.keys().collect::<Vec<_>>(), [id]);
    let endorsed = Certificate::from_pem(endorsed[id].as_ref().unwrap()).unwrap();
    assert!(endorsed.issued_by(&local.service.certificate));
    assert_eq!(
        endorsed.spki_der(),
        local.identity.key.public_key().to_spki_der()
    );
    let days = (endorsed.not_after() - endorsed.not_before() + 1) / 86_400;
    assert_eq!(days, 5, "node_certificate.initial_validity_days");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[test]
fn recovery_3_1_the_second_transaction_is_the_first_signature() {
    let node = found();
    let writes = entry_of(&node, 2);
    let expected = maps(&[
        "internal.cose_signatures",
        "internal.signatures",
        "internal.tree",
    ]);
    assert_eq!(writes.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let signature = singleton(&writes, SIGNATURES.name());
    let local = &node.running.node.local;
    assert_eq!(signature["node"], local.identity.id.as_str());
    assert_eq!(signature["seqno"], 2);
    assert_eq!(signature["view"], 2);
    let genesis = entry_of(&node, 1);
    let endorsed = &genesis[NODES_ENDORSED_CERTIFICATES.name()][local.identity.id.as_str()];
    assert_eq!(json!(endorsed), signature["cert"]);
    assert_eq!(
        node.committed().seqno,
        2,
        "committed before anything is served"
    );
}

#[test]
fn recovery_2_1_certificates_are_as_configured() {
    let names = |sans: Value| {
        let node = found_with(|config| config["node_certificate"]["subject_alt_names"] = sans);
        node.running.node.local.identity.sans.len()
    };
    assert_eq!(names(json!(["dNSName:one.example"])), 1);
    assert_eq!(names(json!([])), 2, "empty: one for each interface");

    let node = found_with(|config| {
        config["node_certificate"]["subject_name"] = "CN=A Node".into();
        config["node_certificate"]["curve_id"] = "Secp256R1".into();
        config["command"]["start"]["service_subject_name"] = "CN=A Service".into();
        config["command"]["start"]["initial_service_certificate_validity_days"] = 3.into();
    });
    let local = &node.running.node.local;
    let service = &local.service.certificate;
    assert_eq!(
        (service.subject(), service.issuer()),
        ("CN=A Service".to_owned(), "CN=A Service".to_owned())
    );
    assert_eq!(service.not_after() - service.not_before(), 3 * 86_400 - 1);
    assert_eq!(local.self_signed().subject(), "CN=A Node");
    assert_eq!(local.identity.key.curve(), quorate_crypto::Curve::P256);
    assert_eq!(local.service.key.curve(), quorate_crypto::Curve::P256);
    let written = |name: &str| std::fs::read_to_string(node.directory.path().join(name)).unwrap();
    assert_eq!(written("service_cert.pem"), service.to_pem());
    assert_eq!(written("nodecert.pem"), local.self_signed().to_pem());
}

#[test]
fn attestation_3_1_evidence_is_written_for_deployments() {
    let node = found();
    let read = |kind: &str| {
        let name = format!("ccf_virtual_attestation.{}.{kind}", std::process::id());
        std::fs::read_to_string(node.directory.path().join(name)).unwrap()
    };
    let measurement: Value = serde_json::from_str(&read("measurement")).unwrap();
    let host_data = sha256(&std::fs::read("/proc/self/exe").unwrap()).to_string();
    assert_eq!(measurement["host_data"], host_data);
    let attestation: Value = serde_json::from_str(&read("attestation")).unwrap();
    assert_eq!(attestation["host_data"], host_data);
    assert!(attestation["report_data"].is_string());
}
