//! What an endpoint declares about itself, and how it is put together.

use std::sync::Arc;

use quorate_http::{Method, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    auth::Auth, content, context::Context, error::ApiError, openapi::Operation, pool::Quota,
    version::ApiVersion,
};

/// Code of an endpoint. It may run several times for one request (apps-and-endpoints.md 7), so its
/// only effects are those on the transaction and the response.
pub type Handler =
    Arc<dyn Fn(&mut Context<'_>) -> Result<Response, ApiError> + Send + Sync + 'static>;

/// How an endpoint uses the KV (apps-and-endpoints.md 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads and writes. Forwarding `always`, redirection `to_primary`.
    ReadWrite,
    /// Reads; a write is an internal error. Forwarding `sometimes`, redirection `none`.
    ReadOnly,
    /// Does not use the KV; a write is an internal error. Forwarding `sometimes`, redirection
    /// `none`.
    Command,
}

/// Whether a node that is not the primary forwards the request (apps-and-endpoints.md 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// Executed where it arrives.
    Never,
    /// Forwarded if the session has forwarded before.
    Sometimes,
    /// Forwarded.
    Always,
}

impl Forwarding {
    /// As OpenAPI documents spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Sometimes => "sometimes",
            Self::Always => "always",
        }
    }
}

/// Where an interface with `redirections` sends the request (apps-and-endpoints.md 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirection {
    /// Nowhere.
    None,
    /// To the primary, if this node is not.
    ToPrimary,
    /// To a backup, if this node is none.
    ToBackup,
}

/// Where a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// On the thread that read the request: for native handlers that take microseconds.
    Inline,
    /// On a thread of the [`ScriptPool`](crate::pool::ScriptPool): for handlers that run scripts,
    /// or are slow for another reason.
    Script(Quota),
}

/// An endpoint: verb, path template, properties and handler. Made by [`Endpoint::new`] and its
/// siblings, completed by the builder methods, registered with
/// [`Frontend::add`](crate::frontend::Frontend::add).
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) method: Method,
    pub(crate) template: String,
    pub(crate) kind: Kind,
    pub(crate) forwarding: Forwarding,
    pub(crate) redirection: Redirection,
    /// `None`: nothing was declared, which registration refuses.
    pub(crate) auth: Option<Vec<Auth>>,
    pub(crate) executor: Executor,
    pub(crate) hidden: bool,
    pub(crate) version: Option<ApiVersion>,
    pub(crate) root: bool,
    pub(crate) operation: Operation,
    pub(crate) handler: Handler,
}

impl Endpoint {
    /// A read-write endpoint that makes its response itself. `template` begins with `/` and has no
    /// frontend prefix.
    pub fn new(
        method: Method,
        template: impl Into<String>,
        handler: impl Fn(&mut Context<'_>) -> Result<Response, ApiError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            method,
            template: template.into(),
            kind: Kind::ReadWrite,
            forwarding: Forwarding::Always,
            redirection: Redirection::ToPrimary,
            auth: None,
            executor: Executor::Inline,
            hidden: false,
            version: None,
            root: false,
            operation: Operation::default(),
            handler: Arc::new(handler),
        }
    }

    /// A read-write endpoint that returns JSON: the JSON adapter of apps-and-endpoints.md 4.4
    /// around `handler`. A body that is not JSON is refused before, unless the verb is GET.
    pub fn json(
        method: Method,
        template: impl Into<String>,
        handler: impl Fn(&mut Context<'_>) -> Result<Value, ApiError> + Send + Sync + 'static,
    ) -> Self {
        Self::new(method, template, move |context: &mut Context<'_>| {
            content::check_body(context.request)?;
            let value = handler(context)?;
            content::respond(context.request, &value)
        })
    }

    /// As [`Endpoint::json`], with the body parsed as `T` (`{}` for GET and for an empty body).
    pub fn json_in<T: DeserializeOwned>(
        method: Method,
        template: impl Into<String>,
        handler: impl Fn(&mut Context<'_>, T) -> Result<Value, ApiError> + Send + Sync + 'static,
    ) -> Self {
        Self::new(method, template, move |context: &mut Context<'_>| {
            let input = content::body(context.request)?;
            let value = handler(context, input)?;
            content::respond(context.request, &value)
        })
    }

    /// Sets the kind, and with it forwarding and redirection to the defaults of the kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        (self.forwarding, self.redirection) = match kind {
            Kind::ReadWrite => (Forwarding::Always, Redirection::ToPrimary),
            Kind::ReadOnly | Kind::Command => (Forwarding::Sometimes, Redirection::None),
        };
        self
    }

    /// [`Kind::ReadOnly`].
    #[must_use]
    pub fn read_only(self) -> Self {
        self.kind(Kind::ReadOnly)
    }

    /// [`Kind::Command`].
    #[must_use]
    pub fn command(self) -> Self {
        self.kind(Kind::Command)
    }

    /// Declares who may call: the policies are tried in order and the first that succeeds defines
    /// the caller. An empty list lets everybody in, without a check.
    #[must_use]
    pub fn auth(mut self, policies: impl IntoIterator<Item = Auth>) -> Self {
        self.auth = Some(policies.into_iter().collect());
        self
    }

    /// Sets forwarding, and resets redirection: `never` to `none`, else to `to_primary`.
    #[must_use]
    pub fn forwarding(mut self, forwarding: Forwarding) -> Self {
        self.forwarding = forwarding;
        self.redirection = match forwarding {
            Forwarding::Never => Redirection::None,
            Forwarding::Sometimes | Forwarding::Always => Redirection::ToPrimary,
        };
        self
    }

    /// Sets redirection; after [`Endpoint::forwarding`], which resets it.
    #[must_use]
    pub fn redirection(mut self, redirection: Redirection) -> Self {
        self.redirection = redirection;
        self
    }

    /// Sets where the handler runs.
    #[must_use]
    pub fn executor(mut self, executor: Executor) -> Self {
        self.executor = executor;
        self
    }

    /// Leaves the endpoint out of OpenAPI documents.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The endpoint demands `api-version`, of at least `minimum`; checked after authentication and
    /// before the handler, which finds it in [`Context::version`]. Errors of the handler are
    /// logged (governance-api.md 1.3). Such endpoints appear only in the document of their version.
    #[must_use]
    pub fn versioned(mut self, minimum: ApiVersion) -> Self {
        self.version = Some(minimum);
        self
    }

    /// The handler needs the Merkle root over everything its transaction can read, and finds it in
    /// [`Context::root`].
    #[must_use]
    pub fn with_root(mut self) -> Self {
        self.root = true;
        self
    }

    /// Describes the endpoint for OpenAPI.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operation = operation;
        self
    }

    /// The path template, without the frontend's prefix.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The verb.
    pub fn method(&self) -> &Method {
        &self.method
    }
}

/// Whether the body of this request is ignored by the JSON adapter.
pub(crate) fn ignores_body(request: &Request) -> bool {
    request.body.is_empty() || request.method == Method::GET
}
