//! The JavaScript application as it was deployed (governance-api.md 3.16, 3.17).

use std::collections::BTreeMap;

use quorate_kv::{Json, Raw, Table, Tx};
use quorate_tables::{ENDPOINTS, EndpointKey, EndpointProperties, MODULES};
use serde::Serialize;
use serde_json::{Value, json};

use super::Collection;
use crate::error::GovernanceError;

/// The endpoints with all that the bundle said of them, also what native code does not read.
const ENDPOINTS_AS_STORED: Table<Raw<EndpointKey>, Json<Value>> = Table::new(ENDPOINTS.name());

/// A module of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleView {
    /// Its name, with a leading `/`.
    pub module_name: String,
}

/// `GET /service/javascript-app`: path, then verb, then the properties of the operation. `case` is
/// the query parameter: with `original`, operations are shown as they are stored.
///
/// # Errors
/// Another `case`, or a table that cannot be read.
pub fn javascript_app(tx: &mut Tx, case: Option<&str>) -> Result<Value, GovernanceError> {
    let original = match case {
        None => false,
        Some("original") => true,
        Some(_) => {
            return Err(GovernanceError::InvalidQueryParameter {
                name: "case",
                accepted: "original",
            });
        }
    };
    let operations: Vec<(EndpointKey, Value)> = if original {
        ENDPOINTS_AS_STORED.entries(tx)?
    } else {
        let endpoints = ENDPOINTS.entries(tx)?.into_iter();
        endpoints
            .map(|(key, properties)| (key, operation(&properties)))
            .collect()
    };
    let mut endpoints: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (key, operation) in operations {
        let verbs = endpoints.entry(key.uri_path).or_default();
        verbs.insert(key.verb, operation);
    }
    Ok(json!({ "endpoints": endpoints }))
}

/// All modules.
///
/// # Errors
/// A table that cannot be read.
pub fn javascript_modules(tx: &mut Tx) -> Result<Collection<ModuleView>, GovernanceError> {
    let modules = MODULES.entries(tx)?;
    Ok(Collection {
        value: modules
            .into_iter()
            .map(|(module_name, _)| ModuleView { module_name })
            .collect(),
    })
}

/// The source of a module, by its percent-decoded name.
///
/// # Errors
/// There is no such module.
pub fn javascript_module(tx: &mut Tx, module: &str) -> Result<String, GovernanceError> {
    MODULES
        .get(tx, &module.to_owned())?
        .ok_or_else(|| GovernanceError::ModuleNotFound {
            module: module.to_owned(),
        })
}

/// An operation in the spelling of the API, defaults filled in.
fn operation(properties: &EndpointProperties) -> Value {
    json!({
        "jsModule": properties.js_module,
        "jsFunction": properties.js_function,
        "forwardingRequired": properties.forwarding_required,
        "redirectionStrategy": properties.redirection_strategy,
        "authnPolicies": properties.authn_policies,
        "mode": properties.mode,
        "openApi": properties.openapi,
    })
}
