//! The rules of ledger.md 4.

use quorate_crypto::{Curve, Digest, SystemEntropy, sha256};

use super::*;
use crate::{TxId, entry, testing::Service};

fn signed(curve: Curve) -> (Service, WriteSet) {
    let mut service = Service::new(curve);
    service.record("k", "v");
    let pem = service.node_certificate.to_pem();
    let writes = service
        .signer
        .sign(service.next(), &service.tree, &pem, 1_700_000_123)
        .unwrap();
    (service, writes)
}

#[test]
fn ledger_4_1_a_signature_writes_its_three_tables() {
    let (mut service, writes) = signed(Curve::P384);
    let names: Vec<_> = writes.maps.keys().map(|name| &**name).collect();
    assert_eq!(names, [COSE_SIGNATURES, SIGNATURES, TREE]);
    assert!(
        writes
            .maps
            .values()
            .all(|map| map.keys().eq([&UNIT_KEY[..]]))
    );
    service.write(&writes);
    let last = entry::decode(service.entries.last().unwrap(), None).unwrap();
    assert_eq!(last.private_len, 0);
    assert_eq!(last.claims, Some(Digest::default()));
    assert_eq!(last.writes, writes);
}

#[test]
fn ledger_4_2_value_of_the_node_signature() {
    let (service, writes) = signed(Curve::P384);
    let value = writes.get(SIGNATURES, &UNIT_KEY).unwrap().clone().unwrap();
    let text = std::str::from_utf8(&value).unwrap();
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(json.to_string(), text, "compact, with sorted keys");
    let keys: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "cert",
        "commit_seqno",
        "commit_view",
        "hashed_nonce",
        "node",
        "root",
        "seqno",
        "sig",
        "view",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&json["commit_seqno"], &json["commit_view"]),
        (&0.into(), &0.into())
    );
    assert_eq!(json["hashed_nonce"], "0".repeat(64));
    assert_eq!(
        json["node"],
        service.node_key.public_key().fingerprint().to_string()
    );
    assert_eq!(json["root"], service.tree.root().to_string());
    assert_eq!((&json["seqno"], &json["view"]), (&3.into(), &2.into()));
    assert_eq!(json["cert"], service.node_certificate.to_pem());
}

#[test]
fn ledger_4_2_the_root_itself_is_the_digest() {
    for curve in [Curve::P256, Curve::P384] {
        let (service, writes) = signed(curve);
        let entry = SignatureEntry::read(&writes).unwrap().unwrap();
        let root = service.tree.root();
        let key = service.node_key.public_key();
        assert!(key.verify_prehash_der(root.as_bytes(), &entry.primary.sig));
        assert!(!key.verify_prehash_der(sha256(root.as_bytes()).as_bytes(), &entry.primary.sig));
    }
}

#[test]
fn ledger_4_3_cose_signature_of_the_service() {
    for (curve, alg) in [(Curve::P256, -7), (Curve::P384, -35)] {
        let (service, writes) = signed(curve);
        let entry = SignatureEntry::read(&writes).unwrap().unwrap();
        let header = entry.verify(
            &service.tree.root(),
            &service.node_certificate,
            &service.certificate,
        );
        let header = header.unwrap().unwrap();
        assert_eq!(header.alg, alg);
        assert_eq!(
            header.kid,
            service
                .service_key
                .public_key()
                .fingerprint()
                .to_string()
                .into_bytes()
        );
        assert_eq!((header.iat, header.txid.as_str()), (1_700_000_123, "2.3"));
        assert_eq!(
            (header.issuer.as_str(), header.subject.as_str()),
            ("issuer", "subject")
        );
    }
}

#[test]
fn ledger_4_3_a_service_key_on_another_curve_is_refused() {
    let key = || {
        std::sync::Arc::new(quorate_crypto::EcKeyPair::generate(
            Curve::P521,
            &SystemEntropy,
        ))
    };
    assert_eq!(
        RunSigner::new(key(), key(), "", "").err(),
        Some(SignatureError::ServiceCurve)
    );
}

#[test]
fn ledger_4_4_the_tree_must_end_directly_before_the_signature() {
    let (service, _) = signed(Curve::P256);
    for seqno in [2, 4] {
        let result = service
            .signer
            .sign(TxId::new(2, seqno), &service.tree, "", 0);
        assert_eq!(
            result,
            Err(SignatureError::TreeOutOfStep { seqno, leaves: 3 })
        );
    }
}

#[test]
fn ledger_4_5_tables_of_a_signature_transaction() {
    let (_, writes) = signed(Curve::P256);
    let mut older = writes.clone();
    older.maps.remove(COSE_SIGNATURES);
    assert_eq!(SignatureEntry::read(&older).unwrap().unwrap().cose, None);

    let mut foreign = writes.clone();
    foreign.put("records", "k", "v");
    assert_eq!(
        SignatureEntry::read(&foreign),
        Err(SignatureError::ForeignTable("records".into()))
    );
    let mut lacking = writes.clone();
    lacking.maps.remove(TREE);
    assert!(matches!(
        SignatureEntry::read(&lacking),
        Err(SignatureError::Value { table: TREE, .. })
    ));
    let mut not_signed = writes.clone();
    not_signed.maps.remove(SIGNATURES);
    assert_eq!(SignatureEntry::read(&not_signed), Ok(None));
}

#[test]
fn ledger_4_1_values_that_cannot_be_read() {
    let (_, writes) = signed(Curve::P256);
    let refused = |table: &'static str, change: &dyn Fn(&mut WriteSet)| {
        let mut writes = writes.clone();
        change(&mut writes);
        match SignatureEntry::read(&writes) {
            Err(SignatureError::Value { table: found, .. }) => assert_eq!(found, table),
            other => panic!("{table}: {other:?}"),
        }
    };
    for table in [COSE_SIGNATURES, SIGNATURES, TREE] {
        refused(table, &|writes| writes.remove(table, UNIT_KEY.to_vec()));
        refused(table, &|writes| writes.put(table, "second", "x"));
        refused(table, &|writes| {
            writes.maps.remove(table);
            writes.put(table, "other key", "x");
        });
    }
    refused(SIGNATURES, &|writes| {
        writes.put(SIGNATURES, UNIT_KEY.to_vec(), "{}")
    });
    refused(COSE_SIGNATURES, &|writes| {
        writes.put(COSE_SIGNATURES, UNIT_KEY.to_vec(), "\"no base64\"")
    });
    refused(COSE_SIGNATURES, &|writes| {
        writes.put(COSE_SIGNATURES, UNIT_KEY.to_vec(), "no json")
    });
}

#[test]
fn ledger_4_5_signatures_are_verified_over_the_local_root() {
    let (service, writes) = signed(Curve::P384);
    let entry = SignatureEntry::read(&writes).unwrap().unwrap();
    let (root, node, own) = (
        service.tree.root(),
        &service.node_certificate,
        &service.certificate,
    );
    assert!(entry.verify(&root, node, own).is_ok());
    let other_root = sha256(b"another root");
    assert!(matches!(
        entry.verify(&other_root, node, own),
        Err(SignatureError::Node { .. })
    ));
    assert!(matches!(
        entry.verify(&root, own, own),
        Err(SignatureError::Node { .. })
    ));
    assert!(matches!(
        entry.verify(&root, node, node),
        Err(SignatureError::Cose { .. })
    ));

    let mut unlike = entry.clone();
    unlike.primary.root = other_root;
    assert!(
        unlike.verify(&root, node, own).is_ok(),
        "the root in the value is not looked at"
    );
    let mut broken = entry.clone();
    broken.cose.as_mut().unwrap()[20] ^= 1;
    assert!(matches!(
        broken.verify(&root, node, own),
        Err(SignatureError::Cose { .. })
    ));
    let mut alone = entry;
    alone.cose = None;
    assert_eq!(alone.verify(&root, node, node), Ok(None));
}

#[test]
fn ledger_10_the_serialised_tree_is_compared_with_the_local_one() {
    let (mut service, writes) = signed(Curve::P256);
    let entry = SignatureEntry::read(&writes).unwrap().unwrap();
    assert_eq!(entry.verify_tree(&service.tree), Ok(()));
    service.tree.flush(1).unwrap();
    assert_eq!(
        entry.verify_tree(&service.tree),
        Ok(()),
        "flushed differently"
    );
    let mut longer = service.tree.clone();
    longer.append(Digest::default());
    assert_eq!(
        entry.verify_tree(&longer),
        Err(SignatureError::TreeLength {
            stored: 3,
            local: 4
        })
    );
    let mut other = service.tree.clone();
    other.retract(2).unwrap();
    other.append(Digest::default());
    assert!(matches!(
        entry.verify_tree(&other),
        Err(SignatureError::TreeRoot { .. })
    ));
    let mut unreadable = entry;
    unreadable.tree = vec![0; 16].into();
    assert!(matches!(
        unreadable.verify_tree(&service.tree),
        Err(SignatureError::Tree(_))
    ));
}

#[test]
fn ledger_11_signatures_of_older_versions_are_read() {
    let value = r#"{"commit_seqno":12,"commit_view":2,"node":"ab","root":"801b2d87516b57e17cd0cba517103bda889e8beba95fa22bd334816ae45b1771","seqno":14,"sig":[1,2,255],"view":2,"primary_pubk_pem":"x"}"#;
    let signature: PrimarySignature = serde_json::from_str(value).unwrap();
    assert_eq!(signature.cert, "");
    assert_eq!(
        signature.sig,
        [1, 2, 255],
        "an array of integers instead of base64"
    );
    assert_eq!(
        (signature.commit_seqno, signature.txid()),
        (12, TxId::new(2, 14))
    );
    for sig in ["[256]", "[-1]", "\"?\"", "null"] {
        let bad = value.replace("[1,2,255]", sig);
        assert!(
            serde_json::from_str::<PrimarySignature>(&bad).is_err(),
            "{sig}"
        );
    }
}
