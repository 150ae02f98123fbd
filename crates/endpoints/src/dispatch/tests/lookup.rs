//! Finding the endpoint, and what it is given.

use super::*;

#[test]
fn apps_1_a_closed_frontend_knows_no_path() {
    let setup = Setup::new().app(writer("/w", 200));
    let gate = setup.app.gate();
    gate.close();
    let node = setup.build();
    for target in ["/app/w", "/app/nothing", "/", "/app/commit"] {
        assert_eq!(
            error(&node.post(target)),
            (
                404,
                "FrontendNotOpen".to_owned(),
                "Frontend is not open.".to_owned()
            ),
            "{target}"
        );
    }
    assert_eq!(node.get("/node/commit").status, 200);
    gate.open();
    assert_eq!(node.post("/app/w").status, 200);
}

#[test]
fn apps_3_2_unknown_paths_and_other_verbs() {
    let node = Setup::new().app(writer("/w", 200)).build();
    let unknown = |path: &str| {
        (
            404,
            "ResourceNotFound".to_owned(),
            format!("Unknown path: {path}."),
        )
    };
    assert_eq!(error(&node.get("/app/no")), unknown("/no"));
    assert_eq!(error(&node.get("/no/way")), unknown("/no/way"));
    assert_eq!(error(&node.get("/app")), unknown("/app"));
    assert_eq!(error(&node.get("/")), unknown("/"));
    assert_eq!(error(&node.get("/node/x?y=1")), unknown("/x"));
    let other = node.get("/app/w");
    assert_eq!(
        error(&other),
        (
            405,
            "UnsupportedHttpVerb".to_owned(),
            "Allowed methods for '/w' are: OPTIONS, POST.".to_owned()
        )
    );
    assert_eq!(header(&other, "allow").as_deref(), Some("OPTIONS, POST"));
    let options = call(&node.dispatcher, request("OPTIONS", "/app/w"));
    assert_eq!((options.status, options.body.len()), (204, 0));
    assert_eq!(header(&options, "allow").as_deref(), Some("OPTIONS, POST"));
    let odd = call(&node.dispatcher, request("M-SEARCH", "/app/w"));
    assert_eq!(odd.status, 405);
}

#[test]
fn apps_3_3_an_ambiguous_path_is_a_fault_that_names_the_templates() {
    let node = Setup::new()
        .app(reader("/{a}/x"))
        .app(reader("/x/{b}"))
        .build();
    let response = node.get("/app/x/x");
    assert_eq!(
        error(&response),
        (
            500,
            "InternalError".to_owned(),
            "Exception: Multiple potential matches for path: /x/x\n  /{a}/x\n  /x/{b}".to_owned()
        )
    );
    assert!(response.close);
}

#[test]
fn parameters_reach_the_handler_raw_and_decoded() {
    let node = Setup::new()
        .app(
            Endpoint::json(Method::GET, "/p/{id}/{other}:do", |context| {
                Ok(json!([
                    context.param("id")?,
                    context.param_decoded("id")?,
                    context.param("other")?,
                    context.params.raw("none"),
                ]))
            })
            .auth([]),
        )
        .build();
    assert_eq!(
        body(&node.get("/app/p/a%20b+c%ff/x:do?id=1")),
        json!(["a%20b+c%ff", "a b c\u{fffd}", "x", null])
    );
}

#[test]
fn gov_1_2_the_version_is_checked_after_authentication_and_before_the_handler() {
    let endpoint = |path: &str, policies: Vec<Auth>, minimum| {
        Endpoint::new(Method::GET, path, |context| {
            Ok(reply::text(
                200,
                context.version.map_or("none", ApiVersion::as_str),
            ))
        })
        .auth(policies)
        .versioned(minimum)
    };
    let node = Setup::new()
        .gov(endpoint("/open", vec![], ApiVersion::Preview20230601))
        .gov(endpoint("/new", vec![], ApiVersion::V20240701))
        .gov(endpoint(
            "/closed",
            vec![Auth::MemberCert],
            ApiVersion::Preview20230601,
        ))
        .build();
    assert_eq!(error(&node.get("/gov/closed")).0, 401);
    assert_eq!(
        error(&node.get("/gov/open")).1,
        "MissingApiVersionParameter"
    );
    assert_eq!(
        error(&node.get("/gov/open?api-version=1")).1,
        "UnsupportedApiVersionValue"
    );
    assert_eq!(
        node.get("/gov/open?api-version=2023-06-01-preview")
            .body
            .as_ref(),
        b"2023-06-01-preview"
    );
    assert_eq!(
        error(&node.get("/gov/new?api-version=2023-06-01-preview")).1,
        "UnsupportedApiVersionValue"
    );
    assert_eq!(node.get("/gov/commit?api-version=nonsense").status, 200);
}

#[test]
fn gov_3_2_an_endpoint_can_have_the_root_over_what_it_reads() {
    let endpoint = |path: &str| {
        Endpoint::new(Method::GET, path, |context| {
            let root = context.root.map(|root| root.to_string());
            Ok(reply::text(200, root.unwrap_or_default()))
        })
        .auth([])
    };
    let node = Setup::new()
        .app(endpoint("/with").with_root())
        .app(endpoint("/without"))
        .build();
    assert_eq!(
        node.get("/with").body.as_ref(),
        sha256(b"2.0").to_string().as_bytes()
    );
    assert!(node.get("/without").body.is_empty());
    node.host.set_root(false);
    assert!(node.get("/with").body.is_empty());
}

#[test]
fn apps_4_1_details_stand_between_code_and_message() {
    let error = ApiError::internal("m").with_detail(json!({ "code": "JSException" }));
    assert_eq!(
        error.into_response().body.as_ref(),
        br#"{"error":{"code":"InternalError","details":[{"code":"JSException"}],"message":"m"}}"#
    );
}

#[test]
fn every_document_is_served() {
    let node = Setup::new().app(writer("/w", 200)).build();
    let document: Value = body(&node.get("/app/api"));
    assert!(document["paths"]["/app/w"]["post"].is_object());
    assert!(document["paths"]["/app/commit"]["get"].is_object());
}
