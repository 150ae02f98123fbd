//! Command line and configuration (node-and-operations.md 1.1 to 1.3, 2).

use std::fs;
use std::time::Duration;

use quorate_tests::node::{NODE_INTERFACE, NodeOptions, run_program};
use quorate_tests::programs;
use serde_json::json;
use tempfile::TempDir;

use crate::{in_node, names, node};

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
