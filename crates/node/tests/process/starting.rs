//! Start-up: order, refusals, exit codes, what is left behind.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::program::Place;

#[test]
fn node_and_operations_1_2_what_is_refused_before_the_start_leaves_nothing() {
    for (pointer, value, code) in [
        ("/command/type", json!("Join"), 1),
        ("/command/type", json!("Recover"), 1),
        ("/worker_threads", json!(24), 4),
    ] {
        let mut place = Place::new();
        place.config["worker_threads"] = 0.into();
        place.config["command"]["join"] = json!({"target_rpc_address": "127.0.0.1:1"});
        place.config["command"]["recover"] = json!({"previous_service_identity_file": "x"});
        *place.config.pointer_mut(pointer).unwrap() = value;
        assert_eq!(place.run(&[]), code, "{}", place.read("out"));
        assert_eq!(place.read("err"), "");
        assert!(place.made().is_empty(), "{:?}", place.made());
        if code == 1 {
            let lines = place.lines("fail");
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(lines[0].contains("| Error starting node: command.type "));
            assert!(lines[1].ends_with("An error occurred when creating CCF node: InternalError"));
        }
    }
}

#[test]
fn node_and_operations_1_4_files_that_cannot_be_written_are_named() {
    for (key, is_late) in [
        ("pid_file", false),
        ("node_to_node_address_file", false),
        ("rpc_addresses_file", false),
        ("node_certificate_file", true),
    ] {
        let mut place = Place::new();
        place.config["output_files"][key] = "absent/file".into();
        assert_eq!(place.run(&[]), 1, "{key}");
        assert_eq!(place.read("err"), "", "{key}");
        let fatal = place.lines("fatal");
        assert!(
            fatal.len() == 1 && fatal[0].contains("absent/file"),
            "{fatal:?}"
        );
        assert_eq!(place.file("ledger").exists(), is_late, "{key}");
    }
    let mut place = Place::new();
    place.config["command"]["service_certificate_file"] = "absent/file".into();
    assert_eq!(place.run(&[]), 1);
    assert!(
        place.file("nodecert.pem").exists(),
        "the service certificate is written last"
    );
    for (section, key) in [("ledger", "directory"), ("snapshots", "directory")] {
        let mut place = Place::new();
        place.config[section] = json!({ key: "absent/directory" });
        assert_eq!(place.run(&[]), 1, "{section}");
        assert_eq!(place.read("err"), "", "{section}");
        assert!(
            place.lines("fatal")[0].contains("absent/directory"),
            "{section}"
        );
    }
}

#[test]
fn node_and_operations_1_3_a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (pointer, what) in [
        (
            "/network/node_to_node_interface/bind_address",
            "TCP Node Server listen failed",
        ),
        (
            "/network/rpc_interfaces/plain/bind_address",
            "TCP RPC Client listen failed",
        ),
    ] {
        let mut place = Place::new();
        *place.config.pointer_mut(pointer).unwrap() = address.clone().into();
        assert_eq!(place.run(&[]), 134);
        assert!(place.lines("fatal")[0].contains(what));
        assert!(place.read("err").contains(what));
    }
}

#[test]
fn node_and_operations_2_1_a_check_names_what_is_ignored() {
    let mut place = Place::new();
    place.config["network"]["rpc_interfaces"]["plain"]["enabled_operator_features"] = json!([]);
    assert_eq!(place.run(&["--check"]), 0);
    let info = place.lines("info");
    assert!(
        info.iter()
            .any(|line| line.contains("enabled_operator_features")),
        "{info:?}"
    );
    assert!(
        info.last()
            .unwrap()
            .ends_with("Configuration file successfully verified")
    );
    assert!(place.made().is_empty(), "{:?}", place.made());
    assert!(!place.read("out").contains("Environment: "));
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    for option in ["--version", "--help"] {
        let place = Place::new();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(&[option]);
        let status = command.stdout(Stdio::from(writer)).status().unwrap();
        assert_eq!(status.code(), Some(0), "{option}");
        assert_eq!(place.read("err"), "", "{option}");
    }
}

#[test]
fn node_and_operations_6_a_fresh_start_overwrites_what_is_there() {
    let place = Place::new();
    fs::create_dir(place.file(".index")).unwrap();
    for name in [
        ".index/old",
        "nodecert.pem",
        "service_cert.pem",
        "rpc_addresses",
    ] {
        fs::write(place.file(name), "of an earlier node").unwrap();
    }
    fs::create_dir(place.file("snapshots")).unwrap();
    let mut node = place.serve();
    assert_eq!(place.read("node.pid"), node.id().to_string());
    assert!(!place.file(".index/old").exists());
    for name in ["nodecert.pem", "service_cert.pem"] {
        assert!(
            place.read(name).starts_with("-----BEGIN CERTIFICATE-----"),
            "{name}"
        );
    }
    assert!(
        place.made().iter().all(|name| !name.ends_with(".tmp")),
        "{:?}",
        place.made()
    );
    node.signal(rustix::process::Signal::TERM);
    assert_eq!(node.wait().code(), Some(0));
}
