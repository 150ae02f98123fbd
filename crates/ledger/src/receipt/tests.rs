//! The rules of ledger.md 6, with receipts of a small service: every field is changed once.

use proptest::{collection, prelude::*};
use quorate_crypto::{
    Curve, Digest, EcKeyPair, SystemEntropy,
    cert::{Certificate, endorse_earlier_service, self_signed},
    cose::{IdentityEndorsement, sign_identity_endorsement},
    sha256,
};
use serde_json::{Value, json};

use super::{
    cose::{InclusionProof, Unprotected},
    endorsement::{EndorsementLink, NextEpoch, follow_chain},
    *,
};
use crate::{
    WriteSet,
    entry::Flags,
    limits,
    merkle::{Path, Step},
    signature::SignatureEntry,
    testing::{Service, VALIDITY},
};

/// A service with a transaction that has a claim at seqno 3, covered by the signature at 6.
struct Covered {
    service: Service,
    signature: SignatureEntry,
    components: LeafComponents,
    path: Path,
}

fn claim() -> Digest {
    sha256(b"claim")
}

fn covered() -> Covered {
    let mut service = Service::new(Curve::P384);
    service.record("a", "b");
    let mut writes = WriteSet::new();
    writes.put("records", "k", "v");
    service.write_with(&writes, &claim(), Flags::NONE);
    service.record("c", "d");
    service.record("e", "f");
    let path = service.tree.path(3).unwrap();
    service.sign();
    let decode =
        |seqno: usize| entry::decode(&service.entries[seqno - 1], Some(&service.secret)).unwrap();
    let signature = SignatureEntry::read(&decode(6).writes).unwrap().unwrap();
    let components = LeafComponents::of_entry(&decode(3), &service.secret).unwrap();
    Covered {
        signature,
        components,
        path,
        service,
    }
}

impl Covered {
    fn json(&self) -> Receipt {
        Receipt::of_transaction(
            &self.signature.primary,
            self.components.clone(),
            self.path.clone(),
        )
    }

    fn proof(&self) -> InclusionProof {
        InclusionProof::new(self.components.clone(), self.path.clone()).unwrap()
    }

    fn cose(&self) -> Vec<u8> {
        cose::build(self.signature.cose.as_ref().unwrap(), &self.proof()).unwrap()
    }
}

#[test]
fn ledger_6_1_members_of_a_receipt() {
    let covered = covered();
    let json = covered.json().to_json();
    let keys: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        ["cert", "leaf_components", "node_id", "proof", "signature"]
    );
    let components = json["leaf_components"].as_object().unwrap();
    let keys: Vec<_> = components.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["claims_digest", "commit_evidence", "write_set_digest"]
    );
    assert_eq!(Receipt::parse(&json.to_string()).unwrap(), covered.json());
}

#[test]
fn ledger_6_1_an_unset_claim_is_shown_too() {
    let mut covered = covered();
    let entry = entry::decode(&covered.service.entries[1], None).unwrap();
    covered.components = LeafComponents::of_entry(&entry, &covered.service.secret).unwrap();
    let json = covered.json().to_json();
    assert_eq!(json["leaf_components"]["claims_digest"], "0".repeat(64));
}

#[test]
fn ledger_6_1_a_signature_transaction_carries_its_own_signature() {
    let covered = covered();
    let receipt = Receipt::of_signature(&covered.signature.primary);
    let json = receipt.to_json();
    assert_eq!(json["proof"], json!([]));
    assert_eq!(json["leaf"], covered.signature.primary.root.to_string());
    assert!(json.get("leaf_components").is_none());
    let verified = receipt.verify(&covered.service.certificate).unwrap();
    assert_eq!(
        (verified.root, verified.txid),
        (covered.signature.primary.root, None)
    );
}

#[test]
fn ledger_6_1_an_entry_without_evidence_has_a_leaf_only() {
    let covered = covered();
    let mut entry = entry::decode(&covered.service.entries[2], None).unwrap();
    entry.commit_evidence_digest = None;
    let components = LeafComponents::of_entry(&entry, &covered.service.secret);
    assert_eq!(components, Err(ReceiptError::NoCommitEvidence(entry.txid)));
    let receipt = Receipt::of_leaf(
        &covered.signature.primary,
        covered.components.leaf(),
        covered.path.clone(),
    );
    assert!(receipt.verify(&covered.service.certificate).is_ok());
}

#[test]
fn ledger_3_1_another_secret_makes_no_receipt() {
    let covered = covered();
    let entry = entry::decode(&covered.service.entries[2], None).unwrap();
    let other = crate::LedgerSecret::from_bytes(&[1; 32]).unwrap();
    assert_eq!(
        LeafComponents::of_entry(&entry, &other),
        Err(ReceiptError::OtherSecret(entry.txid))
    );
}

#[test]
fn ledger_6_2_a_receipt_verifies_for_its_transaction() {
    let covered = covered();
    let verified = covered.json().verify(&covered.service.certificate).unwrap();
    assert_eq!(verified.txid, Some(TxId::new(2, 3)));
    assert_eq!(verified.root, covered.signature.primary.root);
}

/// Every value in the JSON of a receipt, changed in turn.
fn mutations(json: &Value) -> Vec<(String, Value)> {
    fn walk(json: &Value, path: &str, found: &mut Vec<(String, Value)>) {
        match json {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = format!("{path}/{name}");
                    found.push((path.clone(), Value::Null));
                    walk(member, &path, found);
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    walk(element, &format!("{path}/{index}"), found);
                }
            }
            Value::String(text) => {
                // Another hex digit or base64 character, at both ends and in the middle.
                for at in [0, text.len() / 2, text.len() - 3] {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
                    found.push((path.to_owned(), String::from_utf8(changed).unwrap().into()));
                }
                found.push((path.to_owned(), "".into()));
                found.push((path.to_owned(), 7.into()));
            }
            other => panic!("{other}"),
        }
    }
    let mut found = Vec::new();
    walk(json, "", &mut found);
    found
}

#[test]
fn ledger_6_2_every_changed_member_is_noticed() {
    let covered = covered();
    let json = covered.json().to_json();
    let mutations = mutations(&json);
    assert!(mutations.len() > 40);
    for (path, value) in mutations {
        let mut changed = json.clone();
        *changed.pointer_mut(&path).unwrap() = value.clone();
        let result = Receipt::from_json(&changed)
            .and_then(|receipt| receipt.verify(&covered.service.certificate));
        assert!(result.is_err(), "{path} = {value}");
    }
}

#[test]
fn ledger_6_2_every_missing_member_is_noticed() {
    let covered = covered();
    let json = covered.json().to_json();
    for member in ["cert", "leaf_components", "node_id", "proof", "signature"] {
        let mut changed = json.clone();
        changed.as_object_mut().unwrap().remove(member);
        assert!(
            matches!(
                Receipt::from_json(&changed),
                Err(ReceiptError::Member { .. })
            ),
            "{member}"
        );
    }
    for member in ["commit_evidence", "write_set_digest"] {
        let mut changed = json.clone();
        changed["leaf_components"]
            .as_object_mut()
            .unwrap()
            .remove(member);
        assert!(
            matches!(
                Receipt::from_json(&changed),
                Err(ReceiptError::Member { .. })
            ),
            "{member}"
        );
    }
    let mut without_claim = json.clone();
    without_claim["leaf_components"]
        .as_object_mut()
        .unwrap()
        .remove("claims_digest");
    let receipt = Receipt::from_json(&without_claim).unwrap();
    let trusted = &covered.service.certificate;
    assert!(matches!(
        receipt.verify(trusted),
        Err(ReceiptError::Signature { .. })
    ));
    assert!(receipt.clone().with_claims(claim()).verify(trusted).is_ok());
    assert!(
        receipt
            .with_claims(Digest::default())
            .verify(trusted)
            .is_err()
    );
}

#[test]
fn ledger_6_2_the_path_cannot_be_bent() {
    let covered = covered();
    let verify = |change: &dyn Fn(&mut Vec<Step>)| {
        let mut receipt = covered.json();
        change(&mut receipt.proof.steps);
        receipt.verify(&covered.service.certificate)
    };
    assert!(verify(&|_| {}).is_ok());
    assert!(covered.path.steps.len() > 1);
    for index in 0..covered.path.steps.len() {
        assert!(
            verify(&|steps| {
                steps.remove(index);
            })
            .is_err()
        );
        assert!(verify(&|steps| steps.insert(index, steps[index])).is_err());
        assert!(
            verify(&|steps| {
                steps[index] = match steps[index] {
                    Step::Left(digest) => Step::Right(digest),
                    Step::Right(digest) => Step::Left(digest),
                }
            })
            .is_err()
        );
    }
    assert!(verify(&|steps| steps.reverse()).is_err());
}

#[test]
fn ledger_6_1_forms_that_are_read_and_forms_that_are_not() {
    let covered = covered();
    let json = covered.json().to_json();
    let with = |member: &str, value: Value| {
        let mut changed = json.clone();
        changed[member] = value;
        Receipt::from_json(&changed)
    };
    assert!(with("is_signature_transaction", false.into()).is_ok());
    assert!(with("is_signature_transaction", true.into()).is_err());
    assert!(with("anything", json!({ "else": 1 })).is_ok());
    let leaf = with("leaf", "0".repeat(64).into());
    assert!(leaf.is_err(), "both leaf and leaf_components");
    let digest = "0".repeat(64);
    assert!(with("proof", json!([{ "left": digest, "right": digest }])).is_err());
    assert!(with("proof", json!([{}])).is_err());
    assert!(with("proof", json!(vec![json!({ "left": digest }); 65])).is_err());
    assert!(with("proof", json!(vec![json!({ "left": digest }); 64])).is_ok());
    assert!(with("service_endorsements", json!([7])).is_err());
    assert!(with("service_endorsements", json!(vec![""; 257])).is_err());
    assert!(Receipt::from_json(&json!([])).is_err());
    assert!(matches!(Receipt::parse("{"), Err(ReceiptError::Json(_))));
    let long = " ".repeat(limits::RECEIPT_JSON_BYTES + 1);
    assert!(matches!(
        Receipt::parse(&long),
        Err(ReceiptError::TooLong { .. })
    ));
}

#[test]
fn ledger_6_3_a_node_of_an_earlier_service_needs_an_endorsement() {
    let covered = covered();
    let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    let present = self_signed(&key, "CN=Test Service", &[], VALIDITY, &[9; 16]).unwrap();
    let mut receipt = covered.json();
    assert!(matches!(
        receipt.verify(&present),
        Err(ReceiptError::Chain { .. })
    ));
    let endorsement =
        endorse_earlier_service(&covered.service.certificate, &key, &present, &[8; 16]).unwrap();
    receipt.service_endorsements = vec![endorsement.to_pem()];
    assert!(receipt.verify(&present).is_ok());
    assert_eq!(Receipt::from_json(&receipt.to_json()).unwrap(), receipt);
    let other = covered_certificate();
    assert!(
        receipt.verify(&other).is_err(),
        "trust in yet another service"
    );
    receipt.service_endorsements = vec![other.to_pem()];
    assert!(matches!(
        receipt.verify(&present),
        Err(ReceiptError::Chain { .. })
    ));
    receipt.service_endorsements = vec!["no certificate".into()];
    assert!(matches!(
        receipt.verify(&present),
        Err(ReceiptError::Endorsement { index: 0, .. })
    ));
}

fn covered_certificate() -> Certificate {
    let key = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    self_signed(&key, "CN=Test Service", &[], VALIDITY, &[7; 16]).unwrap()
}

#[test]
fn ledger_6_4_bytes_of_a_cose_receipt() {
    let covered = covered();
    let signature = covered.signature.cose.clone().unwrap();
    let receipt = covered.cose();
    // d2 84 <protected> a0 ... becomes d2 84 <protected> a1 19018c a1 20 81 <proof> ...
    let protected_end = 2 + 2 + usize::from(signature[3]);
    assert_eq!(receipt[..protected_end], signature[..protected_end]);
    let proof = covered.proof().encode();
    let mut expected = signature[..protected_end].to_vec();
    expected.extend_from_slice(&[0xA1, 0x19, 0x01, 0x8C, 0xA1, 0x20, 0x81, 0x58]);
    expected.push(u8::try_from(proof.len()).unwrap());
    expected.extend_from_slice(&proof);
    expected.extend_from_slice(&signature[protected_end + 1..]);
    assert_eq!(hex::encode(&receipt), hex::encode(expected));
    assert_eq!(proof[..3], [0xA2, 0x01, 0x83]);
    assert_eq!(InclusionProof::decode(&proof).unwrap(), covered.proof());
    assert_eq!(
        cose::set_unprotected(&receipt, Unprotected::Empty).unwrap(),
        signature
    );
    let one = cose::set_unprotected(
        &receipt,
        Unprotected::Value {
            key: 1,
            value: b"x",
        },
    )
    .unwrap();
    assert_eq!(
        one[protected_end..protected_end + 5],
        [0xA1, 0x01, 0x81, 0x41, b'x']
    );
}

#[test]
fn ledger_6_4_a_cose_receipt_verifies_for_its_claim() {
    let covered = covered();
    let key = covered.service.service_key.public_key();
    let verified = cose::verify(&covered.cose(), key, Some(&claim())).unwrap();
    assert_eq!(verified.root, covered.signature.primary.root);
    assert_eq!(verified.header.txid, "2.6");
    assert_eq!(verified.proofs[0].1.txid, Some(TxId::new(2, 3)));
    let unset = cose::verify(&covered.cose(), key, Some(&Digest::default()));
    assert!(matches!(unset, Err(ReceiptError::Claims { .. })));
    let other = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    let foreign = cose::verify(&covered.cose(), other.public_key(), None);
    assert!(matches!(foreign, Err(ReceiptError::KeyId { .. })));
    let signature = covered.signature.cose.as_ref().unwrap();
    assert!(
        matches!(
            cose::verify(signature, key, None),
            Err(ReceiptError::Form(_))
        ),
        "it has no proof"
    );
}

#[test]
fn ledger_6_4_without_claims_digest_there_is_no_cose_receipt() {
    let mut covered = covered();
    covered.components.claims_digest = None;
    let proof = InclusionProof::new(covered.components.clone(), covered.path.clone());
    assert_eq!(proof, Err(ReceiptError::NoClaimsDigest));
}

#[test]
fn ledger_6_4_every_changed_byte_is_noticed() {
    let covered = covered();
    let key = covered.service.service_key.public_key();
    let receipt = covered.cose();
    for at in 0..receipt.len() {
        let mut changed = receipt.clone();
        changed[at] ^= 1;
        assert!(
            cose::verify(&changed, key, Some(&claim())).is_err(),
            "byte {at}"
        );
        assert!(
            cose::verify(&receipt[..at], key, None).is_err(),
            "cut to {at}"
        );
    }
    let longer = [&receipt[..], &[0]].concat();
    assert!(cose::verify(&longer, key, None).is_err());
    let long = vec![0; limits::RECEIPT_COSE_BYTES + 1];
    assert!(matches!(
        cose::verify(&long, key, None),
        Err(ReceiptError::TooLong { .. })
    ));
}

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

proptest! {
    #[test]
    fn ledger_6_readers_are_total(text in ".{0,80}", bytes in collection::vec(any::<u8>(), 0..120), framed: bool) {
        let _ = Receipt::parse(&text);
        let _ = InclusionProof::decode(&bytes);
        let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
        let message = if framed { [&[0xD2, 0x84], &bytes[..]].concat() } else { bytes };
        prop_assert!(cose::verify(&message, key.public_key(), None).is_err());
    }
}
