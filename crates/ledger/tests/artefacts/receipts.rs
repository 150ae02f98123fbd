//! Receipts served by CCF, of a service and of one recovered twice, and receipts that must be refused.

use quorate_crypto::{EcPublicKey, sha256};
use quorate_ledger::{
    TxId,
    merkle::{Path, Step},
    receipt::{
        Receipt, ReceiptBody, ReceiptError, cose,
        cose::{InclusionProof, Unprotected},
        endorsement::follow_chain,
    },
};
use serde_json::Value;

use crate::{bytes_of_base64, bytes_of_hex, certificate, digest, list, text, vectors};

fn txid(case: &Value) -> TxId {
    text(&case["transaction_id"]).parse().unwrap()
}

/// Checks the JSON receipt of a case.
fn check_json(case: &Value, trusted: &Value) {
    let name = text(&case["name"]);
    let receipt = Receipt::from_json(&case["json_receipt"]).unwrap();
    assert_eq!(receipt.to_json(), case["json_receipt"], "{name}");
    assert_eq!(
        Receipt::parse(&case["json_receipt"].to_string()).unwrap(),
        receipt,
        "{name}"
    );
    let verified = receipt
        .verify(&certificate(trusted))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = &case["expected"];
    assert_eq!(verified.leaf, digest(&expected["leaf_hex"]), "{name}");
    assert_eq!(verified.root, digest(&expected["root_hex"]), "{name}");
    assert_eq!(receipt.node_id, text(&expected["node_id"]), "{name}");
    match &receipt.body {
        ReceiptBody::Leaf(_) => {
            assert_eq!(expected["is_signature"], true, "{name}");
            assert_eq!(
                (verified.txid, receipt.proof),
                (None, Path::default()),
                "{name}"
            );
        }
        ReceiptBody::Components(components) => {
            assert_eq!(expected["is_signature"], false, "{name}");
            assert_eq!(verified.txid, Some(txid(case)), "{name}");
            assert_eq!(
                components.claims_digest.unwrap(),
                digest(&expected["claims_digest_hex"]),
                "{name}"
            );
        }
    }
}

/// Checks the COSE receipt of a case, if it has one. Returns whether it has.
fn check_cose(case: &Value, key: &EcPublicKey) -> bool {
    let name = text(&case["name"]);
    let Some(receipt) = case["cose_receipt"].get("hex").map(bytes_of_hex) else {
        assert_eq!(case["expected"]["is_signature"], true, "{name}");
        return false;
    };
    let verified =
        cose::verify(&receipt, key, None).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = &case["cose_receipt"]["expected"];
    let header = &verified.header;
    assert_eq!(header.alg, expected["alg"].as_i64().unwrap(), "{name}");
    assert_eq!(header.kid, text(&expected["kid"]).as_bytes(), "{name}");
    assert_eq!(header.txid, text(&expected["signature_txid"]), "{name}");
    let cwt = &expected["cwt"];
    assert_eq!(
        (header.issuer.as_str(), header.subject.as_str()),
        (text(&cwt["1"]), text(&cwt["2"])),
        "{name}"
    );
    assert_eq!(header.iat, cwt["6"].as_i64().unwrap(), "{name}");
    assert_eq!(verified.root, digest(&expected["root_hex"]), "{name}");
    let [(proof, transaction)] = &verified.proofs[..] else {
        panic!("{name}: one proof")
    };
    assert_eq!(transaction.leaf, digest(&expected["leaf_hex"]), "{name}");
    assert_eq!(transaction.txid, Some(txid(case)), "{name}");
    let step = |step: &Value| match text(&step[0]) {
        "left" => Step::Left(digest(&step[1])),
        _ => Step::Right(digest(&step[1])),
    };
    let expected_proof = InclusionProof {
        write_set_digest: digest(&expected["write_set_digest_hex"]),
        commit_evidence: text(&expected["commit_evidence"]).to_owned(),
        claims_digest: digest(&expected["claims_digest_hex"]),
        path: Path {
            steps: expected["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(step)
                .collect(),
        },
    };
    assert_eq!(*proof, expected_proof, "{name}");

    if let Some(merkle_proof) = case.get("cbor_merkle_proof") {
        assert_eq!(proof.encode(), bytes_of_hex(&merkle_proof["hex"]), "{name}");
        let signature = bytes_of_base64(&case["cose_signature"]["body"]["cose_signature"]);
        assert_eq!(cose::build(&signature, proof).unwrap(), receipt, "{name}");
        assert_eq!(
            cose::set_unprotected(&receipt, Unprotected::Empty).unwrap(),
            signature,
            "{name}"
        );
    }
    cose::verify(&receipt, key, Some(&proof.claims_digest)).unwrap();
    let other = sha256(b"another claim");
    assert!(
        matches!(
            cose::verify(&receipt, key, Some(&other)),
            Err(ReceiptError::Claims { .. })
        ),
        "{name}"
    );
    true
}

#[test]
fn receipts_of_one_service() {
    let all = vectors("receipts.json");
    let trusted = &all["service_certificate_pem"];
    let certificate = certificate(trusted);
    let key = certificate.ec_public_key().unwrap();
    let mut cose_receipts = 0;
    for case in list(&all["receipts"]) {
        check_json(case, trusted);
        cose_receipts += u32::from(check_cose(case, key));
    }
    assert!(cose_receipts >= 10);
}

#[test]
fn receipts_of_a_service_recovered_twice() {
    let all = vectors("receipts.json");
    let trusted = &all["endorsed_service_certificate_pem"];
    let certificate = certificate(trusted);
    let present = certificate.ec_public_key().unwrap();
    let mut endorsed = 0;
    for case in list(&all["endorsed"]) {
        check_json(case, trusted);
        let links = case["cose_endorsements"]
            .get("body")
            .and_then(|body| body.get("endorsements"));
        let links: Vec<_> = links
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(bytes_of_base64)
            .collect();
        let seqno = (!links.is_empty()).then(|| txid(case).seqno);
        let key = follow_chain(present, &links, seqno)
            .unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        if let Some(expected) = case.get("cose_receipt_key_spki_hex") {
            assert_eq!(key.to_spki_der(), bytes_of_hex(expected));
        }
        if !links.is_empty() {
            endorsed += 1;
            let beyond = follow_chain(present, &links, Some(u64::MAX));
            assert!(matches!(
                beyond,
                Err(ReceiptError::IdentityEndorsement { .. })
            ));
            assert!(
                follow_chain(&key, &links, None).is_err(),
                "not by the endorsed key itself"
            );
        }
        check_cose(case, &key);
    }
    assert!(endorsed > 0);
}

#[test]
fn receipts_that_applications_hand_out() {
    let all = vectors("receipts.json");
    let trusted = certificate(&all["service_certificate_pem"]);
    for case in list(&all["application_receipts"]) {
        let name = text(&case["name"]);
        let mut receipt = Receipt::from_json(&case["body"]["receipt"]).unwrap();
        if case.get("note").is_some() {
            assert!(
                receipt.verify(&trusted).is_err(),
                "{name}: the claim is missing"
            );
            receipt = receipt.with_claims(sha256(text(&case["body"]["msg"]).as_bytes()));
        }
        let verified = receipt
            .verify(&trusted)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            verified.leaf,
            digest(&case["expected"]["leaf_hex"]),
            "{name}"
        );
        assert_eq!(
            verified.root,
            digest(&case["expected"]["root_hex"]),
            "{name}"
        );
        assert_eq!(verified.txid, Some(txid(case)), "{name}");
    }
}

#[test]
fn json_receipts_that_are_refused() {
    let all = vectors("receipts.json");
    for case in list(&all["refused_json"]) {
        let (name, because) = (text(&case["name"]), text(&case["refused_because"]));
        let trusted = certificate(&case["service_certificate_pem"]);
        let error = Receipt::from_json(&case["json_receipt"])
            .and_then(|receipt| receipt.verify(&trusted))
            .expect_err(name);
        let form = matches!(error, ReceiptError::Member { .. });
        let meant = match because {
            // Evidence that is changed is no evidence by its form already, or leads elsewhere. A foreign certificate
            // has another node id before it has another signature.
            "signature" => matches!(
                error,
                ReceiptError::Signature { .. } | ReceiptError::NodeId { .. }
            ),
            "form" => form,
            "form or signature" => form || matches!(error, ReceiptError::Signature { .. }),
            "certificate chain" => matches!(error, ReceiptError::Chain { .. }),
            "node_id is not the digest of the certificate's key" => {
                matches!(error, ReceiptError::NodeId { .. })
            }
            other => panic!("unknown reason '{other}'"),
        };
        assert!(meant, "{name}: refused because of {because}, not: {error}");
    }
}

#[test]
fn cose_receipts_that_are_refused() {
    let all = vectors("receipts.json");
    for case in list(&all["refused_cose"]) {
        let (name, because) = (text(&case["name"]), text(&case["refused_because"]));
        let trusted = certificate(&case["service_certificate_pem"]);
        let claims = digest(&case["expected_claims_digest_hex"]);
        let receipt = bytes_of_hex(&case["hex"]);
        let error = cose::verify(&receipt, trusted.ec_public_key().unwrap(), Some(&claims))
            .expect_err(name);
        let meant = match because {
            "claims digest" => matches!(error, ReceiptError::Claims { .. }),
            "signature" => matches!(error, ReceiptError::Signature { .. }),
            "form" => matches!(error, ReceiptError::Form(_) | ReceiptError::Cose(_)),
            "vds" => matches!(error, ReceiptError::Vds(_)),
            "kid" => matches!(error, ReceiptError::KeyId { .. }),
            other => panic!("unknown reason '{other}'"),
        };
        assert!(meant, "{name}: refused because of {because}, not: {error}");
    }
}
