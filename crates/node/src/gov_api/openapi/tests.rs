//! The documents of both versions against the published ones. Those are in the older Swagger format, and
//! wrong where governance-api.md 13 says so: what is compared are paths, verbs, parameters, success
//! statuses, and the members of answers.

use std::collections::BTreeSet;

use quorate_endpoints::{ApiInfo, ApiVersion, Auth, Endpoint, Prefix, openapi::document};
use serde_json::Value;

use super::*;

/// Members that the published documents have and the service does not, beside `nextLink`
/// (governance-api.md 13).
const NEVER_SENT: [(&str, &str); 2] = [
    ("ServiceState.JwtIssuer", "keyPolicy"),
    ("ServiceState.Jwk", "certificate"),
];

fn published(version: ApiVersion) -> Value {
    let root = std::env::var("QUORATE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let file = format!("{root}/spec/schemas/gov/{}/gov.json", version.as_str());
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The registry of the real frontend, with handlers that are never called.
fn ours(version: ApiVersion) -> Value {
    let mut frontend = Frontend::new(Prefix::Gov, ApiInfo::default()).unwrap();
    let mut add = |method: Method, path: &'static str| {
        let since = if path.contains("/js-") || path.contains("/javascript-") {
            ApiVersion::V20240701
        } else {
            ApiVersion::Preview20230601
        };
        let policy = if method == Method::POST {
            vec![Auth::member("x")]
        } else {
            vec![]
        };
        let endpoint = Endpoint::new(method, path, |_| Ok(reply::empty(200)));
        frontend
            .add(endpoint.auth(policy).versioned(since))
            .unwrap();
    };
    for (path, _) in signed() {
        add(Method::POST, path);
    }
    for (path, _) in views() {
        add(Method::GET, path);
    }
    for path in [
        "/service/constitution",
        "/members/proposals/{proposalId}/ballots/{memberId}",
        "/service/javascript-modules/{moduleName}",
        "/service/js-modules/{moduleName}",
        "/service/javascript-app",
    ] {
        add(Method::GET, path);
    }
    describe(&mut frontend).unwrap();
    document(&frontend, Some(version))
}

/// Name and place of each parameter but the body.
fn parameters(document: &Value, path: &str, verb: &str) -> BTreeSet<String> {
    let item = &document["paths"][path];
    let empty = Vec::new();
    let listed = |value: &Value| value.as_array().unwrap_or(&empty).clone();
    listed(&item["parameters"])
        .into_iter()
        .chain(listed(&item[verb]["parameters"]))
        .map(|parameter| match parameter["$ref"].as_str() {
            Some(reference) => document
                .pointer(reference.trim_start_matches('#'))
                .unwrap()
                .clone(),
            None => parameter,
        })
        .filter(|parameter| parameter["in"] != "body")
        .map(|parameter| {
            format!(
                "{} in {}",
                parameter["name"].as_str().unwrap(),
                parameter["in"].as_str().unwrap()
            )
        })
        .collect()
}

fn statuses(operation: &Value) -> BTreeSet<String> {
    operation["responses"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[test]
fn gov_13_the_documents_have_the_published_paths_parameters_and_statuses() {
    for version in ApiVersion::ALL {
        let (ours, published) = (ours(version), published(version));
        for (path, item) in published["paths"].as_object().unwrap() {
            for (verb, operation) in item.as_object().unwrap() {
                let mine = &ours["paths"][path][verb];
                if version == ApiVersion::Preview20230601 && path.contains("/javascript-app") {
                    assert!(
                        mine.is_null(),
                        "refused for this version (governance-api.md 1.2)"
                    );
                    continue;
                }
                assert!(mine.is_object(), "{version:?} {verb} {path}");
                let mut expected = parameters(&published, path, verb);
                if path.ends_with("/javascript-app") {
                    expected.insert("case in query".to_owned());
                }
                assert_eq!(parameters(&ours, path, verb), expected, "{verb} {path}");
                let mut expected = statuses(operation);
                if path.ends_with(":withdraw") {
                    expected.insert("204".to_owned());
                }
                assert_eq!(statuses(mine), expected, "{verb} {path}");
                assert_eq!(
                    mine["requestBody"]["content"]["application/cose"].is_object(),
                    operation["consumes"].is_array(),
                    "{verb} {path}"
                );
            }
        }
    }
}

#[test]
fn gov_13_the_published_members_are_there() {
    let version = ApiVersion::V20240701;
    let (ours, published) = (ours(version), published(version));
    let schemas = ours["components"]["schemas"].as_object().unwrap();
    let mut compared = 0;
    for (name, definition) in published["definitions"].as_object().unwrap() {
        let Some(mine) = schemas.get(name) else {
            continue;
        };
        for member in definition["properties"]
            .as_object()
            .into_iter()
            .flat_map(|p| p.keys())
        {
            if NEVER_SENT.contains(&(name.as_str(), member.as_str())) || member == "nextLink" {
                continue;
            }
            assert!(mine["properties"][member].is_object(), "{name}.{member}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}
