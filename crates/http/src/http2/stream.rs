//! One stream: its request, its limits, its response.

use std::sync::Arc;

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderName, HeaderValue, Method, request::Parts};
use tokio::time::timeout;

use super::Executing;
use crate::{
    connection::Shared,
    headers::Headers,
    limits,
    message::{Reply, Request, Response},
    parser::Refusal,
    refusal,
    session::Session,
    settings::HttpLimits,
    status::is_bodiless,
    writer::sendable,
};

/// What a stream means for its connection.
pub(super) enum Answer {
    /// Nothing.
    Sent,
    /// It closes.
    Last,
}

/// Answers a stream of a connection beyond the soft cap.
pub(super) fn refuse(respond: SendResponse<Bytes>) {
    send(respond, &refusal::busy(), false);
}

/// Reads a request, has it answered, and sends the response.
pub(super) async fn run(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    session: Arc<Session>,
    shared: Arc<Shared>,
    executing: Executing,
) -> Answer {
    let (head, body) = request.into_parts();
    let to_head = head.method == Method::HEAD;
    let time = limits::body_time(shared.limits.max_body_size.bytes);
    let received = match timeout(time, receive(head, body, &shared.limits)).await {
        Ok(received) => received,
        Err(_) => Err(Failure::Stream),
    };
    let response = match received {
        Ok((head, headers, body)) => {
            let request = Request {
                target: target(&head),
                method: head.method,
                headers,
                body,
                session,
            };
            let executing = executing.begin();
            let response = match shared.service.call(request) {
                Reply::Now(response) => response,
                Reply::Later(response) => response.await,
            };
            drop(executing);
            response
        }
        Err(Failure::Refused(refusal)) => {
            shared.metrics.refused(refusal.kind());
            refusal.response(&[])
        }
        Err(Failure::Stream) => {
            respond.send_reset(Reason::CANCEL);
            return Answer::Sent;
        }
    };
    send(respond, &response, to_head);
    if response.close {
        Answer::Last
    } else {
        Answer::Sent
    }
}

enum Failure {
    Refused(Refusal),
    /// The stream was reset, or is too slow.
    Stream,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<h2::Error> for Failure {
    fn from(_: h2::Error) -> Self {
        Self::Stream
    }
}

async fn receive(
    head: Parts,
    mut body: RecvStream,
    http: &HttpLimits,
) -> Result<(Parts, Headers, Bytes), Failure> {
    let headers = headers(&head, http)?;
    let too_large = || Failure::Refused(Refusal::BodyTooLarge(http.max_body_size.text.clone()));
    let announced = headers
        .get_str("content-length")
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > http.max_body_size.bytes) {
        return Err(too_large());
    }
    let mut received = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        if received.len() as u64 + piece.len() as u64 > http.max_body_size.bytes {
            return Err(too_large());
        }
        received.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len())?;
    }
    // Checked, and dropped as with HTTP/1.
    body.trailers().await?;
    Ok((head, headers, Bytes::from(received)))
}

/// Pseudo-headers count among the others.
fn headers(head: &Parts, http: &HttpLimits) -> Result<Headers, Refusal> {
    let uri = &head.uri;
    let path = target(head);
    let pseudo = [
        (":method", Some(head.method.as_str())),
        (":scheme", uri.scheme_str()),
        (
            ":authority",
            uri.authority().map(|authority| authority.as_str()),
        ),
        (
            ":path",
            (head.method != Method::CONNECT).then_some(path.as_str()),
        ),
    ];
    let pseudo = pseudo
        .iter()
        .filter_map(|(name, value)| value.map(|value| (*name, value.as_bytes())));
    let fields = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut headers = Headers::new();
    for (count, (name, value)) in pseudo.chain(fields).enumerate() {
        check(count, name, value, http)?;
        headers.begin();
        headers.push_name(name.as_bytes());
        headers.push_value(value);
        headers.commit();
    }
    headers.finish();
    Ok(headers)
}

fn check(before: usize, name: &str, value: &[u8], http: &HttpLimits) -> Result<(), Refusal> {
    let size = &http.max_header_size;
    let too_large = |what: &str| {
        Refusal::HeaderTooLarge(format!(
            "Header {what} for '{name}' is too large (max size allowed: {size})"
        ))
    };
    if before as u64 >= u64::from(http.max_headers_count) {
        return Err(Refusal::HeaderTooLarge(format!(
            "Too many headers (max number allowed: {})",
            http.max_headers_count
        )));
    }
    if name.len() as u64 > size.bytes {
        return Err(too_large("key"));
    }
    if value.len() as u64 > size.bytes {
        return Err(too_large("value"));
    }
    Ok(())
}

/// `:path`; for `CONNECT`, which has none, the authority.
fn target(head: &Parts) -> String {
    match head.uri.path_and_query() {
        Some(path) => path.as_str().to_owned(),
        None => head
            .uri
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}

fn send(mut respond: SendResponse<Bytes>, response: &Response, to_head: bool) {
    let response = sendable(response);
    let length = if is_bodiless(response.status) {
        0
    } else {
        response.body.len()
    };
    let mut head = http::Response::new(());
    // `sendable` has seen to it that all of these can be converted.
    if let Ok(status) = http::StatusCode::from_u16(response.status) {
        *head.status_mut() = status;
    }
    let fields = head.headers_mut();
    fields.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    for (name, value) in response.headers.iter() {
        if name == "content-length" && !to_head || is_connection_specific(name) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            fields.insert(name, value);
        }
    }
    let alone = length == 0 || to_head;
    // If the client has reset the stream, nobody wants the response.
    if let Ok(mut stream) = respond.send_response(head, alone)
        && !alone
    {
        let _ = stream.send_data(response.body.clone(), true);
    }
}

/// RFC 9113 8.2.2: these must not be sent.
fn is_connection_specific(name: &str) -> bool {
    matches!(
        name,
        "connection" | "proxy-connection" | "keep-alive" | "transfer-encoding" | "upgrade"
    )
}
