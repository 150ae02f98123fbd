//! What this crate itself answers: refusals of the parser and of the session caps
//! (apps-and-endpoints.md 4.1, 9.3, 9.5).

use bytes::Bytes;

use crate::{headers::Headers, message::Response, metrics::RefusalKind, parser::Refusal};

/// Error codes (apps-and-endpoints.md 4.2).
pub(crate) mod code {
    pub(crate) const HEADER: &str = "RequestHeaderTooLarge";
    pub(crate) const BODY: &str = "RequestBodyTooLarge";
    pub(crate) const BUSY: &str = "SessionCapExhausted";
    pub(crate) const INTERNAL: &str = "InternalError";
}

impl Refusal {
    /// What the client is told. `chunk` is what was being parsed, whole and unchanged.
    pub fn response(&self, chunk: &[u8]) -> Response {
        let text = self.to_string();
        let mut response = match self {
            Self::HeaderTooLarge(_) => error(431, code::HEADER, &text),
            Self::BodyTooLarge(_) => error(413, code::BODY, &text),
            Self::Malformed { .. } => {
                let mut body = format!(
                    "Unable to parse data as a HTTP request. Error message is: {text}\nError occurred while parsing fragment:\n"
                )
                .into_bytes();
                body.extend_from_slice(chunk);
                let headers = Headers::from_iter([("content-type", "text/plain")]);
                Response {
                    status: 400,
                    headers,
                    body: Bytes::from(body),
                    close: true,
                }
            }
        };
        response.close = true;
        response
    }

    /// Under what it is counted.
    pub(crate) fn kind(&self) -> RefusalKind {
        match self {
            Self::Malformed { .. } => RefusalKind::Parsing,
            Self::HeaderTooLarge(_) => RefusalKind::HeaderTooLarge,
            Self::BodyTooLarge(_) => RefusalKind::PayloadTooLarge,
        }
    }
}

/// The answer of a session beyond the soft cap.
pub(crate) fn busy() -> Response {
    let mut response = error(
        503,
        code::BUSY,
        "Service is currently busy and unable to serve new connections",
    );
    response.close = true;
    response
}

/// An error body. serde_json's maps are sorted by name.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "error": { "code": code, "message": message } });
    let headers = Headers::from_iter([("content-type", "application/json")]);
    Response {
        status,
        headers,
        body: Bytes::from(body.to_string()),
        close: false,
    }
}
