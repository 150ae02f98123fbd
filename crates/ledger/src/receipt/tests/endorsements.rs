//! The rules of endorsed service identities (ledger.md 6.5).

use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cose::{IdentityEndorsement, sign_identity_endorsement},
    sha256,
};

use crate::{
    TxId,
    receipt::endorsement::{EndorsementLink, NextEpoch, follow_chain},
};

fn id(text: &str) -> TxId {
    text.parse().unwrap()
}

/// A link by `key` over `endorsed`, of the epoch given.
fn link(key: &EcKeyPair, endorsed: &EcKeyPair, begin: &str, end: Option<&str>) -> EndorsementLink {
    let message = IdentityEndorsement {
        iat: 1,
        endorsed_key: endorsed.public_key().to_spki_der(),
        epoch_begin: begin.to_owned(),
        epoch_end: end.map(str::to_owned),
        last_root: end.map(|_| sha256(b"root")),
    };
    EndorsementLink {
        endorsement: sign_identity_endorsement(key, &message).unwrap(),
        endorsement_epoch_begin: id(begin),
        endorsement_epoch_end: end.map(id),
        endorsing_key: key.public_key().to_spki_der(),
        previous_version: end.map(|_| 7),
    }
}

#[test]
fn ledger_6_5_value_of_the_endorsement_table() {
    let keys: Vec<_> = (0..2)
        .map(|_| EcKeyPair::generate(Curve::P384, &SystemEntropy))
        .collect();
    let own = link(&keys[0], &keys[0], "2.1", None);
    let json = serde_json::to_value(&own).unwrap();
    let names: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        ["endorsement", "endorsement_epoch_begin", "endorsing_key"]
    );
    let next = link(&keys[1], &keys[0], "2.1", Some("2.18"));
    let json = serde_json::to_value(&next).unwrap();
    assert_eq!(
        (&json["endorsement_epoch_end"], &json["previous_version"]),
        (&"2.18".into(), &7.into())
    );
    assert_eq!(
        serde_json::from_value::<EndorsementLink>(json).unwrap(),
        next
    );
    assert!(own.is_self_endorsement() && !next.is_self_endorsement());
    assert_eq!(
        own.verify().unwrap().endorsed_key,
        keys[0].public_key().to_spki_der()
    );
    assert!(next.verify().is_ok());
    let mut unlike = next.clone();
    unlike.endorsement_epoch_end = Some(id("2.19"));
    assert!(unlike.verify().unwrap_err().contains("2.19"));
    let mut foreign = next;
    foreign.endorsing_key = own.endorsing_key;
    assert!(foreign.verify().is_err());
}

#[test]
fn ledger_6_5_epochs_follow_one_another() {
    let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    let own = link(&key, &key, "2.1", None);
    let first = own.next_epoch(id("4.19")).unwrap();
    assert_eq!(
        first,
        NextEpoch {
            begin: id("2.1"),
            end: id("2.18")
        }
    );
    let second = link(&key, &key, "2.1", Some("2.18"));
    let epoch = second.next_epoch(id("7.31")).unwrap();
    assert_eq!(
        epoch,
        NextEpoch {
            begin: id("4.19"),
            end: id("5.30")
        }
    );
    let third = link(&key, &key, "4.19", Some("5.30"));
    assert!(third.follows(&second) && second.follows(&own));
    assert!(!link(&key, &key, "4.20", Some("5.30")).follows(&second));
    assert!(!link(&key, &key, "3.19", Some("5.30")).follows(&second));
    assert_eq!(own.next_epoch(id("1.1")), None);
}

#[test]
fn ledger_6_5_a_client_follows_the_chain() {
    let keys: Vec<_> = (0..3)
        .map(|_| EcKeyPair::generate(Curve::P384, &SystemEntropy))
        .collect();
    let newest = link(&keys[2], &keys[1], "4.19", Some("5.30")).endorsement;
    let older = link(&keys[1], &keys[0], "2.1", Some("2.18")).endorsement;
    let chain = [newest.clone(), older.clone()];
    let present = keys[2].public_key();
    let key = |index: usize| keys[index].public_key().fingerprint();
    assert_eq!(
        follow_chain(present, &chain, Some(18))
            .unwrap()
            .fingerprint(),
        key(0)
    );
    assert_eq!(
        follow_chain(present, &chain[..1], Some(19))
            .unwrap()
            .fingerprint(),
        key(1)
    );
    assert_eq!(
        follow_chain(present, &[], None).unwrap().fingerprint(),
        key(2)
    );
    assert!(
        follow_chain(present, &chain, Some(19)).is_err(),
        "not of that epoch"
    );
    assert!(
        follow_chain(present, &chain[1..], None).is_err(),
        "a link is missing"
    );
    let gap = link(&keys[1], &keys[0], "2.1", Some("2.17")).endorsement;
    assert!(
        follow_chain(present, &[newest.clone(), gap], None).is_err(),
        "the epochs do not join"
    );
    let own = link(&keys[1], &keys[1], "4.19", None).endorsement;
    assert!(
        follow_chain(present, &[newest, own], None).is_err(),
        "a self-endorsement leads nowhere"
    );
}
