//! Signature entries and identity endorsements of real ledgers, and ones that must be refused.

use quorate_crypto::{
    cert::Certificate,
    cose::{HeaderValue, Sign1, sig_structure, verify_ledger_root},
};
use quorate_ledger::{
    WriteSet,
    merkle::MerkleTree,
    receipt::endorsement::EndorsementLink,
    signature::{COSE_SIGNATURES, PrimarySignature, SIGNATURES, SignatureEntry, TREE, UNIT_KEY},
};
use serde_json::Value;

use crate::{bytes_of_hex, certificate, digest, list, text, vectors};

/// The signature transaction of a case. The tree is not part of the vectors, but for one of them.
fn signature_entry(case: &Value) -> SignatureEntry {
    let mut writes = WriteSet::new();
    let key = || UNIT_KEY.to_vec();
    writes.put(
        SIGNATURES,
        key(),
        text(&case["node_signature"]["value_text"]).to_owned(),
    );
    if let Some(cose) = case.get("cose_signature") {
        writes.put(COSE_SIGNATURES, key(), text(&cose["value_text"]).to_owned());
    }
    let mut tree = MerkleTree::new();
    for leaf in case
        .get("leaves_below_hex")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .skip(1)
    {
        tree.append(digest(leaf));
    }
    writes.put(TREE, key(), tree.serialise());
    SignatureEntry::read(&writes).unwrap().unwrap()
}

#[test]
fn signatures_of_ccf_verify() {
    let all = vectors("signatures.json");
    for case in list(&all["signatures"]) {
        let place = format!("{} {}", case["service"], case["seqno"]);
        let node = &case["node_signature"];
        let entry = signature_entry(case);
        let root = digest(&case["root_hex"]);
        assert_eq!(entry.primary.root, root, "{place}");
        assert_eq!(
            entry.primary.seqno,
            case["seqno"].as_u64().unwrap(),
            "{place}"
        );
        assert_eq!(
            entry.primary.view,
            case["view"].as_u64().unwrap(),
            "{place}"
        );
        assert_eq!(
            entry.primary.sig,
            bytes_of_hex(&node["signature_der_hex"]),
            "{place}"
        );
        let node_certificate = certificate(&node["node_certificate_pem"]);
        let id = node_certificate.ec_public_key().unwrap().fingerprint();
        assert_eq!(entry.primary.node, id.to_string(), "{place}");

        let Some(cose) = case.get("cose_signature") else {
            assert_eq!(entry.cose, None);
            assert_eq!(
                entry.verify(&root, &node_certificate, &node_certificate),
                Ok(None),
                "{place}"
            );
            continue;
        };
        assert_eq!(
            entry.cose,
            Some(bytes_of_hex(&cose["message_hex"])),
            "{place}"
        );
        let service_certificate = certificate(&cose["service_certificate_pem"]);
        let header = entry
            .verify(&root, &node_certificate, &service_certificate)
            .unwrap()
            .unwrap();
        let claims = list(&list(&cose["protected"])[3]["value"]);
        assert_eq!(header.iat, claims[0]["value"].as_i64().unwrap(), "{place}");
        assert_eq!(header.issuer, text(&claims[1]["value"]), "{place}");
        assert_eq!(header.subject, text(&claims[2]["value"]), "{place}");
        assert_eq!(header.txid, entry.primary.txid().to_string(), "{place}");
        let message = Sign1::decode(&bytes_of_hex(&cose["message_hex"])).unwrap();
        assert_eq!(
            message.protected,
            bytes_of_hex(&cose["protected_hex"]),
            "{place}"
        );
        assert_eq!(
            message.int_header(395),
            Some(&HeaderValue::Int(2)),
            "{place}"
        );
        assert_eq!(
            message.encode(),
            bytes_of_hex(&cose["message_hex"]),
            "{place}"
        );
        let signed = sig_structure(&message.protected, root.as_bytes());
        assert_eq!(signed, bytes_of_hex(&cose["sig_structure_hex"]), "{place}");
    }
}

#[test]
fn values_of_ccf_are_written_again() {
    let all = vectors("signatures.json");
    for case in list(&all["signatures"]) {
        let value = text(&case["node_signature"]["value_text"]);
        let signature: PrimarySignature = serde_json::from_str(value).unwrap();
        assert_eq!(serde_json::to_value(&signature).unwrap().to_string(), value);
    }
    for case in list(&all["identity_endorsements"]) {
        let value = text(&case["value_text"]);
        let link: EndorsementLink = serde_json::from_str(value).unwrap();
        assert_eq!(serde_json::to_value(&link).unwrap().to_string(), value);
    }
}

#[test]
fn the_tree_of_a_signature_is_compared() {
    let all = vectors("signatures.json");
    let case = list(&all["signatures"])
        .iter()
        .find(|case| case.get("leaves_below_hex").is_some())
        .unwrap();
    let mut tree = MerkleTree::new();
    list(&case["leaves_below_hex"])[1..]
        .iter()
        .for_each(|leaf| tree.append(digest(leaf)));
    assert_eq!(tree.root(), digest(&case["root_hex"]));
    assert_eq!(signature_entry(case).verify_tree(&tree), Ok(()));
}

#[test]
fn identity_endorsements_of_ccf_verify() {
    let all = vectors("signatures.json");
    for case in list(&all["identity_endorsements"]) {
        let link: EndorsementLink = serde_json::from_str(text(&case["value_text"])).unwrap();
        assert_eq!(link.endorsement, bytes_of_hex(&case["message_hex"]));
        assert_eq!(
            link.endorsing_key,
            bytes_of_hex(&case["endorsing_key_spki_hex"])
        );
        assert_eq!(
            link.is_self_endorsement(),
            case["self_endorsement"].as_bool().unwrap()
        );
        let message = link.verify().unwrap();
        assert_eq!(
            message.endorsed_key,
            bytes_of_hex(&case["payload_spki_hex"])
        );
        assert_eq!(
            link.endorsing_key,
            certificate(&case["service_certificate_pem"]).spki_der()
        );
    }
}

#[test]
fn invalid_signatures_are_refused() {
    let all = vectors("signatures.json");
    for case in list(&all["invalid"]) {
        let name = text(&case["name"]);
        let root = digest(&case["root_hex"]);
        let certificate: Certificate = certificate(&case["certificate_pem"]);
        let key = certificate.ec_public_key().unwrap();
        match text(&case["kind"]) {
            "cose" => {
                let message = bytes_of_hex(&case["message_hex"]);
                assert!(verify_ledger_root(&message, key, &root).is_err(), "{name}");
            }
            "node" => {
                let signature = bytes_of_hex(&case["signature_hex"]);
                assert!(
                    !key.verify_prehash_der(root.as_bytes(), &signature),
                    "{name}"
                );
                let value = text(&list(&all["signatures"])[0]["node_signature"]["value_text"]);
                let mut primary: PrimarySignature = serde_json::from_str(value).unwrap();
                primary.sig = signature;
                let entry = SignatureEntry {
                    primary,
                    cose: None,
                    tree: MerkleTree::new().serialise().into(),
                };
                assert!(
                    entry.verify(&root, &certificate, &certificate).is_err(),
                    "{name}"
                );
            }
            other => panic!("unknown kind '{other}'"),
        }
    }
}
