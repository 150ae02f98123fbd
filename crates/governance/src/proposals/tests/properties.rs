//! What holds after any sequence of operations (governance-api.md 4.1, 4.3, 4.7).

use std::collections::BTreeSet;

use proptest::prelude::*;
use quorate_tables::{
    COSE_RECENT_PROPOSALS, PROPOSALS, PROPOSALS_INFO, ProposalInfo, ProposalState, SERVICE_CONFIG,
};

use super::*;
use crate::{
    error::GovernanceError,
    testing::{NO, YES},
};

#[derive(Clone, Debug)]
enum Step {
    /// A proposal that so many votes accept, or as many noes reject.
    Create {
        member: usize,
        needed: usize,
        effect: Effect,
        delay: i64,
    },
    Vote {
        member: usize,
        proposal: usize,
        ballot: Ballot,
    },
    Withdraw {
        member: usize,
        proposal: usize,
    },
    SetWindow {
        size: u64,
    },
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Nothing,
    Throw,
    DropOthers,
}

#[derive(Clone, Copy, Debug)]
enum Ballot {
    Yes,
    No,
    Throws,
}

const MEMBERS: usize = 3;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let effect = prop_oneof![
        3 => Just(Effect::Nothing),
        1 => Just(Effect::Throw),
        1 => Just(Effect::DropOthers),
    ];
    let ballot = prop_oneof![Just(Ballot::Yes), Just(Ballot::No), Just(Ballot::Throws)];
    let step = prop_oneof![
        4 => (0..MEMBERS, 0..4_usize, effect, -20..20_i64).prop_map(
            |(member, needed, effect, delay)| Step::Create { member, needed, effect, delay }
        ),
        6 => (0..MEMBERS, 0..6_usize, ballot)
            .prop_map(|(member, proposal, ballot)| Step::Vote { member, proposal, ballot }),
        2 => (0..MEMBERS, 0..6_usize)
            .prop_map(|(member, proposal)| Step::Withdraw { member, proposal }),
        1 => (1..6_u64).prop_map(|size| Step::SetWindow { size }),
    ];
    prop::collection::vec(step, 1..24)
}

fn payload(needed: usize, effect: Effect) -> String {
    let resolve = format!(
        "const yes = votes.filter((v) => v.vote).length; const no = votes.length - yes; \
         return yes >= {needed} ? 'Accepted' : no >= 2 ? 'Rejected' : 'Open'"
    );
    let apply = match effect {
        Effect::Nothing => "",
        Effect::Throw => "throw new Error('no')",
        Effect::DropOthers => {
            "const map = ccf.kv['public:ccf.gov.proposals_info']; map.forEach((value, key) => { \
             const info = ccf.bufToJsonCompatible(value); \
             if (info.state === 'Open' && ccf.bufToStr(key) !== proposalId) { \
             info.state = 'Dropped'; map.set(key, ccf.jsonCompatibleToBuf(info)); } })"
        }
    };
    json!({ "resolve": resolve, "apply": apply }).to_string()
}

/// Performs a step; a refusal is fine, but must change nothing.
fn perform(world: &mut World, step: &Step) -> Result<(), GovernanceError> {
    // Any of the latest proposals, known or not.
    let chosen = |world: &World, back: usize| {
        let proposals = &world.proposals;
        proposals
            .iter()
            .rev()
            .nth(back)
            .cloned()
            .unwrap_or_else(|| "0".repeat(64))
    };
    match step {
        Step::Create {
            member,
            needed,
            effect,
            delay,
        } => {
            world.next_created_at += delay;
            let (created_at, signature) = (world.next_created_at, world.fresh_signature());
            world
                .create_signed(*member, &payload(*needed, *effect), created_at, &signature)
                .map(drop)
        }
        Step::Vote {
            member,
            proposal,
            ballot,
        } => {
            let id = chosen(world, *proposal);
            let ballot = match ballot {
                Ballot::Yes => YES,
                Ballot::No => NO,
                Ballot::Throws => "export function vote() { throw new Error('fails') }",
            };
            world.vote(*member, &id, ballot).map(drop)
        }
        Step::Withdraw { member, proposal } => {
            let id = chosen(world, *proposal);
            world.withdraw(*member, &id).map(drop)
        }
        Step::SetWindow { size } => {
            world.write(|tx| {
                let mut config = SERVICE_CONFIG.get(tx).unwrap().unwrap();
                config.recent_cose_proposals_window_size = Some(*size);
                SERVICE_CONFIG.put(tx, &config).unwrap();
            });
            Ok(())
        }
    }
}

/// Refusals that these steps can meet; anything else is a fault.
fn is_legitimate(text: &str) -> bool {
    text.starts_with("Proposal created too long ago, created_at must be greater than ")
        || text.starts_with("Failed to apply(): Error: no\nTrace: ")
        || text.starts_with("Could not find proposal ")
        || text.starts_with("Different ballot already submitted by ")
        || text.contains(" - only open proposals can receive votes")
        || text.ends_with(" and cannot be withdrawn.")
        || text.contains(" can only be withdrawn by proposer ")
}

/// What auditors check of every entry (governance-api.md 4.1).
fn check_entry(info: &ProposalInfo) {
    let closed_by_votes = matches!(
        info.state,
        ProposalState::Accepted | ProposalState::Rejected
    );
    assert_ne!(info.state, ProposalState::Failed);
    assert_eq!(info.final_votes.is_some(), closed_by_votes, "{info:?}");
    assert_eq!(info.vote_failures.is_some(), closed_by_votes, "{info:?}");
    if let (Some(votes), Some(failures)) = (&info.final_votes, &info.vote_failures) {
        let mut evaluated: BTreeSet<_> = votes.keys().collect();
        let voted = evaluated.len();
        evaluated.extend(failures.keys());
        assert_eq!(
            evaluated.len(),
            voted + failures.len(),
            "a ballot both voted and failed"
        );
        assert!(info.ballots.keys().eq(evaluated), "{info:?}");
    }
}

fn check_invariants(world: &World, window: u64) {
    let infos = PROPOSALS_INFO.entries_in(&world.state).unwrap();
    let bodies = PROPOSALS.entries_in(&world.state).unwrap();
    assert!(
        infos
            .iter()
            .map(|(id, _)| id)
            .eq(bodies.iter().map(|(id, _)| id))
    );
    for (_, info) in &infos {
        check_entry(info);
    }
    let closed = infos
        .iter()
        .filter(|(_, info)| !matches!(info.state, ProposalState::Open | ProposalState::Dropped))
        .count();
    assert!(closed <= 1, "{}", super::deciding::states(world));
    let recent = COSE_RECENT_PROPOSALS
        .entries_in(&world.state)
        .unwrap()
        .len();
    assert!(
        recent as u64 <= window,
        "{recent} entries in a window of {window}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_keeps_the_invariants(steps in steps()) {
        let mut world = world(MEMBERS);
        // A new size takes effect with the next proposal.
        let mut window = 100;
        for step in &steps {
            let (before, seqno) = (world.state.clone(), world.seqno);
            let outcome = perform(&mut world, step);
            if let Err(error) = &outcome {
                prop_assert!(is_legitimate(&error.to_string()), "{step:?}: {error}");
                prop_assert_eq!(world.seqno, seqno);
                prop_assert!(world.state.map_names().eq(before.map_names()));
            }
            if matches!(step, Step::Create { .. }) && outcome.is_ok() {
                let config = SERVICE_CONFIG.get_in(&world.state).unwrap().unwrap();
                window = config.proposals_window();
            }
            check_invariants(&world, window);
        }
    }
}
