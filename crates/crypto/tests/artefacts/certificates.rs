//! Certificates: reading all of them, and writing the same structure.

use std::collections::HashMap;

use der::{Decode, Encode};
use quorate_crypto::cert::{
    Certificate, Csr, San, Validity, create_csr, endorse, endorse_earlier_service,
    generate_member_identity, self_signed,
};
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy, sha256};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{bytes, list, text, vectors};

fn unix(value: &Value) -> i64 {
    OffsetDateTime::parse(text(value), &Rfc3339)
        .unwrap()
        .unix_timestamp()
}

fn sans(case: &Value) -> Vec<San> {
    let extensions = list(&case["extensions_in_order"]);
    let names = extensions
        .iter()
        .filter_map(|extension| extension.get("names"))
        .flat_map(list);
    names
        .map(|name| match text(name).split_once(':').unwrap() {
            ("IPAddress", address) => San::Ip(address.parse().unwrap()),
            ("DNSName", name) => San::Dns(name.to_owned()),
            other => panic!("unexpected name {other:?}"),
        })
        .collect()
}

fn curve(case: &Value) -> Curve {
    [Curve::P256, Curve::P384, Curve::P521]
        .into_iter()
        .find(|curve| curve.name() == text(&case["curve"]))
        .unwrap()
}

#[test]
fn every_field_is_read() {
    let data = vectors("certificates.json");
    for case in list(&data["certificates"]) {
        let name = text(&case["name"]);
        let certificate = Certificate::from_pem(text(&case["pem"])).unwrap();
        // Older services stored the texts with a NUL at the end.
        assert_eq!(
            certificate.to_pem(),
            text(&case["pem"]).trim_end_matches('\0'),
            "{name}"
        );
        assert_eq!(certificate.subject(), text(&case["subject"]), "{name}");
        assert_eq!(certificate.issuer(), text(&case["issuer"]), "{name}");
        assert_eq!(
            certificate.not_before(),
            unix(&case["not_before"]),
            "{name}"
        );
        assert_eq!(certificate.not_after(), unix(&case["not_after"]), "{name}");
        let serial = text(&case["serial_hex"]);
        assert_eq!(
            hex::encode(certificate.serial()).trim_start_matches('0'),
            serial.trim_start_matches('0'),
            "{name}"
        );
        assert_eq!(
            certificate.spki_der(),
            bytes(&case["spki_der_hex"]),
            "{name}"
        );
        let key = certificate.ec_public_key().unwrap();
        assert_eq!(key.curve(), curve(case), "{name}");
        assert_eq!(key.to_spki_der(), certificate.spki_der(), "{name}");
        assert_eq!(
            key.to_sec1(),
            bytes(&case["public_key_uncompressed_hex"]),
            "{name}"
        );
        assert_eq!(
            key.fingerprint().to_string(),
            text(&case["spki_sha256"]),
            "{name}"
        );
        assert_eq!(
            certificate.fingerprint().to_string(),
            text(&case["der_sha256"]),
            "{name}"
        );
        if let Some(id) = case.get("node_id") {
            assert_eq!(key.fingerprint().to_string(), text(id), "{name}");
        }
        if let Some(id) = case.get("member_or_user_id") {
            assert_eq!(certificate.fingerprint().to_string(), text(id), "{name}");
        }
        let extensions = list(&case["extensions_in_order"]);
        assert_eq!(certificate.extensions().len(), extensions.len(), "{name}");
        for (read, expected) in certificate.extensions().iter().zip(extensions) {
            if let Some(oid) = expected.get("oid") {
                assert_eq!(read.oid, text(oid), "{name}");
                assert_eq!(
                    read.critical,
                    expected["critical"].as_bool().unwrap(),
                    "{name}"
                );
            }
            match text(&expected["name"]) {
                "basicConstraints" => assert_eq!(
                    certificate.is_ca(),
                    expected["ca"].as_bool().unwrap(),
                    "{name}"
                ),
                "subjectKeyIdentifier" if expected.get("key_identifier_hex").is_some() => {
                    assert_eq!(
                        certificate.subject_key_id(),
                        Some(bytes(&expected["key_identifier_hex"])),
                        "{name}"
                    );
                }
                "authorityKeyIdentifier" if expected.get("key_identifier_hex").is_some() => {
                    assert_eq!(
                        certificate.authority_key_id(),
                        Some(bytes(&expected["key_identifier_hex"])),
                        "{name}"
                    );
                }
                _ => {}
            }
        }
        assert_eq!(certificate.sans(), sans(case), "{name}");
    }
}

#[test]
fn issuers_are_those_recorded_and_no_others() {
    let data = vectors("certificates.json");
    let cases = list(&data["certificates"]);
    let all: HashMap<_, _> = cases
        .iter()
        .map(|case| {
            (
                text(&case["der_sha256"]),
                Certificate::from_pem(text(&case["pem"])).unwrap(),
            )
        })
        .collect();
    for case in cases {
        let certificate = &all[text(&case["der_sha256"])];
        let Some(recorded) = case.get("issued_by").filter(|id| !id.is_null()) else {
            continue;
        };
        for (id, issuer) in &all {
            // A renewed certificate has the key of the recorded issuer.
            let same_key = all[text(recorded)].spki_der() == issuer.spki_der();
            let same_name = all[text(recorded)].subject() == issuer.subject();
            assert_eq!(
                certificate.issued_by(issuer),
                same_key && same_name,
                "{} by {id}",
                text(&case["name"])
            );
        }
    }
}

/// Every certificate that CCF 7 writes, written again with a key of our own: all that is signed is equal, byte for
/// byte, but for what comes from the keys.
#[test]
fn written_certificates_have_the_same_bytes() {
    let data = vectors("certificates.json");
    let mut compared = 0;
    for case in list(&data["certificates"]) {
        let name = text(&case["name"]);
        let original = Certificate::from_pem(text(&case["pem"])).unwrap();
        let extensions = list(&case["extensions_in_order"]);
        let has_key_usage = extensions
            .iter()
            .any(|extension| extension["name"] == "keyUsage");
        // Older services mark nothing as critical.
        if !original.extensions()[0].critical {
            continue;
        }
        let validity = Validity {
            from: original.not_before(),
            days: u64::try_from((original.not_after() + 1 - original.not_before()) / 86_400)
                .unwrap(),
        };
        let mut serial = [0; 16];
        let significant: Vec<_> = original
            .serial()
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        if significant.len() > 16 {
            continue;
        }
        serial[16 - significant.len()..].copy_from_slice(&significant);
        let key = EcKeyPair::generate(curve(case), &SystemEntropy);
        let issuer_curve = match text(&case["signature_hash"]) {
            "sha256" => Curve::P256,
            _ => Curve::P384,
        };
        let issuer_key = EcKeyPair::generate(issuer_curve, &SystemEntropy);
        let issuer =
            self_signed(&issuer_key, text(&case["issuer"]), &[], validity, &[1; 16]).unwrap();
        let written = match text(&case["role"]) {
            "service" | "node self-signed" if has_key_usage => {
                self_signed(&key, text(&case["subject"]), &sans(case), validity, &serial).unwrap()
            }
            "node endorsed by service" => {
                let csr = create_csr(&key, text(&case["subject"]), &sans(case)).unwrap();
                endorse(
                    &Csr::from_pem(&csr).unwrap(),
                    &issuer_key,
                    &issuer,
                    validity,
                    &serial,
                )
                .unwrap()
            }
            "service endorsement" => {
                let earlier =
                    self_signed(&key, text(&case["subject"]), &[], validity, &serial).unwrap();
                endorse_earlier_service(&earlier, &issuer_key, &issuer, &serial).unwrap()
            }
            _ => continue,
        };
        assert_eq!(neutral(&written), neutral(&original), "{name}");
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} certificates were compared");
}

/// keygenerator.sh's certificates: the same extensions, critical flags and validity.
#[test]
fn member_certificates_are_those_of_the_key_generator() {
    let data = vectors("certificates.json");
    let mut compared = 0;
    for case in list(&data["certificates"]) {
        if !text(&case["role"]).contains("key generator script") {
            continue;
        }
        let original = Certificate::from_pem(text(&case["pem"])).unwrap();
        let name = text(&case["subject"]).strip_prefix("CN=").unwrap();
        let made = generate_member_identity(
            name,
            curve(case),
            false,
            original.not_before(),
            &SystemEntropy,
        )
        .unwrap();
        let written = Certificate::from_pem(&made.certificate).unwrap();
        let outline = |certificate: &Certificate| {
            let extensions = certificate.extensions().iter();
            extensions
                .map(|e| (e.oid.clone(), e.critical, e.value.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(outline(&written), outline(&original), "{name}");
        assert_eq!(written.period(), original.period(), "{name}");
        assert_eq!(
            (written.subject(), written.issuer()),
            (original.subject(), original.issuer()),
            "{name}"
        );
        assert_eq!(written.serial().len(), original.serial().len(), "{name}");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} certificates were compared");
}

/// What is signed, with the key and its identifiers blanked out.
fn neutral(certificate: &Certificate) -> Vec<u8> {
    let parts = Vec::<der::asn1::Any>::from_der(certificate.der()).unwrap();
    let mut tbs = parts[0].to_der().unwrap();
    let spki = certificate.spki_der().to_vec();
    let ids = [
        certificate.subject_key_id().unwrap(),
        certificate.authority_key_id().unwrap(),
    ];
    for secret in [spki].into_iter().chain(ids) {
        let found: Vec<_> = tbs
            .windows(secret.len())
            .enumerate()
            .filter(|(_, window)| *window == secret)
            .map(|(at, _)| at)
            .collect();
        for at in found {
            tbs[at..at + secret.len()].fill(0xee);
        }
    }
    assert_ne!(sha256(&tbs), sha256(certificate.der()));
    tbs
}
