//! Files, and what keeps a node from starting (node-and-operations.md 1.2, 3.8, 6, 11).

use std::fs;

use quorate_crypto::cert::Certificate;
use quorate_crypto::sha256;
use quorate_tests::node::{NODE_INTERFACE, SERVICE_INTERFACE};
use quorate_tests::{programs, wait};
use serde_json::{Value, json};

use crate::{in_node, names, node};

#[test]
fn files_of_a_started_node_3_8_6_11_2() {
    let (directory, options) = node();
    let mut node = options.spawn(&in_node(&directory));
    let read = |name: &str| fs::read_to_string(node.file(name)).unwrap();

    assert_eq!(
        read("node.pid"),
        node.id().to_string(),
        "decimal without newline"
    );
    let addresses: Value = serde_json::from_str(&read("0.rpc_addresses")).unwrap();
    assert_eq!(
        addresses.to_string(),
        read("0.rpc_addresses"),
        "compact and sorted"
    );
    let found: Vec<&String> = addresses.as_object().unwrap().keys().collect();
    assert_eq!(found, [NODE_INTERFACE, SERVICE_INTERFACE]);
    for address in addresses.as_object().unwrap().values() {
        let (host, port) = address.as_str().unwrap().split_once(':').unwrap();
        assert!(
            host == "127.0.0.1" && port.parse::<u16>().unwrap() > 0,
            "{address}"
        );
    }
    let to_node: Value = serde_json::from_str(&read("0.node_address")).unwrap();
    assert_eq!(
        to_node.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["node_to_node_interface"]
    );

    let certificate = Certificate::from_pem(&read("0.pem")).unwrap();
    assert_eq!(
        (certificate.subject(), certificate.issuer()),
        ("CN=CCF Node".to_owned(), "CN=CCF Node".to_owned())
    );
    assert_eq!(
        certificate.not_after() - certificate.not_before(),
        90 * 86_400 - 1
    );
    let node_id = sha256(certificate.spki_der()).to_string();
    let service = Certificate::from_pem(&read("service_cert.pem")).unwrap();
    assert_eq!(service.subject(), "CN=Quorate Test Service");
    assert!(service.issued_by(&service));

    let state = node.client().get("/node/state").expect(200);
    assert_eq!(state["node_id"], node_id.as_str());
    assert_eq!(state["state"], "PartOfNetwork");
    // The interface with the node's own certificate shows exactly that one.
    assert_eq!(
        node.node_client().get("/node/state").expect(200)["node_id"],
        node_id.as_str()
    );
    let shown = node
        .client()
        .get("/node/self_signed_certificate")
        .expect(200);
    assert_eq!(shown["self_signed_certificate"], read("0.pem"));
    let network = node.client().get("/node/network").expect(200);
    assert_eq!(network["service_certificate"], read("service_cert.pem"));
    let endorsed = node
        .client()
        .get(&format!(
            "/gov/service/nodes/{node_id}?api-version=2024-07-01"
        ))
        .expect(200);
    let endorsed = Certificate::from_pem(endorsed["certificate"].as_str().unwrap()).unwrap();
    assert!(endorsed.issued_by(&service));

    let evidence = read(&format!(
        "ccf_virtual_attestation.{}.measurement",
        node.id()
    ));
    let evidence: Value = serde_json::from_str(&evidence).unwrap();
    let program = fs::read(programs::program(programs::NODE)).unwrap();
    assert_eq!(
        evidence,
        json!({
            "host_data": sha256(&program).to_string(),
            "measurement": "Insecure hard-coded virtual measurement v1"
        })
    );
    assert!(node.file("0.ledger").is_dir() && node.file("0.snapshots").is_dir());
    for name in names(&node.ledger()) {
        assert!(
            name.starts_with("ledger_"),
            "{name} does not belong into the ledger directory"
        );
    }
    let id = node.id().to_string();
    node.stop();
    assert_eq!(
        fs::read_to_string(node.file("node.pid")).unwrap(),
        id,
        "the file is never removed"
    );
}

#[test]
fn no_secret_leaves_through_dumps_or_the_log() {
    let (directory, options) = node();
    let mut node = options
        .arguments(&["--log-level", "trace"])
        .spawn(&in_node(&directory));
    let limits = fs::read_to_string(format!("/proc/{}/limits", node.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    node.client().post(
        "/gov/members/proposals:create?api-version=2024-07-01",
        "application/cose",
        "a secret body",
    );
    let log = node.log();
    assert!(
        !log.contains("PRIVATE KEY") && !log.contains("a secret body"),
        "{log}"
    );
    node.stop();
}

#[test]
fn a_quiet_node_needs_few_descriptors_9_5() {
    let (directory, options) = node();
    let plain = json!({"bind_address": "127.0.0.1:0", "endorsement": {"authority": "Unsecured"}});
    let mut node = options
        .with("/network/rpc_interfaces/plain", plain)
        .spawn(&in_node(&directory));
    let count = || {
        fs::read_dir(format!("/proc/{}/fd", node.id()))
            .unwrap()
            .count()
    };
    wait::until("few descriptors", wait::SOON, || {
        if count() < 40 { Ok(()) } else { Err(count()) }
    });
    node.stop();
}

#[test]
fn a_ledger_is_never_started_over_4_1_step_12() {
    let (directory, options) = node();
    let mut node = options.spawn(&in_node(&directory));
    node.stop();
    fs::remove_file(node.file("node.pid")).unwrap();
    let before = names(&node.ledger());
    drop(node);

    let ended = options.run(&in_node(&directory)).expect_code(105);
    assert_eq!(ended.err, "");
    let line = ended
        .out
        .lines()
        .find(|line| line.contains("[fatal]"))
        .expect("a fatal line");
    assert!(
        line.contains("On start, ledger directory should not exist or be empty ("),
        "{line}"
    );
    assert!(line.contains("0.ledger"), "{line}");
    let lower = ended.out.to_lowercase();
    assert!(
        lower.contains("recover") && lower.contains("join"),
        "it says what to do instead: {}",
        ended.out
    );
    assert_eq!(names(&in_node(&directory).join("0.ledger")), before);

    // Without these two it is a fresh node, whatever else is there.
    fs::remove_dir_all(in_node(&directory).join("0.ledger")).unwrap();
    fs::remove_file(in_node(&directory).join("node.pid")).unwrap();
    let _ = fs::remove_file(in_node(&directory).join("0.rpc_addresses"));
    let _ = fs::remove_file(in_node(&directory).join("service_cert.pem"));
    options.spawn(&in_node(&directory)).stop();
}

#[test]
fn a_pid_file_keeps_a_second_node_away_1_2() {
    let (directory, options) = node();
    fs::create_dir_all(in_node(&directory)).unwrap();
    fs::write(in_node(&directory).join("node.pid"), "1").unwrap();
    let ended = options.run(&in_node(&directory)).expect_code(103);
    assert_eq!(ended.err, "");
    let last = ended.out.lines().last().unwrap();
    assert!(
        last.contains("[fatal]") && last.ends_with("PID file node.pid already exists. Exiting."),
        "{last}"
    );
    assert_eq!(
        fs::read_to_string(in_node(&directory).join("node.pid")).unwrap(),
        "1"
    );
}

#[test]
fn a_threshold_that_cannot_be_met_1_2_4_2() {
    let (directory, options) = node();
    let pointer = "/command/start/service_configuration/recovery_threshold";
    let ended = options
        .with(pointer, json!(2))
        .run(&in_node(&directory))
        .expect_code(105);
    assert_eq!(ended.err, "");
    let text = "Recovery threshold (2) cannot be greater than total number (1)of initial consortium members";
    assert!(ended.out.contains(text), "{ended:?}");
}

#[test]
fn named_files_that_cannot_be_opened_1_2() {
    let (directory, options) = node();
    for (pointer, value) in [
        (
            "/command/start/members/0/certificate_file",
            json!("absent_cert.pem"),
        ),
        (
            "/command/start/members/0/encryption_public_key_file",
            json!("absent_key.pem"),
        ),
        (
            "/command/start/members/0/data_json_file",
            json!("absent_data.json"),
        ),
        ("/command/start/constitution_files/1", json!("absent.js")),
        ("/node_data_json_file", json!("absent_node.json")),
        ("/service_data_json_file", json!("absent_service.json")),
    ] {
        let name = value.as_str().unwrap().to_owned();
        let options = match pointer.strip_suffix("/1") {
            None => options.clone().with(pointer, value),
            Some(list) => options.clone().with(list, json!([name])),
        };
        let ended = options.run(&in_node(&directory)).expect_code(255);
        assert!(
            ended.err.contains(&format!("Could not open file {name}")),
            "{ended:?}"
        );
        let _ = fs::remove_dir_all(in_node(&directory));
    }
}

#[test]
fn an_address_in_use_is_fatal_1_3() {
    let (directory, options) = node();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let pointer = format!("/network/rpc_interfaces/{SERVICE_INTERFACE}/bind_address");
    let ended = options
        .with(&pointer, json!(address))
        .run(&in_node(&directory));
    assert_ne!(ended.status.code(), Some(0));
    let line = ended
        .out
        .lines()
        .find(|line| line.contains("[fatal]"))
        .expect("a fatal line");
    assert!(line.contains("TCP RPC Client listen failed"), "{line}");
}
