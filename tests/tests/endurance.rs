//! A thousand proposals with three ballots each: the node's memory does not grow beyond the data.
#![cfg(test)]

use std::fs;

use quorate_tests::ballots::{AGAINST, FOR};
use quorate_tests::service::{id_of, propose_one};
use quorate_tests::{Service, Walk};
use serde_json::json;

const PROPOSALS: usize = 1000;
/// Proposals after which caches and pools have found their size.
const WARM: usize = 200;
/// What the node may keep for a proposal and its ballots beyond then: ledger entries in flight, Merkle leaves and the
/// rows of the tables, of which only those of the last proposals stay. In bytes.
const ALLOWED_PER_PROPOSAL: u64 = 20_000;

#[test]
fn memory_does_not_grow_with_the_number_of_proposals() {
    let mut service = Service::default_open();
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let mut warm = 0;
    for i in 0..PROPOSALS {
        let data = json!({"user_id": service.users[0].id, "user_data": {"round": i, "text": "x".repeat(500)}});
        let id = id_of(
            &service
                .propose(first, &propose_one("set_user_data", data))
                .expect(200),
        );
        service.vote(first, &id, FOR).expect(200);
        service.vote(second, &id, AGAINST).expect(200);
        let view = service.vote(third, &id, FOR).expect(200);
        assert_eq!(view["proposalState"], "Accepted", "round {i}: {view}");
        if i + 1 == WARM {
            warm = resident_bytes(&service);
        }
    }
    let end = resident_bytes(&service);
    let grown = end.saturating_sub(warm);
    let allowed = ALLOWED_PER_PROPOSAL * (PROPOSALS - WARM) as u64;
    assert!(
        grown < allowed,
        "grew by {grown} bytes in {} proposals, from {warm}",
        PROPOSALS - WARM
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

fn resident_bytes(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.node.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
