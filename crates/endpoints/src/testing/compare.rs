//! Compares OpenAPI documents in what clients rely on: paths, parameters, statuses, schemas,
//! operation ids, forwarding. Wording is left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// How `ours` differs from `reference` in the paths that it has, one line for each difference; and
/// the paths with verbs of `reference` that it does not have.
pub fn openapi_differences(ours: &Value, reference: &Value) -> (Vec<String>, BTreeSet<String>) {
    let mut differences = Vec::new();
    let mut missing = BTreeSet::new();
    let empty = Map::new();
    let paths = |document: &Value| document["paths"].as_object().unwrap_or(&empty).clone();
    let (our_paths, their_paths) = (paths(ours), paths(reference));
    for (path, theirs) in &their_paths {
        for verb in theirs.as_object().unwrap_or(&empty).keys() {
            if verb != "parameters" && ours["paths"][path][verb].is_null() {
                missing.insert(format!("{} {path}", verb.to_uppercase()));
            }
        }
    }
    let mut schemas = BTreeSet::new();
    for (path, item) in &our_paths {
        for (verb, operation) in item.as_object().unwrap_or(&empty) {
            let theirs = &reference["paths"][path][verb];
            let (mine, theirs) = (stripped(operation), stripped(theirs));
            if mine != theirs {
                differences.push(format!("{verb} {path}: {mine} instead of {theirs}"));
            }
            references(operation, &mut schemas);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = schemas.pop_first() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let at = |document: &Value| document["components"]["schemas"][&name].clone();
        let (mine, theirs) = (stripped(&at(ours)), stripped(&at(reference)));
        if mine != theirs {
            differences.push(format!("schema {name}: {mine} instead of {theirs}"));
        }
        references(&at(ours), &mut schemas);
    }
    (differences, missing)
}

/// Without the texts for people, and without the security requirements, which depend on the
/// policies that are built.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| {
                let wording = matches!(name.as_str(), "description" | "summary");
                !(wording && value.is_string()) && name.as_str() != "security"
            });
            kept.map(|(name, value)| (name.clone(), stripped(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(stripped).collect(),
        other => other.clone(),
    }
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str);
            names.extend(
                name.and_then(|name| name.strip_prefix("#/components/schemas/"))
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}
