//! Opening a service (governance-api.md 6.2, 6.3; recovery-and-membership.md 6, 11).

use quorate_crypto::{EcPublicKey, cose::verify_identity_endorsement};
use quorate_tables::{
    PREVIOUS_SERVICE_IDENTITY, PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT, SERVICE_INFO, ServiceStatus,
};

use super::*;
use crate::{NodeStartupState, testing::NOW};

fn open_with(world: &mut World, previous: Option<&str>, next: &str) -> Result<(), String> {
    call(world, |effects, tx| {
        effects.transition_service_to_open(
            tx,
            previous.map(|pem| pem.as_bytes().to_vec()),
            Some(next.as_bytes().to_vec()),
        )
    })
}

#[test]
fn opening_a_fresh_service() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed, Kind::Keyed], 2);
    let next = world.service_certificate();
    open_with(&mut world, None, &next).unwrap();
    assert_eq!(
        world.tables_written_at(world.seqno),
        [
            "service.info",
            "internal.historical_encrypted_ledger_secret",
            "internal.previous_service_identity_endorsement",
            "internal.recovery_shares"
        ]
    );
    assert!(
        world.requests.ledger_chunk,
        "the chunk ends at the next signature"
    );
    let info = SERVICE_INFO.get_in(&world.state).unwrap().unwrap();
    assert_eq!(info.status, ServiceStatus::Open);
    assert_eq!(
        world.dump(&["historical_encrypted_ledger_secret"]),
        "historical_encrypted_ledger_secret = {\"next_version\":1}\n"
    );

    let endorsement = PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT
        .get_in(&world.state)
        .unwrap()
        .unwrap();
    assert_eq!(endorsement.endorsement_epoch_begin.to_string(), "2.1");
    assert_eq!(
        (
            endorsement.endorsement_epoch_end,
            endorsement.previous_version
        ),
        (None, None)
    );
    let key = EcPublicKey::from_spki_der(endorsement.endorsing_key.as_slice()).unwrap();
    assert_eq!(
        key.to_spki_der(),
        world.node.service_key.public_key().to_spki_der()
    );
    let says = verify_identity_endorsement(endorsement.endorsement.as_slice(), &key).unwrap();
    assert_eq!(says.endorsed_key, endorsement.endorsing_key.as_slice());
    assert_eq!(
        (says.epoch_begin.as_str(), says.epoch_end, says.iat),
        ("2.1", None, NOW)
    );
}

#[test]
fn checks_of_an_opening_come_in_order() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let certificate = world.service_certificate();
    let mismatch = |next: &str| {
        format!(
            "Service identity mismatch: the next service identity in the \
             transition_service_to_open proposal does not match the current service identity:\n\
             Next:\n{next}\nCurrent:\n{certificate}"
        )
    };
    // The text counts, with its final newline.
    for next in ["", "x", certificate.trim_end()] {
        assert_eq!(
            open_with(&mut world, None, next).unwrap_err(),
            mismatch(next)
        );
    }
    *world.node.state.lock().unwrap() = NodeStartupState::Pending;
    assert_eq!(open_with(&mut world, None, "x").unwrap_err(), mismatch("x"));
    assert_eq!(
        open_with(&mut world, None, &certificate).unwrap_err(),
        "Node in state Pending cannot open service"
    );
    *world.node.state.lock().unwrap() = NodeStartupState::PartOfPublicNetwork;
    assert_eq!(
        open_with(&mut world, None, &certificate).unwrap_err(),
        "recovering a service is not available in this version yet"
    );
    *world.node.state.lock().unwrap() = NodeStartupState::PartOfNetwork;
    // One trailing NUL is stripped; with status Opening a previous identity is not looked at.
    open_with(&mut world, Some("anything"), &format!("{certificate}\0")).unwrap();

    // Open, or waiting for shares: nothing is looked at any more.
    for status in [ServiceStatus::Open, ServiceStatus::WaitingForRecoveryShares] {
        world.set_service_status(status);
        let seqno = world.seqno;
        open_with(&mut world, Some("x"), "y").unwrap();
        assert_eq!(world.seqno, seqno);
    }
    world.write(|tx| SERVICE_INFO.remove(tx));
    assert_eq!(
        open_with(&mut world, None, &certificate).unwrap_err(),
        "Service information cannot be found to transition service to open"
    );
    assert_eq!(
        call(&mut world, |effects, tx| effects
            .transition_service_to_open(tx, None, None))
        .unwrap_err(),
        "Proposal requires a service identity"
    );
}

#[test]
fn a_recovered_service_opens_for_those_who_know_its_past() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    world.set_service_status(ServiceStatus::Recovering);
    let next = world.service_certificate();
    let both = "Recovery with service certificates requires both, a \
                previous service identity written to the KV during recovery genesis and a \
                transition_service_to_open proposal that contains previous and next service \
                certificates";
    assert_eq!(
        open_with(&mut world, Some("old\n"), &next).unwrap_err(),
        both
    );
    world.write(|tx| PREVIOUS_SERVICE_IDENTITY.put(tx, &"old\n".into()).unwrap());
    assert_eq!(open_with(&mut world, None, &next).unwrap_err(), both);
    assert_eq!(
        open_with(&mut world, Some("older\n"), &next).unwrap_err(),
        "Previous service identity does not match.\nActual:\nold\n\n\
         In proposal:\nolder\n"
    );
    // The previous one is checked before the next one.
    assert!(
        open_with(&mut world, Some("old\n"), "x")
            .unwrap_err()
            .starts_with("Service identity mismatch: ")
    );
}

#[test]
fn opening_without_enough_recovery_members_fails_and_the_service_stays() {
    let cases: [(&[Kind], u64, &str); 3] = [
        (
            &[Kind::Plain],
            0,
            "There should be at least one active recovery member to issue recovery shares",
        ),
        (
            &[Kind::Keyed],
            0,
            "Recovery threshold should be set before recovery shares are computed",
        ),
        (
            &[Kind::Keyed],
            2,
            "Recovery threshold 2 should be equal to or less than the number of active recovery members 1",
        ),
    ];
    for (kinds, threshold, text) in cases {
        let mut world = World::active(FREE_CONSTITUTION, kinds, threshold);
        let next = world.service_certificate();
        assert_eq!(
            open_with(&mut world, None, &next).unwrap_err(),
            format!("Failed to issue recovery shares: {text}")
        );
        let info = SERVICE_INFO.get_in(&world.state).unwrap().unwrap();
        assert_eq!(info.status, ServiceStatus::Opening);
    }
}
