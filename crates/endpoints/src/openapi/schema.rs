//! Named JSON schemas, put together in code.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A named schema. Documents refer to it by name and hold its definition once.
#[derive(Clone, Debug)]
pub struct Schema {
    name: String,
    definition: Map<String, Value>,
    parts: Vec<Schema>,
}

impl Schema {
    fn new(name: impl Into<String>, definition: Value) -> Self {
        let Value::Object(definition) = definition else {
            return Self {
                name: name.into(),
                definition: Map::new(),
                parts: Vec::new(),
            };
        };
        Self {
            name: name.into(),
            definition,
            parts: Vec::new(),
        }
    }

    /// A schema of one's own that refers to no other; `definition` is an object.
    pub fn named(name: &str, definition: Value) -> Self {
        Self::new(name, definition)
    }

    /// Any JSON.
    pub fn json() -> Self {
        Self::new("json", json!({}))
    }

    /// A text.
    pub fn string() -> Self {
        Self::new("string", json!({ "type": "string" }))
    }

    /// `true` or `false`.
    pub fn boolean() -> Self {
        Self::new("boolean", json!({ "type": "boolean" }))
    }

    /// An integer from 0 to 2^64 - 1.
    pub fn uint64() -> Self {
        Self::new(
            "uint64",
            json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
        )
    }

    /// An integer from 0 to 2^32 - 1.
    pub fn uint32() -> Self {
        Self::new(
            "uint32",
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        )
    }

    /// A text in base64.
    pub fn base64() -> Self {
        Self::new(
            "base64string",
            json!({ "type": "string", "format": "base64" }),
        )
    }

    /// A PEM text.
    pub fn pem() -> Self {
        Self::new("Pem", json!({ "type": "string" }))
    }

    /// A transaction id.
    pub fn transaction_id() -> Self {
        Self::pattern("TransactionId", "^[0-9]+\\.[0-9]+$")
    }

    /// A node id.
    pub fn node_id() -> Self {
        Self::new(
            "NodeId",
            json!({ "type": "string", "format": "hex", "pattern": "^[a-f0-9]{64}$" }),
        )
    }

    /// A text that matches a regular expression.
    pub fn pattern(name: &str, pattern: &str) -> Self {
        Self::new(name, json!({ "type": "string", "pattern": pattern }))
    }

    /// One of some texts.
    pub fn enumeration(name: &str, values: &[&str]) -> Self {
        Self::new(name, json!({ "type": "string", "enum": values }))
    }

    /// A list.
    pub fn array(item: Schema) -> Self {
        let name = format!("{}_array", item.name);
        Self::new(name, json!({ "type": "array", "items": item.reference() })).with_part(item)
    }

    /// An object with keys of the kind `key` and values of one schema.
    pub fn map(key: &str, value: Schema) -> Self {
        let name = format!("{key}_to_{}", value.name);
        let definition = json!({ "type": "object", "additionalProperties": value.reference() });
        Self::new(name, definition).with_part(value)
    }

    /// An object with named members, which [`Schema::required`] and [`Schema::optional`] add.
    pub fn object(name: &str) -> Self {
        Self::new(name, json!({ "type": "object", "properties": {} }))
    }

    /// Adds a member that is always there.
    #[must_use]
    pub fn required(mut self, member: &str, schema: Schema) -> Self {
        if let Value::Array(required) = self
            .definition
            .entry("required")
            .or_insert_with(|| json!([]))
        {
            required.push(member.into());
        }
        self.optional(member, schema)
    }

    /// Adds a member that may be absent.
    #[must_use]
    pub fn optional(mut self, member: &str, schema: Schema) -> Self {
        if let Some(Value::Object(properties)) = self.definition.get_mut("properties") {
            properties.insert(member.to_owned(), schema.reference());
        }
        self.with_part(schema)
    }

    /// The name in documents.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn reference(&self) -> Value {
        json!({ "$ref": format!("#/components/schemas/{}", self.name) })
    }

    /// Puts the definition of this schema, and of all that it refers to, into `components`.
    pub(super) fn collect(&self, components: &mut BTreeMap<String, Value>) {
        for part in &self.parts {
            part.collect(components);
        }
        components
            .entry(self.name.clone())
            .or_insert_with(|| Value::Object(self.definition.clone()));
    }

    fn with_part(mut self, part: Schema) -> Self {
        self.parts.push(part);
        self
    }
}
