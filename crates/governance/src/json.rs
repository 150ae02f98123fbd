//! Reading the JSON payloads of signed requests. The texts of refusals begin as those that clients
//! of the API know (governance-api.md 1.3: "message is the parser's text").

use serde_json::Value;

use crate::error::GovernanceError;

/// Parses a payload. Nesting is bounded by the parser.
pub(crate) fn parse(payload: &[u8]) -> Result<Value, GovernanceError> {
    serde_json::from_slice(payload).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let position = format!(" at line {line} column {column}");
        let cause = text
            .strip_suffix(position.as_str())
            .unwrap_or(text.as_str());
        GovernanceError::InvalidInput(format!(
            "[json.exception.parse_error.101] parse error at line {line}, column {column}: \
             syntax error while parsing value - {cause}"
        ))
    })
}

/// The text member `field` of a parsed payload.
pub(crate) fn text_field<'a>(value: &'a Value, field: &str) -> Result<&'a str, GovernanceError> {
    let Value::Object(members) = value else {
        return Err(GovernanceError::InvalidInput(format!(
            "[json.exception.type_error.305] cannot use operator[] with a string argument with {}",
            type_name(value)
        )));
    };
    match members.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(GovernanceError::InvalidInput(format!(
            "[json.exception.type_error.302] type must be string, but is {}",
            type_name(other)
        ))),
        None => Err(GovernanceError::InvalidInput(format!(
            "Signed request body is not a JSON object containing required string field \"{field}\""
        ))),
    }
}

/// The type of a JSON value as refusals name it.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_error_names_line_and_column() {
        let text = parse(b"nope").unwrap_err().to_string();
        assert!(
            text.starts_with("[json.exception.parse_error.101] parse error at line 1, column 2: "),
            "{text}"
        );
        assert!(!text.ends_with("column 2"), "{text}");
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn text_field_says_what_it_found() {
        let check = |payload: &str, expected: Result<&str, &str>| {
            let value = parse(payload.as_bytes()).unwrap();
            let got = text_field(&value, "stateDigest").map_err(|error| error.to_string());
            assert_eq!(got, expected.map_err(String::from), "{payload}");
        };
        check(r#"{"stateDigest":"ab","memberId":1}"#, Ok("ab"));
        check(
            r#"{"stateDigest": 5}"#,
            Err("[json.exception.type_error.302] type must be string, but is number"),
        );
        check(
            "5",
            Err(
                "[json.exception.type_error.305] cannot use operator[] with a string argument \
                 with number",
            ),
        );
        check(
            "{}",
            Err(
                "Signed request body is not a JSON object containing required string field \
                 \"stateDigest\"",
            ),
        );
    }
}
