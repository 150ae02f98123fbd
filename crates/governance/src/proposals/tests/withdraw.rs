//! Withdrawing proposals (governance-api.md 3.4).

use quorate_tables::{MEMBERS_INFO, ProposalState};

use super::*;
use crate::{
    SignedMessage, proposals,
    testing::{YES, json_of, message},
};

#[test]
fn the_proposer_withdraws_and_may_repeat_it() {
    let mut world = world(3);
    world.create(0, &needing(3)).unwrap();
    let id = world.proposals[0].clone();
    world.vote(1, &id, YES).unwrap();
    let view = world.withdraw(0, &id).unwrap().unwrap();
    assert_eq!(
        world.named(&json_of(&view)),
        r#"{"ballotCount":1,"proposalId":"p0","proposalState":"Withdrawn","proposerId":"m0"}"#
    );
    assert_eq!(
        world.tables_written_at(world.seqno),
        ["cose_history", "proposals_info"]
    );

    let seqno = world.seqno;
    assert_eq!(world.withdraw(0, &id).unwrap().unwrap(), view);
    assert_eq!(world.seqno, seqno, "a repeated withdrawal writes nothing");
}

#[test]
fn an_unknown_proposal_is_withdrawn_already() {
    let mut world = world(3);
    let seqno = world.seqno;
    assert_eq!(world.withdraw(0, &"0".repeat(64)).unwrap(), None);
    assert_eq!(world.seqno, seqno);
}

#[test]
fn nobody_else_withdraws() {
    let mut world = world(3);
    world.create(0, &needing(3)).unwrap();
    let id = world.proposals[0].clone();
    world.refuses(
        |world| world.withdraw(1, &id),
        "AuthorizationFailed",
        "Proposal p0 can only be withdrawn by proposer m[m0], not caller m[m1].",
    );
    // Not even once the proposer is gone.
    let proposer = world.members[0].id.clone();
    world.write(|tx| MEMBERS_INFO.remove(tx, &proposer).unwrap());
    world.refuses(
        |world| world.withdraw(1, &id),
        "AuthorizationFailed",
        "Proposal p0 can only be withdrawn by proposer m[m0], not caller m[m1].",
    );
}

#[test]
fn a_closed_proposal_is_not_withdrawn() {
    let cases = [
        ("return 'Accepted'", "", "accepted"),
        ("return 'Rejected'", "", "rejected"),
        ("return 'Open'", "Dropped", "dropped"),
    ];
    for (resolve, dropped, state) in cases {
        let mut world = world(3);
        world
            .create(0, &json!({ "resolve": resolve }).to_string())
            .unwrap();
        let id = world.proposals[0].clone();
        if !dropped.is_empty() {
            drop_open_proposals(&mut world);
        }
        world.refuses(
            |world| world.withdraw(0, &id),
            "ProposalNotOpen",
            &format!("Proposal p0 is currently in state {state} and cannot be withdrawn."),
        );
        world.refuses(
            |world| world.vote(0, &id, YES),
            "ProposalNotOpen",
            &format!(
                "Proposal p0 is currently in state {state} - only open proposals can receive votes"
            ),
        );
    }
}

#[test]
fn the_signature_covers_the_proposal_id() {
    let mut world = world(3);
    world.create(0, &needing(3)).unwrap();
    let id = world.proposals[0].clone();
    let signer = world.members[0].id.clone();
    for signed in [None, Some("0"), Some(id.to_uppercase().as_str())] {
        world.refuses(
            |world| {
                world.run(|tx, _| {
                    let message = SignedMessage {
                        proposal_id: signed,
                        ..message(&signer)
                    };
                    proposals::withdraw(tx, &id, &message)
                })
            },
            "InvalidResourceName",
            "Authenticated proposal id does not match URL",
        );
    }
    // The syntax of the path comes first.
    world.refuses(
        |world| world.withdraw(0, "zz"),
        "InvalidResourceName",
        "'zz' is not a valid hex-encoded proposal ID",
    );
}

#[test]
fn withdrawing_prunes_other_closed_proposals() {
    let mut world = world(3);
    world.create(0, &needing(0)).unwrap();
    world.create(0, &needing(3)).unwrap();
    world.create(1, &needing(3)).unwrap();
    let id = world.proposals[1].clone();
    world.withdraw(0, &id).unwrap();
    let states = super::deciding::states(&world);
    assert_eq!(states, "p1 Withdrawn, p2 Open");
}

/// As the constitution does when a proposal changes the meaning of votes already given.
fn drop_open_proposals(world: &mut World) {
    let apply = r#"
        const map = ccf.kv["public:ccf.gov.proposals_info"];
        const own = proposalId;
        map.forEach((value, key) => {
            const info = ccf.bufToJsonCompatible(value);
            if (ccf.bufToStr(key) !== own && info.state === "Open") {
                info.state = "Dropped";
                map.set(key, ccf.jsonCompatibleToBuf(info));
            }
        });"#;
    let view = world
        .create(1, &json!({ "needed": 0, "apply": apply }).to_string())
        .unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted);
}
