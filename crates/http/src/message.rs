//! Requests, responses, and the trait that turns one into the other.

use std::{fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::Method;

use crate::{headers::Headers, session::Session};

/// A request as it was received.
#[derive(Clone)]
pub struct Request {
    /// Verb. On HTTP/1 one that the parser knows, on HTTP/2 any token.
    pub method: Method,
    /// Request target (HTTP/1) or `:path` (HTTP/2), unchanged.
    pub target: String,
    /// Header fields; of several with one name, the first.
    pub headers: Headers,
    /// Body. Its bytes are shared with nothing else.
    pub body: Bytes,
    /// Where it came in.
    pub session: Arc<Session>,
}

impl Request {
    /// The target up to `?`, not decoded (apps-and-endpoints.md 9.1).
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// What follows `?`, up to `#`, not decoded.
    pub fn query(&self) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        Some(query.split_once('#').map_or(query, |(query, _)| query))
    }
}

/// Without header values and body, which can be credentials.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("headers", &self.headers)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields without `content-length`, which is added. One that is set is kept in the
    /// answer to `HEAD` only.
    pub headers: Headers,
    /// Body. Not sent in the answer to `HEAD`, but counted for its `content-length`.
    pub body: Bytes,
    /// Whether the connection is closed once this has been sent.
    pub close: bool,
}

impl Response {
    /// A response without header fields.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: body.into(),
            close: false,
        }
    }
}

/// What a [`Service`] answers with.
pub enum Reply {
    /// The response.
    Now(Response),
    /// A response that needs time. Requests that follow on the same session wait for it.
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// Answers requests. The sessions call it one request at a time each, from the threads of the
/// runtime: what takes long answers [`Reply::Later`].
pub trait Service: Send + Sync + 'static {
    /// Answers a request.
    fn call(&self, request: Request) -> Reply;
}

impl<S: Service + ?Sized> Service for Arc<S> {
    fn call(&self, request: Request) -> Reply {
        (**self).call(request)
    }
}
