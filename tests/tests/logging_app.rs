//! The sample logging application: business transactions of users (apps-and-endpoints.md 11), and the common endpoints.
#![cfg(test)]

use quorate_crypto::{Curve, sha256};
use quorate_tests::http::Request;
use quorate_tests::service::propose_one;
use quorate_tests::signer::Message;
use quorate_tests::{Client, Identity, Response, Service, ServiceOptions, TxId, wait};
use serde_json::json;

fn delete(client: &Client, target: &str) -> Response {
    client.send(Request::new("DELETE", target))
}

#[test]
fn records_are_written_read_and_deleted_11_2() {
    let service = Service::default_open();
    let user = service.user(0);
    for family in ["private", "public"] {
        let path = format!("/app/log/{family}");
        let count = || user.get(&format!("{path}/count")).expect(200);
        assert_eq!(count(), 0);
        let written = user.post_json(&path, &json!({"id": 42, "msg": "hello", "unknown": true}));
        assert_eq!(written.expect(200), true);
        let read = user.get(&format!("{path}?id=42"));
        assert_eq!(read.expect(200), json!({"msg": "hello"}));
        assert!(TxId::of(&read) >= TxId::of(&written));
        // The whole path without prefix is the application's.
        assert_eq!(
            user.get(&format!("/log/{family}?id=42")).expect(200),
            json!({"msg": "hello"})
        );
        assert_eq!(
            user.post_json(&path, &json!({"id": 42, "msg": "changed"}))
                .expect(200),
            true
        );
        assert_eq!(
            user.get(&format!("{path}?id=42")).expect(200),
            json!({"msg": "changed"})
        );
        assert_eq!(count(), 1);

        // A scope is a table of its own.
        let scoped = user.post_json(
            &format!("{path}?scope=s"),
            &json!({"id": 42, "msg": "scoped"}),
        );
        assert_eq!(scoped.expect(200), true);
        assert_eq!(
            user.get(&format!("{path}?id=42&scope=s")).expect(200),
            json!({"msg": "scoped"})
        );
        assert_eq!(
            user.get(&format!("{path}?id=42")).expect(200),
            json!({"msg": "changed"})
        );

        assert_eq!(delete(&user, &format!("{path}?id=42")).expect(200), true);
        assert_eq!(delete(&user, &format!("{path}?id=42")).expect(200), false);
        let gone = user.get(&format!("{path}?id=42"));
        gone.expect_error(404, "ResourceNotFound", "No such record: 42.");
        for id in 0..3 {
            user.post_json(&path, &json!({"id": id, "msg": "m"}))
                .expect(200);
        }
        assert_eq!(count(), 3);
        assert_eq!(delete(&user, &format!("{path}/all")).expect(200), true);
        assert_eq!(count(), 0);
    }
}

#[test]
fn refusals_11_3() {
    let service = Service::default_open();
    let user = service.user(0);
    let path = "/app/log/private";
    user.get(path).expect_error(
        400,
        "InvalidQueryParameterValue",
        "Missing query parameter 'id'",
    );
    for id in ["x", "-1", "1.5", "99999999999999999999999"] {
        user.get(&format!("{path}?id={id}")).expect_error(
            400,
            "InvalidQueryParameterValue",
            &format!("Unable to parse value '{id}' in parameter 'id'"),
        );
    }
    for body in [
        "",
        "not JSON",
        "{}",
        "[]",
        "{\"id\": 1}",
        "{\"id\": \"1\", \"msg\": \"m\"}",
        "{\"id\": 1, \"msg\": 5}",
    ] {
        let answer = service.unchanged(|| user.post(path, "application/json", body));
        answer.expect_error_starting(400, "InvalidInput", "");
    }
    let answer = service.unchanged(|| user.post_json(path, &json!({"id": 1, "msg": ""})));
    answer.expect_error(400, "InvalidInput", "Cannot record an empty log message.");
    let accept = Request::new("GET", "/app/log/private?id=1").header("accept", "text/plain");
    user.post_json(path, &json!({"id": 1, "msg": "m"}))
        .expect(200);
    user.send(accept).expect_error(
        406,
        "UnsupportedContentType",
        "No supported content type in accept header: text/plain\nOnly application/json is currently supported",
    );
}

#[test]
fn only_users_are_admitted_5_2() {
    let service = Service::default_open();
    let anyone = service.client();
    let policies = |answer: &Response, certificate_reason: &str| {
        answer.expect_error(
            401,
            "InvalidAuthenticationInfo",
            "Invalid authentication credentials.",
        );
        // Tokens are admitted by later work; the others in their order.
        let mut details = answer.json()["error"]["details"]
            .as_array()
            .unwrap()
            .clone();
        details.retain(|detail| detail["auth_policy"] != "jwt");
        let detail = |policy: &str, reason: &str| json!({"auth_policy": policy, "code": "InvalidAuthenticationInfo", "message": reason});
        let expected = [
            detail("user_cert", certificate_reason),
            detail("user_cose_sign1", "Missing content-type header"),
        ];
        assert_eq!(details, expected);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("COSE-SIGN1 realm=\"Signed request access\"")
        );
    };
    policies(
        &anyone.get("/app/log/private?id=1"),
        "No caller user certificate",
    );
    let stranger = anyone.with_identity(&service.stranger("stranger", false));
    policies(
        &stranger.get("/app/log/private?id=1"),
        "Could not find matching user certificate",
    );
    let member = anyone.with_identity(&service.members[0]);
    policies(
        &member.get("/app/log/private?id=1"),
        "Could not find matching user certificate",
    );
    let write = Request::new("POST", "/app/log/private").body("{\"id\": 1, \"msg\": \"m\"}");
    policies(
        &service.unchanged(|| stranger.send(write)),
        "Could not find matching user certificate",
    );

    // What governance decides holds at once, also on a connection's certificate that was good before.
    let user = service.user(0);
    user.post_json("/app/log/private", &json!({"id": 1, "msg": "m"}))
        .expect(200);
    service.accept(&propose_one(
        "remove_user",
        json!({"user_id": service.users[0].id}),
    ));
    policies(
        &user.get("/app/log/private?id=1"),
        "Could not find matching user certificate",
    );
}

#[test]
fn certificates_out_of_date_are_refused_5_2() {
    let service = Service::default_open();
    const DAY: i64 = 86_400;
    let make = |name: &str, from: i64| {
        let now = quorate_tests::identity::now();
        Identity::make_at(&service.directory(), name, Curve::P384, false, now + from)
    };
    for (identity, reason) in [
        (
            make("expired", -366 * DAY),
            "is after certificate's Not After validity period",
        ),
        (
            make("early", DAY),
            "is before certificate's Not Before validity period",
        ),
    ] {
        service.accept(&propose_one(
            "set_user",
            json!({"cert": identity.certificate}),
        ));
        let answer = service
            .client()
            .with_identity(&identity)
            .get("/app/log/private?id=1");
        answer.expect_error(
            401,
            "InvalidAuthenticationInfo",
            "Invalid authentication credentials.",
        );
        let details = answer.json()["error"]["details"]
            .as_array()
            .unwrap()
            .clone();
        let refused = details
            .iter()
            .find(|detail| detail["auth_policy"] == "user_cert")
            .unwrap();
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.starts_with("Current time ") && message.contains(reason),
            "{message}"
        );
        // Signed messages of members and users are judged without regard to dates.
        let body = service.signer.sign(&identity, Message::new("read", b""));
        let request =
            Request::new("GET", "/app/log/private?id=1").header("content-type", "application/cose");
        assert_eq!(service.client().send(request.body(body)).status, 404);
    }
}

#[test]
fn too_many_uncommitted_transactions_are_refused_3_7() {
    // Signed so rarely that the bound is met before.
    let service = Service::open(&ServiceOptions {
        changes: vec![
            ("/consensus/max_uncommitted_tx_count", json!(10)),
            (
                "/ledger_signatures",
                json!({"tx_count": 5000, "delay": "2s"}),
            ),
        ],
        ..ServiceOptions::default()
    });
    service.settled();
    let user = service.user(0);
    let requests: Vec<Request<'_>> = (0..30)
        .map(|i| {
            Request::new("POST", "/app/log/private").body(json!({"id": i, "msg": "m"}).to_string())
        })
        .collect();
    let answers = user.send_batch(&requests);
    let refused = answers
        .iter()
        .find(|answer| answer.status != 200)
        .expect("the bound is met");
    refused.expect_error(
        503,
        "TooManyPendingTransactions",
        "Too many transactions pending commit on the service.",
    );
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((10..20).contains(&admitted), "{admitted} were admitted");
    assert_eq!(
        service.client().get("/node/state").status,
        200,
        "the node always answers"
    );
    wait::until("writes are admitted again", wait::SOON, || {
        let answer = user.post_json("/app/log/private", &json!({"id": 1, "msg": "m"}));
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.to_string())
        }
    });
}

#[test]
fn signed_reads_of_users_5_2() {
    let service = Service::default_open();
    service
        .user(0)
        .post_json("/app/log/private", &json!({"id": 7, "msg": "signed"}))
        .expect(200);
    let get = |signer| {
        let body = service.signer.sign(signer, Message::new("read", b""));
        let request =
            Request::new("GET", "/app/log/private?id=7").header("content-type", "application/cose");
        service.client().send(request.body(body))
    };
    assert_eq!(get(&service.users[0]).expect(200), json!({"msg": "signed"}));
    let refused = get(&service.members[0]);
    refused.expect_error(
        401,
        "InvalidAuthenticationInfo",
        "Invalid authentication credentials.",
    );
    let details = refused.json()["error"]["details"]
        .as_array()
        .unwrap()
        .clone();
    let signed = details
        .iter()
        .find(|detail| detail["auth_policy"] == "user_cose_sign1")
        .unwrap();
    assert_eq!(signed["message"], "Signer is not a known user");
}

#[test]
fn what_users_are_is_read_from_governance_11_2() {
    let service = Service::default_open();
    let (user, id) = (service.user(0), service.users[0].id.clone());
    let record = json!({"id": 1, "msg": "m"});
    let prefixed = user.post_json("/app/log/private/prefix_cert", &record);
    assert_eq!(prefixed.expect(200), true);
    assert_eq!(
        user.get("/app/log/private?id=1").expect(200),
        json!({"msg": format!("{id}: m")})
    );
    let anonymous = service
        .client()
        .post_json("/app/log/private/anonymous", &record);
    assert_eq!(anonymous.expect(200), true);
    assert_eq!(
        user.get("/app/log/private?id=1").expect(200),
        json!({"msg": "Anonymous: m"})
    );

    let admin = || user.post_json("/app/log/private/admin_only", &record);
    let text = "Only admins may access this endpoint.";
    service
        .unchanged(admin)
        .expect_error(403, "AuthorizationFailed", text);
    service.accept(&propose_one(
        "set_user_data",
        json!({"user_id": id, "user_data": {"isAdmin": false}}),
    ));
    service
        .unchanged(admin)
        .expect_error(403, "AuthorizationFailed", text);
    service.accept(&propose_one(
        "set_user_data",
        json!({"user_id": id, "user_data": {"isAdmin": true}}),
    ));
    assert_eq!(admin().expect(200), true);
}

#[test]
fn preconditions_of_public_records_11_3() {
    let service = Service::default_open();
    let user = service.user(0);
    let path = "/app/log/public";
    let tag = |text: &str| sha256(text.as_bytes()).to_string();
    let written = user.post_json(path, &json!({"id": 1, "msg": "one"}));
    assert_eq!(written.header("etag"), Some(tag("one").as_str()));
    let read = |name: &str, value: &str| {
        user.send(Request::new("GET", "/app/log/public?id=1").header(name, value))
    };
    let quoted = format!("\"{}\"", tag("one"));
    for value in ["*", &quoted, &format!("\"00\", {quoted}")] {
        assert_eq!(read("if-match", value).expect(200), json!({"msg": "one"}));
        let answer = read("if-none-match", value);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{answer}");
    }
    read("if-match", "\"00\"").expect_error(412, "PreconditionFailed", "Resource has changed.");
    read("if-match", &tag("one")).expect_error(500, "InternalError", "Invalid If-Match header");
    assert_eq!(
        read("if-none-match", "\"00\"").expect(200),
        json!({"msg": "one"})
    );

    let write = |name: &str, value: &str| {
        let body = json!({"id": 1, "msg": "two"}).to_string();
        user.send(Request::new("POST", path).header(name, value).body(body))
    };
    let answer = service.unchanged(|| write("if-match", "\"00\""));
    answer.expect_error(412, "PreconditionFailed", "Resource has changed.");
    let answer = service.unchanged(|| write("if-none-match", "*"));
    answer.expect_error(412, "PreconditionFailed", "Resource has changed.");
    assert_eq!(write("if-match", &quoted).expect(200), true);
    assert_eq!(
        user.get("/app/log/public?id=1").header("etag"),
        Some(tag("two").as_str())
    );
}

#[test]
fn common_endpoints_10() {
    let service = Service::default_open();
    let user = service.user(0);
    let written = TxId::of(&user.post_json("/app/log/private", &json!({"id": 1, "msg": "m"})));
    assert_eq!(written.view, 2);
    service.wait_committed(written);
    for frontend in ["/app", "/node", "/gov", ""] {
        let client = service.client();
        let commit = client.get(&format!("{frontend}/commit"));
        let last = TxId::parse(commit.expect(200)["transaction_id"].as_str().unwrap());
        assert!(last >= written);
        let history = client
            .get(&format!("{frontend}/commit?view_history=true"))
            .expect(200);
        assert_eq!(history["view_history"], json!(["1.1", "2.1"]));
        let status = |id: &str| {
            let answer = client
                .get(&format!("{frontend}/tx?transaction_id={id}"))
                .expect(200);
            answer["status"].as_str().unwrap().to_owned()
        };
        assert_eq!(status(&written.to_string()), "Committed");
        assert_eq!(status("2.999999"), "Unknown");
        assert_eq!(status("1.1"), "Invalid");
        assert_eq!(status(&format!("3.{}", written.seqno)), "Invalid");
        client.get(&format!("{frontend}/tx")).expect_error(
            400,
            "InvalidQueryParameterValue",
            "Missing query parameter 'transaction_id'",
        );
        client.get(&format!("{frontend}/tx?transaction_id=x")).expect_error(
            400,
            "InvalidQueryParameterValue",
            "The value 'x' passed as query parameter 'transaction_id' could not be converted to a valid Transaction \
             ID.",
        );
    }
}

#[test]
fn a_write_becomes_committed_without_anybody_asking_3() {
    let service = Service::default_open();
    let written = TxId::of(
        &service
            .user(0)
            .post_json("/app/log/private", &json!({"id": 1, "msg": "m"})),
    );
    service.wait_committed(written);
    let settled = service.settled();
    // Asking causes no signature.
    for _ in 0..5 {
        service
            .client()
            .get(&format!("/app/tx?transaction_id={written}"))
            .expect(200);
    }
    assert_eq!(service.settled(), settled);
}

#[test]
fn the_document_of_the_application_lists_its_endpoints_10_3() {
    let service = Service::default_open();
    let document = service.client().get("/app/api").expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.0."));
    for (path, verb) in [
        ("/app/log/private", "post"),
        ("/app/log/private", "get"),
        ("/app/log/private", "delete"),
        ("/app/log/public", "post"),
        ("/app/log/private/raw_text/{id}", "post"),
        ("/app/commit", "get"),
        ("/app/tx", "get"),
    ] {
        assert!(
            document["paths"][path][verb].is_object(),
            "{verb} {path} is missing"
        );
    }
}

#[test]
fn concurrent_writers_all_succeed() {
    let service = Service::default_open();
    let user = service.user(0);
    let ids: Vec<TxId> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let user = &user;
                scope.spawn(move || {
                    let record =
                        |i: u64| json!({"id": writer * 100 + i, "msg": format!("{writer} {i}")});
                    (0..20)
                        .map(|i| TxId::of(&user.post_json("/app/log/private", &record(i))))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(
        unique.len(),
        160,
        "each write has a transaction id of its own"
    );
    assert_eq!(user.get("/app/log/private/count").expect(200), 160);
}
