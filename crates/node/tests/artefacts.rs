//! The OpenAPI documents that a running node serves, against the published ones.
//!
//! Those of `/gov` are in the older Swagger format, and wrong where governance-api.md 13 says so: what is compared are
//! paths, verbs, parameters, success statuses, and the members of answers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use quorate_node::Application;
use quorate_node::endpoints::testing::openapi_differences;
use quorate_node::testing::TestNode;
use serde_json::Value;

/// Members that the published documents have and the service does not, beside `nextLink`.
const NEVER_SENT: [(&str, &str); 3] = [
    ("ServiceState.JwtIssuer", "keyFilter"),
    ("ServiceState.JwtIssuer", "keyPolicy"),
    ("ServiceState.Jwk", "certificate"),
];

fn schema(name: &str) -> Value {
    let root = std::env::var("QUORATE_SHARED").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = root.join("spec/schemas").join(name);
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap()
}

fn served(targets: &[&str]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let application = Application {
        name: "none",
        register: |_| Ok(()),
    };
    let node = TestNode::found(directory.path(), &application, |_| ());
    targets.iter().map(|target| node.json(target)).collect()
}

#[test]
fn apps_10_3_the_document_of_node_equals_the_published_one() {
    let (ours, published) = (
        served(&["/node/api"]).remove(0),
        schema("node_openapi.json"),
    );
    let (differences, missing) = openapi_differences(&ours, &published);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(missing.is_empty(), "{missing:?}");
    for member in ["title", "version"] {
        assert_eq!(ours["info"][member], published["info"][member]);
    }
}

const VERSIONS: [&str; 2] = ["2023-06-01-preview", "2024-07-01"];

/// For each version: its name, the document that is served and the published one.
fn gov_documents() -> Vec<(&'static str, Value, Value)> {
    let targets = VERSIONS.map(|version| format!("/gov/api?api-version={version}"));
    let served = served(&targets.each_ref().map(String::as_str));
    VERSIONS
        .into_iter()
        .zip(served)
        .map(|(version, ours)| (version, ours, schema(&format!("gov/{version}/gov.json"))))
        .collect()
}

/// Name and place of each parameter but the body.
fn parameters(document: &Value, path: &str, verb: &str) -> BTreeSet<String> {
    let item = &document["paths"][path];
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
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
        .map(|parameter| format!("{} in {}", parameter["name"], parameter["in"]))
        .collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn gov_13_the_documents_have_the_published_paths_parameters_and_statuses() {
    for (version, ours, published) in gov_documents() {
        assert_eq!(ours["info"]["version"], version);
        for (path, item) in published["paths"].as_object().unwrap() {
            for (verb, operation) in item.as_object().unwrap() {
                let mine = &ours["paths"][path][verb];
                let application = path.ends_with("/javascript-app");
                if version == VERSIONS[0] && application {
                    assert!(mine.is_null(), "refused for this version");
                    continue;
                }
                assert!(mine.is_object(), "{version} {verb} {path}");
                let mut expected = parameters(&published, path, verb);
                if application {
                    expected.insert("\"case\" in \"query\"".to_owned());
                }
                assert_eq!(parameters(&ours, path, verb), expected, "{verb} {path}");
                let mut expected = keys(&operation["responses"]);
                if path.ends_with(":withdraw") {
                    expected.insert("204".to_owned());
                }
                assert_eq!(keys(&mine["responses"]), expected, "{verb} {path}");
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
fn gov_13_the_documents_have_the_published_members() {
    let mut compared = 0;
    for (_, ours, published) in gov_documents() {
        let schemas = ours["components"]["schemas"].as_object().unwrap();
        for (name, definition) in published["definitions"].as_object().unwrap() {
            let Some(mine) = schemas.get(name) else {
                continue;
            };
            for member in definition["properties"].as_object().into_iter().flatten() {
                let (member, _) = member;
                if member == "nextLink" || NEVER_SENT.contains(&(name.as_str(), member.as_str())) {
                    continue;
                }
                assert!(mine["properties"][member].is_object(), "{name}.{member}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}
