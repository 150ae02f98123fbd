//! Signatures over Merkle roots by nodes and services, and endorsements of service identities.

use quorate_crypto::cert::Certificate;
use quorate_crypto::cose::{
    IdentityEndorsement, Sign1, decode_ledger_signature_header, sig_structure,
    sign_identity_endorsement, sign_ledger_root, verify_identity_endorsement, verify_ledger_root,
};
use quorate_crypto::{Digest, EcKeyPair, EcPublicKey, SystemEntropy};
use serde_json::Value;

use super::{base64, bytes, list, text, vectors};

fn root(value: &Value) -> Digest {
    text(value).parse().unwrap()
}

/// The value of a label in a decoded header.
fn header<'a>(fields: &'a Value, label: &Value) -> Option<&'a Value> {
    list(fields)
        .iter()
        .find(|field| &field["label"] == label)
        .map(|field| &field["value"])
}

#[test]
fn node_signatures_are_of_the_root_itself() {
    let data = vectors("signatures.json");
    for case in list(&data["signatures"]) {
        let signature = &case["node_signature"];
        let certificate = Certificate::from_pem(text(&signature["node_certificate_pem"])).unwrap();
        let key = certificate.ec_public_key().unwrap();
        let root = root(&case["root_hex"]);
        assert!(key.verify_prehash_der(root.as_bytes(), &bytes(&signature["signature_der_hex"])));
        let value: Value = serde_json::from_str(text(&signature["value_text"])).unwrap();
        assert_eq!(
            base64(&value["sig"]),
            bytes(&signature["signature_der_hex"])
        );
        assert_eq!(key.fingerprint().to_string(), text(&value["node"]));
    }
}

#[test]
fn service_signatures_verify_and_are_written_alike() {
    let data = vectors("signatures.json");
    let mut seen = 0;
    for case in list(&data["signatures"]) {
        let Some(signature) = case
            .get("cose_signature")
            .filter(|signature| !signature.is_null())
        else {
            continue;
        };
        seen += 1;
        let message = bytes(&signature["message_hex"]);
        assert_eq!(
            message,
            base64(&serde_json::from_str(text(&signature["value_text"])).unwrap())
        );
        let certificate =
            Certificate::from_pem(text(&signature["service_certificate_pem"])).unwrap();
        let key = certificate.ec_public_key().unwrap();
        let root = root(&case["root_hex"]);
        let read = verify_ledger_root(&message, key, &root).unwrap();
        assert_eq!(decode_ledger_signature_header(&message), Ok(read.clone()));
        let fields = &signature["protected"];
        let cwt = header(fields, &15.into()).unwrap();
        let ccf = header(fields, &"ccf.v1".into()).unwrap();
        assert_eq!(
            read.alg,
            header(fields, &1.into()).unwrap().as_i64().unwrap()
        );
        assert_eq!(
            read.kid,
            bytes(&header(fields, &4.into()).unwrap()["bytes_hex"])
        );
        assert_eq!(read.kid, key.fingerprint().to_string().as_bytes());
        assert_eq!(read.iat, header(cwt, &6.into()).unwrap().as_i64().unwrap());
        assert_eq!(read.issuer, text(header(cwt, &1.into()).unwrap()));
        assert_eq!(read.subject, text(header(cwt, &2.into()).unwrap()));
        assert_eq!(read.txid, text(header(ccf, &"txid".into()).unwrap()));
        assert_eq!(read.txid, format!("{}.{}", case["view"], case["seqno"]));
        let decoded = Sign1::decode(&message).unwrap();
        assert_eq!(decoded.protected, bytes(&signature["protected_hex"]));
        assert_eq!(decoded.signature, bytes(&signature["signature_hex"]));
        assert_eq!(
            sig_structure(&decoded.protected, root.as_bytes()),
            bytes(&signature["sig_structure_hex"])
        );
        assert_eq!(decoded.encode(), message);

        let own = EcKeyPair::generate(key.curve(), &SystemEntropy);
        let kid = key.fingerprint();
        let written = sign_ledger_root(
            &own,
            &kid,
            read.iat,
            &read.issuer,
            &read.subject,
            &read.txid,
            &root,
        )
        .unwrap();
        let unsigned = message.len() - decoded.signature.len();
        assert_eq!(written.len(), message.len());
        assert_eq!(written[..unsigned], message[..unsigned]);
        assert_eq!(
            verify_ledger_root(&written, own.public_key(), &root),
            Ok(read)
        );
    }
    assert!(seen >= 15, "only {seen} COSE signatures");
}

#[test]
fn identity_endorsements_verify_and_are_written_alike() {
    let data = vectors("signatures.json");
    for case in list(&data["identity_endorsements"]) {
        let message = bytes(&case["message_hex"]);
        let key = EcPublicKey::from_spki_der(&bytes(&case["endorsing_key_spki_hex"])).unwrap();
        let read = verify_identity_endorsement(&message, &key).unwrap();
        assert_eq!(read.endorsed_key, bytes(&case["payload_spki_hex"]));
        let is_self = case["self_endorsement"].as_bool().unwrap();
        assert_eq!(
            read.endorsed_key == bytes(&case["endorsing_key_spki_hex"]),
            is_self
        );
        assert_eq!(
            (read.epoch_end.is_none(), read.last_root.is_none()),
            (is_self, is_self)
        );
        let value: Value = serde_json::from_str(text(&case["value_text"])).unwrap();
        assert_eq!(read.epoch_begin, text(&value["endorsement_epoch_begin"]));
        assert_eq!(
            read.epoch_end.as_deref(),
            value.get("endorsement_epoch_end").map(text)
        );
        let service = Certificate::from_pem(text(&case["service_certificate_pem"])).unwrap();
        assert_eq!(service.ec_public_key().unwrap(), &key);

        let own = EcKeyPair::generate(key.curve(), &SystemEntropy);
        let written = sign_identity_endorsement(&own, &read).unwrap();
        let unsigned = message.len() - Sign1::decode(&message).unwrap().signature.len();
        assert_eq!(written[..unsigned], message[..unsigned]);
        assert_eq!(
            verify_identity_endorsement(&written, own.public_key()),
            Ok::<IdentityEndorsement, _>(read)
        );
    }
}

#[test]
fn invalid_signatures_are_refused() {
    let data = vectors("signatures.json");
    for case in list(&data["invalid"]) {
        let name = text(&case["name"]);
        let certificate = Certificate::from_pem(text(&case["certificate_pem"])).unwrap();
        let key = certificate.ec_public_key().unwrap();
        let root = root(&case["root_hex"]);
        match text(&case["kind"]) {
            "cose" => assert!(
                verify_ledger_root(&bytes(&case["message_hex"]), key, &root).is_err(),
                "{name}"
            ),
            "node" => {
                assert!(
                    !key.verify_prehash_der(root.as_bytes(), &bytes(&case["signature_hex"])),
                    "{name}"
                );
            }
            other => panic!("unknown kind {other}"),
        }
    }
}
