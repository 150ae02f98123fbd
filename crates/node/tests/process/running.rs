//! A running node: signals, the log, the node-to-node port, errors that it cannot go on with.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Place, until};

#[test]
fn node_and_operations_8_1_a_signal_during_start_up_ends_the_node_gracefully() {
    let place = Place::new();
    let mut node = place.spawn();
    // The earliest moment at which a script can know the process.
    until("the PID file", || {
        place.file("node.pid").exists().then_some(())
    });
    node.signal(Signal::TERM);
    assert_eq!(node.wait().code(), Some(0), "{}", place.read("out"));
    assert_eq!(place.read("err"), "");
    let log = place.read("out");
    for line in [
        "Terminated: Shutting down enclave gracefully...",
        "Enclave stopped successfully. Stopping host...",
        "Host stopped successfully",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

#[test]
fn node_and_operations_8_2_a_notice_during_start_up_is_kept() {
    let mut place = Place::new();
    place.config["ignore_first_sigterm"] = true.into();
    let mut node = place.spawn();
    until("the PID file", || {
        place.file("node.pid").exists().then_some(())
    });
    node.signal(Signal::TERM);
    until("the notice", || {
        let answer = place
            .read("rpc_addresses")
            .contains("plain")
            .then(|| node.get("/node/state"))?;
        answer.contains("\"stop_notice\":true").then_some(())
    });
    assert!(node.is_running());
    node.signal(Signal::TERM);
    assert_eq!(node.wait().code(), Some(0));
    let log = place.read("out");
    assert!(
        log.contains("Terminated: Notifying enclave, but not shutting down."),
        "{log}"
    );
}

#[test]
fn node_and_operations_7_3_the_log_of_a_quiet_life() {
    let place = Place::new();
    let mut node = place.serve();
    assert!(node.write().starts_with("HTTP/1.1 200"));
    node.signal(Signal::HUP);
    assert_eq!(node.wait().code(), Some(0));
    assert_eq!(place.read("err"), "");
    for level in ["fail", "fatal"] {
        assert_eq!(place.lines(level), [""; 0], "nothing has failed");
    }
    let log = place.read("out");
    let mut rest = log.as_str();
    for line in [
        "CCF version: ccf-",
        "CLI args: ",
        "Configuration file config.json:\n{",
        "Environment: {}",
        "Startup host time: ",
        "Initial node attestation (",
        "Created new node",
        "Becoming leader n[",
        "Network TLS connections now accepted",
        "Opening frontend",
        "Output self-signed node certificate to nodecert.pem",
        "Output service certificate to service_cert.pem",
        "Hangup: Shutting down enclave gracefully...",
    ] {
        let at = rest.find(line);
        let at = at.unwrap_or_else(|| panic!("{line} does not follow in\n{log}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn sessions_may_use_all_descriptors_that_the_system_admits() {
    let place = Place::new();
    let node = place.serve();
    let limits = fs::read_to_string(format!("/proc/{}/limits", node.id())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let numbers: Vec<_> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
}

#[test]
fn node_and_operations_3_2_the_node_to_node_port_has_no_effect_on_the_node() {
    let place = Place::new();
    let mut node = place.serve();
    let addresses: Value = serde_json::from_str(&place.read("node_address")).unwrap();
    let address = addresses["node_to_node_interface"].as_str().unwrap();
    let before = place.read("out").lines().count();
    for number in 0..2000_u32 {
        let mut stream = TcpStream::connect(address).unwrap();
        let bytes = [number.to_le_bytes(), [0xff; 4]].concat();
        // It may have been closed already.
        let _ = stream.write_all(&bytes[..number as usize % 9]);
    }
    assert!(
        node.get("/node/state")
            .contains("\"state\":\"PartOfNetwork\"")
    );
    let log = place.read("out");
    let added: Vec<_> = log.lines().skip(before).collect();
    assert_eq!(added, [""; 0], "not a word");
    node.signal(Signal::TERM);
    assert_eq!(node.wait().code(), Some(0));
}

#[test]
fn node_and_operations_1_3_an_error_that_the_node_cannot_survive() {
    let mut place = Place::new();
    place.config["ledger"] = serde_json::json!({ "chunk_size": "1b" });
    let mut node = place.serve();
    fs::remove_dir_all(place.file("ledger")).unwrap();
    node.write();
    assert_eq!(node.killed_by(), Some(6), "SIGABRT");
    let err = place.read("err");
    let begin = "terminate called after throwing an instance of 'std::logic_error'\n  what():  ";
    assert!(err.starts_with(begin), "{err}");
    assert!(err.contains("ledger"), "{err}");
    let failures = place.lines("fail");
    assert!(
        failures[0].contains("| Exception in ccf::run: "),
        "{failures:?}"
    );
}
