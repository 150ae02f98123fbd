//! Rekeying and new shares (governance-api.md 5.5, 10; recovery-and-membership.md 4.4, 7).

use quorate_ledger::LedgerSecret;
use quorate_tables::{
    ENCRYPTED_LEDGER_SECRETS, HISTORICAL_ENCRYPTED_LEDGER_SECRET, NODES_INFO, NodeId, NodeInfo,
    NodeStatus, RECOVERY_SHARES, SERVICE_INFO, ServiceStatus,
};
use serde_json::json;

use super::*;
use crate::NodeStartupState;

fn rekey_in(world: &mut World) -> Result<(), String> {
    call(world, |effects, tx| effects.trigger_ledger_rekey(tx))
}

/// The ledger secret that the recovery shares wrap, opened by one member alone.
fn shared_secret(world: &World) -> Vec<u8> {
    let member = &world.members[0];
    let info = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
    let key = member.encryption.as_ref().unwrap();
    let share = key
        .decrypt_oaep_sha256(info.encrypted_shares[&member.id].as_slice(), &[])
        .unwrap();
    let share = quorate_crypto::sharing::Share::from_bytes(&share).unwrap();
    let key = quorate_crypto::sharing::combine(&[share], 1)
        .unwrap()
        .wrapping_key();
    key.unwrap_blob(info.wrapped_latest_ledger_secret.as_slice())
        .unwrap()
        .to_vec()
}

fn secret_at(world: &World, seqno: u64) -> Vec<u8> {
    let secrets = world.node.secrets.lock().unwrap();
    secrets
        .for_seqno(seqno)
        .unwrap()
        .secret
        .raw_bytes()
        .to_vec()
}

#[test]
fn a_rekey_is_in_force_from_the_next_seqno() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let before = secret_at(&world, u64::MAX);
    rekey_in(&mut world).unwrap();
    let rekeyed_at = world.seqno;
    assert_eq!(
        world.tables_written_at(rekeyed_at),
        [
            "internal.encrypted_ledger_secrets",
            "internal.historical_encrypted_ledger_secret",
            "internal.recovery_shares"
        ]
    );
    assert_eq!(secret_at(&world, rekeyed_at), before);
    let after = secret_at(&world, rekeyed_at + 1);
    assert_ne!(after, before);
    assert_eq!(
        shared_secret(&world),
        after,
        "the shares are of the new secret"
    );

    let historical = HISTORICAL_ENCRYPTED_LEDGER_SECRET
        .get_in(&world.state)
        .unwrap()
        .unwrap();
    assert_eq!(historical.next_version, None);
    let previous = historical.previous_ledger_secret.unwrap();
    assert_eq!(
        (previous.version, previous.previous_secret_stored_version),
        (1, Some(rekeyed_at - 1))
    );
    let key = LedgerSecret::from_bytes(&after).unwrap();
    assert_eq!(
        key.key()
            .unwrap_blob(previous.encrypted_data.as_slice())
            .unwrap()
            .to_vec(),
        before
    );

    // The broadcast has the version null, and only it.
    let text = world.dump(&["encrypted_ledger_secrets"]);
    assert!(
        text.starts_with("encrypted_ledger_secrets = {\"n0\":[{\"encrypted_secret\":\""),
        "{text}"
    );
    assert!(text.ends_with("\",\"version\":null}]}\n"), "{text}");
    let shares = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
    assert_eq!(shares.previous_secret_stored_version, None);

    // At the next refresh it is known where the predecessor was stored.
    call(&mut world, |effects, tx| {
        effects.trigger_recovery_shares_refresh(tx)
    })
    .unwrap();
    let shares = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
    assert_eq!(shares.previous_secret_stored_version, Some(rekeyed_at));
    assert_eq!(shared_secret(&world), after);
}

#[test]
fn a_rekey_needs_an_open_service() {
    for status in [
        ServiceStatus::Opening,
        ServiceStatus::Recovering,
        ServiceStatus::WaitingForRecoveryShares,
    ] {
        let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
        world.set_service_status(status);
        assert_eq!(rekey_in(&mut world).unwrap_err(), "Could not rekey ledger");
    }
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    world.write(|tx| SERVICE_INFO.remove(tx));
    assert_eq!(rekey_in(&mut world).unwrap_err(), "Could not rekey ledger");
}

#[test]
fn a_rekey_needs_a_node_that_is_part_of_the_network() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    *world.node.state.lock().unwrap() = NodeStartupState::PartOfPublicNetwork;
    assert_eq!(
        rekey_in(&mut world).unwrap_err(),
        "[NodeState] State is PartOfPublicNetwork, but expected \
         PartOfNetwork"
    );
}

#[test]
fn a_rekey_needs_holders_of_shares() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    world.set_status(0, quorate_tables::MemberStatus::Accepted);
    assert_eq!(
        rekey_in(&mut world).unwrap_err(),
        "There should be at least one active recovery member to issue \
         recovery shares"
    );
}

#[test]
fn recipients_of_a_rekey() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let node = |byte: u8| NodeId::from_digest(&[byte; 32].into());
    let entries = [
        (node(1), NodeStatus::Trusted, false),
        (node(2), NodeStatus::Pending, false),
        (node(3), NodeStatus::Retired, false),
        (node(4), NodeStatus::Retired, true),
    ];
    let template = world.node_info(NodeStatus::Trusted);
    let put = |tx: &mut Tx, id: &NodeId, status, retired_committed| {
        let info = NodeInfo {
            status,
            retired_committed,
            ..template.clone()
        };
        NODES_INFO.put(tx, id, &info).unwrap();
    };
    world.write(|tx| {
        for (id, status, retired_committed) in &entries {
            put(tx, id, *status, *retired_committed);
        }
    });
    // What is committed counts: a retirement that is known only since is not, nor is a node.
    let committed = world.node.committed.lock().unwrap().clone();
    world.write(|tx| {
        put(tx, &node(3), NodeStatus::Retired, true);
        put(tx, &node(5), NodeStatus::Retired, false);
    });
    *world.node.committed.lock().unwrap() = committed;
    rekey_in(&mut world).unwrap();
    let secrets = ENCRYPTED_LEDGER_SECRETS
        .get_in(&world.state)
        .unwrap()
        .unwrap();
    let recipients: Vec<&NodeId> = secrets.keys().collect();
    let mut expected = [node(1), node(3), world.node.id.clone()];
    expected.sort();
    assert_eq!(recipients, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_broadcast_is_read_by_its_recipient_only() {
    let world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let (own, key) = (world.node.id.clone(), &world.node.encryption);
    let other = NodeId::from_digest(&[1; 32].into());
    let encrypt = |bytes: &[u8]| {
        let ciphertext = key.public_key().encrypt_oaep_sha256(bytes, &[]).unwrap();
        quorate_tables::Base64Bytes::from(ciphertext).to_base64()
    };
    let value = |node: &NodeId, elements: serde_json::Value| {
        json!({ node.as_str(): elements }).to_string().into_bytes()
    };
    let good = json!([{ "encrypted_secret": encrypt(&[7; 32]), "version": null }]);
    let secret = secret_from_broadcast(&value(&own, good.clone()), &own, key).unwrap();
    assert_eq!(secret.raw_bytes(), [7; 32]);

    let refused = |value: &[u8]| {
        let error = secret_from_broadcast(value, &own, key).err().unwrap();
        world.named(&error.to_string())
    };
    assert_eq!(
        refused(&value(&other, good.clone())),
        "the broadcast of a ledger secret holds none for node n[n0]"
    );
    for not_a_rekey in [
        json!([]),
        json!([good[0], good[0]]),
        json!([{ "encrypted_secret": encrypt(&[7; 32]), "version": 5 }]),
    ] {
        assert_eq!(
            refused(&value(&own, not_a_rekey)),
            "the broadcast of a ledger secret to node n[n0] is not that of a rekey"
        );
    }
    for malformed in ["", "[]", "null", "{\"x\":[]}"] {
        assert!(
            refused(malformed.as_bytes())
                .starts_with("the broadcast of a ledger secret is malformed: ")
        );
    }
    let missing_version = json!([{ "encrypted_secret": encrypt(&[7; 32]) }]);
    assert!(
        refused(&value(&own, missing_version))
            .starts_with("the broadcast of a ledger secret is malformed: ")
    );
    for bytes in [vec![7; 31], vec![], vec![7; 33]] {
        let short = json!([{ "encrypted_secret": encrypt(&bytes), "version": null }]);
        assert!(
            refused(&value(&own, short))
                .starts_with("the broadcast ledger secret cannot be decrypted: ")
        );
    }
    let garbage = json!([{ "encrypted_secret": "AAAA", "version": null }]);
    assert!(
        refused(&value(&own, garbage))
            .starts_with("the broadcast ledger secret cannot be decrypted: ")
    );
}

#[test]
fn shares_issued_after_a_rekey_in_the_same_apply_are_of_the_new_secret() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    call(&mut world, |effects, tx| {
        effects.trigger_ledger_rekey(tx)?;
        effects.trigger_recovery_shares_refresh(tx)
    })
    .unwrap();
    let in_force = secret_at(&world, u64::MAX);
    assert_eq!(shared_secret(&world), in_force);
    // Two rekeys in one transaction: the second one counts, and the chain leads to the old secret.
    let old = in_force;
    call(&mut world, |effects, tx| {
        effects.trigger_ledger_rekey(tx)?;
        effects.trigger_ledger_rekey(tx)
    })
    .unwrap();
    let new = secret_at(&world, u64::MAX);
    assert_eq!(shared_secret(&world), new);
    let historical = HISTORICAL_ENCRYPTED_LEDGER_SECRET
        .get_in(&world.state)
        .unwrap()
        .unwrap();
    let stored = historical.previous_ledger_secret.unwrap();
    let key = LedgerSecret::from_bytes(&new).unwrap();
    assert_eq!(
        key.key()
            .unwrap_blob(stored.encrypted_data.as_slice())
            .unwrap()
            .to_vec(),
        old
    );
}

#[test]
fn a_refresh_names_its_refusal() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 1);
    assert_eq!(
        call(&mut world, |effects, tx| effects
            .trigger_recovery_shares_refresh(tx))
        .unwrap_err(),
        "There should be at least one active recovery \
         member to issue recovery shares"
    );
}

#[test]
fn the_latest_secret_starts_where_the_last_rekey_says() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let seqno = |world: &mut World| {
        call(world, |effects, tx| effects.latest_ledger_secret_seqno(tx)).unwrap()
    };
    assert_eq!(seqno(&mut world), 1);
    rekey_in(&mut world).unwrap();
    assert_eq!(seqno(&mut world), world.seqno + 1);
}

#[test]
fn reading_secrets_conflicts_with_a_rekey() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let effects = NativeEffects::new(world.node.clone());
    let mut reader = world.begin();
    effects.latest_ledger_secret_seqno(&mut reader).unwrap();
    let mut refresher = world.begin();
    effects
        .trigger_recovery_shares_refresh(&mut refresher)
        .unwrap();
    rekey_in(&mut world).unwrap();
    assert!(reader.validate(&world.state).is_err());
    assert!(refresher.validate(&world.state).is_err());
}

#[test]
fn a_refused_rekey_writes_nothing_even_if_the_script_goes_on() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let other = NodeId::from_digest(&[1; 32].into());
    let mut info = world.node_info(NodeStatus::Trusted);
    info.encryption_pub_key = "no key".into();
    world.write(|tx| NODES_INFO.put(tx, &other, &info).unwrap());
    let before = secret_at(&world, u64::MAX);
    let apply = "try { ccf.node.triggerLedgerRekey() } catch (e) { return; } throw 'no refusal'";
    world
        .create(0, &json!({ "needed": 0, "apply": apply }).to_string())
        .unwrap();
    assert!(
        world
            .tables_written_at(world.seqno)
            .iter()
            .all(|table| !table.starts_with("internal."))
    );
    assert_eq!(secret_at(&world, u64::MAX), before);
}
