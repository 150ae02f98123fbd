use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Certificate, Validity, random_serial, self_signed},
    cose::{RequestHeader, sign_request},
};
use quorate_http::Session;
use quorate_kv::{Json, Raw, Table};
use quorate_tables::{
    MEMBERS_CERTS, MEMBERS_INFO, MemberDetails, MemberId, MemberStatus, Pem, USERS_CERTS, UserId,
};

use super::*;
use crate::{
    host::Host,
    limits::CERTIFICATES_CACHED,
    testing::{INTERFACE, MemoryHost, RequestBuilder, request},
};

const NOW: i64 = 1_700_000_000;

struct Identity {
    key: EcKeyPair,
    certificate: Certificate,
}

fn identity_from(from: i64, days: u64) -> Identity {
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    let serial = random_serial(&SystemEntropy);
    let certificate = self_signed(&key, "CN=test", &[], Validity { from, days }, &serial).unwrap();
    Identity { key, certificate }
}

fn identity() -> Identity {
    identity_from(NOW - 86_400, 30)
}

impl Identity {
    fn id(&self) -> String {
        self.certificate.fingerprint().to_string()
    }

    fn register_user(&self, host: &MemoryHost) {
        let id = UserId::from_digest(&self.certificate.fingerprint());
        host.write(|tx| USERS_CERTS.put(tx, &id, &Pem(self.certificate.to_pem())))
            .unwrap();
    }

    fn register_member(&self, host: &MemoryHost, status: MemberStatus) {
        let id = MemberId::from_digest(&self.certificate.fingerprint());
        host.write(|tx| {
            MEMBERS_CERTS
                .put(tx, &id, &Pem(self.certificate.to_pem()))
                .unwrap();
            let details = MemberDetails {
                status,
                member_data: Value::Null,
                recovery_role: None,
            };
            MEMBERS_INFO.put(tx, &id, &details)
        })
        .unwrap();
    }

    fn sign(&self, msg_type: &str, payload: &[u8]) -> Vec<u8> {
        let header = RequestHeader {
            msg_type,
            created_at: 1_700_000_000,
            proposal_id: None,
        };
        sign_request(&self.key, &self.certificate, &header, payload).unwrap()
    }
}

fn run_at(
    host: &MemoryHost,
    now: i64,
    policies: &[Auth],
    from: RequestBuilder,
) -> Result<Caller, ApiError> {
    let policies: Vec<Auth> = policies
        .iter()
        .map(|policy| policy.clone().prepare("GET", "/x").unwrap())
        .collect();
    let mut tx = host.begin();
    authenticate(
        &policies,
        &mut Evidence {
            request: &from.build(),
            tx: &mut tx,
            now,
            certificates: &CertificateCache::default(),
        },
    )
}

fn run(host: &MemoryHost, policies: &[Auth], from: RequestBuilder) -> Result<Caller, ApiError> {
    run_at(host, NOW, policies, from)
}

/// The messages of the details of a 401, by policy.
fn reasons(result: Result<Caller, ApiError>) -> BTreeMap<String, String> {
    let error = result.unwrap_err();
    assert_eq!(
        (error.status, error.code.as_ref(), error.message.as_str()),
        (
            401,
            "InvalidAuthenticationInfo",
            "Invalid authentication credentials."
        )
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    error
        .details
        .iter()
        .map(|detail| {
            assert_eq!(detail["code"], "InvalidAuthenticationInfo");
            (text(&detail["auth_policy"]), text(&detail["message"]))
        })
        .collect()
}

fn reason(result: Result<Caller, ApiError>) -> String {
    let mut reasons = reasons(result);
    assert_eq!(reasons.len(), 1);
    reasons.pop_first().unwrap().1
}

fn challenge(result: Result<Caller, ApiError>) -> Option<String> {
    let headers = result.unwrap_err().headers;
    headers
        .into_iter()
        .find(|(name, _)| *name == "www-authenticate")
        .map(|(_, value)| value)
}

fn with(identity: &Identity) -> RequestBuilder {
    request("GET", "/x").certificate(identity.certificate.der())
}

fn signed(body: Vec<u8>) -> RequestBuilder {
    request("POST", "/x")
        .header("content-type", "application/cose")
        .body(body)
}

#[test]
fn apps_5_1_an_empty_list_checks_nothing() {
    assert!(matches!(
        run(&MemoryHost::default(), &[], request("GET", "/x")),
        Ok(Caller::Unchecked)
    ));
    assert!(matches!(
        run(
            &MemoryHost::default(),
            &[Auth::NoAuth],
            request("GET", "/x")
        ),
        Ok(Caller::NoAuth)
    ));
}

#[test]
fn apps_5_2_user_cert_is_a_registered_certificate() {
    let (host, user) = (MemoryHost::default(), identity());
    let policies = [Auth::UserCert];
    assert_eq!(
        reason(run(&host, &policies, request("GET", "/x"))),
        "No caller user certificate"
    );
    assert_eq!(
        reason(run(&host, &policies, with(&user))),
        "Could not find matching user certificate"
    );
    user.register_user(&host);
    let caller = run(&host, &policies, with(&user)).unwrap();
    assert_eq!(caller.user().unwrap().as_str(), user.id());
    assert_eq!(challenge(run(&host, &policies, request("GET", "/x"))), None);
}

#[test]
fn apps_5_2_user_cert_checks_the_exact_validity_period() {
    let host = MemoryHost::default();
    let user = identity_from(NOW, 1);
    user.register_user(&host);
    let (before, after) = (NOW, NOW + 86_399);
    for (policy, name) in [(Auth::UserCert, "user_cert"), (Auth::AnyCert, "any_cert")] {
        let at = |now| run_at(&host, now, std::slice::from_ref(&policy), with(&user));
        assert_eq!(
            reasons(at(before - 1)),
            BTreeMap::from([(
                name.to_owned(),
                format!(
                    "Current time {} is before certificate's Not Before validity period {before}",
                    before - 1
                )
            )])
        );
        assert!(at(before).is_ok());
        assert!(at(after).is_ok());
        assert_eq!(
            reason(at(after + 1)),
            format!(
                "Current time {} is after certificate's Not After validity period {after}",
                after + 1
            )
        );
    }
}

#[test]
fn apps_5_2_a_certificate_that_was_removed_is_not_remembered() {
    let (host, user) = (MemoryHost::default(), identity());
    user.register_user(&host);
    let certificates = CertificateCache::default();
    let attempt = || {
        let mut tx = host.begin();
        let request = with(&user).build();
        let mut evidence = Evidence {
            request: &request,
            tx: &mut tx,
            now: NOW,
            certificates: &certificates,
        };
        authenticate(&[Auth::UserCert], &mut evidence)
    };
    assert!(attempt().is_ok());
    let id = UserId::from_digest(&user.certificate.fingerprint());
    host.write(|tx| USERS_CERTS.remove(tx, &id)).unwrap();
    assert_eq!(
        reason(attempt()),
        "Could not find matching user certificate"
    );
}

#[test]
fn apps_5_2_member_cert_takes_any_status_and_any_validity() {
    let host = MemoryHost::default();
    let member = identity_from(NOW - 86_400 * 400, 365);
    let policies = [Auth::MemberCert];
    assert_eq!(
        reason(run(&host, &policies, request("GET", "/x"))),
        "No caller member certificate"
    );
    assert_eq!(
        reason(run(&host, &policies, with(&member))),
        "Could not find matching member certificate"
    );
    member.register_member(&host, MemberStatus::Accepted);
    let caller = run(&host, &policies, with(&member)).unwrap();
    assert_eq!(caller.member().unwrap().as_str(), member.id());
}

#[test]
fn apps_5_2_any_cert_and_node_cert() {
    let (host, node) = (MemoryHost::default(), identity());
    assert_eq!(
        reason(run(&host, &[Auth::AnyCert], request("GET", "/x"))),
        "No caller certificate"
    );
    let Ok(Caller::AnyCert(certificate)) = run(&host, &[Auth::AnyCert], with(&node)) else {
        panic!("any certificate is accepted");
    };
    assert_eq!(certificate.to_pem().unwrap(), node.certificate.to_pem());
    assert_eq!(
        reason(run(&host, &[Auth::NodeCert], request("GET", "/x"))),
        "No caller node certificate"
    );
    assert_eq!(
        reason(run(&host, &[Auth::NodeCert], with(&node))),
        "Could not find matching node certificate"
    );
    // A node's id is the digest of its key, whatever certificate it shows.
    let id = node.key.public_key().fingerprint().to_string();
    host.write(|tx| tx.put("public:ccf.gov.nodes.info", id.clone(), "{}"));
    let caller = run(&host, &[Auth::NodeCert], with(&node)).unwrap();
    assert!(matches!(caller, Caller::NodeCert(node) if node.as_str() == id));
}

#[test]
fn apps_5_1_policies_are_tried_in_order_and_all_failures_are_listed() {
    let (host, user, member) = (MemoryHost::default(), identity(), identity());
    user.register_user(&host);
    member.register_member(&host, MemberStatus::Active);
    let policies = [Auth::UserCert, Auth::MemberCert, Auth::UserCoseSign1];
    assert!(run(&host, &policies, with(&user)).unwrap().user().is_some());
    assert!(
        run(&host, &policies, with(&member))
            .unwrap()
            .member()
            .is_some()
    );
    let refused = || run(&host, &policies, request("GET", "/x"));
    assert_eq!(
        refused()
            .unwrap_err()
            .details
            .iter()
            .map(|d| d["auth_policy"].clone())
            .collect::<Vec<_>>(),
        ["user_cert", "member_cert", "user_cose_sign1"]
    );
    assert_eq!(
        challenge(refused()).as_deref(),
        Some("COSE-SIGN1 realm=\"Signed request access\"")
    );
    let cose_first = [Auth::UserCoseSign1, Auth::UserCert];
    assert_eq!(
        challenge(run(&host, &cose_first, request("GET", "/x"))),
        None
    );
}

#[test]
fn gov_2_2_the_checks_of_a_signed_message_come_in_order() {
    let (host, member, stranger) = (MemoryHost::default(), identity(), identity());
    member.register_member(&host, MemberStatus::Accepted);
    let typed = [Auth::member("ack")];
    let active = [Auth::active_member("ack")];
    let good = || member.sign("ack", b"{}");
    // 1: content type
    let bare = request("POST", "/x").body(good());
    assert_eq!(
        reason(run(&host, &typed, bare)),
        "Missing content-type header"
    );
    for other in [
        "application/json",
        "application/cose; charset=utf-8",
        "Application/cose",
        "",
    ] {
        let wrong = request("POST", "/x")
            .header("content-type", other.to_owned())
            .body("{}");
        assert_eq!(
            reason(run(&host, &typed, wrong)),
            "Content type is not set to application/cose"
        );
    }
    // 2: decoding is no matter of credentials
    for body in [&b"{}"[..], b""] {
        let error = run(&host, &typed, signed(body.to_vec())).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_ref(), error.message.as_str()),
            (
                500,
                "InternalError",
                "Failed to parse COSE_Sign1 outer array"
            )
        );
        assert!(error.details.is_empty() && error.headers.is_empty());
    }
    // 4: signer
    assert_eq!(
        reason(run(&host, &typed, signed(stranger.sign("ack", b"{}")))),
        "Signer is not a known member"
    );
    // 5: signature
    let mut bad = good();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(
        reason(run(&host, &typed, signed(bad))),
        "Failed to validate COSE Sign1"
    );
    // 6: type, before 7: status
    assert_eq!(
        reason(run(&host, &active, signed(member.sign("ballot", b"{}")))),
        "Found ccf.gov.msg.type set to ballot, expected ccf.gov.msg.type to be ack"
    );
    assert_eq!(
        reasons(run(&host, &active, signed(good()))),
        BTreeMap::from([(
            "active_member_cose_sign1".to_owned(),
            "Signer is not an ACTIVE member".to_owned()
        )])
    );
    let caller = run(&host, &typed, signed(good())).unwrap();
    let message = caller.member_message().unwrap();
    assert_eq!(message.id.as_str(), member.id());
    assert_eq!(message.payload.as_ref(), b"{}");
    assert_eq!(message.created_at, Some(1_700_000_000));
    assert_eq!(message.msg_type.as_deref(), Some("ack"));
    member.register_member(&host, MemberStatus::Active);
    assert!(run(&host, &active, signed(good())).is_ok());
}

#[test]
fn apps_5_2_users_sign_bodies_too_and_need_no_headers_of_their_own() {
    let (host, user) = (MemoryHost::default(), identity());
    let policies = [Auth::UserCoseSign1];
    // What the members' tools write is accepted: other labels are ignored.
    let body = user.sign("proposal", b"hello");
    assert_eq!(
        reason(run(&host, &policies, signed(body.clone()))),
        "Signer is not a known user"
    );
    user.register_user(&host);
    let caller = run(&host, &policies, signed(body.clone())).unwrap();
    let Caller::UserCose(cose) = caller else {
        panic!("another policy accepted")
    };
    assert_eq!(cose.id.as_str(), user.id());
    assert_eq!(
        (cose.payload.as_ref(), cose.envelope.as_ref()),
        (&b"hello"[..], body.as_slice())
    );
    assert_eq!((cose.msg_type, cose.created_at), (None, None));
}

#[test]
fn apps_5_2_all_of_is_tried_alphabetically_and_names_what_failed() {
    let (host, user) = (MemoryHost::default(), identity());
    user.register_user(&host);
    let policies = [Auth::AllOf(vec![Auth::UserCoseSign1, Auth::UserCert])];
    let name = "user_cert+user_cose_sign1";
    assert_eq!(policies[0].name(), name);
    assert_eq!(
        reasons(run(&host, &policies, request("GET", "/x"))),
        BTreeMap::from([(
            name.to_owned(),
            "user_cert:No caller user certificate".to_owned()
        )])
    );
    assert_eq!(challenge(run(&host, &policies, request("GET", "/x"))), None);
    let unsigned = || run(&host, &policies, with(&user));
    assert_eq!(
        reason(unsigned()),
        "user_cose_sign1:Missing content-type header"
    );
    assert!(challenge(unsigned()).is_some());
    let both = signed(user.sign("x", b"y")).certificate(user.certificate.der());
    let Ok(Caller::AllOf(callers)) = run(&host, &policies, both) else {
        panic!("both hold")
    };
    let names: Vec<&str> = callers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["user_cert", "user_cose_sign1"]);
}

#[test]
fn a_table_that_holds_no_certificate_is_the_services_fault() {
    const BROKEN: Table<Raw<MemberId>, Raw<String>> = Table::new("public:ccf.gov.members.certs");
    let (host, member) = (MemoryHost::default(), identity());
    let id = MemberId::from_digest(&member.certificate.fingerprint());
    host.write(|tx| BROKEN.put(tx, &id, &"no certificate".to_owned()))
        .unwrap();
    let error = run(
        &host,
        &[Auth::member("ack")],
        signed(member.sign("ack", b"")),
    )
    .unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (500, "InternalError"));
    const NO_DETAILS: Table<Raw<MemberId>, Json<u8>> = Table::new("public:ccf.gov.members.info");
    member.register_member(&host, MemberStatus::Active);
    host.write(|tx| NO_DETAILS.put(tx, &id, &1)).unwrap();
    let active = [Auth::active_member("ack")];
    assert_eq!(
        run(&host, &active, signed(member.sign("ack", b"")))
            .unwrap_err()
            .status,
        500
    );
}

#[test]
fn one_session_with_two_certificates_is_two_callers() {
    // Sessions do not change their certificate; the cache does not rely on that.
    let (host, first, second) = (MemoryHost::default(), identity(), identity());
    let certificates = CertificateCache::default();
    for identity in [&first, &second, &first] {
        let mut tx = host.begin();
        let mut session = Session::new(1, INTERFACE);
        session.client_cert = Some(Bytes::copy_from_slice(identity.certificate.der()));
        let request = request("GET", "/x").session(&Arc::new(session)).build();
        let mut evidence = Evidence {
            request: &request,
            tx: &mut tx,
            now: NOW,
            certificates: &certificates,
        };
        let Ok(Caller::AnyCert(caller)) = authenticate(&[Auth::AnyCert], &mut evidence) else {
            panic!("any certificate is accepted");
        };
        assert_eq!(caller.fingerprint(), &identity.certificate.fingerprint());
    }
}

#[test]
fn the_certificate_cache_is_bounded() {
    let host = MemoryHost::default();
    let certificates = CertificateCache::default();
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    for number in 0..CERTIFICATES_CACHED as u64 * 5 / 4 {
        let mut serial = [0; 16];
        serial[..8].copy_from_slice(&number.to_be_bytes());
        let validity = Validity {
            from: NOW - 1,
            days: 1,
        };
        let certificate = self_signed(&key, "CN=x", &[], validity, &serial).unwrap();
        let mut tx = host.begin();
        let request = request("GET", "/x").certificate(certificate.der()).build();
        let mut evidence = Evidence {
            request: &request,
            tx: &mut tx,
            now: NOW,
            certificates: &certificates,
        };
        authenticate(&[Auth::AnyCert], &mut evidence).unwrap();
        assert!(certificates.len() <= CERTIFICATES_CACHED);
    }
}

proptest::proptest! {
    #[test]
    fn any_body_and_any_certificate_is_answered(
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
        tagged in proptest::prelude::any::<bool>(),
    ) {
        let host = MemoryHost::default();
        let envelope = if tagged { [&[0xd2, 0x84][..], &body].concat() } else { body.clone() };
        let refused = run(&host, &[Auth::member("ack")], signed(envelope)).unwrap_err();
        proptest::prop_assert!(matches!(refused.status, 401 | 500));
        let from = request("GET", "/x").certificate(&body);
        let refused = run(&host, &[Auth::UserCert], from).unwrap_err();
        proptest::prop_assert!(matches!(refused.status, 401 | 500));
    }
}
