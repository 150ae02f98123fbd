//! The lines about requests.

use std::fmt::Debug;

use parking_lot::Mutex;
use quorate_governance::GovernanceError;
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = format!("{} {}", metadata.level(), metadata.target());
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" {
                line.push_str(&format!(" {value:?}"));
            }
        });
        self.0.lock().push(line);
    }
}

/// What is logged while `run` runs.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    tracing::subscriber::with_default(subscriber, run);
    let lines = lines.0.lock().clone();
    lines.iter().map(|line| without_duration(line)).collect()
}

/// Durations differ from run to run.
fn without_duration(line: &str) -> String {
    let Some((before, after)) = line.split_once("ms ") else {
        return line.to_owned();
    };
    format!(
        "{}0ms {after}",
        before.trim_end_matches(|c: char| c.is_ascii_digit())
    )
}

fn governed() -> Node {
    let failing = |path: &str, policies: Vec<Auth>| {
        Endpoint::new(Method::POST, path, |_| {
            Err(GovernanceError::ProposalFailed {
                reason: "why\nmore".to_owned(),
                trace: None,
            }
            .into())
        })
        .auth(policies)
        .versioned(ApiVersion::Preview20230601)
    };
    Setup::new()
        .gov(failing("/members/{id}:fail", vec![]))
        .gov(failing("/closed", vec![Auth::MemberCert]))
        .app(writer("/w", 200))
        .build()
}

#[test]
fn gov_1_3_an_error_has_exactly_one_line_of_its_own() {
    let node = governed();
    let lines = logged(|| {
        assert_eq!(
            node.post("/gov/members/a%20b:fail?api-version=2024-07-01")
                .status,
            500
        );
    });
    assert_eq!(
        lines,
        [
            "INFO gov POST /gov/members/a%20b:fail returning error 500: why\nmore\nTrace: N/A",
            "INFO gov RequestCompletedEvent: POST /members/{id}:fail 500 0ms 1 attempt(s)",
        ]
    );
}

#[test]
fn gov_1_3_refusals_before_the_handler_have_no_line_of_their_own() {
    let node = governed();
    let lines = logged(|| {
        assert_eq!(node.post("/gov/closed?api-version=2024-07-01").status, 401);
        assert_eq!(node.post("/gov/members/x:fail").status, 400);
        assert_eq!(node.get("/gov/commit").status, 200);
    });
    assert_eq!(
        lines,
        [
            "INFO gov RequestCompletedEvent: POST /closed 401 0ms 1 attempt(s)",
            "INFO gov RequestCompletedEvent: POST /members/{id}:fail 400 0ms 1 attempt(s)",
            "INFO gov RequestCompletedEvent: GET /commit 200 0ms 1 attempt(s)",
        ]
    );
}

#[test]
fn gov_1_3_and_apps_7_requests_without_an_endpoint() {
    let node = governed();
    let lines = logged(|| {
        assert_eq!(node.get("/gov/no").status, 404);
        assert_eq!(node.get("/gov/closed").status, 405);
        assert_eq!(node.get("/app/no/way?x").status, 404);
        assert_eq!(node.get("/").status, 404);
        assert_eq!(node.get("/node/no").status, 404);
        assert_eq!(node.post("/app/w").status, 200);
    });
    assert_eq!(
        lines,
        [
            "INFO gov DispatchFailedEvent: GET 404",
            "INFO gov DispatchFailedEvent: GET 405",
            "INFO app DispatchFailedEvent: /no/way 404",
            "INFO app DispatchFailedEvent: / 404",
        ]
    );
}

#[test]
fn gov_1_3_attempts_are_counted() {
    let node = Setup::new().gov(writer("/w", 200)).build();
    node.host
        .fail_next([CommitFailure::Conflict, CommitFailure::Conflict]);
    let lines = logged(|| assert_eq!(node.post("/gov/w").status, 200));
    assert_eq!(
        lines,
        ["INFO gov RequestCompletedEvent: POST /w 200 0ms 3 attempt(s)"]
    );
}

#[test]
fn node_5_4_an_unconfigured_unsecured_interface_says_so() {
    let node = Setup::new()
        .interface("plain", InterfaceRules::default().unsecured())
        .build();
    let lines = logged(|| {
        let from = request("GET", "/node/commit").interface("plain");
        assert_eq!(call(&node.dispatcher, from).status, 503);
    });
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("WARN "));
    assert!(lines[0].ends_with(
        " Request for /node/commit rejected because the interface is unsecured and no accepted_endpoints have been configured."
    ));
}
