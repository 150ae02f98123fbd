//! What an accepted configuration contains without effect. A node logs these at info.

use std::fmt;

/// One thing that the operator should know about an accepted configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// An unknown key at a place where unknown keys are ignored (node-and-operations.md 2.1).
    UnknownKeyIgnored {
        /// Where: `<root>[command]`.
        context: String,
        /// The key.
        key: String,
    },
    /// A known key that has no effect.
    KeyIgnored {
        /// Path of the key, such as `enclave`.
        field: String,
        /// Why.
        reason: &'static str,
    },
    /// A time or size of which only the leading digits count, such as `1.5s`.
    TextCutOff {
        /// Path of the field.
        field: String,
        /// The text.
        text: String,
        /// What was read.
        read: String,
    },
    /// A time without unit, which is in microseconds.
    TimeWithoutUnit {
        /// Path of the field.
        field: String,
        /// The text.
        text: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::UnknownKeyIgnored { context, key } => {
                write!(
                    f,
                    "Configuration key '{key}' in {context} is unknown and ignored"
                )
            }
            Note::KeyIgnored { field, reason } => {
                write!(f, "Configuration key {field} is ignored: {reason}")
            }
            Note::TextCutOff { field, text, read } => {
                write!(
                    f,
                    "Configuration value \"{text}\" of {field} is read as \"{read}\""
                )
            }
            Note::TimeWithoutUnit { field, text } => {
                write!(
                    f,
                    "Configuration value \"{text}\" of {field} has no unit: it is in microseconds"
                )
            }
        }
    }
}
