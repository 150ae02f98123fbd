//! Public records: tags and preconditions.

use super::*;

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
