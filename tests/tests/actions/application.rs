//! JavaScript applications, certificate bundles and JWT issuers (governance-api.md 8.7, 8.8).

use quorate_tests::service::{action, bare_action, proposal, propose_one};
use quorate_tests::{Service, Walk};
use serde_json::{Value, json};

#[test]
fn javascript_application_8_7() {
    let service = Service::default_open();
    let endpoint = json!({
        "js_module": "m.js", "js_function": "f", "forwarding_required": "never", "authn_policies": ["user_cert"],
        "mode": "readonly", "openapi": {"summary": "x"}, "interpreter_reuse": {"key": "k"}
    });
    let app = |disabled: bool| {
        propose_one(
            "set_js_app",
            json!({
                "bundle": {
                    "metadata": {"endpoints": {"/x": {"get": endpoint}, "/y/{id}": {"post": endpoint}}},
                    "modules": [
                        {"name": "m.js", "module": "export function f () { return {}; }"},
                        {"name": "lib/n.js", "module": "export const n = 1;"}
                    ]
                },
                "disable_bytecode_cache": disabled
            }),
        )
    };
    let metrics = || service.client().get("/node/js_metrics").expect(200);
    // No bytecode is stored, as with the cache disabled (docs/compatibility.md).
    let assert_no_bytecode = || {
        let shown = metrics();
        assert_eq!(
            (&shown["bytecode_size"], &shown["bytecode_used"]),
            (&json!(0), &json!(false))
        );
    };
    service.accept(&app(false));
    assert_no_bytecode();

    let shown = service.gov("/service/javascript-app");
    if service.api_version == "2024-07-01" {
        let shown = shown.expect(200);
        let operation = json!({
            "authnPolicies": ["user_cert"], "forwardingRequired": "never", "jsFunction": "f", "jsModule": "/m.js",
            "mode": "readonly", "openApi": {"summary": "x"}, "redirectionStrategy": "to_primary"
        });
        assert_eq!(
            shown,
            json!({"endpoints": {"/x": {"GET": operation}, "/y/{id}": {"POST": operation}}})
        );
    }
    let modules = service.gov("/service/javascript-modules").expect(200);
    assert_eq!(
        modules,
        json!({"value": [{"moduleName": "/lib/n.js"}, {"moduleName": "/m.js"}]})
    );
    let source = service.gov("/service/javascript-modules/%2Fm.js");
    assert_eq!(
        (source.status, source.text().as_str()),
        (200, "export function f () { return {}; }")
    );
    assert_eq!(source.header("content-type"), Some("text/javascript"));

    service.accept(&app(true));
    assert_no_bytecode();
    service.accept(&proposal(&[bare_action("refresh_js_app_bytecode_cache")]));
    assert_no_bytecode();
    let broken = json!({"bundle": {
        "metadata": {"endpoints": {}}, "modules": [{"name": "bad.js", "module": "export function f ( {"}]
    }});
    let answer = service.fail_to_apply(&propose_one("set_js_app", broken));
    answer.expect_error_starting(
        500,
        "InternalError",
        "Failed to apply(): InternalError: Failed to refresh bytecode: ",
    );

    let options = json!({
        "max_heap_bytes": 52_428_800, "max_stack_bytes": 524_288, "max_execution_time_ms": 1000,
        "log_exception_details": true, "max_cached_interpreters": 5
    });
    service.accept(&propose_one("set_js_runtime_options", options));
    let shown = metrics();
    assert_eq!(
        (&shown["max_heap_size"], &shown["max_execution_time"]),
        (&json!(52_428_800), &json!(1000))
    );

    service.accept(&proposal(&[bare_action("remove_js_app")]));
    assert_eq!(
        service.gov("/service/javascript-app").expect(200),
        json!({"endpoints": {}})
    );
    assert_eq!(
        service.gov("/service/javascript-modules").expect(200),
        json!({"value": []})
    );

    let mut service = service;
    service.settled();
    // One application did not compile.
    service.node.stop_despite(&["[fail ][gov]"]);
    let walk = Walk::of(&service.node.ledger());
    let rows = (1..=walk.len() as u64)
        .find_map(|seqno| {
            walk.entry(seqno)["tables"]
                .get("public:ccf.gov.endpoints")
                .cloned()
        })
        .unwrap();
    // JavaScript's order of keys, with the module's name changed in place.
    let stored = rows["GET /x"].as_str().unwrap();
    let keys: Value = serde_json::from_str(stored).unwrap();
    assert_eq!(keys["js_module"], "/m.js");
    assert_eq!(
        keys["interpreter_reuse"],
        json!({"key": "k"}),
        "unknown keys are stored"
    );
    let runtime = walk.table("public:ccf.gov.js_runtime_options");
    assert!(
        runtime
            .values()
            .next()
            .unwrap()
            .contains("\"max_heap_bytes\":52428800"),
        "{runtime:?}"
    );
}

#[test]
fn runtime_options_never_strangle_governance_3() {
    let service = Service::default_open();
    let tiny = json!({"max_heap_bytes": 1, "max_stack_bytes": 1, "max_execution_time_ms": 1});
    service.accept(&propose_one("set_js_runtime_options", tiny));
    // Ballots, resolve and apply still run, so that members can take it back.
    let usual = json!({
        "max_heap_bytes": 104_857_600, "max_stack_bytes": 1_048_576, "max_execution_time_ms": 5000
    });
    service.accept(&propose_one("set_js_runtime_options", usual));
}

#[test]
fn tls_and_jwt_8_8() {
    let service = Service::default_open();
    let jwk = |service: &Service| service.gov("/service/jwk").expect(200);
    let certificate = service.users[0].certificate.clone();
    let issuer = "https://issuer.example.com";
    // RFC 7517 A.1: an EC and an RSA key.
    let ec = json!({
        "kty": "EC", "kid": "ec", "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
    });
    let der: String = certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let x5c = json!({"kty": "EC", "kid": "x5c", "x5c": [der], "issuer": "https://issuer.example.com/tenant"});
    service.accept(&proposal(&[
        action(
            "set_ca_cert_bundle",
            json!({"name": "bundle", "cert_bundle": certificate}),
        ),
        action(
            "set_jwt_issuer",
            json!({"issuer": issuer, "key_filter": "all", "jwks": {"keys": [ec, x5c]}}),
        ),
    ]));
    let shown = jwk(&service);
    assert_eq!(shown["caCertBundles"], json!({"bundle": certificate}));
    assert_eq!(shown["issuers"], json!({(issuer): {"autoRefresh": false}}));
    let keys = shown["keys"].as_object().unwrap();
    assert_eq!(keys.keys().collect::<Vec<_>>(), ["ec", "x5c"]);
    assert_eq!(keys["ec"][0]["constraint"], Value::Null);
    assert_eq!(
        keys["x5c"][0]["constraint"],
        "https://issuer.example.com/tenant"
    );
    assert!(
        keys["x5c"][0]["publicKey"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PUBLIC KEY-----\n")
    );

    service.accept(&propose_one(
        "set_jwt_public_signing_keys",
        json!({"issuer": issuer, "jwks": {"keys": [ec]}}),
    ));
    assert_eq!(
        jwk(&service)["keys"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["ec"]
    );
    for (proposed, text) in [
        (
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": "https://no", "jwks": {"keys": []}}),
            ),
            "Error: issuer https://no not found",
        ),
        (
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": issuer, "jwks": {"keys": []}}),
            ),
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
        (
            propose_one(
                "set_jwt_issuer",
                json!({"issuer": "https://a.b", "auto_refresh": true, "ca_cert_bundle_name": "none"}),
            ),
            "Error: No CA cert bundle found with name 'none'",
        ),
        (
            // A constraint for a host that is not the issuer's.
            propose_one(
                "set_jwt_public_signing_keys",
                json!({"issuer": issuer, "jwks": {"keys": [
                    {"kty": "EC", "kid": "k", "crv": ec["crv"], "x": ec["x"], "y": ec["y"], "issuer": "https://evil.com"}
                ]}}),
            ),
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
    ] {
        let answer = service.fail_to_apply(&proposed);
        answer.expect_error_starting(500, "InternalError", &format!("Failed to apply(): {text}"));
    }
    service.accept(&proposal(&[
        action("remove_jwt_issuer", json!({"issuer": issuer})),
        action("remove_jwt_issuer", json!({"issuer": "https://never.was"})),
        action("remove_ca_cert_bundle", json!({"name": "bundle"})),
    ]));
    assert_eq!(
        jwk(&service),
        json!({"caCertBundles": {}, "issuers": {}, "keys": {}})
    );
}
