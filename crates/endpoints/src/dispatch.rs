//! From a request to its frontend and endpoint, to the thread that executes it, to the log lines
//! about it. The execution itself is in [`execution`].

mod execution;

use std::{collections::HashMap, sync::Arc};

use quorate_http::{Reply, Request, Response, Service};
use tokio::sync::oneshot;

use crate::{
    auth::CertificateCache,
    endpoint::Executor,
    error::{ApiError, code},
    frontend::{Frontend, Lookup, Prefix},
    host::Host,
    interface::InterfaceRules,
    limits::MAX_UNCOMMITTED_DEFAULT,
    pool::{Quota, ScriptPool},
};

/// Settings of the dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DispatcherOptions {
    /// From this many transactions pending commit on, the users' and members' frontends refuse
    /// requests (`consensus.max_uncommitted_tx_count`); 0 switches that off.
    pub max_uncommitted: u64,
}

impl Default for DispatcherOptions {
    fn default() -> Self {
        Self {
            max_uncommitted: MAX_UNCOMMITTED_DEFAULT,
        }
    }
}

/// The three frontends of a node.
pub struct Frontends {
    /// `/node`
    pub node: Frontend,
    /// `/gov`
    pub gov: Frontend,
    /// `/app`
    pub app: Frontend,
}

/// Answers requests. Cloned freely.
#[derive(Clone)]
pub struct Dispatcher(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    frontends: Frontends,
    interfaces: HashMap<String, Interface>,
    pool: Arc<ScriptPool>,
    options: DispatcherOptions,
    certificates: CertificateCache,
}

/// An interface's rules, with the answer of `accepted_endpoints` for each endpoint.
struct Interface {
    rules: InterfaceRules,
    node: Vec<bool>,
    gov: Vec<bool>,
    app: Vec<bool>,
}

impl Dispatcher {
    /// Puts a node's frontends and interfaces together. The registries are complete from here on.
    pub fn new(
        host: Arc<dyn Host>,
        frontends: Frontends,
        interfaces: impl IntoIterator<Item = (String, InterfaceRules)>,
        pool: Arc<ScriptPool>,
        options: DispatcherOptions,
    ) -> Self {
        let Frontends { node, gov, app } = &frontends;
        let interfaces = interfaces
            .into_iter()
            .map(|(name, rules)| {
                let [node, gov, app] = [node, gov, app].map(|frontend| accepted(&rules, frontend));
                (
                    name,
                    Interface {
                        rules,
                        node,
                        gov,
                        app,
                    },
                )
            })
            .collect();
        for frontend in [node, gov, app] {
            frontend.seal();
        }
        let certificates = CertificateCache::default();
        Self(Arc::new(Inner {
            host,
            frontends,
            interfaces,
            pool,
            options,
            certificates,
        }))
    }

    fn submit(&self, quota: Quota, request: Request) -> Reply {
        let (send, receive) = oneshot::channel();
        let inner = Arc::clone(&self.0);
        let job = move || {
            let (prefix, path) = Prefix::route(request.path());
            let lookup = inner.frontends.of(prefix).find(&request.method, path);
            // Nobody waits any more if the connection has gone.
            let _ = send.send(inner.answer(&request, prefix, path, lookup));
        };
        match self.0.pool.submit(quota, job) {
            Ok(()) => Reply::Later(Box::pin(async move {
                receive.await.unwrap_or_else(|_| {
                    busy("The node stopped before the request was executed.").into_response()
                })
            })),
            Err(error) => Reply::Now(busy(&error.to_string()).into_response()),
        }
    }
}

fn busy(message: &str) -> ApiError {
    ApiError::new(503, code::INTERNAL_ERROR, message)
}

/// For each endpoint, whether the interface accepts it.
fn accepted(rules: &InterfaceRules, frontend: &Frontend) -> Vec<bool> {
    let prefix = frontend.prefix().as_str();
    let accepts = |template: &str| rules.accepts(&format!("{prefix}{template}"));
    frontend
        .endpoints()
        .iter()
        .map(|known| accepts(known.template.text()))
        .collect()
}

impl Frontends {
    fn of(&self, prefix: Prefix) -> &Frontend {
        match prefix {
            Prefix::Node => &self.node,
            Prefix::Gov => &self.gov,
            Prefix::App => &self.app,
        }
    }
}

impl Interface {
    fn accepts(&self, prefix: Prefix, endpoint: usize) -> bool {
        let accepted = match prefix {
            Prefix::Node => &self.node,
            Prefix::Gov => &self.gov,
            Prefix::App => &self.app,
        };
        accepted.get(endpoint).copied().unwrap_or(false)
    }
}

impl Service for Dispatcher {
    fn call(&self, request: Request) -> Reply {
        let (prefix, path) = Prefix::route(request.path());
        let lookup = self.0.frontends.of(prefix).find(&request.method, path);
        if let Lookup::Found(known, ..) = &lookup
            && let Executor::Script(quota) = known.endpoint.executor
        {
            return self.submit(quota, request);
        }
        Reply::Now(self.0.answer(&request, prefix, path, lookup))
    }
}

/// What became of a request, for the log.
struct Event<'a> {
    prefix: Prefix,
    request: &'a Request,
    /// Without the prefix.
    path: &'a str,
    /// The endpoint's template, if one was found.
    template: Option<&'a str>,
    milliseconds: u128,
    attempts: u32,
}

impl Event<'_> {
    /// The members' frontend logs every request, the users' those that found no endpoint
    /// (governance-api.md 1.3, apps-and-endpoints.md 7).
    fn log(&self, response: &Response) {
        let (verb, status) = (&self.request.method, response.status);
        match (self.prefix, self.template) {
            (Prefix::Gov, Some(template)) => tracing::info!(
                target: "gov",
                "RequestCompletedEvent: {verb} {template} {status} {}ms {} attempt(s)",
                self.milliseconds,
                self.attempts,
            ),
            (Prefix::Gov, None) => {
                tracing::info!(target: "gov", "DispatchFailedEvent: {verb} {status}");
            }
            (Prefix::App, None) => {
                tracing::info!(target: "app", "DispatchFailedEvent: {} {status}", self.path);
            }
            (Prefix::App, Some(_)) | (Prefix::Node, _) => {}
        }
    }
}

#[cfg(test)]
mod tests;
