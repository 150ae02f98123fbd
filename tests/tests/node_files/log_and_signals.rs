//! Signals and log lines (node-and-operations.md 7, 8).

use std::time::Duration;

use quorate_tests::wait;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{in_node, node};

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
