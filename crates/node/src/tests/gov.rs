//! Routing of `/gov` (governance-api.md 1). What the endpoints decide is tested in `quorate-governance`.

use quorate_endpoints::testing::call;

use super::*;
use crate::testing::API_VERSION;

/// Path, and how its id is filled in.
const READS: [&str; 12] = [
    "/members/proposals",
    "/members/state-digests/{member}",
    "/service/info",
    "/service/constitution",
    "/service/members",
    "/service/members/{member}",
    "/service/users",
    "/service/nodes",
    "/service/nodes/{node}",
    "/service/jwk",
    "/service/join-policy",
    "/service/transactions/commit",
];

fn fill(node: &TestNode, path: &str) -> String {
    path.replace("{member}", &node.members[0].id)
        .replace("{node}", node.running.node.local.identity.id.as_str())
}

#[test]
fn gov_1_2_every_read_exists_in_both_versions() {
    let node = found();
    for path in READS {
        let path = fill(&node, path);
        for version in ["2023-06-01-preview", API_VERSION] {
            let response = node.get(&format!("/gov{path}?api-version={version}"));
            assert_eq!(response.status, 200, "{path}: {}", body(&response));
            assert_eq!(
                transaction_id(&response).is_some(),
                !path.contains("/transactions/"),
                "{path}"
            );
        }
        let (status, code, _) = error(&node.get(&format!("/gov{path}")));
        assert_eq!(
            (status, code.as_str()),
            (400, "MissingApiVersionParameter"),
            "{path}"
        );
        let (status, code, _) = error(&node.get(&format!("/gov{path}?api-version=2024-07-02")));
        assert_eq!(
            (status, code.as_str()),
            (400, "UnsupportedApiVersionValue"),
            "{path}"
        );
    }
}

#[test]
fn gov_1_2_the_javascript_views_came_with_the_second_version() {
    let node = found();
    for path in ["javascript-app", "javascript-modules", "js-modules"] {
        let target = |version| format!("/gov/service/{path}?api-version={version}");
        assert_eq!(node.get(&target(API_VERSION)).status, 200, "{path}");
        let (status, _, message) = error(&node.get(&target("2023-06-01-preview")));
        assert_eq!(status, 400);
        assert!(
            message.ends_with("The supported api-versions are: 2024-07-01"),
            "{message}"
        );
    }
    let odd = node.get(&format!(
        "/gov/service/javascript-app?api-version={API_VERSION}&case=other"
    ));
    assert_eq!(error(&odd).0, 400);
}

#[test]
fn gov_1_5_signed_endpoints_ask_for_the_member_first() {
    let node = found();
    for path in [
        "/members/proposals:create",
        "/members/proposals/x:withdraw",
        "/members/proposals/x/ballots/y:submit",
        "/members/state-digests/x:update",
        "/members/state-digests/x:ack",
        "/recovery/members/x:recover",
    ] {
        // Without a version: authentication comes first.
        let response = node.call(request("POST", &format!("/gov{path}")).body("{}"));
        let (status, code, _) = error(&response);
        assert_eq!(
            (status, code.as_str()),
            (401, "InvalidAuthenticationInfo"),
            "{path}"
        );
    }
}

#[test]
fn gov_1_1_unknown_paths_and_verbs() {
    let node = found();
    let (status, code, message) = error(&node.get("/gov/members/unknown"));
    assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
    assert_eq!(message, "Unknown path: /members/unknown.");
    let encoded = node.call(request("POST", "/gov/members/proposals%3Acreate"));
    assert_ne!(encoded.status, 200);
    let response = node.get("/gov/members/proposals:create");
    assert_eq!(error(&response).0, 405);
    assert_eq!(header(&response, "allow").unwrap(), "OPTIONS, POST");
    let options = node.call(request("OPTIONS", "/gov/members/proposals"));
    assert_eq!(options.status, 204);
    // The plain template takes in what another verb has as an action.
    let target = format!("/gov/members/state-digests/abc:update?api-version={API_VERSION}");
    assert_eq!(error(&node.get(&target)).0, 404);
}

#[test]
fn gov_1_1_the_frontend_opens_with_the_nodes_endorsed_certificate() {
    let node = found();
    assert!(node.running.node.local.gov.is_open());
    assert!(!node.running.node.local.app.is_open());
    let (status, code, message) = error(&node.get("/app/hello"));
    assert_eq!((status, code.as_str()), (404, "FrontendNotOpen"));
    assert_eq!(message, "Frontend is not open.");
}

#[test]
fn gov_14_the_two_older_endpoints_that_tools_use() {
    let node = found();
    node.open();
    let member = &node.members[1];
    let share = node.json(&format!("/gov/encrypted_recovery_share/{}", member.id));
    let encrypted = share["encrypted_share"].as_str().unwrap();
    assert_eq!(share.as_object().unwrap().len(), 1);
    let view = node.json(&format!(
        "/gov/recovery/encrypted-shares/{}?api-version={API_VERSION}",
        member.id
    ));
    assert_eq!(view["encryptedShare"], encrypted);
    let (status, ..) = error(&node.get("/gov/encrypted_recovery_share/unknown"));
    assert!([400, 404].contains(&status), "{status}");

    let post = |builder: RequestBuilder| call(&*node.running.dispatcher, builder);
    let (status, code, _) = error(&post(request("POST", "/gov/recovery_share").body("{}")));
    assert_eq!((status, code.as_str()), (401, "InvalidAuthenticationInfo"));
    let payload = br#"{"share":"AAAA"}"#;
    let signed = member.sign("recovery_share", None, payload);
    let by_message = post(
        request("POST", "/gov/recovery_share")
            .header("content-type", "application/cose")
            .body(signed),
    );
    let certificate = quorate_crypto::cert::Certificate::from_pem(&member.certificate).unwrap();
    let by_certificate = post(
        request("POST", "/gov/recovery_share")
            .header("content-type", "application/json")
            .certificate(certificate.der())
            .body(&payload[..]),
    );
    for response in [by_message, by_certificate] {
        let (status, code, _) = error(&response);
        assert_eq!(
            (status, code.as_str()),
            (403, "ServiceNotWaitingForRecoveryShares"),
            "an open service wants no shares"
        );
    }
}

#[test]
fn gov_14_an_inactive_member_submits_no_share() {
    let node = found();
    let signed = node.members[0].sign("recovery_share", None, br#"{"share":"AAAA"}"#);
    let response = node.call(
        request("POST", "/gov/recovery_share")
            .header("content-type", "application/cose")
            .body(signed),
    );
    let (status, code, message) = error(&response);
    assert_eq!((status, code.as_str()), (403, "AuthorizationFailed"));
    assert_eq!(message, "Member is not active.");
}
