use quorate_http::Method;
use serde_json::{Value, json};

use super::*;
use crate::{auth::Auth, endpoint::Endpoint, reply};

fn made(prefix: Prefix, endpoints: Vec<Endpoint>) -> Frontend {
    let info = ApiInfo::new("Title", "Description", "1.2.3");
    let mut frontend = Frontend::without_common_endpoints(prefix, info);
    for endpoint in endpoints {
        frontend.add(endpoint).unwrap();
    }
    frontend
}

fn endpoint(method: Method, path: &str) -> Endpoint {
    Endpoint::new(method, path, |_| Ok(reply::empty(200))).auth([])
}

fn record() -> Schema {
    Schema::object("Record")
        .required("id", Schema::uint64())
        .optional("tags", Schema::array(Schema::string()))
        .required("by_node", Schema::map("NodeId", Schema::boolean()))
}

#[test]
fn apps_10_3_an_operation_as_declared() {
    let frontend = made(
        Prefix::App,
        vec![
            endpoint(Method::POST, "/log/raw_text/{id}/x-{other}")
                .auth([Auth::UserCert, Auth::UserCoseSign1, Auth::NoAuth])
                .operation(
                    Operation::new()
                        .summary("S")
                        .description("D")
                        .deprecated()
                        .query("q", Schema::uint64())
                        .optional_query("o", Schema::string())
                        .request(record())
                        .response(Schema::boolean())
                        .status(204),
                ),
        ],
    );
    let document = document(&frontend, None);
    let path = &document["paths"]["/app/log/raw_text/{id}/x-{other}"];
    let parameter = |place: &str, name: &str, required: bool, schema: Value| json!({ "in": place, "name": name, "required": required, "schema": schema });
    let text = json!({ "type": "string" });
    assert_eq!(
        path["parameters"],
        json!([
            parameter("path", "id", true, text.clone()),
            parameter("path", "other", true, text)
        ])
    );
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    assert_eq!(
        path["post"],
        json!({
            "operationId": "PostAppLogRawTextIdXOther",
            "summary": "S",
            "description": "D",
            "deprecated": true,
            "parameters": [
                parameter("query", "q", true, reference("uint64")),
                parameter("query", "o", false, reference("string")),
            ],
            "requestBody": {
                "description": "The request body",
                "content": { "application/json": { "schema": reference("Record") } },
            },
            "responses": {
                "200": {
                    "description": "Success",
                    "content": { "application/json": { "schema": reference("boolean") } },
                },
                "204": { "description": "Success" },
                "default": { "$ref": "#/components/responses/default" },
            },
            "security": [{ "user_cose_sign1": [] }, {}],
            "x-ccf-forwarding": { "$ref": "#/components/x-ccf-forwarding/always" },
        })
    );
    assert_eq!(document["openapi"], "3.0.0");
    assert_eq!(
        document["info"],
        json!({ "title": "Title", "description": "Description", "version": "1.2.3" })
    );
    let components = &document["components"];
    assert_eq!(
        components["schemas"]["Record"],
        json!({
            "type": "object",
            "properties": {
                "id": reference("uint64"),
                "tags": reference("string_array"),
                "by_node": reference("NodeId_to_boolean"),
            },
            "required": ["id", "by_node"],
        })
    );
    assert_eq!(
        components["schemas"]["string_array"],
        json!({ "type": "array", "items": reference("string") })
    );
    assert_eq!(
        components["schemas"]["NodeId_to_boolean"],
        json!({ "type": "object", "additionalProperties": reference("boolean") })
    );
    assert_eq!(
        components["schemas"]["uint64"],
        json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX })
    );
    assert!(components["securitySchemes"]["user_cose_sign1"].is_object());
    assert!(components["x-ccf-forwarding"]["never"]["description"].is_string());
}

/// Every `$ref` of a document leads somewhere.
fn check_references(value: &Value, document: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members
                .values()
                .for_each(|member| check_references(member, document));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| check_references(item, document)),
        _ => {}
    }
}

#[test]
fn apps_10_3_the_documents_of_the_common_endpoints() {
    for (prefix, name) in [
        (Prefix::App, "App"),
        (Prefix::Node, "Node"),
        (Prefix::Gov, "Gov"),
    ] {
        let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
        let document = document(&frontend, None);
        check_references(&document, &document);
        let at = |path: &str| &document["paths"][format!("{}{path}", prefix.as_str())]["get"];
        assert_eq!(at("/commit")["operationId"], format!("Get{name}Commit"));
        assert_eq!(at("/receipt")["parameters"][0]["name"], "transaction_id");
        assert_eq!(
            document["components"]["schemas"]["GetTxStatus__Out"]["required"],
            json!(["transaction_id", "status"])
        );
        assert_eq!(document["info"]["title"], "Empty title");
        assert_eq!(document["servers"], json!([]));
        assert!(document["components"].get("securitySchemes").is_none());
    }
}

#[test]
fn hidden_endpoints_and_those_of_other_versions_are_left_out() {
    let frontend = made(
        Prefix::Gov,
        vec![
            endpoint(Method::GET, "/plain"),
            endpoint(Method::GET, "/hidden").hidden(),
            endpoint(Method::GET, "/old").versioned(ApiVersion::Preview20230601),
            endpoint(Method::GET, "/new").versioned(ApiVersion::V20240701),
        ],
    );
    let paths = |version| {
        let document = document(&frontend, version);
        let paths: Vec<String> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        paths
    };
    assert_eq!(paths(None), ["/gov/plain"]);
    assert_eq!(paths(Some(ApiVersion::Preview20230601)), ["/gov/old"]);
    assert_eq!(paths(Some(ApiVersion::V20240701)), ["/gov/new", "/gov/old"]);
    let document = document(&frontend, Some(ApiVersion::V20240701));
    assert_eq!(
        document["paths"]["/gov/old"]["get"]["parameters"],
        json!([{
            "in": "query",
            "name": "api-version",
            "required": true,
            "schema": { "$ref": "#/components/schemas/string" },
        }])
    );
    check_references(&document, &document);
}
