//! The errors of this crate, and the texts that operators see.

use std::fmt::Write as _;

use crate::limits;

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text is not JSON, or too large. The file may still be in the making (`--config-timeout`).
    #[error("{0}")]
    Syntax(String),
    /// The JSON does not follow the schema. Every mistake is listed.
    #[error("{}", blocks(.0))]
    Schema(Vec<SchemaError>),
    /// A value has the right JSON type, but cannot be used.
    #[error("{problem} (at {field}, value {value}; valid: {valid})")]
    Value {
        /// Path of the field, such as `ledger.chunk_size`.
        field: String,
        /// The value as JSON.
        value: String,
        /// What is wrong; begins with the text of the contract where it has one.
        problem: String,
        /// What would be accepted.
        valid: String,
    },
    /// Something of the contract that Quorate does not do.
    #[error("{feature} is not supported: {field} of interface '{interface}' must be {valid}")]
    Unsupported {
        /// Name of the interface.
        interface: String,
        /// The field that asks for it.
        field: &'static str,
        /// What is asked for.
        feature: String,
        /// What would be accepted.
        valid: &'static str,
    },
}

/// One mistake found by the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// Where: `<root>[network][rpc_interfaces]`.
    pub context: String,
    /// What, and what would be accepted.
    pub message: String,
}

impl ConfigError {
    /// The text for standard error, with the name of the file (node-and-operations.md 1.3).
    pub fn describe(&self, file: &str) -> String {
        match self {
            ConfigError::Syntax(text) => format!("Error parsing configuration file {file}: {text}"),
            ConfigError::Schema(errors) => {
                format!(
                    "Error validating JSON schema for configuration file {file}: {}",
                    blocks(errors)
                )
            }
            ConfigError::Value { .. } | ConfigError::Unsupported { .. } => self.to_string(),
        }
    }
}

fn blocks(errors: &[SchemaError]) -> String {
    let mut text = String::new();
    for (i, error) in errors.iter().take(limits::MAX_LISTED_ERRORS).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nError #{}:\n  context: {}\n  message: {}",
            i + 1,
            error.context,
            error.message
        );
    }
    if errors.len() > limits::MAX_LISTED_ERRORS {
        let _ = write!(
            text,
            "\nand {} more",
            errors.len() - limits::MAX_LISTED_ERRORS
        );
    }
    text
}
