//! The OpenAPI documents are valid by themselves and list every endpoint (apps-and-endpoints.md 10.3). The comparison
//! with the published ones is in `tests/artefacts.rs`.

use std::collections::BTreeSet;

use super::*;

/// Every reference in the document.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Structure of OpenAPI 3.0: what a generator of clients trips over.
fn check(document: &Value) {
    assert_eq!(document["openapi"], "3.0.0");
    for member in ["title", "description", "version"] {
        let text = document["info"][member].as_str().unwrap();
        assert!(!text.is_empty() && !text.starts_with("Empty"), "{member}");
    }
    let mut found = Vec::new();
    references(document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = item["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| {
                assert_eq!(parameter["in"], "path");
                assert_eq!(parameter["required"], true);
                parameter["name"].as_str().unwrap()
            })
            .collect();
        let in_path: BTreeSet<&str> = path
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap())
            .collect();
        assert_eq!(named, in_path, "{path}");
        for (verb, operation) in item.as_object().unwrap() {
            if verb == "parameters" {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} occurs twice");
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{verb} {path} says nothing");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.len() >= 2, "{verb} {path}: success and default");
            let parameters = operation["parameters"].as_array();
            for parameter in parameters.into_iter().flatten() {
                assert_eq!(parameter["in"], "query", "{verb} {path}");
                assert!(parameter["schema"].is_object(), "{verb} {path}");
            }
        }
    }
}

fn operations(document: &Value) -> BTreeSet<String> {
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .filter(|verb| *verb != "parameters")
                .map(move |verb| format!("{} {path}", verb.to_uppercase()))
        })
        .collect()
}

fn with_prefix(prefix: &str, endpoints: &[&str]) -> BTreeSet<String> {
    endpoints
        .iter()
        .map(|endpoint| endpoint.replacen(" /", &format!(" {prefix}/"), 1))
        .collect()
}

#[test]
fn apps_10_3_the_document_of_node_is_valid_and_complete() {
    let node = found();
    let document = node.json("/node/api");
    check(&document);
    let expected = with_prefix(
        "/node",
        &[
            "GET /api",
            "GET /attestations",
            "GET /attestations/self",
            "GET /backup",
            "GET /commit",
            "GET /config",
            "GET /consensus",
            "GET /index/strategies",
            "GET /js_metrics",
            "GET /jwt_keys/refresh/metrics",
            "GET /memory",
            "GET /metrics",
            "GET /network",
            "GET /network/nodes",
            "GET /network/nodes/primary",
            "GET /network/nodes/self",
            "GET /network/nodes/{node_id}",
            "DELETE /network/nodes/{node_id}",
            "GET /network/removable_nodes",
            "GET /primary",
            "HEAD /primary",
            "GET /quotes",
            "GET /quotes/self",
            "GET /ready/app",
            "GET /ready/gov",
            "GET /receipt",
            "GET /self_signed_certificate",
            "GET /service/configuration",
            "GET /service/previous_identity",
            "GET /state",
            "GET /tx",
            "GET /version",
        ],
    );
    assert_eq!(operations(&document), expected);
}

#[test]
fn apps_10_3_the_documents_of_gov_are_valid_and_complete() {
    let node = found();
    let common = [
        "POST /members/proposals:create",
        "GET /members/proposals",
        "GET /members/proposals/{proposalId}",
        "GET /members/proposals/{proposalId}/actions",
        "POST /members/proposals/{proposalId}:withdraw",
        "GET /members/proposals/{proposalId}/ballots/{memberId}",
        "POST /members/proposals/{proposalId}/ballots/{memberId}:submit",
        "GET /members/state-digests/{memberId}",
        "POST /members/state-digests/{memberId}:update",
        "POST /members/state-digests/{memberId}:ack",
        "GET /recovery/encrypted-shares/{memberId}",
        "POST /recovery/members/{memberId}:recover",
        "GET /service/constitution",
        "GET /service/info",
        "GET /service/join-policy",
        "GET /service/jwk",
        "GET /service/members",
        "GET /service/members/{memberId}",
        "GET /service/nodes",
        "GET /service/nodes/{nodeId}",
        "GET /service/transactions/commit",
        "GET /service/transactions/{transactionId}",
        "GET /service/users",
        "GET /service/users/{userId}",
    ];
    let since = [
        "GET /service/javascript-app",
        "GET /service/javascript-modules",
        "GET /service/javascript-modules/{moduleName}",
        "GET /service/js-modules",
        "GET /service/js-modules/{moduleName}",
    ];
    for (version, added) in [
        ("2023-06-01-preview", &since[..0]),
        ("2024-07-01", &since[..]),
    ] {
        let document = node.json(&format!("/gov/api?api-version={version}"));
        check(&document);
        assert_eq!(document["info"]["version"], version);
        let all: Vec<_> = common.iter().chain(added).copied().collect();
        assert_eq!(
            operations(&document),
            with_prefix("/gov", &all),
            "{version}"
        );
    }
    let document = node.json("/gov/api");
    check(&document);
    let expected = ["GET /api", "GET /commit", "GET /receipt", "GET /tx"];
    assert_eq!(operations(&document), with_prefix("/gov", &expected));
}
