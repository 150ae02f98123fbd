//! A thousand proposals with three ballots each: the node's memory does not grow beyond the data.
#![cfg(test)]

use std::fs;

use quorate_tests::ballots::{AGAINST, FOR};
use quorate_tests::http::Request;
use quorate_tests::service::{id_of, propose_one};
use quorate_tests::signer::Message;
use quorate_tests::{Service, Walk};
use serde_json::json;

const PROPOSALS: usize = 1000;
/// Proposals that are open at the same time.
const BATCH: usize = 50;
/// Proposals after which caches and pools have found their size.
const WARM: usize = 200;
#[test]
fn memory_does_not_grow_with_the_number_of_proposals() {
    let mut service = Service::default_open();
    let (mut warm, mut on_disk) = (0, 0);
    for batch in 0..PROPOSALS / BATCH {
        accept_many(&service, batch * BATCH);
        if (batch + 1) * BATCH == WARM {
            (warm, on_disk) = (resident_bytes(&service), ledger_bytes(&service));
        }
    }
    // Old entries are on disk and need not be in memory, so less than what was written is kept.
    let grown = resident_bytes(&service).saturating_sub(warm);
    let written = ledger_bytes(&service) - on_disk;
    println!("{grown} bytes more in memory, {written} bytes more on disk");
    assert!(
        grown < written,
        "grew by {grown} bytes from {warm} while {written} were written"
    );

    // Only the last closed proposal is kept.
    let kept = service.gov("/members/proposals").expect(200);
    assert_eq!(kept["value"].as_array().unwrap().len(), 1);
    service.settled();
    service.node.stop();
    let walk = Walk::of(&service.node.ledger());
    assert!(walk.len() > 4 * PROPOSALS);
    assert_eq!(walk.verified().seqno, walk.len() as u64);
}

/// Makes proposals, and lets all members vote on each: for, against, for. What one step needs is known only from the
/// answers of the step before, so a batch is sent step by step.
fn accept_many(service: &Service, from: usize) {
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let client = service.client();
    let create = service.path("/members/proposals:create");
    let proposals: Vec<String> = (from..from + BATCH)
        .map(|i| {
            let data = json!({"round": i, "text": "x".repeat(500)});
            let args = json!({"user_id": service.users[0].id, "user_data": data});
            propose_one("set_user_data", args).to_string()
        })
        .collect();
    let requests: Vec<Request<'_>> = proposals
        .iter()
        .map(|proposal| {
            service.signed(
                &create,
                first,
                Message::new("proposal", proposal.as_bytes()),
            )
        })
        .collect();
    let ids: Vec<String> = client
        .send_batch(&requests)
        .iter()
        .map(|answer| id_of(&answer.expect(200)))
        .collect();
    assert_eq!(ids.len(), BATCH);

    for (voter, ballot, state) in [
        (first, FOR, "Open"),
        (second, AGAINST, "Open"),
        (third, FOR, "Accepted"),
    ] {
        let payload = json!({"ballot": ballot}).to_string();
        let targets: Vec<String> = ids
            .iter()
            .map(|id| {
                service.path(&format!(
                    "/members/proposals/{id}/ballots/{}:submit",
                    voter.id
                ))
            })
            .collect();
        let requests: Vec<Request<'_>> = ids
            .iter()
            .zip(&targets)
            .map(|(id, target)| {
                service.signed(
                    target,
                    voter,
                    Message::new("ballot", payload.as_bytes()).about(id),
                )
            })
            .collect();
        let answers = client.send_batch(&requests);
        assert_eq!(answers.len(), BATCH);
        for answer in answers {
            assert_eq!(answer.expect(200)["proposalState"], state, "{answer}");
        }
    }
}

fn ledger_bytes(service: &Service) -> u64 {
    service.settled();
    let files = fs::read_dir(service.node.ledger()).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

fn resident_bytes(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.node.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
