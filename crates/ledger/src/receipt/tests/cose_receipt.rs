//! The rules of COSE receipts (ledger.md 6.4), and that all readers of receipts are total.

use proptest::{collection, prelude::*};
use quorate_crypto::{Curve, Digest, EcKeyPair, SystemEntropy};

use super::{claim, covered};
use crate::{
    TxId, limits,
    receipt::{
        Receipt, ReceiptError,
        cose::{self, InclusionProof, Unprotected},
    },
};

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
