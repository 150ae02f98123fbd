//! COSE messages that do not authenticate their sender (governance-api.md 2.2), in the order of the checks.

use quorate_tests::cbor::{Item, Sign1};
use quorate_tests::http::Request;
use quorate_tests::service::propose_one;
use quorate_tests::signer::Message;
use quorate_tests::{Identity, Response, Service};
use serde_json::{Value, json};

const ACTIVE: &str = "active_member_cose_sign1";
const CREATE: &str = "/members/proposals:create";
const ALG: Item = Item::Int(1);
const KID: Item = Item::Int(4);

fn harmless() -> Value {
    propose_one("set_user_data", json!({"user_id": "ab".repeat(32)}))
}

/// A right message of a member, to be made wrong.
fn message(signer: &Identity) -> Sign1 {
    Sign1::new(signer, "proposal", None, harmless().to_string().as_bytes())
}

/// Sends bytes as a proposal and checks that nothing changes.
fn refused(service: &Service, body: Vec<u8>) -> Response {
    service.unchanged(|| {
        let answer = service.post(CREATE, body);
        assert_ne!(answer.status, 200, "accepted: {answer}");
        answer
    })
}

#[test]
fn content_type_comes_first_2_2_1() {
    let service = Service::default_open();
    let body = message(&service.members[0]).sign(&service.members[0]);
    let target = service.path(CREATE);
    let client = service.client();

    let none = service.unchanged(|| client.send(Request::new("POST", &target).body(body.clone())));
    none.expect_unauthenticated(ACTIVE, "Missing content-type header");
    for other in [
        "application/json",
        "application/cose; charset=utf-8",
        "Application/COSE",
    ] {
        let answer = service.unchanged(|| client.post(&target, other, body.clone()));
        answer.expect_unauthenticated(ACTIVE, "Content type is not set to application/cose");
    }
    // Also before the api-version.
    let answer = client.post(&format!("/gov{CREATE}"), "text/plain", body.clone());
    answer.expect_unauthenticated(ACTIVE, "Content type is not set to application/cose");
    // A TLS certificate of a member does not replace a signature.
    let with_certificate = client.with_identity(&service.members[0]);
    let answer = service
        .unchanged(|| with_certificate.post(&target, "application/json", harmless().to_string()));
    answer.expect_unauthenticated(ACTIVE, "Content type is not set to application/cose");
}

#[test]
fn malformed_messages_2_2_2() {
    let service = Service::default_open();
    let signer = &service.members[0];
    let internal = |body: Vec<u8>, text: &str| {
        refused(&service, body).expect_error_starting(500, "InternalError", text);
    };

    internal(Vec::new(), "Failed to parse COSE_Sign1 outer array");
    internal(
        b"{\"actions\": []}".to_vec(),
        "Failed to parse COSE_Sign1 outer array",
    );
    internal(
        Sign1 {
            tag: None,
            ..message(signer)
        }
        .sign(signer),
        "COSE_Sign1 is not tagged",
    );
    for (label, value) in [
        (ALG, Item::text("ES384")),
        (KID, Item::text(&signer.id)),
        (Item::text("ccf.gov.msg.type"), Item::Int(1)),
        (
            Item::text("ccf.gov.msg.created_at"),
            Item::text("2024-01-01"),
        ),
        (
            Item::text("ccf.gov.msg.created_at"),
            Item::Tag(1, Box::new(Item::Int(1_700_000_000))),
        ),
        (
            Item::text("ccf.gov.msg.proposal_id"),
            Item::Bytes(vec![0; 32]),
        ),
    ] {
        internal(
            message(signer).with(label, value).sign(signer),
            "Failed to decode protected header: ",
        );
    }
    let mut twice = message(signer);
    twice
        .protected
        .push((KID, Item::Bytes(signer.id.clone().into_bytes())));
    internal(twice.sign(signer), "Failed to decode protected header: ");
    internal(
        message(signer).without(&ALG).sign(signer),
        "Missing algorithm in protected header",
    );
    internal(
        message(signer).without(&KID).sign(signer),
        "Missing kid in protected header",
    );
    let created_at = Item::text("ccf.gov.msg.created_at");
    internal(
        message(signer).without(&created_at).sign(signer),
        "Missing created_at in protected header",
    );
    internal(
        message(signer).with(created_at, Item::Int(-5)).sign(signer),
        "Header parameter created_at must be positive",
    );
    let mut trailing = message(signer).sign(signer);
    trailing.push(0);
    internal(trailing, "Failed to decode COSE_Sign1");
}

#[test]
fn truncated_messages_never_pass() {
    let service = Service::default_open();
    let signer = &service.members[1];
    let whole = message(signer).sign(signer);
    service.unchanged(|| {
        for length in (0..whole.len()).step_by(11).chain([whole.len() - 1]) {
            let answer = service.post(CREATE, whole[..length].to_vec());
            assert!(
                matches!(answer.status, 401 | 500),
                "{length} bytes: {answer}"
            );
        }
    });
    assert_eq!(
        service.post(CREATE, whole).expect(200)["proposalState"],
        "Open"
    );
}

#[test]
fn unknown_labels_are_counted_2_1() {
    let service = Service::default_open();
    let signer = &service.members[2];
    let with_labels = |count: i64, text: bool| {
        let mut sign1 = message(signer);
        for i in 0..count {
            let label = if text {
                Item::text(&format!("label{i}"))
            } else {
                Item::Int(1000 + i)
            };
            sign1.protected.push((label, Item::Int(i)));
        }
        sign1.sign(signer)
    };
    // Ten of whole numbers are ignored; of texts, the two of the contract count among the ten.
    assert_eq!(service.post(CREATE, with_labels(10, false)).status, 200);
    assert_eq!(service.post(CREATE, with_labels(8, true)).status, 200);
    for body in [with_labels(11, false), with_labels(11, true)] {
        refused(&service, body).expect_unauthenticated(ACTIVE, "Failed to validate COSE Sign1");
    }
}

#[test]
fn algorithm_outside_the_set_2_2_3() {
    let service = Service::default_open();
    let signer = &service.members[0];
    for algorithm in [-8, -37, -257, 5] {
        let body = message(signer).with(ALG, Item::Int(algorithm)).sign(signer);
        let reason = format!("Unsupported algorithm: {algorithm}");
        refused(&service, body).expect_unauthenticated(ACTIVE, &reason);
    }
}

#[test]
fn unknown_signer_2_2_4() {
    let service = Service::default_open();
    let stranger = service.stranger("stranger", false);
    let body = message(&stranger).sign(&stranger);
    refused(&service, body).expect_unauthenticated(ACTIVE, "Signer is not a known member");
    // A user is no member either.
    let user = &service.users[0];
    refused(&service, message(user).sign(user))
        .expect_unauthenticated(ACTIVE, "Signer is not a known member");
    // Ids are lower-case.
    let member = &service.members[0];
    let upper = member.id.to_ascii_uppercase().into_bytes();
    let body = message(member).with(KID, Item::Bytes(upper)).sign(member);
    refused(&service, body).expect_unauthenticated(ACTIVE, "Signer is not a known member");
}

#[test]
fn signature_over_other_bytes_2_2_5() {
    let service = Service::default_open();
    for signer in &service.members {
        let other_payload = harmless().to_string().replace("abab", "acac").into_bytes();
        let size = match signer.key().curve() {
            quorate_crypto::Curve::P256 => 64,
            quorate_crypto::Curve::P384 => 96,
            quorate_crypto::Curve::P521 => 132,
        };
        let mut corrupted = message(signer).sign(signer);
        *corrupted.last_mut().unwrap() ^= 1;
        let with_signature = |bytes: Vec<u8>| {
            Sign1 {
                sent_signature: Some(bytes),
                ..message(signer)
            }
            .sign(signer)
        };
        for (what, body) in [
            (
                "another payload",
                Sign1 {
                    sent_payload: Some(Item::Bytes(other_payload)),
                    ..message(signer)
                }
                .sign(signer),
            ),
            (
                "no payload",
                Sign1 {
                    sent_payload: Some(Item::Null),
                    ..message(signer)
                }
                .sign(signer),
            ),
            ("zeros", with_signature(vec![0; size])),
            ("out of range", with_signature(vec![0xff; size])),
            ("too short", with_signature(vec![1; size - 1])),
            ("empty", with_signature(Vec::new())),
            (
                "algorithm twice",
                Sign1 {
                    unprotected: vec![(ALG, Item::Int(-7))],
                    ..message(signer)
                }
                .sign(signer),
            ),
            (
                "a critical label that nobody knows",
                message(signer)
                    .with(Item::Int(2), Item::Array(vec![Item::text("unknown")]))
                    .sign(signer),
            ),
            ("one bit changed", corrupted),
        ] {
            let answer = service.post(CREATE, body);
            assert_eq!(answer.status, 401, "{}, {what}: {answer}", signer.name);
            answer.expect_unauthenticated(ACTIVE, "Failed to validate COSE Sign1");
        }
    }
    // The signature of another member.
    let (first, second) = (&service.members[0], &service.members[1]);
    let body = message(first).sign(second);
    refused(&service, body).expect_unauthenticated(ACTIVE, "Failed to validate COSE Sign1");
}

#[test]
fn wrong_message_type_2_2_6() {
    let service = Service::default_open();
    let member = &service.members[0];
    let zeros = "0".repeat(64);
    let endpoints = [
        (CREATE.to_owned(), ACTIVE, "proposal"),
        (
            "/members/proposals/no-such:withdraw".to_owned(),
            ACTIVE,
            "withdrawal",
        ),
        (
            "/members/proposals/no-such/ballots/no-such:submit".to_owned(),
            ACTIVE,
            "ballot",
        ),
        (
            format!("/members/state-digests/{zeros}:update"),
            "member_cose_sign1",
            "state_digest",
        ),
        (
            format!("/members/state-digests/{zeros}:ack"),
            "member_cose_sign1",
            "ack",
        ),
        (
            format!("/recovery/members/{zeros}:recover"),
            ACTIVE,
            "recovery_share",
        ),
    ];
    for (path, policy, expected) in &endpoints {
        for (_, _, other) in endpoints.iter().filter(|(_, _, other)| other != expected) {
            let body = Sign1::new(member, other, None, b"not JSON").sign(member);
            let answer = service.unchanged(|| service.post(path, body));
            answer.expect_unauthenticated(
                policy,
                &format!("Found ccf.gov.msg.type set to {other}, expected ccf.gov.msg.type to be {expected}"),
            );
        }
        let body = Sign1::new(member, "x", None, b"")
            .without(&Item::text("ccf.gov.msg.type"))
            .sign(member);
        let answer = service.unchanged(|| service.post(path, body));
        answer.expect_unauthenticated(
            policy,
            &format!("Missing ccf.gov.msg.type, expected ccf.gov.msg.type to be {expected}"),
        );
    }
}

#[test]
fn inactive_member_2_2_7() {
    let service = Service::default_open();
    let fourth = service.stranger("member4", true);
    service.accept(&propose_one(
        "set_member",
        json!({"cert": fourth.certificate}),
    ));
    let body = message(&fourth).sign(&fourth);
    refused(&service, body).expect_unauthenticated(ACTIVE, "Signer is not an ACTIVE member");
    // The message type comes before.
    let answer = service.unchanged(|| service.send(&fourth, CREATE, Message::new("ballot", b"{}")));
    answer.expect_unauthenticated(
        ACTIVE,
        "Found ccf.gov.msg.type set to ballot, expected ccf.gov.msg.type to be proposal",
    );
    // Acknowledging is what it may do.
    service.activate(&fourth);
    assert_eq!(service.propose(&fourth, &harmless()).status, 200);
}
