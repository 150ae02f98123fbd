//! The generator against a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quorate_bench::{
    LoadError,
    run::{self, Plan},
    target::{Files, Target},
    template::Template,
};
use quorate_http::{
    HttpLimits, Interface, Protocol, Reply, Request, Response, Security, Service, SessionLimits,
    Sessions, serve,
};
use tokio::{net::TcpListener, sync::watch};

/// Answers writes with a transaction id each, and calls the tenth question for one committed.
#[derive(Default)]
struct Ledger {
    writes: AtomicU64,
    questions: AtomicU64,
    never_commits: bool,
}

impl Service for Ledger {
    fn call(&self, request: Request) -> Reply {
        Reply::Now(match request.path() {
            "/tx" => {
                let asked = self.questions.fetch_add(1, Ordering::SeqCst) + 1;
                let wanted = format!("transaction_id=2.{}", self.writes.load(Ordering::SeqCst));
                assert_eq!(request.query(), Some(wanted.as_str()));
                let status = if self.never_commits {
                    "Invalid"
                } else if asked < 10 {
                    "Pending"
                } else {
                    "Committed"
                };
                Response::new(200, format!(r#"{{"status":"{status}"}}"#))
            }
            "/write" => {
                let seqno = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
                let mut response = Response::new(200, request.body);
                response
                    .headers
                    .set("x-ms-ccf-transaction-id", format!("2.{seqno}"));
                response
            }
            "/close" => {
                let mut response = Response::new(200, "");
                response.close = true;
                response
            }
            _ => Response::new(404, ""),
        })
    }
}

async fn plan(service: Arc<Ledger>, path: &str) -> (Plan, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sessions = SessionLimits::default();
    let interface = Interface {
        listener,
        security: Security::Unsecured,
        protocol: Protocol::Http1,
        limits: HttpLimits::default(),
        metrics: Sessions::new().interface("main", &sessions),
        sessions,
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(interface, service, stopped));
    let target = Target::new(&url, Files::default()).unwrap();
    let body = Some(r#"{"id":{n}}"#);
    let template = Template::new("POST", &target.authority(), path, &[], body).unwrap();
    let plan = Plan {
        name: "test/write".to_owned(),
        target,
        template,
        connections: 3,
        depth: 50,
        keys: 100,
        warm_up: Duration::ZERO,
        duration: Duration::from_secs(60),
        count: Some(2000),
        committed: None,
    };
    (plan, stop)
}

#[tokio::test]
async fn all_requests_are_answered_and_seen_committed() {
    let service = Arc::new(Ledger::default());
    let (mut plan, _stop) = plan(Arc::clone(&service), "/write").await;
    plan.committed = Some("/tx".to_owned());
    let report = run::run(&plan).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.requests, 2000);
    assert_eq!(service.writes.load(Ordering::SeqCst), 2000);
    assert_eq!(report.last_transaction.as_deref(), Some("2.2000"));
    assert_eq!(service.questions.load(Ordering::SeqCst), 10);
    assert!(report.seconds_to_commit.unwrap() > 0.0);
    assert!(report.committed_per_second.unwrap() < report.requests_per_second);
    assert!(report.latency_us.p50 <= report.latency_us.p99);
}

#[tokio::test]
async fn the_end_comes_with_time_too() {
    let (mut plan, _stop) = plan(Arc::default(), "/write").await;
    plan.count = None;
    plan.warm_up = Duration::from_millis(100);
    plan.duration = Duration::from_millis(200);
    let report = run::run(&plan).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert!(report.seconds >= 0.1, "{report:?}");
}

#[tokio::test]
async fn other_statuses_are_errors() {
    let (plan, _stop) = plan(Arc::default(), "/nowhere").await;
    let report = run::run(&plan).await.unwrap();
    assert!(!report.is_clean());
    assert_eq!((report.errors, report.statuses[&404]), (2000, 2000));
    assert!(report.requests_per_second.abs() < 1e-9);
}

#[tokio::test]
async fn a_connection_that_is_closed_is_a_failure() {
    let (plan, _stop) = plan(Arc::default(), "/close").await;
    let report = run::run(&plan).await.unwrap();
    assert!(!report.is_clean());
    assert_eq!(
        (report.requests, report.failures.len()),
        (3, 3),
        "{report:?}"
    );
}

#[tokio::test]
async fn writes_that_are_not_committed_are_no_result() {
    let service = Arc::new(Ledger {
        never_commits: true,
        ..Ledger::default()
    });
    let (mut plan, _stop) = plan(service, "/write").await;
    plan.committed = Some("/tx".to_owned());
    let error = run::run(&plan).await.unwrap_err();
    assert!(matches!(error, LoadError::NotCommitted { status, .. } if status == "Invalid"));
}

#[tokio::test]
async fn without_transaction_ids_nothing_can_be_seen_committed() {
    let (mut plan, _stop) = plan(Arc::default(), "/nowhere").await;
    plan.committed = Some("/tx".to_owned());
    assert!(matches!(run::run(&plan).await, Err(LoadError::Response(_))));
}
