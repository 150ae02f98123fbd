use proptest::prelude::*;

use super::*;
use crate::cert::create_csr;
use crate::{Curve, SystemEntropy};

const FROM: i64 = 1_795_337_372;
const VALIDITY: Validity = Validity {
    from: FROM,
    days: 90,
};

fn key(curve: Curve) -> EcKeyPair {
    EcKeyPair::generate(curve, &SystemEntropy)
}

fn outline(certificate: &Certificate) -> Vec<(&str, bool)> {
    certificate
        .extensions()
        .iter()
        .map(|extension| (extension.oid.as_str(), extension.critical))
        .collect()
}

fn sans() -> Vec<San> {
    vec![
        San::Ip("127.0.0.1".parse().unwrap()),
        San::Dns("localhost".to_owned()),
        San::Ip("::1".parse().unwrap()),
        San::Dns("localhost".to_owned()),
    ]
}

/// recovery-and-membership.md 2.1: the table of certificates, for the service and for the node itself.
#[test]
fn self_signed_certificates_are_as_the_table_says() {
    for curve in [Curve::P256, Curve::P384] {
        let key = key(curve);
        let service = self_signed(&key, "CN=CCF Service", &[], VALIDITY, &[0xff; 16]).unwrap();
        let expected = [
            ("2.5.29.19", true),
            ("2.5.29.15", true),
            ("2.5.29.14", false),
            ("2.5.29.35", false),
        ];
        assert_eq!(outline(&service), expected);
        assert_eq!(
            hex::encode(&service.extensions()[0].value),
            "30060101ff020101"
        );
        assert_eq!(hex::encode(&service.extensions()[1].value), "03020284");
        assert_eq!(service.subject_key_id(), service.authority_key_id());
        assert_eq!(service.subject(), "CN=CCF Service");
        assert_eq!(service.issuer(), "CN=CCF Service");
        assert_eq!(
            (service.not_before(), service.not_after()),
            (FROM, FROM + 90 * 86_400 - 1)
        );
        assert_eq!(
            service.serial(),
            [&[0][..], &[0xff; 16]].concat(),
            "the serial is not negative"
        );
        assert!(service.is_ca() && service.issued_by(&service));
        assert_eq!(service.ec_public_key().unwrap(), key.public_key());

        let node = self_signed(&key, "CN=CCF Node", &sans(), VALIDITY, &[1; 16]).unwrap();
        assert_eq!(outline(&node)[..4], expected);
        assert_eq!(outline(&node)[4], ("2.5.29.17", false));
        assert_eq!(node.sans(), sans(), "duplicates are kept");
    }
}

#[test]
fn an_endorsed_node_certificate_is_as_the_table_says() {
    for (node_curve, service_curve) in [(Curve::P256, Curve::P384), (Curve::P384, Curve::P256)] {
        let (node, service) = (key(node_curve), key(service_curve));
        let issuer = self_signed(&service, "CN=CCF Service", &[], VALIDITY, &[1; 16]).unwrap();
        let csr = Csr::from_pem(&create_csr(&node, "CN=CCF Node", &sans()).unwrap()).unwrap();
        assert_eq!(
            (csr.subject(), csr.sans()),
            ("CN=CCF Node".to_owned(), sans())
        );
        let endorsed = endorse(&csr, &service, &issuer, VALIDITY, &[2; 16]).unwrap();
        let expected = [
            ("2.5.29.19", true),
            ("2.5.29.14", false),
            ("2.5.29.35", false),
            ("2.5.29.17", false),
        ];
        assert_eq!(outline(&endorsed), expected);
        assert_eq!(hex::encode(&endorsed.extensions()[0].value), "3000");
        assert_eq!(endorsed.authority_key_id(), issuer.subject_key_id());
        assert_eq!(
            (endorsed.subject(), endorsed.issuer()),
            ("CN=CCF Node".to_owned(), issuer.subject())
        );
        assert_eq!(endorsed.sans(), sans());
        assert!(endorsed.issued_by(&issuer) && !endorsed.issued_by(&endorsed) && !endorsed.is_ca());
        assert_eq!(endorsed.spki_der(), node.public_key().to_spki_der());
    }
}

#[test]
fn a_request_without_names_gives_a_certificate_without_them() {
    let (node, service) = (key(Curve::P384), key(Curve::P384));
    let issuer = self_signed(&service, "CN=s", &[], VALIDITY, &[1; 16]).unwrap();
    let csr = Csr::from_pem(&create_csr(&node, "CN=n,O=o", &[]).unwrap()).unwrap();
    let endorsed = endorse(&csr, &service, &issuer, VALIDITY, &[2; 16]).unwrap();
    assert_eq!(outline(&endorsed).len(), 3);
    assert_eq!(endorsed.subject(), "CN=n, O=o");
}

#[test]
fn requests_are_signed_with_sha_512_whatever_the_curve() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let text = create_csr(&key(curve), "CN=n", &[]).unwrap();
        let csr = Csr::from_pem(&text).unwrap();
        assert!(csr.verify());
        let der = crate::pem::first(&text, "x", &["CERTIFICATE REQUEST"])
            .unwrap()
            .der;
        let request = structure::CertificationRequest::from_der(&der).unwrap();
        assert_eq!(request.algorithm.oid.to_string(), "1.2.840.10045.4.3.4");
    }
}

#[test]
fn a_request_that_is_not_signed_by_its_key_is_not_endorsed() {
    let service = key(Curve::P384);
    let issuer = self_signed(&service, "CN=s", &[], VALIDITY, &[1; 16]).unwrap();
    let text = create_csr(&key(Curve::P384), "CN=nnnn", &sans()).unwrap();
    let mut der = crate::pem::first(&text, "x", &["CERTIFICATE REQUEST"])
        .unwrap()
        .der
        .to_vec();
    let at = der.windows(4).position(|window| window == b"nnnn").unwrap();
    der[at] = b'm';
    let csr = Csr::from_der(&der).unwrap();
    assert!(!csr.verify());
    let error = endorse(&csr, &service, &issuer, VALIDITY, &[2; 16])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the self-signature of the signing request does not verify"
    );
}

#[test]
fn the_issuing_key_must_be_that_of_the_issuer() {
    let service = key(Curve::P384);
    let issuer = self_signed(&service, "CN=s", &[], VALIDITY, &[1; 16]).unwrap();
    let csr = Csr::from_pem(&create_csr(&key(Curve::P384), "CN=n", &[]).unwrap()).unwrap();
    assert!(endorse(&csr, &key(Curve::P384), &issuer, VALIDITY, &[2; 16]).is_err());
}

#[test]
fn periods_that_end_before_they_begin_are_refused() {
    let service = key(Curve::P384);
    let issuer = self_signed(&service, "CN=s", &[], VALIDITY, &[1; 16]).unwrap();
    let csr = Csr::from_pem(&create_csr(&key(Curve::P384), "CN=n", &[]).unwrap()).unwrap();
    let period = Period {
        not_before: FROM,
        not_after: FROM - 1,
    };
    assert!(endorse_for_period(&csr, &service, &issuer, period, &[2; 16]).is_err());
    assert!(
        self_signed(
            &service,
            "CN=s",
            &[],
            Validity {
                from: FROM,
                days: 0
            },
            &[1; 16]
        )
        .is_err()
    );
}

#[test]
fn certificates_verify_against_a_renewed_issuer_and_the_reverse() {
    let (node, service) = (key(Curve::P384), key(Curve::P384));
    let first = self_signed(&service, "CN=CCF Service,O=é", &[], VALIDITY, &[1; 16]).unwrap();
    let second = renew(
        &service,
        &first,
        Validity {
            from: FROM + 1,
            days: 5,
        },
        &[2; 16],
    )
    .unwrap();
    assert_eq!(second.subject(), first.subject());
    assert_eq!(second.not_before(), FROM + 1);
    assert_ne!(second.fingerprint(), first.fingerprint());
    let csr = Csr::from_pem(&create_csr(&node, "CN=n", &[]).unwrap()).unwrap();
    let old = endorse(&csr, &service, &first, VALIDITY, &[3; 16]).unwrap();
    let new = endorse(&csr, &service, &second, VALIDITY, &[4; 16]).unwrap();
    assert!(old.issued_by(&second) && new.issued_by(&first));
    assert!(renew(&node, &first, VALIDITY, &[5; 16]).is_err());
}

#[test]
fn an_earlier_service_is_endorsed_as_an_authority() {
    let (earlier_key, present_key) = (key(Curve::P384), key(Curve::P384));
    let earlier = self_signed(&earlier_key, "CN=old", &[], VALIDITY, &[1; 16]).unwrap();
    let present = self_signed(
        &present_key,
        "CN=new",
        &[],
        Validity {
            from: FROM + 7,
            days: 3,
        },
        &[2; 16],
    )
    .unwrap();
    let endorsed = endorse_earlier_service(&earlier, &present_key, &present, &[3; 16]).unwrap();
    let expected = [
        ("2.5.29.19", true),
        ("2.5.29.15", true),
        ("2.5.29.14", false),
        ("2.5.29.35", false),
    ];
    assert_eq!(outline(&endorsed), expected);
    assert_eq!(endorsed.period(), present.period());
    assert_eq!(
        (endorsed.subject(), endorsed.spki_der()),
        ("CN=old".to_owned(), earlier.spki_der())
    );
    assert!(endorsed.issued_by(&present));
}

#[test]
fn certificates_survive_their_text_form() {
    let certificate = self_signed(&key(Curve::P256), "CN=x", &sans(), VALIDITY, &[0; 16]).unwrap();
    let again = Certificate::from_pem(&format!("text\n{}", certificate.to_pem())).unwrap();
    assert_eq!(again, certificate);
    assert_eq!(again.serial(), [0]);
    assert_eq!(again.fingerprint(), crate::sha256(certificate.der()));
}

#[test]
fn names_that_are_no_ascii_are_refused() {
    let sans = [San::Dns("é".to_owned())];
    assert!(self_signed(&key(Curve::P256), "CN=x", &sans, VALIDITY, &[0; 16]).is_err());
}

#[test]
fn serial_numbers_have_no_superfluous_zeros() {
    for (bytes, number) in [
        (&[0, 0, 5][..], &[5][..]),
        (&[0x80], &[0, 0x80]),
        (&[0, 0], &[0]),
        (&[0x7f], &[0x7f]),
    ] {
        assert_eq!(positive_integer(bytes), number);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(Certificate::from_der(&bytes).is_err());
        prop_assert!(Csr::from_der(&bytes).is_err());
    }

    #[test]
    fn a_changed_certificate_never_verifies(at: prop::sample::Index, bit in 0..8) {
        let key = EcKeyPair::from_scalar(Curve::P256, &[9]).unwrap();
        let issuer = self_signed(&key, "CN=x", &[], VALIDITY, &[4; 16]).unwrap();
        let mut der = issuer.der().to_vec();
        let at = at.index(der.len());
        der[at] ^= 1_u8 << bit;
        if let Ok(changed) = Certificate::from_der(&der) {
            prop_assert!(!changed.issued_by(&issuer));
        }
    }
}
