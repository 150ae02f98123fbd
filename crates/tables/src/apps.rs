//! JavaScript applications (kv-tables.md 8).

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use quorate_kv::{CodecError, Json, Raw, RawEncoding, Singleton, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encoding::fields;

/// Source of the application's modules, by path (kv-tables.md 8).
pub const MODULES: Table<Raw<String>, Raw<String>> = Table::new("public:ccf.gov.modules");

/// Compiled modules, by path. Never to be executed unless [`MODULES_QUICKJS_VERSION`] is that of the running
/// engine (kv-tables.md 8).
pub const MODULES_QUICKJS_BYTECODE: Table<Raw<String>, Raw<Bytes>> =
    Table::new("public:ccf.gov.modules_quickjs_bytecode");

/// Version of the engine that compiled [`MODULES_QUICKJS_BYTECODE`] (kv-tables.md 8).
pub const MODULES_QUICKJS_VERSION: Singleton<Raw<String>> =
    Singleton::new("public:ccf.gov.modules_quickjs_version");

/// Written whenever the application changes: interpreters made before the last write are outdated. The value
/// says nothing (kv-tables.md 8).
pub const INTERPRETER_FLUSH: Singleton<Json<bool>> =
    Singleton::new("public:ccf.gov.interpreter.flush");

/// Limits of the JavaScript runtime (kv-tables.md 8.1).
pub const JS_RUNTIME_OPTIONS: Singleton<Json<JsRuntimeOptions>> =
    Singleton::new("public:ccf.gov.js_runtime_options");

/// Endpoints of the application (kv-tables.md 8.2).
pub const ENDPOINTS: Table<Raw<EndpointKey>, Json<EndpointProperties>> =
    Table::new("public:ccf.gov.endpoints");

/// Limits of the JavaScript runtime. Constitutions write them verbatim; what they leave out has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsRuntimeOptions {
    /// Heap in bytes.
    pub max_heap_bytes: u64,
    /// Stack in bytes.
    pub max_stack_bytes: u64,
    /// Execution time of one request in milliseconds.
    pub max_execution_time_ms: u64,
    /// Whether exceptions are logged with their stacks.
    pub log_exception_details: bool,
    /// Whether exceptions are told to clients with their stacks.
    pub return_exception_details: bool,
    /// How many interpreters are kept for reuse.
    pub max_cached_interpreters: u64,
}

/// Method and path template of an endpoint; in the table `GET /log/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointKey {
    /// The method, or a pseudo-method of the application.
    pub verb: String,
    /// The path template, with its braces.
    pub uri_path: String,
}

/// How an endpoint is executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointProperties {
    /// Whether the primary must execute it.
    pub forwarding_required: ForwardingRequired,
    /// Who may call it; tried in order.
    pub authn_policies: Vec<AuthnPolicy>,
    /// What it may do with the store.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: EndpointMode,
    /// Path of its module.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub js_module: String,
    /// Name of the exported function.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub js_function: String,
    /// OpenAPI description; null is none.
    #[serde(default, skip_serializing_if = "fields::is_null")]
    pub openapi: Value,
    /// Whether it is left out of the OpenAPI document.
    #[serde(default, skip_serializing_if = "fields::is_false")]
    pub openapi_hidden: bool,
    /// Where a request goes that this node cannot execute.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redirection_strategy: RedirectionStrategy,
    /// Which interpreter may be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter_reuse: Option<InterpreterReuse>,
}

/// Whether the primary must execute a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForwardingRequired {
    /// If it writes, or if the session was forwarded before.
    Sometimes,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A policy that authenticates callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AuthnPolicy {
    /// One policy by its name.
    Named(String),
    /// All of several.
    AllOf {
        /// Their names.
        all_of: Vec<String>,
    },
}

/// What an endpoint may do with the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointMode {
    /// Read and write.
    #[default]
    ReadWrite,
    /// Read.
    ReadOnly,
    /// Read the state at an earlier transaction.
    Historical,
}

/// Where a request goes that this node cannot execute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectionStrategy {
    /// Nowhere.
    None,
    /// To the primary.
    #[default]
    ToPrimary,
    /// To a backup.
    ToBackup,
}

/// Which interpreter may be used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterpreterReuse {
    /// Endpoints with the same key share interpreters.
    pub key: String,
}

impl Default for JsRuntimeOptions {
    fn default() -> Self {
        Self {
            max_heap_bytes: 100 << 20,
            max_stack_bytes: 1 << 20,
            max_execution_time_ms: 5_000,
            log_exception_details: false,
            return_exception_details: false,
            max_cached_interpreters: 10,
        }
    }
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.uri_path)
    }
}

impl RawEncoding for EndpointKey {
    fn to_raw(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.to_string().into_bytes())
    }

    fn from_raw(bytes: &[u8]) -> Result<Self, CodecError> {
        let text = String::from_raw(bytes)?;
        let (verb, uri_path) = text
            .split_once(' ')
            .ok_or_else(|| CodecError("expected <VERB> <path>, separated by a space".to_owned()))?;
        Ok(Self {
            verb: verb.to_owned(),
            uri_path: uri_path.to_owned(),
        })
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
