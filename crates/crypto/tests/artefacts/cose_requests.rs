//! Requests made by `ccf_cose_sign1`, variants that CCF takes, and what it refuses with which words.

use std::collections::HashMap;

use quorate_crypto::cert::Certificate;
use quorate_crypto::cose::{RequestHeader, decode_request, sig_structure, sign_request};
use quorate_crypto::{EcKeyPair, EcPublicKey, Hash};
use serde_json::Value;

use super::{bytes, list, text, vectors};

struct Member {
    name: String,
    key: EcKeyPair,
    certificate: Certificate,
}

impl Member {
    fn public(&self) -> &EcPublicKey {
        self.certificate.ec_public_key().unwrap()
    }
}

/// The signers by their ids.
fn members(data: &Value) -> HashMap<String, Member> {
    list(&data["keys"])
        .iter()
        .map(|key| {
            let member = Member {
                name: text(&key["name"]).to_owned(),
                key: EcKeyPair::from_pem(text(&key["private_key_pem"])).unwrap(),
                certificate: Certificate::from_pem(text(&key["certificate_pem"])).unwrap(),
            };
            assert_eq!(member.public(), member.key.public_key());
            assert_eq!(
                member.certificate.fingerprint().to_string(),
                text(&key["member_id"])
            );
            (text(&key["member_id"]).to_owned(), member)
        })
        .collect()
}

/// What a request is refused with: status and reason. Whether a member is active is not this crate's to know.
fn refusal(
    message: &[u8],
    members: &HashMap<String, Member>,
    expected_type: &str,
) -> Option<(u64, String)> {
    let request = match decode_request(message) {
        Ok(request) => request,
        Err(error) => return Some((500, error.to_string())),
    };
    if !request.is_ecdsa() {
        return Some((401, format!("Unsupported algorithm: {}", request.alg)));
    }
    let Some(signer) = request
        .kid_text()
        .and_then(|id| members.get(id))
        .filter(|m| m.name != "stranger")
    else {
        return Some((401, "Signer is not a known member".to_owned()));
    };
    if !request.verify(signer.public()) {
        return Some((401, "Failed to validate COSE Sign1".to_owned()));
    }
    let expected = format!("expected ccf.gov.msg.type to be {expected_type}");
    match request.msg_type.as_deref() {
        None => Some((401, format!("Missing ccf.gov.msg.type, {expected}"))),
        Some(found) if found != expected_type => Some((
            401,
            format!("Found ccf.gov.msg.type set to {found}, {expected}"),
        )),
        Some(_) => None,
    }
}

#[test]
fn requests_of_the_command_are_read_and_verify() {
    let data = vectors("cose_requests.json");
    let members = members(&data);
    for case in list(&data["valid"]) {
        let name = text(&case["name"]);
        let request = decode_request(&bytes(&case["message_hex"])).unwrap();
        let header = &case["header"];
        assert_eq!(request.alg, header["alg"].as_i64().unwrap(), "{name}");
        assert_eq!(request.kid_text(), header["kid"].as_str(), "{name}");
        assert_eq!(
            request.msg_type.as_deref(),
            header["msg_type"].as_str(),
            "{name}"
        );
        assert_eq!(request.created_at, header["created_at"].as_i64(), "{name}");
        assert_eq!(
            request.proposal_id.as_deref(),
            header["proposal_id"].as_str(),
            "{name}"
        );
        assert_eq!(
            request.payload,
            text(&case["payload_text"]).as_bytes(),
            "{name}"
        );
        assert_eq!(request.signature, bytes(&case["signature_hex"]), "{name}");
        assert_eq!(request.protected, bytes(&case["protected_hex"]), "{name}");
        let signer = &members[text(&header["kid"])];
        assert_eq!(signer.name, text(&case["signer"]), "{name}");
        assert!(request.verify(signer.public()), "{name}");
        let hash = match text(&case["sig_structure_sha"]["hash"]) {
            "sha256" => Hash::Sha256,
            "sha384" => Hash::Sha384,
            _ => Hash::Sha512,
        };
        let digest = hash.digest(&sig_structure(&request.protected, &request.payload));
        assert_eq!(
            digest,
            bytes(&case["sig_structure_sha"]["digest_hex"]),
            "{name}"
        );
    }
}

#[test]
fn written_requests_have_the_bytes_of_the_command_but_for_the_signature() {
    let data = vectors("cose_requests.json");
    let members = members(&data);
    for case in list(&data["valid"]) {
        let name = text(&case["name"]);
        let header = &case["header"];
        let signer = &members[text(&header["kid"])];
        let header = RequestHeader {
            msg_type: text(&header["msg_type"]),
            created_at: header["created_at"].as_u64().unwrap(),
            proposal_id: header["proposal_id"].as_str(),
        };
        let payload = text(&case["payload_text"]).as_bytes();
        let written = sign_request(&signer.key, &signer.certificate, &header, payload).unwrap();
        let original = bytes(&case["message_hex"]);
        let unsigned = original.len() - bytes(&case["signature_hex"]).len();
        assert_eq!(written.len(), original.len(), "{name}");
        assert_eq!(written[..unsigned], original[..unsigned], "{name}");
        assert!(
            decode_request(&written).unwrap().verify(signer.public()),
            "{name}"
        );
    }
}

#[test]
fn variants_that_ccf_takes_are_taken() {
    let data = vectors("cose_requests.json");
    let members = members(&data);
    for case in list(&data["accepted_variants"]) {
        let message = bytes(&case["message_hex"]);
        assert_eq!(
            refusal(&message, &members, text(&case["expected_msg_type"])),
            None,
            "{}",
            text(&case["name"])
        );
    }
}

#[test]
fn what_ccf_refuses_is_refused_with_its_words() {
    let data = vectors("cose_requests.json");
    let members = members(&data);
    let mut elsewhere = 0;
    for case in list(&data["refused"]) {
        let name = text(&case["name"]);
        let found = refusal(
            &bytes(&case["message_hex"]),
            &members,
            text(&case["expected_msg_type"]),
        );
        let expected = (
            case["status"].as_u64().unwrap(),
            text(&case["reason"]).to_owned(),
        );
        if expected.1 == "Signer is not an ACTIVE member" {
            assert_eq!(found, None, "{name}");
            elsewhere += 1;
            continue;
        }
        assert_eq!(found, Some(expected), "{name}");
    }
    assert_eq!(elsewhere, 1, "the one refusal that is for another room");
}
