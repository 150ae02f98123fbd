//! A test for every rule of governance-api.md 6.1 to 6.3 and 10.

use std::collections::BTreeMap;

use quorate_crypto::{
    EcPublicKey,
    cert::{Certificate, Csr},
    cose::verify_identity_endorsement,
};
use quorate_ledger::LedgerSecret;
use quorate_tables::{
    ENCRYPTED_LEDGER_SECRETS, HISTORICAL_ENCRYPTED_LEDGER_SECRET, MODULES,
    MODULES_QUICKJS_BYTECODE, MODULES_QUICKJS_VERSION, NODES_INFO, NodeId, NodeInfo, NodeStatus,
    PREVIOUS_SERVICE_IDENTITY, PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT, RECOVERY_SHARES,
    SERVICE_INFO, ServiceStatus,
};
use serde_json::json;

use super::*;
use crate::{
    NodeStartupState,
    testing::{FREE_CONSTITUTION, Kind, NOW, World},
};

/// Calls one effect in a transaction, which commits if it succeeds.
fn call<T>(
    world: &mut World,
    effect: impl FnOnce(&NativeEffects, &mut Tx) -> Result<T, EffectError>,
) -> Result<T, String> {
    let effects = NativeEffects::new(world.node.clone());
    let mut tx = world.begin();
    let value = effect(&effects, &mut tx).map_err(|error| world.named(&error.message))?;
    world.commit(tx);
    Ok(value)
}

fn rekey_in(world: &mut World) -> Result<(), String> {
    call(world, |effects, tx| effects.trigger_ledger_rekey(tx))
}

fn open_with(world: &mut World, previous: Option<&str>, next: &str) -> Result<(), String> {
    call(world, |effects, tx| {
        effects.transition_service_to_open(
            tx,
            previous.map(|pem| pem.as_bytes().to_vec()),
            Some(next.as_bytes().to_vec()),
        )
    })
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

#[test]
fn a_chunk_is_requested_and_a_snapshot_is_not_available() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let view = world.pass(&json!({ "apply": "ccf.node.triggerLedgerChunk()" }).to_string());
    view.unwrap();
    assert!(world.requests.ledger_chunk && !world.requests.snapshot);

    let payload = json!({ "needed": 0, "apply": "ccf.node.triggerSnapshot()" }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    assert!(
        text.starts_with(
            "Failed to apply(): InternalError: Unable to request snapshot: snapshots are not \
             available in this version yet\nTrace: "
        ),
        "{text}"
    );
}

#[test]
fn an_endorsed_certificate_is_of_the_request_and_the_service() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let csr = world.node.csr.clone();
    let mut endorse = |valid_from: &str, days| {
        call(&mut world, |effects, tx| {
            effects.generate_endorsed_certificate(tx, &csr, valid_from, days)
        })
        .map(|pem| {
            assert!(pem.ends_with("-----END CERTIFICATE-----\n"));
            Certificate::from_pem(&pem).unwrap()
        })
    };
    let first = endorse("2026-01-02 03:04:05.678+01:00", 10).unwrap();
    let second = endorse("260102020405Z", 10).unwrap();
    assert_ne!(first.der(), second.der(), "serials are fresh");
    assert_eq!(
        endorse("not a time", 10).unwrap_err(),
        "'not a time' does not match any accepted time format"
    );
    let service = Certificate::from_pem(&world.service_certificate()).unwrap();
    let requested = Csr::from_pem(&csr).unwrap();
    for certificate in [first, second] {
        assert_eq!(certificate.not_before(), 1_767_319_445);
        assert_eq!(certificate.not_after(), 1_767_319_445 + 10 * 86400 - 1);
        assert_eq!(certificate.spki_der(), requested.public_key_spki());
        assert!(certificate.issued_by(&service));
        assert_eq!(certificate.subject(), "CN=Node");
    }
    let error = call(&mut world, |effects, tx| {
        effects.generate_endorsed_certificate(tx, "no request", "260102020405Z", 1)
    })
    .unwrap_err();
    assert!(!error.is_empty());
}

#[test]
fn a_renewed_service_certificate_has_the_same_key_and_subject() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let mut renew = |valid_from: &str, days| {
        call(&mut world, |effects, tx| {
            effects.generate_network_certificate(tx, valid_from, days)
        })
        .map(|pem| Certificate::from_pem(&pem).unwrap())
    };
    let renewed = [
        renew("20260101000000Z", 30).unwrap(),
        renew("20260101000000Z", 30).unwrap(),
    ];
    assert_ne!(renewed[0].der(), renewed[1].der());
    assert_eq!(
        renew("2026", 30).unwrap_err(),
        "'2026' does not match any accepted time format"
    );
    let current = Certificate::from_pem(&world.service_certificate()).unwrap();
    for certificate in renewed {
        assert_eq!(certificate.subject(), current.subject());
        assert_eq!(certificate.spki_der(), current.spki_der());
        assert_eq!(certificate.not_before(), NOW);
        assert_eq!(certificate.not_after(), NOW + 30 * 86400 - 1);
        assert!(certificate.sans().is_empty());
        assert!(certificate.issued_by(&current) && current.issued_by(&certificate));
    }
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
fn the_set_of_nodes_cannot_change_yet() {
    let set = |status: &str| {
        format!(
            "const nodes = ccf.kv['public:ccf.gov.nodes.info']; nodes.forEach((value, key) => {{ \
             const info = ccf.bufToJsonCompatible(value); info.status = '{status}'; \
             nodes.set(key, ccf.jsonCompatibleToBuf(info)); }})"
        )
    };
    let refusal = |from: &str, to: &str| {
        format!(
            "Failed to apply(): Adding, trusting and removing nodes is not available in this \
             version yet: the proposal would change node n[n0] from {from} to {to}\nTrace: N/A"
        )
    };
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let node = world.node.id.clone();
    let apply = |world: &mut World, apply: &str, expected: Result<(), String>| {
        let payload = json!({ "needed": 0, "apply": apply }).to_string();
        match expected {
            Ok(()) => drop(world.create(0, &payload).unwrap()),
            Err(text) => world.refuses(|world| world.create(0, &payload), "InternalError", &text),
        }
    };
    apply(
        &mut world,
        &set("Retired"),
        Err(refusal("Trusted", "Retired")),
    );
    apply(&mut world, &set("Trusted"), Ok(()));
    let remove = format!("ccf.kv['public:ccf.gov.nodes.info'].delete(ccf.strToBuf('{node}'))");
    apply(&mut world, &remove, Err(refusal("Trusted", "absent")));
    // Data of a node may change.
    let data = set("Trusted").replace("info.status = 'Trusted'", "info.node_data = { a: 1 }");
    apply(&mut world, &data, Ok(()));
    assert!(
        world
            .dump(&["nodes.info"])
            .contains("\"node_data\":{\"a\":1}")
    );

    let info = NodeInfo {
        status: NodeStatus::Pending,
        ..world.node_info(NodeStatus::Pending)
    };
    world.write(|tx| NODES_INFO.put(tx, &node, &info).unwrap());
    apply(
        &mut world,
        &set("Trusted"),
        Err(refusal("Pending", "Trusted")),
    );
    let copy = "const nodes = ccf.kv['public:ccf.gov.nodes.info']; nodes.forEach((value, key) => { \
                nodes.set(ccf.strToBuf('1'.repeat(64)), value); })";
    let other = "1".repeat(64);
    world.name(&other, "n1");
    apply(
        &mut world,
        copy,
        Err(refusal("absent", "Pending").replace("n[n0]", "n[n1]")),
    );
}

#[test]
fn no_bytecode_is_stored_but_modules_must_compile() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    // What another engine has left behind.
    world.write(|tx| {
        MODULES_QUICKJS_VERSION
            .put(tx, &"2024-01-13".to_owned())
            .unwrap();
        MODULES_QUICKJS_BYTECODE
            .put(tx, &"/a.js".to_owned(), &"bytecode".into())
            .unwrap();
        let good = [
            (
                "/a.js",
                "import { g } from './lib/b.js';\nexport function f() { return g(); }",
            ),
            (
                "/lib/b.js",
                "import { f } from '../a.js';\nexport function g() { return f; }",
            ),
            ("/throws.js", "throw new Error('only when it runs');"),
        ];
        for (name, source) in good {
            MODULES
                .put(tx, &name.to_owned(), &source.to_owned())
                .unwrap();
        }
    });
    let refresh =
        |world: &mut World| call(world, |effects, tx| effects.refresh_app_bytecode_cache(tx));
    refresh(&mut world).unwrap();
    assert_eq!(
        world.dump(&["modules_quickjs_version", "modules_quickjs_bytecode"]),
        ""
    );

    for source in [
        "export function f( {",
        "import { x } from './nowhere.js'; export const y = x;",
    ] {
        world.write(|tx| {
            MODULES
                .put(tx, &"/z.js".to_owned(), &source.to_owned())
                .unwrap()
        });
        assert_eq!(
            refresh(&mut world).unwrap_err(),
            "Unable to serialize bytecode for JS module '/z.js'"
        );
    }
}

#[test]
fn refusals_reach_the_script_as_internal_errors_cut_to_255_bytes() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let apply = "try { ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('x')) } \
                 catch (e) { throw new Error(e.name + '|' + e.message) }";
    let payload = json!({ "needed": 0, "apply": apply }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    let message = text
        .strip_prefix("Failed to apply(): Error: InternalError|")
        .and_then(|rest| rest.split("\nTrace: ").next())
        .unwrap();
    assert_eq!(message.len(), 255, "{text}");
    assert!(
        message.starts_with("Unable to open service: Service identity mismatch: "),
        "{text}"
    );

    let texts = BTreeMap::from([
        (
            "ccf.node.triggerLedgerRekey()",
            "InternalError: Could not rekey ledger",
        ),
        (
            "ccf.setJwtPublicSigningKeys('https://a.b', {}, { keys: [] })",
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
        (
            "ccf.network.generateNetworkCertificate('x', 1)",
            "InternalError: Error: 'x' does not match any accepted time format",
        ),
    ]);
    for (call, expected) in texts {
        let payload = json!({ "needed": 0, "apply": call }).to_string();
        let text = world.create(0, &payload).unwrap_err().to_string();
        let expected = format!("Failed to apply(): {expected}\nTrace:     at ");
        assert!(text.starts_with(&expected), "{text}");
    }
}
