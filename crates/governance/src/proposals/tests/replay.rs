//! The replay window (governance-api.md 4.3).

use quorate_tables::{COSE_RECENT_PROPOSALS, SERVICE_CONFIG};

use super::*;
use crate::error::GovernanceError;

fn set_window(world: &mut World, window: u64) {
    world.write(|tx| {
        let mut config = SERVICE_CONFIG.get(tx).unwrap().unwrap();
        config.recent_cose_proposals_window_size = Some(window);
        SERVICE_CONFIG.put(tx, &config).unwrap();
    });
}

/// Submits at this time, with a signature of its own.
fn submit(world: &mut World, created_at: i64) -> Result<(), GovernanceError> {
    let signature = world.fresh_signature();
    world
        .create_signed(0, &needing(1), created_at, &signature)
        .map(|_| ())
}

/// Times in the window.
fn times(world: &World) -> Vec<String> {
    let entries = COSE_RECENT_PROPOSALS.entries_in(&world.state).unwrap();
    entries
        .iter()
        .map(|(key, _)| {
            key.split(':')
                .next()
                .unwrap()
                .trim_start_matches('0')
                .to_owned()
        })
        .collect()
}

#[test]
fn the_same_message_again_is_a_replay() {
    let mut world = world(1);
    world.create_signed(0, &needing(1), 5, b"same").unwrap();
    // Whatever the root is by now.
    world.sign();
    world.refuses(
        |world| world.create_signed(0, &needing(1), 5, b"same"),
        "ProposalReplay",
        "Proposal submission replay, already exists as proposal p0",
    );
    // Another time or another signature is another message.
    world.create_signed(0, &needing(1), 6, b"same").unwrap();
    world.create_signed(0, &needing(1), 6, b"other").unwrap();
}

#[test]
fn window_of_the_conformance_checklist() {
    let t = 1_700_000_000;
    let mut world = world(1);
    for offset in 0..100 {
        submit(&mut world, t + offset).unwrap();
    }
    assert_eq!(times(&world).len(), 100);
    for (offset, floor) in [(-1, 1_700_000_050), (49, 1_700_000_050)] {
        world.refuses(
            |world| submit(world, t + offset),
            "ProposalCreatedTooLongAgo",
            &format!("Proposal created too long ago, created_at must be greater than {floor}"),
        );
    }
    // Equality is accepted, despite the wording.
    submit(&mut world, t + 50).unwrap();
    assert_eq!(times(&world).len(), 100);

    set_window(&mut world, 1);
    submit(&mut world, t + 100).unwrap();
    assert_eq!(times(&world), ["1700000100"]);
    world.refuses(
        |world| submit(world, t + 98),
        "ProposalCreatedTooLongAgo",
        "Proposal created too long ago, created_at must be greater than 1700000100",
    );
}

#[test]
fn the_floor_is_the_median_of_the_earlier_entries() {
    // Times in the window, and the lowest that is accepted next.
    let cases: [(&[i64], i64); 5] = [
        (&[], 0),
        (&[10], 10),
        (&[10, 20], 20),
        (&[10, 20, 30], 20),
        (&[10, 20, 30, 40], 30),
    ];
    for (before, floor) in cases {
        let mut world = world(1);
        for created_at in before {
            submit(&mut world, *created_at).unwrap();
        }
        if floor > 0 {
            world.refuses(
                |world| submit(world, floor - 1),
                "ProposalCreatedTooLongAgo",
                &format!(
                    "Proposal created too long ago, created_at must be greater than {floor:010}"
                ),
            );
        }
        submit(&mut world, floor).unwrap();
    }
}

#[test]
fn old_entries_go_and_the_new_one_stays() {
    let mut world = world(1);
    set_window(&mut world, 3);
    for created_at in [10, 20, 30] {
        submit(&mut world, created_at).unwrap();
    }
    assert_eq!(times(&world), ["10", "20", "30"]);
    submit(&mut world, 40).unwrap();
    assert_eq!(times(&world), ["20", "30", "40"]);
    // The new entry may be older than those that stay.
    submit(&mut world, 30).unwrap();
    assert_eq!(times(&world), ["30", "30", "40"]);
    // A smaller window takes effect with the next proposal.
    set_window(&mut world, 1);
    assert_eq!(times(&world).len(), 3);
    submit(&mut world, 50).unwrap();
    assert_eq!(times(&world), ["50"]);
    set_window(&mut world, 0);
    submit(&mut world, 60).unwrap();
    assert_eq!(times(&world), ["60"]);
}

#[test]
fn a_time_of_more_than_ten_digits_is_refused() {
    let mut world = world(1);
    world.refuses(
        |world| submit(world, 10_000_000_000),
        "InvalidCreatedAt",
        "Header parameter created_at value is too large",
    );
    submit(&mut world, 9_999_999_999).unwrap();
    // The future raises the floor for everybody.
    world.refuses(
        |world| submit(world, 1_700_000_000),
        "ProposalCreatedTooLongAgo",
        "Proposal created too long ago, created_at must be greater than 9999999999",
    );
}

#[test]
fn times_are_compared_by_number_not_by_length() {
    let mut world = world(1);
    submit(&mut world, 9).unwrap();
    submit(&mut world, 10).unwrap();
    world.refuses(
        |world| submit(world, 9),
        "ProposalCreatedTooLongAgo",
        "Proposal created too long ago, created_at must be greater than 0000000010",
    );
}

#[test]
fn a_replay_is_noticed_before_the_floor() {
    let mut world = world(1);
    world.create_signed(0, &needing(1), 5, b"first").unwrap();
    submit(&mut world, 100).unwrap();
    submit(&mut world, 200).unwrap();
    world.refuses(
        |world| world.create_signed(0, &needing(1), 5, b"first"),
        "ProposalReplay",
        "Proposal submission replay, already exists as proposal p0",
    );
}
