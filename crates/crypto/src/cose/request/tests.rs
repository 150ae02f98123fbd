use proptest::prelude::*;

use super::*;
use crate::cert::{Validity, self_signed};
use crate::{Curve, SystemEntropy};

fn member(curve: Curve) -> (EcKeyPair, Certificate) {
    let key = EcKeyPair::generate(curve, &SystemEntropy);
    let validity = Validity {
        from: 1_700_000_000,
        days: 1,
    };
    let cert = self_signed(&key, "CN=member", &[], validity, &[1; 16]).unwrap();
    (key, cert)
}

const HEADER: RequestHeader<'static> = RequestHeader {
    msg_type: "ballot",
    created_at: 1_767_323_045,
    proposal_id: Some("abc"),
};

/// A message with the given protected header and unprotected map, signed.
fn message(key: &EcKeyPair, alg: i64, protected: &[u8], unprotected: &[u8]) -> Vec<u8> {
    let alg = CoseAlg::from_id(alg).unwrap();
    encode_sign1(
        protected,
        unprotected,
        Some(b"payload"),
        &sign_parts(alg, key, protected, b"payload"),
    )
}

/// The four required parameters, followed by more of them, already encoded.
fn protected(more: u64, encoded: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.map(4 + more).int(1).int(-7).int(4).bytes(b"kid");
    writer
        .text("ccf.gov.msg.type")
        .text("ack")
        .text("ccf.gov.msg.created_at")
        .int(5)
        .raw(encoded);
    writer.into_bytes()
}

#[test]
fn a_signed_request_is_decoded_and_verified() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let (key, cert) = member(curve);
        for order in [HeaderOrder::V6, HeaderOrder::V7] {
            let bytes = sign_request_ordered(order, &key, &cert, &HEADER, b"{}").unwrap();
            let request = decode_request(&bytes).unwrap();
            assert!(request.is_ecdsa() && request.verify(key.public_key()));
            assert_eq!(
                request.kid_text(),
                Some(cert.fingerprint().to_string().as_str())
            );
            assert_eq!(request.msg_type.as_deref(), Some("ballot"));
            assert_eq!(request.proposal_id.as_deref(), Some("abc"));
            assert_eq!(
                (request.created_at, &*request.payload),
                (Some(1_767_323_045), &b"{}"[..])
            );
            assert!(!request.verify(member(curve).0.public_key()));
        }
    }
}

/// governance-api.md 12.1: the beginning of a ballot on P-256.
#[test]
fn headers_are_written_in_the_order_of_the_tools() {
    let (key, cert) = member(Curve::P256);
    let kid = cert.fingerprint().to_string();
    let label = |text: &str| hex::encode(text);
    let start = format!(
        "a501260458 40{}70{}66{}",
        label(&kid),
        label("ccf.gov.msg.type"),
        label("ballot")
    );
    let created = format!("76{}1a695735a5", label("ccf.gov.msg.created_at"));
    let proposal = format!("77{}63{}", label("ccf.gov.msg.proposal_id"), label("abc"));
    for (order, expected) in [
        (HeaderOrder::V6, [&*start, &*proposal, &*created].concat()),
        (HeaderOrder::V7, [&*start, &*created, &*proposal].concat()),
    ] {
        let bytes = sign_request_ordered(order, &key, &cert, &HEADER, b"").unwrap();
        let expected = format!(
            "d28458{:02x}{}a0405840",
            expected.replace(' ', "").len() / 2,
            expected
        );
        assert_eq!(
            hex::encode(&bytes[..bytes.len() - 64]),
            expected.replace(' ', "")
        );
    }
}

#[test]
fn the_key_must_be_that_of_the_certificate() {
    let (_, cert) = member(Curve::P256);
    let (other, _) = member(Curve::P256);
    assert!(sign_request(&other, &cert, &HEADER, b"").is_err());
}

/// governance-api.md 12.2.
#[test]
fn a_signature_made_elsewhere_completes_a_prepared_request() {
    let (key, cert) = member(Curve::P384);
    let (alg, digest) = request_to_be_signed(HeaderOrder::V6, &cert, &HEADER, b"p").unwrap();
    assert_eq!((alg.name(), digest.len()), ("ES384", 48));
    let signature = key.sign_prehash_raw(&digest);
    let bytes = assemble_request(HeaderOrder::V6, &cert, &HEADER, b"p", &signature).unwrap();
    assert!(decode_request(&bytes).unwrap().verify(key.public_key()));
    let later = RequestHeader {
        created_at: 1_767_323_046,
        ..HEADER
    };
    assert!(assemble_request(HeaderOrder::V6, &cert, &later, b"p", &signature).is_err());
}

/// governance-api.md 2.2, step 2, in its order.
#[test]
fn decoding_errors_have_the_texts_of_the_specification() {
    let text = |bytes: &[u8]| decode_request(bytes).unwrap_err().to_string();
    assert_eq!(text(b""), "Failed to parse COSE_Sign1 outer array");
    assert_eq!(text(b"{}"), "Failed to parse COSE_Sign1 outer array");
    assert_eq!(
        text(&[0x84, 0x40, 0xa0, 0x40, 0x40]),
        "COSE_Sign1 is not tagged"
    );
    let message = |protected: &[u8]| encode_sign1(protected, &[0xa0], Some(b""), b"");
    let header = |map: &[u8]| text(&message(map));
    assert_eq!(header(b""), "Failed to decode protected header: 67");
    assert_eq!(header(&[0xa0]), "Missing algorithm in protected header");
    assert_eq!(header(&[0xa1, 1, 0x26]), "Missing kid in protected header");
    assert_eq!(
        header(&[0xa2, 1, 0x26, 4, 0x40]),
        "Missing created_at in protected header"
    );
    assert_eq!(
        header(&[0xa2, 1, 0x26, 1, 0x26]),
        "Failed to decode protected header: 62"
    );
    assert_eq!(
        header(&[0xa1, 1, 0x61, b'x']),
        "Failed to decode protected header: 61"
    );
    assert_eq!(
        header(&[0xa1, 0x80, 1]),
        "Failed to decode protected header: 47"
    );
    let mut negative = Writer::new();
    negative
        .map(3)
        .int(1)
        .int(-7)
        .int(4)
        .bytes(b"")
        .text("ccf.gov.msg.created_at")
        .int(-1);
    assert_eq!(
        header(&negative.into_bytes()),
        "Header parameter created_at must be positive"
    );
    let mut trailing = message(&protected(0, &[]));
    trailing.push(0);
    assert_eq!(text(&trailing), "Failed to decode COSE_Sign1");
}

#[test]
fn labels_are_those_of_the_policy() {
    let labels = LabelSet {
        msg_type: "t",
        created_at: "c",
        proposal_id: None,
        created_at_required: false,
    };
    let mut writer = Writer::new();
    writer
        .map(3)
        .int(1)
        .int(-7)
        .int(4)
        .bytes(b"kid")
        .text("t")
        .text("x");
    let bytes = encode_sign1(&writer.into_bytes(), &[0xa0], Some(b""), b"");
    let request = decode_request_with(&bytes, &labels).unwrap();
    assert_eq!(
        (request.msg_type.as_deref(), request.created_at),
        (Some("x"), None)
    );
}

/// governance-api.md 2.1: what is wrong with parameters makes the verification fail, not the decoding.
#[test]
fn parameters_that_a_verifier_refuses() {
    let (key, _) = member(Curve::P256);
    let verifies = |more: u64, encoded: &[u8], unprotected: &[u8]| {
        let bytes = message(&key, -7, &protected(more, encoded), unprotected);
        decode_request(&bytes).unwrap().verify(key.public_key())
    };
    let ints = |count: u64| {
        (0..count)
            .flat_map(|i| [0x18, u8::try_from(100 + i).unwrap(), 0])
            .collect::<Vec<_>>()
    };
    assert!(verifies(0, &[], &[0xa0]));
    assert!(verifies(10, &ints(10), &[0xa0]));
    assert!(!verifies(11, &ints(11), &[0xa0]));
    let texts = |count: u64| {
        (0..count)
            .flat_map(|i| [0x61, b'a' + u8::try_from(i).unwrap(), 0])
            .collect::<Vec<_>>()
    };
    assert!(verifies(8, &texts(8), &[0xa0]));
    assert!(!verifies(9, &texts(9), &[0xa0]));
    assert!(
        verifies(2, &[0x61, b'x', 0, 0x61, b'x', 0], &[0xa0]),
        "an unknown label twice"
    );
    assert!(verifies(1, &[3, 0x18, 50], &[0xa0]), "a content type");
    assert!(
        !verifies(2, &[3, 0, 3, 0], &[0xa0]),
        "a registered label twice"
    );
    assert!(!verifies(1, &[3, 0x40], &[0xa0]), "a content type of bytes");
    assert!(
        !verifies(2, &[2, 0x81, 0x18, 100, 0x18, 100, 0], &[0xa0]),
        "an unknown critical label"
    );
    assert!(!verifies(1, &[2, 0x80], &[0xa0]), "no critical label");
    assert!(
        verifies(1, &[2, 0x81, 4], &[0xa0]),
        "a known critical label"
    );
    assert!(
        verifies(0, &[], &[0xa1, 0x18, 33, 0x40]),
        "an unknown label unprotected"
    );
    assert!(!verifies(0, &[], &[0xa1, 1, 0x26]), "alg unprotected");
    assert!(!verifies(0, &[], &[0xa1, 4, 0x40]), "kid in both maps");
    assert!(
        !verifies(1, &[0x18, 33, 0], &[0xa1, 0x18, 33, 0]),
        "an unknown label in both maps"
    );
    assert!(!verifies(0, &[], &[0xa1, 2, 0x81, 4]), "crit unprotected");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, framing in 0..3) {
        let data = match framing {
            0 => bytes,
            1 => [&[0xd2, 0x84], &bytes[..]].concat(),
            _ => encode_sign1(&bytes, &[0xa0], Some(b""), b""),
        };
        let _ = decode_request(&data);
    }

    #[test]
    fn a_changed_byte_never_verifies_as_the_same_content(at: prop::sample::Index, bit in 0..8) {
        let key = EcKeyPair::from_scalar(Curve::P256, &[3]).unwrap();
        let original = message(&key, -7, &protected(0, &[]), &[0xa0]);
        let mut bytes = original.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        if let Ok(request) = decode_request(&bytes) {
            prop_assert!(!request.verify(key.public_key()));
        }
    }
}
