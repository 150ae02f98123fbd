//! Makes the OpenAPI 3.0.0 document of a frontend from its registry.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Operation, Schema};
use crate::{
    auth::Auth,
    endpoint::Forwarding,
    frontend::{Frontend, Registered},
    reply,
    version::ApiVersion,
};

/// The document. With a version: of the endpoints that exist in that version; without one: of those
/// that have no version.
pub fn document(frontend: &Frontend, version: Option<ApiVersion>) -> Value {
    let mut schemas = BTreeMap::from([("CCFError".to_owned(), error_schema())]);
    let mut security = BTreeMap::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for registered in frontend.endpoints() {
        let endpoint = &registered.endpoint;
        let shown = match (version, endpoint.version) {
            (None, None) => true,
            (Some(version), Some(minimum)) => version >= minimum,
            _ => false,
        };
        if endpoint.hidden || !shown {
            continue;
        }
        let full = format!(
            "{}{}",
            frontend.prefix().as_str(),
            registered.template.text()
        );
        let path = paths
            .entry(full.clone())
            .or_insert_with(|| path_parameters(registered));
        let verb = endpoint.method.as_str().to_lowercase();
        path.insert(verb, operation(&full, registered, version, &mut schemas));
        for policy in &registered.policies {
            if let Some((name, scheme)) = security_scheme(policy) {
                security.insert(name, scheme);
            }
        }
    }
    let info = frontend.info();
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {
            "title": info.title,
            "description": info.description,
            "version": version.map_or(info.version.as_str(), |version| version.as_str()),
        },
        "servers": [],
        "paths": paths,
        "components": {
            "responses": { "default": {
                "description": "The request was refused or failed",
                "content": { reply::JSON: { "schema": {
                    "$ref": "#/components/schemas/CCFError"
                } } },
            } },
            "schemas": schemas,
            "x-ccf-forwarding": forwarding_kinds(),
        },
    });
    if !security.is_empty() {
        document["components"]["securitySchemes"] = json!(security);
    }
    document
}

fn operation(
    full_path: &str,
    registered: &Registered,
    version: Option<ApiVersion>,
    schemas: &mut BTreeMap<String, Value>,
) -> Value {
    let endpoint = &registered.endpoint;
    let declared = &endpoint.operation;
    let mut operation = json!({
        "operationId": operation_id(endpoint.method.as_str(), full_path),
        "responses": responses(declared, schemas),
        "x-ccf-forwarding": {
            "$ref": format!("#/components/x-ccf-forwarding/{}", endpoint.forwarding.as_str()),
        },
    });
    let mut parameters = Vec::new();
    if version.is_some() {
        let schema = Schema::string();
        parameters.push(query_parameter("api-version", true, &schema, schemas));
    }
    for parameter in &declared.query {
        let schema = &parameter.schema;
        parameters.push(query_parameter(
            parameter.name,
            parameter.required,
            schema,
            schemas,
        ));
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some((content_type, schema)) = &declared.request {
        schema.collect(schemas);
        operation["requestBody"] = json!({
            "description": "The request body",
            "content": { *content_type: { "schema": schema.reference() } },
        });
    }
    let security: Vec<Value> = registered
        .policies
        .iter()
        .filter_map(Auth::security)
        .collect();
    if !security.is_empty() {
        operation["security"] = json!(security);
    }
    if let Some(summary) = declared.summary {
        operation["summary"] = summary.into();
    }
    if let Some(description) = declared.description {
        operation["description"] = description.into();
    }
    if declared.deprecated {
        operation["deprecated"] = true.into();
    }
    operation
}

fn responses(declared: &Operation, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut responses = json!({ "default": { "$ref": "#/components/responses/default" } });
    let plain = [(200, None)];
    let declared = if declared.responses.is_empty() {
        &plain[..]
    } else {
        declared.responses.as_slice()
    };
    for (status, body) in declared {
        let mut response = json!({ "description": "Success" });
        if let Some((content_type, schema)) = body {
            schema.collect(schemas);
            response["content"] = json!({ *content_type: { "schema": schema.reference() } });
        }
        responses[status.to_string()] = response;
    }
    responses
}

fn query_parameter(
    name: &str,
    required: bool,
    schema: &Schema,
    schemas: &mut BTreeMap<String, Value>,
) -> Value {
    schema.collect(schemas);
    json!({ "in": "query", "name": name, "required": required, "schema": schema.reference() })
}

fn path_parameters(registered: &Registered) -> Map<String, Value> {
    let parameters: Vec<Value> = registered
        .template
        .names()
        .map(|name| {
            json!({ "in": "path", "name": name, "required": true, "schema": { "type": "string" } })
        })
        .collect();
    let mut path = Map::new();
    if !parameters.is_empty() {
        path.insert("parameters".to_owned(), parameters.into());
    }
    path
}

/// Capitalised verb, then the words of the path: `PostAppLogPrivateRawTextId`.
fn operation_id(verb: &str, full_path: &str) -> String {
    let words = full_path.split(|c: char| !c.is_ascii_alphanumeric());
    std::iter::once(verb.to_lowercase().as_str())
        .chain(words)
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_uppercase(), rest.to_owned()]
        })
        .collect()
}

fn security_scheme(policy: &Auth) -> Option<(&'static str, Value)> {
    let cose = |who: &str| {
        json!({
            "type": "http",
            "scheme": "cose_sign1",
            "description": format!(
                "The request body is a COSE_Sign1 envelope with the protected headers of the service, signed by a registered {who}."
            ),
        })
    };
    match policy {
        Auth::UserCoseSign1 => Some(("user_cose_sign1", cose("user"))),
        Auth::MemberCoseSign1 { .. } => Some(("member_cose_sign1", cose("member"))),
        Auth::Jwt => Some((
            "jwt",
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }),
        )),
        _ => None,
    }
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": { "error": {
            "type": "object",
            "properties": {
                "code": { "type": "string", "description": "What is wrong, for programs" },
                "message": { "type": "string", "description": "What is wrong, for people" },
            },
        } },
    })
}

fn forwarding_kinds() -> Value {
    let kinds = [
        (
            Forwarding::Always,
            "A node that is not the primary forwards the request to it.",
        ),
        (
            Forwarding::Sometimes,
            "A node that is not the primary forwards the request to it if an earlier request of the session was forwarded; else it executes it.",
        ),
        (
            Forwarding::Never,
            "The node that receives the request executes it. On a node that is not the primary a write fails.",
        ),
    ];
    kinds
        .into_iter()
        .map(|(kind, description)| {
            let value = json!({ "value": kind.as_str(), "description": description });
            (kind.as_str().to_owned(), value)
        })
        .collect::<Map<_, _>>()
        .into()
}
