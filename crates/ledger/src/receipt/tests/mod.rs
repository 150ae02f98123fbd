//! The rules of ledger.md 6, with receipts of a small service: every field is changed once. Here those of JSON receipts.

mod cose_receipt;
mod endorsements;

use quorate_crypto::{
    Curve, Digest, EcKeyPair, SystemEntropy,
    cert::{Certificate, endorse_earlier_service, self_signed},
    sha256,
};
use serde_json::{Value, json};

use super::{cose::InclusionProof, *};
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
