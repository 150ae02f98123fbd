//! Which tables are written, by whom, and in which form (kv-tables.md 1, 3, 12, governance-api.md 4.9).

use std::collections::BTreeSet;

use quorate_crypto::sha256;
use quorate_tests::service::propose_one;
use quorate_tests::{Service, Walk};
use serde_json::{Value, json};

use crate::{SIGNATURE_TABLES, busy_service};

/// Every name that the contract knows (kv-tables.md 3).
const KNOWN_TABLES: [&str; 46] = [
    "gov.constitution",
    "gov.members.certs",
    "gov.members.encryption_public_keys",
    "gov.members.info",
    "gov.members.acks",
    "gov.users.certs",
    "gov.users.info",
    "gov.nodes.info",
    "gov.nodes.endorsed_certificates",
    "gov.nodes.code_ids",
    "gov.nodes.virtual.measurements",
    "gov.nodes.virtual.host_data",
    "gov.nodes.snp.measurements",
    "gov.nodes.snp.host_data",
    "gov.nodes.snp.uvm_endorsements",
    "gov.nodes.snp.tcb_versions",
    "gov.history",
    "gov.cose_history",
    "gov.cose_recent_proposals",
    "gov.proposals",
    "gov.proposals_info",
    "gov.modules",
    "gov.modules_quickjs_bytecode",
    "gov.modules_quickjs_version",
    "gov.interpreter.flush",
    "gov.js_runtime_options",
    "gov.endpoints",
    "gov.tls.ca_cert_bundles",
    "gov.jwt.issuers",
    "gov.jwt.public_signing_keys_metadata_v2",
    "gov.jwt.public_signing_keys_metadata",
    "gov.jwt.public_signing_keys",
    "gov.jwt.public_signing_key_issuer",
    "gov.service.info",
    "gov.service.config",
    "gov.service.previous_service_identity",
    "internal.signatures",
    "internal.cose_signatures",
    "internal.tree",
    "internal.snapshot_evidence",
    "internal.encrypted_ledger_secrets",
    "internal.historical_encrypted_ledger_secret",
    "internal.recovery_shares",
    "internal.encrypted_submitted_shares",
    "internal.previous_service_identity_endorsement",
    "internal.last_recovery_type",
];

#[test]
fn genesis_and_opening_write_the_tables_of_the_contract_12() {
    let mut service = Service::default_open();
    service.settled();
    service.node.stop();
    let walk = Walk::of(&service.node.ledger());
    let written = |names: &[&str]| -> Vec<String> {
        let mut names: Vec<String> = names
            .iter()
            .map(|name| format!("public:ccf.{name}"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(walk.entry(1)["txid"], "2.1");
    assert_eq!(
        walk.tables_written(1),
        written(&[
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
        ])
    );
    assert_eq!(
        walk.tables_written(2),
        SIGNATURE_TABLES,
        "the create transaction is signed at once"
    );

    let genesis = &walk.entry(1)["tables"];
    for member in &service.members {
        let row = |table: &str| {
            genesis[format!("public:ccf.gov.members.{table}")][&member.id]
                .as_str()
                .unwrap()
        };
        assert_eq!(row("info"), "{\"status\":\"Accepted\"}");
        assert_eq!(row("acks"), "{\"state_digest\":\"\"}");
        assert_eq!(row("certs"), member.certificate);
        assert_eq!(
            Some(row("encryption_public_keys")),
            member.encryption_key.as_deref()
        );
    }
    let singleton = |table: &str| -> Value {
        serde_json::from_str(genesis[table]["0x0000000000000000"].as_str().unwrap()).unwrap()
    };
    let certificate = service.certificate();
    assert_eq!(
        singleton("public:ccf.gov.service.info"),
        json!({
            "cert": certificate, "current_service_create_txid": "2.1", "recovery_count": 0, "status": "Opening"
        })
    );
    assert_eq!(
        genesis["public:ccf.gov.service.config"]["0x0000000000000000"],
        "{\"maximum_node_certificate_validity_days\":365,\"maximum_service_certificate_validity_days\":365,\
         \"recovery_threshold\":2}"
    );
    let constitution = singleton("public:ccf.gov.constitution");
    let files =
        quorate_tests::service::constitution_files(&quorate_tests::service::DEFAULT_CONSTITUTION);
    let texts: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    assert_eq!(
        constitution,
        texts.join("\n"),
        "files are joined with one newline"
    );

    let program = std::fs::read(quorate_tests::programs::program(
        quorate_tests::programs::LOGGING,
    ))
    .unwrap();
    let host_data = genesis["public:ccf.gov.nodes.virtual.host_data"]
        .as_object()
        .unwrap();
    assert_eq!(
        host_data.keys().collect::<Vec<_>>(),
        [&sha256(&program).to_string()]
    );
    assert_eq!(
        host_data.values().collect::<Vec<_>>(),
        ["0x0000000000000000"]
    );
    let (node_id, node) = genesis["public:ccf.gov.nodes.info"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let node: Value = serde_json::from_str(node.as_str().unwrap()).unwrap();
    assert_eq!(node["status"], "Trusted");
    assert_eq!(
        node.get("ledger_secret_seqno"),
        None,
        "the genesis node has none"
    );
    let key = quorate_crypto::EcPublicKey::from_pem(node["public_key"].as_str().unwrap()).unwrap();
    assert_eq!(node_id, &key.fingerprint().to_string());
    let interface = &node["rpc_interfaces"]["primary_rpc_interface"];
    assert_eq!(
        interface["http_configuration"]["max_body_size"], "1048576",
        "texts are kept verbatim"
    );

    // The opening (kv-tables.md 12): the transaction of the deciding ballot.
    let opening = (1..=walk.len() as u64)
        .find(|seqno| {
            walk.tables_written(*seqno)
                .iter()
                .any(|table| table.ends_with("recovery_shares"))
        })
        .unwrap();
    let names = walk.tables_written(opening);
    for table in written(&[
        "gov.proposals_info",
        "gov.cose_history",
        "gov.service.info",
        "gov.users.certs",
        "internal.historical_encrypted_ledger_secret",
        "internal.previous_service_identity_endorsement",
        "internal.recovery_shares",
    ]) {
        assert!(names.contains(&table), "{table} is not in {names:?}");
    }
    assert_eq!(
        walk.singleton("public:ccf.internal.historical_encrypted_ledger_secret"),
        json!({"next_version": 1})
    );
    // A key that did not exist is removed nevertheless, and the ledger shows it (kv-tables.md 1.5).
    assert_eq!(
        walk.entry(opening)["tables"]["public:ccf.gov.users.info"][&service.users[0].id],
        Value::Null
    );
}

#[test]
fn only_known_tables_occur_and_native_values_are_canonical_3_1_3() {
    let service = busy_service();
    let walk = Walk::of(&service.node.ledger());
    let known: BTreeSet<String> = KNOWN_TABLES
        .iter()
        .map(|name| format!("public:ccf.{name}"))
        .collect();
    for name in walk.table_names() {
        assert!(
            known.contains(&name) || name == "public:records",
            "{name} is not a table of the contract"
        );
    }
    let native = [
        "public:ccf.gov.members.acks",
        "public:ccf.gov.proposals_info",
        "public:ccf.gov.nodes.info",
        "public:ccf.gov.cose_history",
        "public:ccf.gov.cose_recent_proposals",
        "public:ccf.gov.service.info",
        "public:ccf.internal.signatures",
        "public:ccf.internal.cose_signatures",
        "public:ccf.internal.recovery_shares",
        "public:ccf.internal.historical_encrypted_ledger_secret",
        "public:ccf.internal.encrypted_ledger_secrets",
        "public:ccf.internal.previous_service_identity_endorsement",
    ];
    for table in native {
        let rows = walk.table(table);
        assert!(!rows.is_empty(), "{table} is empty");
        for value in rows.values() {
            // serde_json sorts keys, and writes compact text.
            let parsed: Value = serde_json::from_str(value).unwrap();
            assert_eq!(
                &parsed.to_string(),
                value,
                "{table} is not in sorted compact form"
            );
        }
    }
}

#[test]
fn every_governance_operation_leaves_its_record_4_9() {
    let mut service = Service::default_open();
    let member = &service.members[0];
    let proposed = propose_one("set_user_data", json!({"user_id": "ab".repeat(32)}));
    let created = service.propose(member, &proposed);
    let id = quorate_tests::service::id_of(&created.expect(200));
    let voted = service.vote(member, &id, quorate_tests::ballots::FOR);
    voted.expect(200);
    let withdrawn = service.withdraw(member, &id);
    withdrawn.expect(200);
    let seqno = |answer| quorate_tests::TxId::of(answer).seqno;
    let (created, voted, withdrawn) = (seqno(&created), seqno(&voted), seqno(&withdrawn));
    service.settled();
    service.node.stop();

    let walk = Walk::of(&service.node.ledger());
    let gov = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("public:ccf.gov.{name}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        walk.tables_written(created),
        gov(&[
            "cose_history",
            "cose_recent_proposals",
            "proposals",
            "proposals_info"
        ])
    );
    assert_eq!(
        walk.entry(created)["tables"]["public:ccf.gov.proposals"],
        json!({(&id): proposed.to_string()})
    );
    let expected = format!(
        "{{\"ballots\":{{}},\"proposer_id\":\"{}\",\"state\":\"Open\"}}",
        service.members[0].id
    );
    assert_eq!(
        walk.entry(created)["tables"]["public:ccf.gov.proposals_info"],
        json!({(&id): expected})
    );
    assert_eq!(
        walk.tables_written(voted),
        gov(&["cose_history", "proposals_info"])
    );
    let written = walk.tables_written(withdrawn);
    for table in gov(&["cose_history", "proposals_info"]) {
        assert!(written.contains(&table), "{table} is not in {written:?}");
    }
    // The envelope in the ledger is what was sent: tag 18 in base64.
    let history = walk.table("public:ccf.gov.cose_history");
    assert!(
        history[&service.members[0].id].starts_with("\"0oRY"),
        "{history:?}"
    );
}
