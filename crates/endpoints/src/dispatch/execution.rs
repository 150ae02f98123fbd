//! The execution of one request: the steps of apps-and-endpoints.md 7 in their order, repeated
//! while the transaction conflicts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    time::Instant,
};

use quorate_crypto::Digest;
use quorate_http::{Method, Request, Response};
use quorate_kv::Tx;
use quorate_ledger::TxId;

use super::{Event, Inner, Interface};
use crate::{
    auth::{self, Evidence},
    caller::Caller,
    context::{Context, LocalCommit, Params},
    endpoint::{Forwarding, Kind, Redirection},
    error::{ApiError, code},
    frontend::{Lookup, Prefix, Registered},
    host::CommitFailure,
    interface::{Redirections, Resolver},
    limits::ATTEMPTS_MAX,
    query::Query,
    reply,
    template::Captures,
    version::ApiVersion,
};

/// Name of the header that tells the id of a transaction (apps-and-endpoints.md 3.5).
const TRANSACTION_ID: &str = "x-ms-ccf-transaction-id";

/// An endpoint that was found for a request.
struct Target<'a> {
    registered: &'a Registered,
    index: usize,
    captures: Captures,
    prefix: Prefix,
    path: &'a str,
}

/// How one attempt ended.
enum Attempt {
    Done(Response),
    /// Something that was read has changed. A claims digest stays set for the next attempt.
    Conflict(Option<Digest>),
}

/// What a handler left behind.
struct Executed {
    response: Response,
    apply: bool,
    local_commit: Option<LocalCommit>,
}

impl Inner {
    /// Answers a request, and logs what became of it.
    pub(super) fn answer(
        &self,
        request: &Request,
        prefix: Prefix,
        path: &str,
        lookup: Lookup<'_>,
    ) -> Response {
        let started = Instant::now();
        let mut event = Event {
            prefix,
            request,
            path,
            template: None,
            milliseconds: 0,
            attempts: 0,
        };
        self.open_session(request);
        let response = match self.admit(prefix, path, request, lookup) {
            Ok(target) => {
                let (response, attempts) = self.repeat(request, &target);
                event.template = Some(target.registered.template.text());
                event.attempts = attempts;
                response
            }
            Err(response) => response,
        };
        event.milliseconds = started.elapsed().as_millis();
        event.log(&response);
        response
    }

    /// Steps 1, 3 and 4: what needs no endpoint. The registry does not change, so they need not be
    /// repeated with each attempt.
    fn admit<'a>(
        &self,
        prefix: Prefix,
        path: &'a str,
        request: &Request,
        lookup: Lookup<'a>,
    ) -> Result<Target<'a>, Response> {
        let limit = self.options.max_uncommitted;
        if prefix != Prefix::Node
            && limit > 0
            && self.host.is_primary()
            && self.host.uncommitted() >= limit
        {
            return Err(refuse(
                503,
                code::TOO_MANY_PENDING_TRANSACTIONS,
                "Too many transactions pending commit on the service.",
            ));
        }
        if !self.frontends.of(prefix).gate_is_open() {
            return Err(refuse(
                404,
                code::FRONTEND_NOT_OPEN,
                "Frontend is not open.",
            ));
        }
        match lookup {
            Lookup::Found(registered, index, captures) => Ok(Target {
                registered,
                index,
                captures,
                prefix,
                path,
            }),
            Lookup::Unknown => {
                Err(ApiError::not_found(format!("Unknown path: {path}.")).into_response())
            }
            Lookup::OtherVerbs(allow) if request.method == Method::OPTIONS => {
                let mut response = reply::empty(204);
                response.headers.set("allow", allow);
                Err(response)
            }
            Lookup::OtherVerbs(allow) => {
                let message = format!("Allowed methods for '{path}' are: {allow}.");
                let error = ApiError::new(405, code::UNSUPPORTED_HTTP_VERB, message);
                Err(error.with_header("allow", allow).into_response())
            }
            Lookup::Ambiguous(templates) => {
                let list: String = templates.iter().map(|text| format!("\n  {text}")).collect();
                let message =
                    format!("Exception: Multiple potential matches for path: {path}{list}");
                let mut response = ApiError::internal(message).into_response();
                response.close = true;
                Err(response)
            }
        }
    }

    fn repeat(&self, request: &Request, target: &Target<'_>) -> (Response, u32) {
        let interface = match self.interfaces.get(&*request.session.interface) {
            Some(interface) => interface,
            None => {
                let name = &request.session.interface;
                let message = format!("No rules are known for interface '{name}'");
                return (ApiError::internal(message).into_response(), 1);
            }
        };
        if let Some(response) = self.turn_away(request, target, interface) {
            return (response, 1);
        }
        let mut claims = None;
        for attempt in 1..=ATTEMPTS_MAX {
            match self.attempt(request, target, claims) {
                Attempt::Done(response) => return (response, attempt),
                Attempt::Conflict(set) => claims = set,
            }
        }
        (
            ApiError::from(CommitFailure::Conflict).into_response(),
            ATTEMPTS_MAX,
        )
    }

    /// Steps 5 and 6: what the interface refuses, redirects or would forward.
    fn turn_away(
        &self,
        request: &Request,
        target: &Target<'_>,
        interface: &Interface,
    ) -> Option<Response> {
        let endpoint = &target.registered.endpoint;
        if !interface.accepts(target.prefix, target.index) {
            if interface.rules.is_unconfigured_unsecured() {
                tracing::warn!(
                    "Request for {}{} rejected because the interface is unsecured and no accepted_endpoints have been configured.",
                    target.prefix.as_str(),
                    target.registered.template.text(),
                );
            }
            return Some(reply::empty(503));
        }
        if let Some(redirections) = interface.rules.redirections() {
            return self.redirect(request, endpoint.redirection, redirections);
        }
        // No request is ever forwarded yet, so `sometimes` never applies.
        let backup = self.host.view().is_some() && !self.host.is_primary();
        if backup && endpoint.forwarding == Forwarding::Always {
            return Some(if request.session.http2 {
                let message = "Request cannot be forwarded to primary on HTTP/2 interface.";
                refuse(501, code::NOT_IMPLEMENTED, message)
            } else {
                let message = "RPC could not be forwarded to unknown primary.";
                refuse(503, code::INTERNAL_ERROR, message)
            });
        }
        None
    }

    /// apps-and-endpoints.md 8.3
    fn redirect(
        &self,
        request: &Request,
        strategy: Redirection,
        redirections: &Redirections,
    ) -> Option<Response> {
        let primary = self.host.is_primary();
        let has_consensus = self.host.view().is_some();
        let (resolver, missing, role) = match strategy {
            Redirection::ToPrimary if !primary => (
                &redirections.to_primary,
                code::PRIMARY_NOT_FOUND,
                "current primary",
            ),
            Redirection::ToBackup if primary || !has_consensus => (
                &redirections.to_backup,
                code::BACKUP_NOT_FOUND,
                "any current backup",
            ),
            _ => return None,
        };
        let address = match resolver {
            Resolver::StaticAddress(address) => Some(address.clone()),
            Resolver::NodeByRole { role, interface } => {
                let interface = interface.as_deref().unwrap_or(&request.session.interface);
                self.host.address_of(*role, interface)
            }
        };
        Some(match address {
            Some(address) => {
                let mut response = reply::empty(307);
                response
                    .headers
                    .set("location", format!("https://{address}{}", request.target));
                response
            }
            None => {
                let wanted = match strategy {
                    Redirection::ToBackup => "backup",
                    _ => "primary",
                };
                refuse(
                    503,
                    missing,
                    &format!(
                        "Request should be redirected to {wanted}, but receiving node does not know {role} address"
                    ),
                )
            }
        })
    }

    /// Steps 2 and 7 to 11.
    fn attempt(&self, request: &Request, target: &Target<'_>, claims: Option<Digest>) -> Attempt {
        let endpoint = &target.registered.endpoint;
        let (mut tx, root) = match endpoint.root.then(|| self.host.begin_with_root()).flatten() {
            Some((tx, root)) => (tx, Some(root)),
            None => (self.host.begin(), None),
        };
        if let Some(claims) = claims {
            tx.set_claims_digest(claims);
        }
        let mut evidence = Evidence {
            request,
            tx: &mut tx,
            now: self.host.now(),
            certificates: &self.certificates,
        };
        let caller = match auth::authenticate(&target.registered.policies, &mut evidence) {
            Ok(caller) => caller,
            Err(error) => return Attempt::Done(error.into_response()),
        };
        let executed = self.handle(request, target, &mut tx, root, &caller);
        if let Some(lost) = self.lost_session(request) {
            return Attempt::Done(lost);
        }
        if !executed.apply {
            return Attempt::Done(executed.response);
        }
        if tx.has_writes() && endpoint.kind != Kind::ReadWrite {
            let message = format!(
                "Endpoint {} {} is declared as read-only, but has written",
                endpoint.method, endpoint.template
            );
            return Attempt::Done(ApiError::internal(message).into_response());
        }
        let touched = tx.touched_any_map();
        let claims = tx.claims();
        match self.commit(tx) {
            Ok(txid) => Attempt::Done(self.finish(executed, txid, touched)),
            Err(CommitFailure::Conflict) => Attempt::Conflict(claims),
            Err(failure) => Attempt::Done(ApiError::from(failure).into_response()),
        }
    }

    fn handle(
        &self,
        request: &Request,
        target: &Target<'_>,
        tx: &mut Tx,
        root: Option<Digest>,
        caller: &Caller,
    ) -> Executed {
        let endpoint = &target.registered.endpoint;
        let mut context = Context {
            request,
            params: Params {
                path: target.path,
                template: &target.registered.template,
                captures: &target.captures,
            },
            tx,
            caller,
            host: &*self.host,
            root,
            version: None,
            apply_writes: None,
            local_commit: None,
            headers: Vec::new(),
        };
        if let Some(minimum) = endpoint.version {
            match ApiVersion::of(&Query::new(request.query()), minimum) {
                Ok(version) => context.version = Some(version),
                Err(error) => {
                    return Executed {
                        response: error.into_response(),
                        apply: false,
                        local_commit: None,
                    };
                }
            }
        }
        let result = catch_unwind(AssertUnwindSafe(|| (endpoint.handler)(&mut context)))
            .unwrap_or_else(|_| Err(ApiError::internal("The request handler panicked")));
        match result {
            Ok(mut response) => {
                for (name, value) in context.headers {
                    response.headers.set(name, value);
                }
                let apply = context.apply_writes.unwrap_or(is_success(response.status));
                Executed {
                    response,
                    apply,
                    local_commit: context.local_commit,
                }
            }
            Err(error) => {
                if endpoint.version.is_some() {
                    tracing::info!(
                        target: "gov",
                        "{} {} returning error {}: {}",
                        request.method,
                        request.path(),
                        error.status,
                        error.message,
                    );
                }
                let apply = context.apply_writes.unwrap_or(false);
                Executed {
                    response: error.into_response(),
                    apply,
                    local_commit: None,
                }
            }
        }
    }

    /// A transaction without writes needs no place in the order: its id is the one it read at.
    fn commit(&self, tx: Tx) -> Result<TxId, CommitFailure> {
        if tx.has_writes() {
            self.host.commit(tx)
        } else {
            Ok(tx.read_txid())
        }
    }

    fn finish(&self, executed: Executed, txid: TxId, touched: bool) -> Response {
        let mut response = executed.response;
        let show = touched && self.host.view().is_some();
        let show_txid = |response: &mut Response| {
            if show {
                response.headers.set(TRANSACTION_ID, txid.to_string());
            }
        };
        show_txid(&mut response);
        if let Some(run) = executed.local_commit
            && let Err(text) = run(txid, &mut response)
        {
            let message = format!("Failed to execute local commit handler func: {text}");
            response = ApiError::internal(message).into_response();
            show_txid(&mut response);
        }
        response
    }

    /// The first request of a session records the view (apps-and-endpoints.md 8.4).
    fn open_session(&self, request: &Request) {
        if let Some(view) = self.host.view() {
            // It has been recorded before, unless this is the first request.
            let _ = request.session.opened_view.compare_exchange(
                0,
                view,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
        }
    }

    /// The answer that ends the session, if the view is not the one in which it began.
    fn lost_session(&self, request: &Request) -> Option<Response> {
        let opened = request.session.opened_view.load(Ordering::Acquire);
        let view = self.host.view()?;
        if opened == 0 || opened == view {
            return None;
        }
        let message = format!(
            "Potential loss of session consistency on session {}. Started in view {opened}, now in view {view}. Closing session.",
            request.session.id
        );
        let mut response = refuse(500, code::SESSION_CONSISTENCY_LOST, &message);
        response.close = true;
        Some(response)
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn refuse(status: u16, code: &'static str, message: &str) -> Response {
    ApiError::new(status, code, message).into_response()
}
