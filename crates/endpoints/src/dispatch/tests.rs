mod execution;
mod interfaces;
mod log;
mod lookup;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    sync::mpsc::{channel, sync_channel},
};

use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Validity, self_signed},
    sha256,
};
use quorate_http::{Method, Session};
use quorate_tables::{Pem, USERS_CERTS, UserId};
use serde_json::{Value, json};

use super::*;
use crate::{
    CommitFailure, Endpoint, Forwarding, Redirection,
    auth::Auth,
    interface::{NodeRole, Redirections, Resolver},
    openapi::ApiInfo,
    pool::PoolOptions,
    reply,
    testing::{INTERFACE, MemoryHost, VIEW, body, call, error, header, request, wait},
    version::ApiVersion,
};

const TXID: &str = "x-ms-ccf-transaction-id";
const MAP: &str = "public:test";

struct Node {
    host: Arc<MemoryHost>,
    dispatcher: Dispatcher,
}

struct Setup {
    host: Arc<MemoryHost>,
    node: Frontend,
    gov: Frontend,
    app: Frontend,
    interfaces: BTreeMap<String, InterfaceRules>,
    options: DispatcherOptions,
    pool: PoolOptions,
}

impl Setup {
    fn new() -> Self {
        let open = |prefix| {
            let frontend = Frontend::new(prefix, ApiInfo::default()).unwrap();
            frontend.gate().open();
            frontend
        };
        Self {
            host: Arc::default(),
            node: open(Prefix::Node),
            gov: open(Prefix::Gov),
            app: open(Prefix::App),
            interfaces: BTreeMap::from([(INTERFACE.to_owned(), InterfaceRules::default())]),
            options: DispatcherOptions::default(),
            pool: PoolOptions {
                threads: 1,
                stack_bytes: 1 << 18,
                queue: 1,
            },
        }
    }

    fn app(mut self, endpoint: Endpoint) -> Self {
        self.app.add(endpoint).unwrap();
        self
    }

    fn gov(mut self, endpoint: Endpoint) -> Self {
        self.gov.add(endpoint).unwrap();
        self
    }

    fn interface(mut self, name: &str, rules: InterfaceRules) -> Self {
        self.interfaces.insert(name.to_owned(), rules);
        self
    }

    fn build(self) -> Node {
        let Self {
            host,
            node,
            gov,
            app,
            interfaces,
            options,
            pool,
        } = self;
        let dispatcher = Dispatcher::new(
            host.clone(),
            Frontends { node, gov, app },
            interfaces,
            Arc::new(ScriptPool::new(pool).unwrap()),
            options,
        );
        Node { host, dispatcher }
    }
}

impl Node {
    fn get(&self, target: &str) -> Response {
        call(&self.dispatcher, request("GET", target))
    }

    fn post(&self, target: &str) -> Response {
        call(&self.dispatcher, request("POST", target))
    }
}

/// Writes `1` to key `k`, and answers with a status.
fn writer(path: &str, status: u16) -> Endpoint {
    Endpoint::new(Method::POST, path, move |context| {
        context.tx.put(MAP, "k", "1");
        context.set_header("x-handler", "1");
        Ok(reply::empty(status))
    })
    .auth([])
}

fn reader(path: &str) -> Endpoint {
    Endpoint::new(Method::GET, path, |context| {
        let value = context.tx.get(MAP, b"k").unwrap_or_default();
        Ok(reply::bytes(200, value))
    })
    .read_only()
    .auth([])
}
