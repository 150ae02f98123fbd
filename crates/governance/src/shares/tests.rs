//! A test for every rule of governance-api.md 3.7, 3.8, 5.4 and 5.5.

use std::collections::BTreeSet;

use quorate_crypto::{aead::AesGcmKey, sharing, sharing::Share};
use quorate_ledger::{LedgerSecret, SecretInForce};
use quorate_tables::{
    HISTORICAL_ENCRYPTED_LEDGER_SECRET, MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, MemberStatus,
    RECOVERY_SHARES, RecoveryRole, RecoverySharesInfo, SERVICE_CONFIG, ServiceStatus,
};

use super::*;
use crate::{
    ServiceContext,
    testing::{FREE_CONSTITUTION, Kind, World, json_of, message},
};

const OWNER: Kind = Kind::Role(RecoveryRole::Owner);
const PARTICIPANT: Kind = Kind::Role(RecoveryRole::Participant);

fn shuffle_in(world: &mut World) -> Result<(), String> {
    let node = world.node.clone();
    let mut tx = world.begin();
    shuffle(&mut tx, &*node, &node.secrets().latest).map_err(|error| error.to_string())?;
    world.commit(tx);
    Ok(())
}

fn stored(world: &World) -> RecoverySharesInfo {
    RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap()
}

/// What a member decrypts of its share.
fn share_of(world: &World, member: usize) -> Option<Share> {
    let member = &world.members[member];
    let encrypted = stored(world).encrypted_shares.get(&member.id)?.clone();
    let key = member.encryption.as_ref().unwrap();
    let bytes = key.decrypt_oaep_sha256(encrypted.as_slice(), &[]).unwrap();
    assert_eq!(bytes.len(), 44);
    Some(Share::from_bytes(&bytes).unwrap())
}

/// Opens the wrapped ledger secret with some shares.
fn unwrap_with(world: &World, shares: &[Share], threshold: usize) -> Vec<u8> {
    let key: AesGcmKey = sharing::combine(shares, threshold).unwrap().wrapping_key();
    let wrapped = stored(world).wrapped_latest_ledger_secret;
    assert_eq!(wrapped.as_slice().len(), 60);
    assert_eq!(wrapped.as_slice()[16..28], [0; 12], "the iv is zero");
    key.unwrap_blob(wrapped.as_slice()).unwrap().to_vec()
}

fn latest_secret(world: &World) -> Vec<u8> {
    world.node.secrets().latest.secret.raw_bytes().to_vec()
}

#[test]
fn conditions_of_issuing() {
    let nobody = "There should be at least one active recovery member to issue recovery shares";
    let unset = "Recovery threshold should be set before recovery shares are computed";
    let cases: [(&[Kind], u64, Result<(), &str>); 14] = [
        (&[], 1, Err(nobody)),
        (&[Kind::Plain], 1, Err(nobody)),
        (&[Kind::Plain], 0, Err(nobody)),
        (&[Kind::Keyed], 0, Err(unset)),
        (&[OWNER], 0, Err(unset)),
        (&[Kind::Keyed], 1, Ok(())),
        (
            &[Kind::Keyed],
            2,
            Err(
                "Recovery threshold 2 should be equal to or less than the number of active \
                 recovery members 1",
            ),
        ),
        (&[Kind::Keyed, PARTICIPANT], 2, Ok(())),
        (
            &[Kind::Keyed, OWNER, OWNER],
            3,
            Err(
                "Recovery threshold 3 should be equal to or less than the number of active \
                 recovery members 1",
            ),
        ),
        (&[Kind::Keyed, OWNER], 1, Ok(())),
        (&[OWNER], 1, Ok(())),
        (&[OWNER, OWNER], 1, Ok(())),
        (
            &[OWNER],
            2,
            Err(
                "Recovery threshold 2 cannot be greater than 1 when the consortium consists of \
                 only active recovery owner members (1)",
            ),
        ),
        (
            &[OWNER, OWNER, Kind::Plain],
            u64::MAX,
            Err(
                "Recovery threshold 18446744073709551615 cannot be greater than 1 when the \
                 consortium consists of only active recovery owner members (2)",
            ),
        ),
    ];
    for (kinds, threshold, expected) in cases {
        let mut world = World::active(FREE_CONSTITUTION, kinds, threshold);
        assert_eq!(
            shuffle_in(&mut world),
            expected.map_err(String::from),
            "{kinds:?}, threshold {threshold}"
        );
    }
}

#[test]
fn without_configuration_there_is_no_threshold() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    world.write(|tx| SERVICE_CONFIG.remove(tx));
    assert_eq!(
        shuffle_in(&mut world).unwrap_err(),
        "Failed to get recovery threshold: No active configuration found"
    );
}

#[test]
fn only_active_members_hold_shares() {
    let mut world = World::founded(FREE_CONSTITUTION, &[Kind::Keyed; 3], 1);
    assert_eq!(
        shuffle_in(&mut world).unwrap_err(),
        "There should be at least one active recovery member to issue recovery shares"
    );
    world.set_status(1, MemberStatus::Active);
    shuffle_in(&mut world).unwrap();
    assert!(share_of(&world, 0).is_none() && share_of(&world, 2).is_none());
    assert!(share_of(&world, 1).is_some());
}

#[test]
fn shares_have_indices_in_ascending_order_of_members() {
    let kinds = [Kind::Keyed, PARTICIPANT, Kind::Plain, Kind::Keyed, OWNER];
    let mut world = World::active(FREE_CONSTITUTION, &kinds, 2);
    shuffle_in(&mut world).unwrap();
    let mut participants = [0, 1, 3];
    participants.sort_by_key(|member| world.id(*member));
    for (position, member) in participants.into_iter().enumerate() {
        let share = share_of(&world, member).unwrap();
        assert_eq!(share.x() as usize, position + 1);
    }
    assert!(share_of(&world, 4).unwrap().is_full());
    assert!(share_of(&world, 2).is_none());
}

#[test]
fn any_threshold_of_shares_opens_the_ledger_secret() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed; 4], 3);
    shuffle_in(&mut world).unwrap();
    let shares: Vec<Share> = (0..4)
        .map(|member| share_of(&world, member).unwrap())
        .collect();
    let secret = latest_secret(&world);
    for left_out in 0..4 {
        let subset: Vec<Share> = (0..4)
            .filter(|member| *member != left_out)
            .map(|member| shares[member].clone())
            .collect();
        assert_eq!(unwrap_with(&world, &subset, 3), secret);
    }
    assert!(sharing::combine(&shares[..2], 3).is_err());
}

#[test]
fn an_owner_opens_the_ledger_secret_alone() {
    for (kinds, threshold) in [
        (&[OWNER][..], 1),
        (&[Kind::Keyed, Kind::Keyed, OWNER][..], 2),
    ] {
        let mut world = World::active(FREE_CONSTITUTION, kinds, threshold);
        shuffle_in(&mut world).unwrap();
        let owner = share_of(&world, kinds.len() - 1).unwrap();
        assert_eq!(unwrap_with(&world, &[owner], 1), latest_secret(&world));
    }
}

#[test]
fn a_key_with_the_role_of_a_non_participant_gives_nothing() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let member = crate::testing::Member::new("quiet", true);
    let quiet = world.add_member(member, Some(RecoveryRole::NonParticipant));
    world.set_status(quiet, MemberStatus::Active);
    shuffle_in(&mut world).unwrap();
    assert!(share_of(&world, quiet).is_none());
    assert!(share_of(&world, 0).is_some());
}

#[test]
fn a_key_that_cannot_encrypt_names_its_member() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let member = world.members[0].id.clone();
    world.write(|tx| {
        MEMBERS_ENCRYPTION_PUBLIC_KEYS
            .put(tx, &member, &"no key".into())
            .unwrap();
    });
    let text = shuffle_in(&mut world).unwrap_err();
    let text = world.named(&text);
    assert!(
        text.starts_with(
            "The encryption public key of member m[m0] cannot encrypt a recovery share: "
        ),
        "{text}"
    );
    assert!(
        text.ends_with("; it must be an RSA public key in PEM format"),
        "{text}"
    );
}

#[test]
fn a_key_without_member_details_is_nobodys() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed, Kind::Keyed], 1);
    let gone = world.members[1].id.clone();
    world.write(|tx| MEMBERS_INFO.remove(tx, &gone).unwrap());
    shuffle_in(&mut world).unwrap();
    assert_eq!(stored(&world).encrypted_shares.len(), 1);
}

#[test]
fn a_shuffle_changes_shares_only() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed; 2], 1);
    let before = stored(&world);
    let historical = HISTORICAL_ENCRYPTED_LEDGER_SECRET.version_in(&world.state);
    shuffle_in(&mut world).unwrap();
    let after = stored(&world);
    assert_ne!(
        before.wrapped_latest_ledger_secret,
        after.wrapped_latest_ledger_secret
    );
    for (member, share) in &before.encrypted_shares {
        assert_ne!(Some(share), after.encrypted_shares.get(member));
    }
    assert_eq!(
        HISTORICAL_ENCRYPTED_LEDGER_SECRET.version_in(&world.state),
        historical
    );
    assert_eq!(
        world.tables_written_at(world.seqno),
        ["internal.recovery_shares"]
    );
}

#[test]
fn issuing_stores_the_older_secret_under_the_newer() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let node = world.node.clone();
    let secret = |valid_from, byte: u8| SecretInForce {
        valid_from,
        secret: std::sync::Arc::new(LedgerSecret::from_bytes(&[byte; 32]).unwrap()),
        previous_stored: None,
    };
    // The previous secret, the start of the next where it is known, and what is stored.
    let (old, mut new) = (secret(1, 1), secret(30, 2));
    let mut stored_before = None;
    for (previous, next_version) in [(None, Some(1)), (Some(&old), None), (Some(&old), Some(30))] {
        let mut tx = world.begin();
        issue(&mut tx, &*node, &new, previous, next_version).unwrap();
        world.commit(tx);
        let info = HISTORICAL_ENCRYPTED_LEDGER_SECRET
            .get_in(&world.state)
            .unwrap()
            .unwrap();
        assert_eq!(info.next_version, next_version);
        match (previous, info.previous_ledger_secret) {
            (None, None) => {}
            (Some(previous), Some(stored)) => {
                assert_eq!(stored.version, previous.valid_from);
                assert_eq!(stored.previous_secret_stored_version, stored_before);
                let opened = new
                    .secret
                    .key()
                    .unwrap_blob(stored.encrypted_data.as_slice());
                assert_eq!(&opened.unwrap()[..], previous.secret.raw_bytes());
                let iv = &stored.encrypted_data.as_slice()[16..28];
                assert_ne!(iv, [0; 12], "the iv is random");
            }
            (previous, stored) => panic!("{}, {stored:?}", previous.is_some()),
        }
        stored_before = HISTORICAL_ENCRYPTED_LEDGER_SECRET.version_in(&world.state);
        assert_eq!(stored_before, Some(world.seqno));
    }
    // Where the latest secret has a predecessor in the ledger, the shares say where it is.
    new.previous_stored = Some(17);
    let mut tx = world.begin();
    shuffle(&mut tx, &*node, &new).unwrap();
    world.commit(tx);
    assert_eq!(stored(&world).previous_secret_stored_version, Some(17));
}

#[test]
fn readers_fetch_encrypted_shares() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed, Kind::Plain], 1);
    let (keyed, plain) = (world.id(0), world.id(1));
    let fetch = |world: &mut World, member: &str| world.run(|tx, _| encrypted_share(tx, member));
    world.refuses(
        |world| fetch(world, &keyed),
        "InternalError",
        "Failed to retrieve current recovery shares info",
    );
    shuffle_in(&mut world).unwrap();
    let view = fetch(&mut world, &keyed).unwrap();
    let share = stored(&world).encrypted_shares[&world.members[0].id].to_base64();
    assert_eq!(
        world.named(&json_of(&view)),
        format!("{{\"encryptedShare\":\"{share}\",\"memberId\":\"m0\"}}")
    );
    world.refuses(
        |world| fetch(world, &plain),
        "ResourceNotFound",
        "Recovery share not found for member m[m1].",
    );
    world.refuses(
        |world| fetch(world, "q"),
        "InvalidResourceName",
        "'q' is not a valid hex-encoded member ID",
    );
}

#[test]
fn a_service_that_waits_for_no_shares_takes_none() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let signer = world.members[0].id.clone();
    let submit_by = |world: &mut World, path: &str| {
        world.run(|tx, env| submit(tx, path, &message(&signer), env))
    };
    let not_waiting = "Service is not waiting for recovery shares.";
    for status in [
        ServiceStatus::Opening,
        ServiceStatus::Open,
        ServiceStatus::Recovering,
    ] {
        world.set_service_status(status);
        // The path is not looked at.
        world.refuses(
            |world| submit_by(world, "q"),
            "ServiceNotWaitingForRecoveryShares",
            not_waiting,
        );
    }
    world.write(|tx| SERVICE_INFO.remove(tx));
    world.refuses(
        |world| submit_by(world, "q"),
        "ServiceNotWaitingForRecoveryShares",
        not_waiting,
    );
}

#[test]
fn a_service_that_waits_for_shares_is_refused_clearly_for_now() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed, Kind::Keyed], 1);
    world.set_service_status(ServiceStatus::WaitingForRecoveryShares);
    let (signer, other) = (world.members[0].id.clone(), world.id(1));
    let submit_by = |world: &mut World, path: &str| {
        world.run(|tx, env| submit(tx, path, &message(&signer), env))
    };
    let own = signer.to_string();
    world.refuses(
        |world| submit_by(world, "q"),
        "InvalidResourceName",
        "'q' is not a valid hex-encoded member ID",
    );
    world.refuses(
        |world| submit_by(world, &other),
        "InvalidAuthenticationInfo",
        "Member ID from path parameter (m[m1]) does not match member ID from body signature \
         (m[m0]).",
    );
    world.refuses(
        |world| submit_by(world, &own),
        "NotImplemented",
        "Recovering a service from recovery shares is not available in this version yet.",
    );
    *world.node.state.lock().unwrap() = NodeStartupState::ReadingPrivateLedger;
    world.refuses(
        |world| submit_by(world, "q"),
        "NodeAlreadyRecovering",
        "Node is already recovering private ledger.",
    );
}

#[test]
fn members_have_different_shares() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed; 4], 4);
    shuffle_in(&mut world).unwrap();
    let indices: BTreeSet<u32> = (0..4)
        .map(|member| share_of(&world, member).unwrap().x())
        .collect();
    assert_eq!(indices, BTreeSet::from([1, 2, 3, 4]));
}
