//! Who may call, bad input, and the OpenAPI document.

use super::*;

/// The recorded document of the application that this one follows.
#[cfg(feature = "artefacts")]
#[test]
fn apps_10_3_the_openapi_document_equals_the_recorded_one() {
    let root = std::env::var("QUORATE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let text = std::fs::read(format!("{root}/spec/schemas/app_openapi.json")).unwrap();
    let reference: Value = serde_json::from_slice(&text).unwrap();
    let ours = body(&App::new().get("/app/api"));
    let (differences, missing) = quorate_endpoints::testing::openapi_differences(&ours, &reference);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // What needs historical queries, indexes, COSE receipts or a policy of its own.
    let not_built: Vec<&str> = missing.iter().map(String::as_str).collect();
    assert_eq!(
        not_built,
        [
            "GET /app/cose_signatures_config",
            "GET /app/custom_auth",
            "GET /app/log/private/committed",
            "GET /app/log/private/historical",
            "GET /app/log/private/historical/handle",
            "GET /app/log/private/historical/sparse",
            "GET /app/log/private/historical_receipt",
            "GET /app/log/public/cbor_merkle_proof",
            "GET /app/log/public/cose_endorsements",
            "GET /app/log/public/cose_receipt",
            "GET /app/log/public/cose_signature",
            "GET /app/log/public/historical/range",
            "GET /app/log/public/historical_receipt",
            "POST /app/log/private/install_committed_index",
            "POST /app/log/private/uninstall_committed_index",
        ]
    );
    assert_eq!(ours["info"]["title"], reference["info"]["title"]);
    assert_eq!(ours["info"]["version"], reference["info"]["version"]);
}

#[test]
fn apps_11_3_bad_input_is_refused() {
    let app = App::new();
    let code = |response: &Response| (response.status, error(response).1);
    let refused = |status: u16, code: &str| (status, code.to_owned());
    for target in [
        "/log/private",
        "/log/private?id=x",
        "/log/public?id=-1",
        "/log/public",
    ] {
        let expected = refused(400, "InvalidQueryParameterValue");
        assert_eq!(code(&app.get(target)), expected, "{target}");
        assert_eq!(code(&app.delete(target)), expected, "{target}");
    }
    for bad in [
        json!({}),
        json!({ "id": 1 }),
        json!({ "id": "1", "msg": "x" }),
        json!({ "id": -1, "msg": "x" }),
        json!({ "id": 1, "msg": 2 }),
        json!({ "id": 1, "msg": "x", "record_claim": 1 }),
        json!([]),
    ] {
        for path in [
            "/log/private",
            "/log/public",
            "/log/private/anonymous",
            "/log/private/anonymous/v2",
            "/log/private/prefix_cert",
        ] {
            assert_eq!(
                code(&app.post(path, &bad)),
                refused(400, "InvalidInput"),
                "{path} {bad}"
            );
        }
    }
    let empty = json!({ "id": 1, "msg": "" });
    for path in [
        "/log/private",
        "/log/public",
        "/log/private/anonymous",
        "/log/private/anonymous/v2",
    ] {
        assert_eq!(
            error(&app.post(path, &empty)).2,
            "Cannot record an empty log message.",
            "{path}"
        );
    }
    assert_eq!(
        error(&app.post("/log/private/prefix_cert", &empty)).2,
        "Cannot record an empty log message"
    );
    assert_eq!(app.host.head().seqno, 1, "nothing was written but the user");
}

#[test]
fn apps_11_2_every_route_but_the_open_ones_wants_a_user() {
    let app = App::new();
    let (_, stranger) = certificate(9);
    let status = |verb: &str, target: &str| {
        let body = json!({ "id": 1, "msg": "x" }).to_string();
        let body = if verb == "GET" { String::new() } else { body };
        let from = request(verb, target).body(body).certificate(stranger.der());
        call(&app.dispatcher, from).status
    };
    for (verb, target) in [
        ("POST", "/log/private"),
        ("GET", "/log/private?id=1"),
        ("GET", "/log/private/backup?id=1"),
        ("DELETE", "/log/private?id=1"),
        ("DELETE", "/log/private/all"),
        ("GET", "/log/private/count"),
        ("POST", "/log/private/prefix_cert"),
        ("POST", "/log/private/admin_only"),
        ("POST", "/log/private/raw_text/1"),
        ("POST", "/log/public"),
        ("GET", "/log/public?id=1"),
        ("GET", "/log/public/backup?id=1"),
        ("DELETE", "/log/public?id=1"),
        ("DELETE", "/log/public/all"),
        ("GET", "/log/public/count"),
        ("POST", "/log/cose_signed_content"),
    ] {
        assert_eq!(status(verb, target), 401, "{verb} {target}");
    }
    for (verb, target) in [
        ("POST", "/log/private/anonymous"),
        ("POST", "/log/private/anonymous/v2"),
        ("GET", "/log/request_query?x"),
        ("POST", "/multi_auth"),
    ] {
        assert_eq!(status(verb, target), 200, "{verb} {target}");
    }
}

#[test]
fn apps_11_2_request_query_shows_the_decoded_bytes() {
    let app = App::new();
    let response = app.get("/log/request_query?a=%00%ff+b&%26#x");
    assert_eq!(response.body.as_ref(), b"a=\0\xff b&&");
    assert_eq!(header(&response, "content-type"), None);
}

#[test]
fn apps_11_1_signed_bodies_pass_authentication_and_end_at_the_adapter() {
    let app = App::new();
    let fields = RequestHeader {
        msg_type: "x",
        created_at: 1,
        proposal_id: None,
    };
    let envelope = sign_request(&app.key, &app.user, &fields, b"{}").unwrap();
    let signed = |verb: &str, target: &str| {
        let made = request(verb, target).header("content-type", "application/cose");
        call(&app.dispatcher, made.body(envelope.clone()))
    };
    app.post("/log/private", &json!({ "id": 1, "msg": "m" }));
    assert_eq!(signed("GET", "/log/private?id=1").status, 200);
    assert_eq!(error(&signed("POST", "/log/private")).1, "InvalidInput");
    assert_eq!(
        error(&signed("DELETE", "/log/private?id=1")).1,
        "InvalidInput"
    );
    assert_eq!(signed("POST", "/log/private/raw_text/1").status, 415);
    let broken = request("POST", "/log/private").header("content-type", "application/cose");
    assert_eq!(error(&call(&app.dispatcher, broken.body("{}"))).0, 500);
}

#[test]
fn apps_11_5_multi_auth_says_how_the_caller_was_authenticated() {
    let app = App::new();
    let text = |request: RequestBuilder| {
        let response = call(&app.dispatcher, request);
        assert_eq!(
            (response.status, header(&response, "content-type")),
            (200, None)
        );
        String::from_utf8(response.body.to_vec()).unwrap()
    };
    let post = || request("POST", "/app/multi_auth");
    let pem = app.user.to_pem();
    let by_user = |data: &str| {
        format!(
            "User TLS cert\nThe caller is a user with ID: {}\nThe caller's cert is:\n{pem}\nThe caller's user data is: {data}",
            app.id()
        )
    };
    assert_eq!(text(post().certificate(app.user.der())), by_user("null"));
    app.set_user_data(&json!({ "b": 1, "a": "x" }));
    assert_eq!(
        text(post().certificate(app.user.der())),
        by_user("{\"a\":\"x\",\"b\":1}")
    );
    let (_, member) = certificate(2);
    let id = MemberId::from_digest(&member.fingerprint());
    let any = format!("Any TLS cert\nThe caller's cert is:\n{}", member.to_pem());
    assert_eq!(text(post().certificate(member.der())), any);
    app.host.write(|tx| {
        MEMBERS_CERTS.put(tx, &id, &Pem(member.to_pem())).unwrap();
        let details = MemberDetails {
            status: MemberStatus::Active,
            member_data: json!("d"),
            recovery_role: None,
        };
        MEMBERS_INFO.put(tx, &id, &details).unwrap();
    });
    assert_eq!(
        text(post().certificate(member.der())),
        format!(
            "Member TLS cert\nThe caller is a member with ID: {id}\nThe caller's cert is:\n{}\nThe caller's member data is: \"d\"",
            member.to_pem()
        )
    );
    let fields = RequestHeader {
        msg_type: "x",
        created_at: 1,
        proposal_id: None,
    };
    let envelope = sign_request(&app.key, &app.user, &fields, b"12345").unwrap();
    assert_eq!(
        text(
            post()
                .header("content-type", "application/cose")
                .body(envelope)
        ),
        format!(
            "User COSE Sign1\nThe caller is identified by a COSE Sign1 signed by kid: {}\nThe caller is identified by a COSE Sign1 with content of size: 5",
            app.id()
        )
    );
    assert_eq!(text(post()), "Unauthenticated");
}

#[test]
fn apps_11_2_members_can_show_what_they_signed() {
    let app = App::new();
    let (key, member) = certificate(3);
    let id = MemberId::from_digest(&member.fingerprint());
    app.host
        .write(|tx| MEMBERS_CERTS.put(tx, &id, &Pem(member.to_pem())))
        .unwrap();
    let fields = RequestHeader {
        msg_type: "anything",
        created_at: 1,
        proposal_id: None,
    };
    let envelope = sign_request(&key, &member, &fields, b"said").unwrap();
    let made = request("POST", "/log/cose_signed_content");
    let response = call(
        &app.dispatcher,
        made.header("content-type", "application/cose")
            .body(envelope),
    );
    assert_eq!(
        (response.status, response.body.as_ref()),
        (200, &b"said"[..])
    );
    assert_eq!(
        header(&response, "content-type").as_deref(),
        Some("text/plain")
    );
}
