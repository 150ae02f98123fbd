//! `kill -9` at random moments: whatever the ledger holds then, its signed prefix is accepted by the independent reader
//! and contains everything that was reported as committed.
#![cfg(test)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quorate_crypto::{Entropy, SystemEntropy};
use quorate_tests::http::Request;
use quorate_tests::node::{Founder, NodeOptions};
use quorate_tests::service::{DEFAULT_CONSTITUTION, constitution_files, propose_one};
use quorate_tests::{Client, Identity, Service, ServiceOptions, TxId, Walk};
use rustix::process::Signal;
use serde_json::json;

/// A random time up to a limit. It is in the message of a failing check.
fn up_to(limit: Duration) -> Duration {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    limit.mul_f64(u64::from_le_bytes(bytes) as f64 / u64::MAX as f64)
}

#[test]
fn killed_under_load() {
    let mut written = 0;
    for round in 0..6 {
        // Small chunks and frequent signatures, so that the kill meets every kind of file operation.
        let mut service = Service::open(&ServiceOptions {
            changes: vec![
                ("/ledger/chunk_size", json!("10KB")),
                (
                    "/ledger_signatures",
                    json!({"tx_count": 10, "delay": "20ms"}),
                ),
            ],
            ..ServiceOptions::default()
        });
        let delay = up_to(Duration::from_millis(1500));
        let committed = kill_under_load(&mut service, delay);
        let walk = Walk::of_killed(&service.node.ledger());
        let what = format!("round {round}, killed after {delay:?}");
        assert!(
            walk.verified().seqno >= committed,
            "{what}: {committed} was reported as committed, the ledger is signed up to {}",
            walk.verified()
        );
        assert_eq!(
            walk.singleton("public:ccf.gov.service.info")["status"],
            "Open",
            "{what}"
        );
        let entries = walk.json["entries"].as_array().unwrap();
        written += entries
            .iter()
            .filter(|entry| entry["private_bytes"] != 0)
            .count();
    }
    assert!(
        written > 100,
        "only {written} transactions of users in all rounds: there was no load"
    );
}

/// Writes and votes from several clients while one asks for the last committed transaction; kills the node; the last
/// seqno that was reported as committed.
fn kill_under_load(service: &mut Service, delay: Duration) -> u64 {
    let stop = AtomicBool::new(false);
    let committed = AtomicU64::new(0);
    let (user, anyone) = (service.user(0), service.client());
    let members = &service.members;
    let governed: &Service = service;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| run_load(&user));
        }
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let Ok(answer) = anyone.try_send(Request::new("GET", "/node/commit")) else {
                    break;
                };
                let id = answer.json()["transaction_id"]
                    .as_str()
                    .map(TxId::parse)
                    .unwrap();
                committed.fetch_max(id.seqno, Ordering::Relaxed);
            }
        });
        scope.spawn(|| {
            // Governance too: proposals that stay open. Ends when the node is gone.
            let body =
                propose_one("set_user_data", json!({"user_id": "ab".repeat(32)})).to_string();
            while !stop.load(Ordering::Relaxed) {
                let message = quorate_tests::signer::Message::new("proposal", body.as_bytes());
                let signed = governed.signer.sign(&members[0], message);
                let path = governed.path("/members/proposals:create");
                let request = Request::new("POST", &path)
                    .header("content-type", "application/cose")
                    .body(signed);
                if anyone.try_send(request).is_err() {
                    break;
                }
            }
        });
        std::thread::sleep(delay);
        governed.node.signal(Signal::KILL);
        stop.store(true, Ordering::Relaxed);
    });
    service.node.kill();
    committed.into_inner()
}

/// Writes on one connection after the other, until the node is gone.
fn run_load(user: &Client) {
    loop {
        let bodies = (0..200)
            .map(|i| json!({"id": i % 100, "msg": format!("record {i} {}", "x".repeat(i % 300))}));
        let requests: Vec<Request<'_>> = bodies
            .map(|body| Request::new("POST", "/app/log/private").body(body.to_string()))
            .collect();
        if user.send_batch(&requests).len() < requests.len() {
            return;
        }
    }
}

#[test]
fn killed_while_starting() {
    for round in 0..6 {
        let directory = tempfile::tempdir().unwrap();
        let member = Identity::make(
            directory.path(),
            "member0",
            quorate_crypto::Curve::P384,
            true,
        );
        let founders = [Founder {
            identity: &member,
            data: None,
            role: None,
        }];
        let mut node = NodeOptions::start(
            directory.path(),
            &founders,
            &constitution_files(&DEFAULT_CONSTITUTION),
        )
        .spawn_unready(&directory.path().join("node"));
        let delay = up_to(Duration::from_millis(400));
        std::thread::sleep(delay);
        let killed = Instant::now();
        node.kill();
        assert!(killed.elapsed() < Duration::from_secs(10));
        let ledger = node.ledger();
        if ledger.is_dir() && std::fs::read_dir(&ledger).unwrap().next().is_some() {
            let walk = Walk::of_killed(&ledger);
            let whole = walk.len();
            assert!(
                whole == 0 || walk.verified().seqno >= 2,
                "round {round}, killed after {delay:?}: {whole}"
            );
        }
    }
}
