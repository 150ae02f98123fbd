//! Certificates (governance-api.md 8.6, 10; recovery-and-membership.md 2.1).

use quorate_crypto::cert::{Certificate, Csr};

use super::*;
use crate::testing::NOW;

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
