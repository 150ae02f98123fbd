//! The private records and their variants.

use super::*;

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
