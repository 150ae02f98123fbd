//! The JSON adapter (apps-and-endpoints.md 4.4): JSON in, `accept`, JSON out.

use quorate_http::{Request, Response};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::{
    context::header,
    endpoint::ignores_body,
    error::{ApiError, code},
    limits::ACCEPT_ENTRIES_MAX,
    reply,
};

/// Parses the body; `{}` stands for that of a GET and for an empty one.
///
/// # Errors
/// 400 `InvalidInput`.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    let bytes: &[u8] = if ignores_body(request) {
        b"{}"
    } else {
        &request.body
    };
    Ok(serde_json::from_slice(bytes)?)
}

/// Refuses a body that is not JSON, for endpoints that do not look at it.
///
/// # Errors
/// 400 `InvalidInput`.
pub fn check_body(request: &Request) -> Result<(), ApiError> {
    if !ignores_body(request) {
        serde_json::from_slice::<IgnoredAny>(&request.body)?;
    }
    Ok(())
}

/// 200 with the value, or 204 for `null`.
///
/// # Errors
/// 406 if the client accepts no JSON, 400 if its `accept` is malformed.
pub fn respond(request: &Request, value: &Value) -> Result<Response, ApiError> {
    if value.is_null() {
        return Ok(reply::empty(204));
    }
    check_accept(request)?;
    Ok(reply::json(200, value))
}

/// Whether the client accepts JSON.
///
/// # Errors
/// 406 if it does not, 400 if its `accept` is malformed.
pub fn check_accept(request: &Request) -> Result<(), ApiError> {
    if request.headers.get("accept").is_none() {
        return Ok(());
    }
    let refused = |accept: &str| {
        ApiError::new(
            406,
            code::UNSUPPORTED_CONTENT_TYPE,
            format!(
                "No supported content type in accept header: {accept}\nOnly application/json is currently supported"
            ),
        )
    };
    let Some(accept) = header(request, "accept") else {
        return Err(refused("(not text)"));
    };
    let compact: String = accept.chars().filter(|c| *c != ' ').collect();
    if compact.is_empty() || compact.split(',').count() > ACCEPT_ENTRIES_MAX {
        return Err(refused(accept));
    }
    let mut accepted = false;
    for entry in compact.split(',') {
        // All entries are looked at: a malformed one is refused wherever it stands.
        accepted |= accepts_json(entry)?;
    }
    if accepted {
        Ok(())
    } else {
        Err(refused(accept))
    }
}

/// One `type/subtype[;q=float]`. Any other parameter stays part of the subtype, which then does
/// not match; `q=0` matches all the same.
fn accepts_json(entry: &str) -> Result<bool, ApiError> {
    let malformed =
        |what: &str| ApiError::new(400, code::INVALID_HEADER_VALUE, format!("{what}: {entry}"));
    let Some((kind, rest)) = entry.split_once('/') else {
        return Err(malformed("Entry in Accept header is not a valid MIME type"));
    };
    let (subtype, quality) = match rest.split_once(";q=") {
        Some((subtype, quality)) => (subtype, Some(quality)),
        None => (rest, None),
    };
    if quality.is_some_and(|quality| quality.parse::<f32>().is_err()) {
        return Err(malformed(
            "Could not parse q-factor from MIME type in Accept header",
        ));
    }
    Ok(matches!(kind, "*" | "application") && matches!(subtype, "*" | "json"))
}

#[cfg(test)]
mod tests;
