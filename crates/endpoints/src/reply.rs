//! Makes responses. Whether a request may have them is decided elsewhere.

use bytes::Bytes;
use quorate_http::Response;
use serde_json::Value;

/// Content type of JSON.
pub const JSON: &str = "application/json";
/// Content type of plain text.
pub const TEXT: &str = "text/plain";
/// Content type of scripts.
pub const JAVASCRIPT: &str = "text/javascript";

/// No body, no content type.
pub fn empty(status: u16) -> Response {
    Response::new(status, Bytes::new())
}

/// A body without a content type.
pub fn bytes(status: u16, body: impl Into<Bytes>) -> Response {
    Response::new(status, body)
}

/// A body with a content type.
pub fn typed(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = bytes(status, body);
    response.headers.set("content-type", content_type);
    response
}

/// `text/plain`.
pub fn text(status: u16, body: impl Into<String>) -> Response {
    typed(status, TEXT, body.into())
}

/// Compact JSON with sorted members.
pub fn json(status: u16, value: &Value) -> Response {
    typed(status, JSON, value.to_string())
}
