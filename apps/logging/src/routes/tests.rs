use std::sync::Arc;

use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Certificate, Validity, self_signed},
    cose::{RequestHeader, sign_request},
    sha256,
};
use quorate_endpoints::{
    Dispatcher, DispatcherOptions, Frontends, InterfaceRules, PoolOptions, Prefix, Response,
    ScriptPool,
    testing::{INTERFACE, MemoryHost, RequestBuilder, body, call, error, header, request},
};
use quorate_tables::{
    MEMBERS_CERTS, MEMBERS_INFO, MemberDetails, MemberId, MemberStatus, Pem, USERS_CERTS,
    UserDetails, UserId,
};
use serde_json::{Value, json};

use super::*;

struct App {
    host: Arc<MemoryHost>,
    dispatcher: Dispatcher,
    key: EcKeyPair,
    user: Certificate,
}

impl App {
    fn new() -> Self {
        let host = Arc::new(MemoryHost::default());
        let (key, user) = certificate(1);
        let id = UserId::from_digest(&user.fingerprint());
        host.write(|tx| USERS_CERTS.put(tx, &id, &Pem(user.to_pem())))
            .unwrap();
        let open = |prefix| {
            let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
            frontend.gate().open();
            frontend
        };
        let mut app = open(Prefix::App);
        register(&mut app).unwrap();
        let frontends = Frontends {
            node: open(Prefix::Node),
            gov: open(Prefix::Gov),
            app,
        };
        let pool = ScriptPool::new(PoolOptions {
            threads: 1,
            stack_bytes: 1 << 18,
            queue: 1,
        });
        let dispatcher = Dispatcher::new(
            host.clone(),
            frontends,
            [(INTERFACE.to_owned(), InterfaceRules::default())],
            Arc::new(pool.unwrap()),
            DispatcherOptions { max_uncommitted: 0 },
        );
        Self {
            host,
            dispatcher,
            key,
            user,
        }
    }

    fn id(&self) -> UserId {
        UserId::from_digest(&self.user.fingerprint())
    }

    /// With the user's certificate.
    fn send(&self, request: RequestBuilder) -> Response {
        call(&self.dispatcher, request.certificate(self.user.der()))
    }

    fn get(&self, target: &str) -> Response {
        self.send(request("GET", target))
    }

    fn post(&self, target: &str, value: &Value) -> Response {
        self.send(request("POST", target).body(value.to_string()))
    }

    fn delete(&self, target: &str) -> Response {
        self.send(request("DELETE", target))
    }

    fn set_user_data(&self, data: &Value) {
        let details = UserDetails {
            user_data: data.clone(),
        };
        self.host
            .write(|tx| USERS_INFO.put(tx, &self.id(), &details))
            .unwrap();
    }
}

fn certificate(serial: u8) -> (EcKeyPair, Certificate) {
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    let validity = Validity {
        from: 1_700_000_000,
        days: 1,
    };
    let certificate = self_signed(&key, "CN=someone", &[], validity, &[serial; 16]).unwrap();
    (key, certificate)
}

fn is_true(response: &Response) -> bool {
    response.status == 200 && response.body.as_ref() == b"true"
}

fn answer(response: &Response) -> (u16, Value) {
    (response.status, body(response))
}

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
fn apps_11_2_private_records() {
    let app = App::new();
    let path = "/app/log/private";
    assert_eq!(
        error(&app.get(&format!("{path}?id=42"))),
        (
            404,
            "ResourceNotFound".to_owned(),
            "No such record: 42.".to_owned()
        )
    );
    let posted = app.post(
        path,
        &json!({ "id": 42, "msg": "a \"quoted\" é", "other": [] }),
    );
    assert!(is_true(&posted));
    assert_eq!(
        header(&posted, "content-type").as_deref(),
        Some("application/json")
    );
    assert!(header(&posted, "x-ms-ccf-transaction-id").is_some());
    assert_eq!(
        app.host.value("records", b"42").unwrap(),
        "\"a \\\"quoted\\\" é\"".as_bytes(),
        "keys and values are JSON texts"
    );
    assert_eq!(
        answer(&app.get("/log/private?id=42")),
        (200, json!({ "msg": "a \"quoted\" é" }))
    );
    assert_eq!(answer(&app.get("/log/private/backup?id=42")).0, 200);
    assert_eq!(answer(&app.get("/log/private/count")), (200, json!(1)));
    assert_eq!(
        answer(&app.delete("/log/private?id=42")),
        (200, json!(true))
    );
    assert_eq!(
        answer(&app.delete("/log/private?id=42")),
        (200, json!(false))
    );
    app.post(path, &json!({ "id": 1, "msg": "x" }));
    app.post(path, &json!({ "id": 2, "msg": "y" }));
    assert!(is_true(&app.delete("/log/private/all")));
    assert_eq!(answer(&app.get("/log/private/count")), (200, json!(0)));
}

#[test]
fn apps_11_1_scopes_are_maps_of_their_own() {
    let app = App::new();
    app.post("/log/private?scope=a", &json!({ "id": 1, "msg": "in a" }));
    app.post(
        "/log/public?scope=a",
        &json!({ "id": 1, "msg": "public a" }),
    );
    assert!(app.host.value("records-a", b"1").is_some());
    assert!(app.host.value("public:records-a", b"1").is_some());
    assert_eq!(app.get("/log/private?id=1").status, 404);
    assert_eq!(app.get("/log/private?id=1&scope=").status, 404);
    assert_eq!(body(&app.get("/log/private?id=1&scope=a"))["msg"], "in a");
    assert_eq!(body(&app.get("/log/private/count?scope=a")), json!(1));
    assert!(is_true(&app.delete("/log/public/all?scope=a")));
    assert!(app.host.value("public:records-a", b"1").is_none());
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
fn apps_11_2_prefixes_say_who_wrote() {
    let app = App::new();
    let record = json!({ "id": 1, "msg": "m" });
    assert!(is_true(&app.post("/log/private/anonymous", &record)));
    assert_eq!(body(&app.get("/log/private?id=1"))["msg"], "Anonymous: m");
    assert!(is_true(&app.post("/log/private/prefix_cert", &record)));
    assert_eq!(
        body(&app.get("/log/private?id=1"))["msg"],
        format!("{}: m", app.id())
    );
}

#[test]
fn apps_11_3_v2_answers_after_the_transaction_has_its_id() {
    let app = App::new();
    let good = app.post("/log/private/anonymous/v2", &json!({ "id": 1, "msg": "m" }));
    let txid = header(&good, "x-ms-ccf-transaction-id").unwrap();
    assert_eq!(txid, app.host.head().to_string());
    assert_eq!(
        String::from_utf8_lossy(&good.body),
        format!("{{\"success\":true,\"tx_id\":\"{txid}\"}}")
    );
    assert_eq!(header(&good, "content-type"), None);
    for other in ["True", "1", ""] {
        let target = format!("/log/private/anonymous/v2?fail={other}");
        assert_eq!(
            app.post(&target, &json!({ "id": 1, "msg": "m" })).status,
            200
        );
    }
    let failed = app.post(
        "/log/private/anonymous/v2?fail=true",
        &json!({ "id": 2, "msg": "m" }),
    );
    assert_eq!(
        error(&failed),
        (
            500,
            "InternalError".to_owned(),
            "Failed to execute local commit handler func: didn't set user_data!".to_owned()
        )
    );
    assert_eq!(
        header(&failed, "x-ms-ccf-transaction-id"),
        Some(app.host.head().to_string())
    );
    assert_eq!(
        body(&app.get("/log/private?id=2"))["msg"],
        "Anonymous: m",
        "it is written"
    );
}

#[test]
fn apps_11_3_admin_only_looks_at_the_users_data_before_the_body() {
    let app = App::new();
    let post = || app.send(request("POST", "/log/private/admin_only").body("no json"));
    let refused = (
        403,
        "AuthorizationFailed".to_owned(),
        "Only admins may access this endpoint.".to_owned(),
    );
    assert_eq!(error(&post()), refused);
    for data in [
        json!(null),
        json!({}),
        json!([true]),
        json!({ "isAdmin": false }),
        json!("isAdmin"),
    ] {
        app.set_user_data(&data);
        assert_eq!(error(&post()), refused, "{data}");
    }
    for data in [
        json!({ "isAdmin": "true" }),
        json!({ "isAdmin": 1 }),
        json!({ "isAdmin": null }),
    ] {
        app.set_user_data(&data);
        assert_eq!(error(&post()).1, "InvalidInput", "{data}");
    }
    app.set_user_data(&json!({ "isAdmin": true }));
    assert_eq!(error(&post()).0, 400, "now the body");
    assert!(is_true(&app.post(
        "/log/private/admin_only",
        &json!({ "id": 7, "msg": "m" })
    )));
    assert_eq!(body(&app.get("/log/private?id=7"))["msg"], "m");
}

#[test]
fn apps_11_3_raw_text_takes_leading_digits_and_text_only() {
    let app = App::new();
    let post = |id: &str, content_type: &str, text: &[u8]| {
        app.send(
            request("POST", &format!("/log/private/raw_text/{id}"))
                .header("content-type", content_type.to_owned())
                .body(text.to_vec()),
        )
    };
    for (id, stored) in [("5", 5), ("12ab", 12), ("x", 0), ("-3", 0)] {
        let response = post(id, "text/plain", id.as_bytes());
        assert_eq!((response.status, response.body.len()), (200, 0));
        assert_eq!(
            body(&app.get(&format!("/log/private?id={stored}")))["msg"],
            id
        );
    }
    assert_eq!(
        error(&post("1", "application/json", b"x")),
        (
            415,
            "InvalidHeaderValue".to_owned(),
            "Expected content-type 'text/plain'. Got 'application/json'.".to_owned()
        )
    );
    let none = app.send(request("POST", "/log/private/raw_text/1").body("x"));
    assert_eq!(
        error(&none).2,
        "Expected content-type 'text/plain'. Got ''."
    );
    assert_eq!(error(&post("1", "text/plain", b"\xff")).1, "InvalidInput");
}

#[test]
fn apps_11_3_public_records_have_tags() {
    let app = App::new();
    let posted = app.post("/log/public", &json!({ "id": 1, "msg": "first" }));
    assert!(is_true(&posted));
    let tag = sha256(b"first").to_string();
    assert_eq!(header(&posted, "etag"), Some(tag.clone()));
    let got = app.get("/log/public?id=1");
    assert_eq!(answer(&got), (200, json!({ "msg": "first" })));
    assert_eq!(header(&got, "etag"), Some(tag));
    assert_eq!(
        app.host.last().unwrap().claims,
        Default::default(),
        "no claim was asked for"
    );
    app.post(
        "/log/public",
        &json!({ "id": 1, "msg": "claimed", "record_claim": true }),
    );
    assert_eq!(app.host.last().unwrap().claims, sha256(b"claimed"));
}

#[test]
fn apps_11_3_preconditions() {
    let app = App::new();
    let send = |verb: &str, name: &'static str, value: &str| {
        let target = if verb == "POST" {
            "/log/public"
        } else {
            "/log/public?id=1"
        };
        let body = json!({ "id": 1, "msg": "m" }).to_string();
        let body = if verb == "POST" { body } else { String::new() };
        let made = request(verb, target).body(body);
        app.send(made.header(name, value.to_owned()))
    };
    let (mine, other) = (
        format!("\"{}\"", sha256(b"m")),
        format!("\"{}\"", sha256(b"n")),
    );
    let changed = (
        412,
        "PreconditionFailed".to_owned(),
        "Resource has changed.".to_owned(),
    );
    // No record: POST ignores the headers, GET is 404, DELETE false.
    assert_eq!(send("GET", "if-match", &other).status, 404);
    assert_eq!(
        answer(&send("DELETE", "if-match", "invalid")),
        (200, json!(false))
    );
    assert!(is_true(&send("POST", "if-match", &other)));
    // With the record.
    for verb in ["GET", "POST", "DELETE"] {
        assert_eq!(error(&send(verb, "if-match", &other)), changed, "{verb}");
        assert_eq!(
            error(&send(verb, "if-match", &sha256(b"m").to_string())),
            (
                500,
                "InternalError".to_owned(),
                "Invalid If-Match header".to_owned()
            ),
            "unquoted, as in the response"
        );
    }
    for value in [&mine, "*"] {
        assert_eq!(send("GET", "if-match", value).status, 200);
        assert!(is_true(&send("POST", "if-match", value)));
        assert_eq!(error(&send("POST", "if-none-match", value)), changed);
        for verb in ["GET", "DELETE"] {
            let unchanged = send(verb, "if-none-match", value);
            assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
        }
    }
    assert_eq!(
        send("GET", "if-none-match", &other).status,
        200,
        "304 has not deleted"
    );
    let both = |verb: &str, target: &str| {
        let body = json!({ "id": 1, "msg": "m" }).to_string();
        let body = if verb == "POST" { body } else { String::new() };
        let made = request(verb, target).body(body).header("if-match", "*");
        app.send(made.header("if-none-match", "*"))
    };
    let refused = (
        400,
        "InvalidHeaderValue".to_owned(),
        "Cannot have both If-Match and If-None-Match headers.".to_owned(),
    );
    for (verb, target) in [
        ("GET", "/log/public?id=1"),
        ("DELETE", "/log/public?id=1"),
        ("POST", "/log/public?id=2"),
    ] {
        assert_eq!(error(&both(verb, target)), refused, "{verb}");
    }
    assert_eq!(both("GET", "/log/public?id=2").status, 404);
    assert_eq!(
        answer(&both("DELETE", "/log/public?id=2")),
        (200, json!(false))
    );
    assert_eq!(
        answer(&send("DELETE", "if-match", &mine)),
        (200, json!(true))
    );
    assert_eq!(app.get("/log/public?id=1").status, 404);
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
