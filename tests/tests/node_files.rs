//! A node for its operator: command line, exit codes, files, log, signals (node-and-operations.md 1, 6, 7, 8, 11).
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use quorate_crypto::cert::Certificate;
use quorate_crypto::{Curve, sha256};
use quorate_tests::node::{Founder, NODE_INTERFACE, NodeOptions, SERVICE_INTERFACE, run_program};
use quorate_tests::service::{DEFAULT_CONSTITUTION, constitution_files};
use quorate_tests::{Identity, programs, wait};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A directory with one member's keys, and a node to start there.
fn node() -> (TempDir, NodeOptions) {
    let directory = TempDir::new().unwrap();
    let member = Identity::make(directory.path(), "member0", Curve::P384, true);
    let founders = [Founder {
        identity: &member,
        data: None,
        role: None,
    }];
    let options = NodeOptions::start(
        directory.path(),
        &founders,
        &constitution_files(&DEFAULT_CONSTITUTION),
    );
    (directory, options)
}

fn in_node(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("node")
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn version_and_help_need_no_configuration_1_1() {
    let directory = TempDir::new().unwrap();
    for name in [programs::NODE, programs::LOGGING] {
        let program = programs::program(name);
        for flag in ["--version", "-v"] {
            let ended = run_program(&program, &[flag], directory.path()).expect_code(0);
            let mut lines = ended.out.lines();
            let version = lines
                .next()
                .unwrap()
                .strip_prefix("CCF host: ccf-")
                .expect("the version");
            let numbers: Vec<&str> = version.split('-').next().unwrap().split('.').collect();
            assert!(
                numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok()),
                "{version}"
            );
            assert!(numbers[0].parse::<u32>().unwrap() >= 7, "{version}");
            assert_eq!(lines.next(), Some("Platform: Virtual"));
            assert_eq!(ended.err, "");
        }
        for flag in ["--help", "-h"] {
            let ended = run_program(&program, &[flag], directory.path()).expect_code(0);
            for option in [
                "--config",
                "--config-timeout",
                "--check",
                "--log-level",
                "--version",
            ] {
                assert!(ended.out.contains(option), "{option} is not explained");
            }
        }
    }
}

#[test]
fn mistakes_on_the_command_line_1_2() {
    let (directory, options) = node();
    let program = programs::program(programs::NODE);
    let none: [&str; 0] = [];
    let ended = run_program(&program, &none, directory.path()).expect_code(106);
    assert_eq!(
        ended.err,
        "--config is required\nRun with --help for more information.\n"
    );
    let ended =
        run_program(&program, &["--config", "x", "surplus"], directory.path()).expect_code(109);
    assert!(!ended.err.is_empty());
    for level in ["loud", "5", ""] {
        let ended = options
            .clone()
            .arguments(&["--log-level", level])
            .run(&in_node(&directory))
            .expect_code(105);
        assert!(ended.err.contains("--log-level"), "{ended:?}");
    }
    for level in ["trace", "INFO", "Fail", "0", "4"] {
        let with_equals = format!("--log-level={level}");
        let _ = options
            .clone()
            .arguments(&["--check", &with_equals])
            .run(&in_node(&directory))
            .expect_code(0);
    }
}

#[test]
fn check_only_checks_1_1() {
    let (directory, options) = node();
    let ended = options
        .clone()
        .arguments(&["--check"])
        .run(&in_node(&directory))
        .expect_code(0);
    assert!(
        ended
            .out
            .contains("Configuration file successfully verified"),
        "{ended:?}"
    );
    assert_eq!(ended.err, "");
    assert_eq!(names(&in_node(&directory)), ["0.config.json", "err", "out"]);

    let ended = options
        .with("/ledger/chunk_size", json!("5 cats"))
        .arguments(&["--check"])
        .run(&in_node(&directory));
    assert_ne!(ended.status.code(), Some(0));
    assert!(
        ended
            .err
            .contains("Unit cats is invalid. Allowed: b, gb, kb, mb, pb, tb"),
        "{ended:?}"
    );
}

#[test]
fn configurations_are_refused_by_name_and_position_1_3() {
    let (directory, options) = node();
    let start = |options: &NodeOptions| {
        let ended = options.run(&in_node(&directory));
        assert_ne!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(
            ended.out, "",
            "errors before the logger exists go to standard error only"
        );
        assert_eq!(names(&in_node(&directory)), ["0.config.json", "err", "out"]);
        ended.err
    };
    let err = start(
        &options
            .clone()
            .with("/network/foo", json!(1))
            .with("/ledger/chunk_size", json!(5)),
    );
    assert!(
        err.contains("Error validating JSON schema for configuration file 0.config.json: "),
        "{err}"
    );
    assert!(
        err.contains("\nError #1:\n  context: <root>[ledger][chunk_size]\n  message: "),
        "{err}"
    );
    assert!(
        err.contains(
            "\nError #2:\n  context: <root>[network]\n  message: Object contains a property"
        ),
        "{err}"
    );
    assert!(err.contains("'foo'"), "{err}");

    let udp = options.clone().with(
        &format!("/network/rpc_interfaces/{NODE_INTERFACE}/protocol"),
        json!("udp"),
    );
    let err = start(&udp);
    assert!(err.contains("UDP") && err.contains(NODE_INTERFACE), "{err}");
    let pattern = format!("/network/rpc_interfaces/{NODE_INTERFACE}/accepted_endpoints");
    let err = start(&options.clone().with(&pattern, json!(["("])));
    assert!(err.contains("accepted_endpoints"), "{err}");
    let err = start(
        &options
            .clone()
            .with("/consensus/message_timeout", json!("-1s")),
    );
    assert!(
        err.contains("Could not convert value from size string \"-1\": 22"),
        "{err}"
    );
}

#[test]
fn a_file_that_is_not_json_or_comes_late_1_1() {
    let (directory, options) = node();
    let program = programs::program(programs::NODE);
    let ended = run_program(&program, &["--config", "absent.json"], directory.path());
    assert_ne!(ended.status.code(), Some(0));
    assert!(
        ended
            .err
            .contains("Error parsing configuration file absent.json: "),
        "{ended:?}"
    );
    fs::write(directory.path().join("broken.json"), "{").unwrap();
    let ended = run_program(
        &program,
        &["-c", "broken.json", "--config-timeout", "300ms"],
        directory.path(),
    );
    assert!(
        ended
            .err
            .contains("Error parsing configuration file broken.json: "),
        "{ended:?}"
    );

    let text = options.config.to_string();
    let late = directory.path().join("late.json");
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        fs::write(late, text).unwrap();
    });
    let arguments = ["-c", "late.json", "--config-timeout=20s", "--check"];
    let ended = run_program(&program, &arguments, directory.path()).expect_code(0);
    assert!(
        ended
            .out
            .contains("Configuration file successfully verified")
    );
    writer.join().unwrap();
}

#[test]
fn what_is_ignored_is_named_in_the_log_2_1() {
    let (directory, options) = node();
    let mut node = options
        .with(
            &format!("/network/rpc_interfaces/{NODE_INTERFACE}/enabled_operator_features"),
            json!([]),
        )
        .with("/command/my_note", json!(1))
        .with("/enclave", json!({"file": "x"}))
        .spawn(&in_node(&directory));
    for key in ["enabled_operator_features", "my_note", "enclave"] {
        let log = node.log();
        let line = log.lines().find(|line| {
            line.contains("[info ]") && line.contains(key) && line.contains("ignored")
        });
        assert!(line.is_some(), "{key} is not named in\n{log}");
    }
    node.stop();
}

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
fn what_is_not_built_yet_is_refused_as_such() {
    let (directory, options) = node();
    for (kind, key, value) in [
        ("Join", "join", json!({"target_rpc_address": "127.0.0.1:1"})),
        (
            "Recover",
            "recover",
            json!({"previous_service_identity_file": "old.pem"}),
        ),
    ] {
        let options = options
            .clone()
            .with("/command/type", json!(kind))
            .with(&format!("/command/{key}"), value);
        let ended = options.run(&in_node(&directory));
        assert_ne!(ended.status.code(), Some(0), "{ended:?}");
        let text = format!("{}{}", ended.out, ended.err);
        assert!(
            text.contains(kind) && text.contains("not available in this version"),
            "{text}"
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

#[test]
fn signals_8_1() {
    for (signal, name) in [
        (Signal::TERM, "Terminated"),
        (Signal::HUP, "Hangup"),
        (Signal::INT, "Interrupt"),
    ] {
        let (directory, options) = node();
        let mut node = options.spawn(&in_node(&directory));
        node.signal(signal);
        assert_eq!(
            node.wait_for_end(Duration::from_secs(10)).code(),
            Some(0),
            "{}",
            node.log()
        );
        let log = node.log();
        let lines = [
            "Shutting down enclave gracefully...",
            "Stopping host...",
            "Host stopped successfully",
        ];
        for line in lines {
            assert!(log.contains(line), "{line} is missing in\n{log}");
        }
        if signal != Signal::INT {
            assert!(
                log.contains(&format!("{name}: Shutting down enclave gracefully...")),
                "{log}"
            );
        }
        assert_eq!(node.standard_error(), "");
    }
}

#[test]
fn the_first_sigterm_can_be_a_notice_8_2() {
    let (directory, options) = node();
    let mut node = options
        .with("/ignore_first_sigterm", json!(true))
        .spawn(&in_node(&directory));
    assert_eq!(node.client().get("/node/ready/gov").status, 204);
    assert_eq!(
        node.client().get("/node/state").expect(200)["stop_notice"],
        false
    );
    node.signal(Signal::TERM);
    node.wait_for_log("Terminated: Notifying enclave, but not shutting down.");
    wait::until("the notice is shown", wait::SOON, || {
        let state = node.client().get("/node/state").expect(200);
        if state["stop_notice"] == true {
            Ok(())
        } else {
            Err(state)
        }
    });
    assert_eq!(node.client().get("/node/ready/gov").status, 503);
    assert_eq!(
        node.client()
            .get("/gov/service/info?api-version=2024-07-01")
            .status,
        200,
        "all else goes on"
    );
    node.stop();
}

#[test]
fn text_log_7_1() {
    let (directory, options) = node();
    let mut node = options.spawn(&in_node(&directory));
    let client = node.client();
    assert_eq!(client.get("/gov/nowhere").status, 404);
    assert_eq!(
        client
            .get("/gov/service/info?api-version=2024-07-01")
            .status,
        200
    );
    assert_eq!(
        client
            .get("/gov/service/users/abc?api-version=2024-07-01")
            .status,
        400
    );
    node.stop();
    let log = node.log();
    let mut prefixed = 0;
    for line in log.lines() {
        let Some((preamble, _)) = line.split_once("| ") else {
            continue;
        };
        let Some((time, rest)) = preamble.split_once("Z        ") else {
            continue;
        };
        prefixed += 1;
        let shape: String = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000", "{line}");
        assert_eq!(
            rest.len(),
            3 + 1 + 45,
            "thread and preamble have fixed widths: {line}"
        );
        let level = &rest[4..11];
        let levels = ["[trace]", "[debug]", "[info ]", "[fail ]", "[fatal]"];
        assert!(levels.contains(&level), "{line}");
    }
    assert!(prefixed > 10, "{log}");
    for text in [
        "CCF version: ccf-",
        "CLI args: ",
        "Configuration file 0.config.json:",
        "Created new node",
    ] {
        assert!(log.contains(text), "{text} is missing in\n{log}");
    }
    let lines = |text: &str| {
        log.lines()
            .filter(|line| line.contains("[info ][gov]") && line.contains(text))
            .count()
    };
    assert_eq!(lines("| DispatchFailedEvent: GET 404"), 1, "{log}");
    assert_eq!(
        lines("| RequestCompletedEvent: GET /service/info 200 "),
        1,
        "{log}"
    );
    let refusal = "| GET /gov/service/users/abc returning error 400: 'abc' is not a valid hex-encoded user ID";
    assert_eq!(lines(refusal), 1, "{log}");
}

#[test]
fn json_log_7_2() {
    let (directory, options) = node();
    let mut node = options
        .with("/logging/format", json!("Json"))
        .spawn(&in_node(&directory));
    node.stop();
    let log = node.log();
    assert!(log.lines().count() > 10);
    for line in log.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let object = value.as_object().unwrap();
        assert!(object.values().all(Value::is_string), "{line}");
        let mut from = 0;
        for key in ["h_ts", "thread_id", "level", "tag", "file", "number", "msg"] {
            let at = line[from..]
                .find(&format!("\"{key}\":"))
                .unwrap_or_else(|| panic!("{key} in {line}"));
            from += at;
        }
        assert_eq!(object.len(), 7, "{line}");
    }
}
