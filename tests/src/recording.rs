//! Comparing an answer with a recorded one, but for what differs from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Response;

/// Values of this run for the placeholders of a recording, `{{name}}`.
#[derive(Default)]
pub struct Placeholders {
    values: BTreeMap<String, String>,
    replaced: Vec<(String, String)>,
}

impl Placeholders {
    /// Sets the value of a placeholder.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values
            .insert(format!("{{{{{name}}}}}"), value.to_owned());
    }

    /// A recorded text that has another value in this run, though it is not marked as a placeholder.
    pub fn replace(&mut self, recorded: &str, value: &str) {
        self.replaced.push((recorded.to_owned(), value.to_owned()));
    }

    /// A text with the values of this run.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in self
            .values
            .iter()
            .chain(self.replaced.iter().map(|(a, b)| (a, b)))
        {
            filled = filled.replace(name, value);
        }
        filled
    }

    /// A text within JSON, where the values are escaped.
    pub fn fill_json_text(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.values {
            let quoted = Value::from(value.clone()).to_string();
            filled = filled.replace(name, &quoted[1..quoted.len() - 1]);
        }
        filled
    }

    fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, item)| (self.fill(key), self.fill_value(item)))
                .collect(),
            other => other.clone(),
        }
    }
}

/// What is not compared: JSON pointers into the body.
pub type Ignored<'a> = &'a [&'a str];

/// How an answer differs from the recorded one; empty if not at all.
pub fn differences(
    recorded: &Value,
    found: &Response,
    values: &Placeholders,
    ignored: Ignored<'_>,
) -> Vec<String> {
    let mut result = Vec::new();
    let mut compare = |what: &str, recorded: String, found: String| {
        if recorded != found {
            result.push(format!("{what}\n  recorded {recorded}\n  found    {found}"));
        }
    };
    compare(
        "status",
        recorded["status"].to_string(),
        found.status.to_string(),
    );

    let names = |keys: Vec<&String>| {
        keys.iter()
            .map(|key| key.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let headers = recorded["headers"].as_object().expect("recorded headers");
    compare(
        "headers",
        names(headers.keys().collect()),
        names(found.headers.keys().collect()),
    );
    for (name, value) in headers {
        let value = value.as_str().expect("a header");
        let found_value = found.header(name).unwrap_or_default();
        match name.as_str() {
            "content-length" if found.body.is_empty() => {
                compare(name, value.to_owned(), found_value.to_owned());
            }
            "content-length" => compare(name, found.body.len().to_string(), found_value.to_owned()),
            "x-ms-ccf-transaction-id" => {
                let shape = |id: &str| id.replace(|c: char| c.is_ascii_digit(), "");
                compare(name, shape(value), shape(found_value));
            }
            _ => compare(name, values.fill(value), found_value.to_owned()),
        }
    }

    // A text with placeholders is the JSON text of a proposal.
    if let Some(template) = recorded.get("body_text_template").and_then(Value::as_str) {
        compare("body", values.fill_json_text(template), found.text());
        return result;
    }
    if let Some(text) = recorded.get("body_text").and_then(Value::as_str) {
        compare("body", text.to_owned(), found.text());
        return result;
    }
    let Some(body) = recorded
        .get("body_template")
        .or_else(|| recorded.get("body"))
    else {
        return result;
    };
    if body.is_null() {
        compare("body", String::new(), found.text());
        return result;
    }
    let Ok(mut found_body) = serde_json::from_slice::<Value>(&found.body) else {
        compare("body", body.to_string(), found.text());
        return result;
    };
    let mut expected = values.fill_value(body);

    let run_specific = recorded["run_specific"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let unmarked = run_specific
        .filter_map(|path| path.strip_prefix("body"))
        .filter(|pointer| body.pointer(pointer) == recorded["body"].pointer(pointer));
    for pointer in unmarked.chain(ignored.iter().copied()) {
        remove(&mut expected, pointer);
        remove(&mut found_body, pointer);
    }
    if let Some(prefix) = recorded["error_message_stable_prefix"].as_str() {
        // The text after the name of a syntax error is that of the engine (js-runtime.md 1.1).
        const SYNTAX_ERROR: &str = "SyntaxError: ";
        let end = prefix
            .find(SYNTAX_ERROR)
            .map_or(prefix.len(), |at| at + SYNTAX_ERROR.len());
        let prefix = &prefix[..end];
        let message = found_body
            .pointer("/error/message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if message.starts_with(&values.fill(prefix)) {
            remove(&mut expected, "/error/message");
            remove(&mut found_body, "/error/message");
        }
    }
    for body in [&mut expected, &mut found_body] {
        sort_collections(body);
        remove_traces(body);
        // Tokens are admitted by later work, and their refusal is no part of an answer until then.
        if let Some(details) = body
            .pointer_mut("/error/details")
            .and_then(Value::as_array_mut)
        {
            details.retain(|detail| detail["auth_policy"] != "jwt");
        }
    }
    compare("body", expected.to_string(), found_body.to_string());
    result
}

fn remove(value: &mut Value, pointer: &str) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = Value::Null;
    }
}

/// Line numbers and traces of JavaScript errors are not part of the contract.
fn remove_traces(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("trace");
            map.values_mut().for_each(remove_traces);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_traces),
        _ => {}
    }
}

/// The order of elements in collections is not part of the contract.
fn sort_collections(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                sort_collections(item);
                let unordered = [
                    "value",
                    "nodes",
                    "measurements",
                    "hostData",
                    "quotes",
                    "attestations",
                ];
                if let (true, Value::Array(items)) = (unordered.contains(&key.as_str()), item) {
                    items.sort_by_key(Value::to_string);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sort_collections),
        _ => {}
    }
}
