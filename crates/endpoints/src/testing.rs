//! An in-memory [`Host`]: a KV state, a commit point and switches for what a node can run into.
//! For tests only.

mod compare;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Poll, Wake, Waker},
    thread::Thread,
};

use bytes::Bytes;
pub use compare::openapi_differences;
use parking_lot::Mutex;
use quorate_crypto::{Digest, sha256};
use quorate_http::{Headers, Method, Reply, Request, Response, Service, Session};
use quorate_kv::{Snapshot, State, Tx, TxParts};
use quorate_ledger::TxId;
use quorate_replication::TxStatus;
use serde_json::Value;

use crate::{
    host::{CommitFailure, Host},
    interface::NodeRole,
};

/// View in which everything happens, unless it is changed.
pub const VIEW: u64 = 2;

/// A node without ledger, network and threads.
pub struct MemoryHost {
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    txid: TxId,
    committed: u64,
    view: Option<u64>,
    primary: bool,
    now: i64,
    root: bool,
    commits: u64,
    failures: VecDeque<CommitFailure>,
    last: Option<TxParts>,
    backup: Option<String>,
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: State::new(),
                txid: TxId {
                    view: VIEW,
                    seqno: 0,
                },
                committed: 0,
                view: Some(VIEW),
                primary: true,
                now: 1_700_000_000,
                root: true,
                commits: 0,
                failures: VecDeque::new(),
                last: None,
                backup: None,
            }),
        }
    }
}

impl MemoryHost {
    /// Runs `write` on a transaction and commits it.
    pub fn write<R>(&self, write: impl FnOnce(&mut Tx) -> R) -> R {
        let mut tx = self.begin();
        let result = write(&mut tx);
        // Nothing runs between begin and commit, so there is no conflict to report.
        let _ = self.commit(tx);
        result
    }

    /// The value of a key at the head.
    pub fn value(&self, map: &str, key: &[u8]) -> Option<Vec<u8>> {
        self.inner
            .lock()
            .state
            .get(map, key)
            .map(|versioned| versioned.value.to_vec())
    }

    /// The next commits fail like this, in turn.
    pub fn fail_next(&self, failures: impl IntoIterator<Item = CommitFailure>) {
        self.inner.lock().failures.extend(failures);
    }

    /// How many commits were tried.
    pub fn commits(&self) -> u64 {
        self.inner.lock().commits
    }

    /// The last transaction that was committed.
    pub fn last(&self) -> Option<TxParts> {
        self.inner.lock().last.clone()
    }

    /// Last ordered transaction.
    pub fn head(&self) -> TxId {
        self.inner.lock().txid
    }

    /// Moves the commit point.
    pub fn set_committed(&self, seqno: u64) {
        self.inner.lock().committed = seqno;
    }

    /// Sets the view; `None` is a node without consensus.
    pub fn set_view(&self, view: Option<u64>) {
        self.inner.lock().view = view;
    }

    /// Whether this node is the primary.
    pub fn set_primary(&self, primary: bool) {
        self.inner.lock().primary = primary;
    }

    /// Sets the clock, Unix seconds.
    pub fn set_now(&self, now: i64) {
        self.inner.lock().now = now;
    }

    /// Whether there is a Merkle root.
    pub fn set_root(&self, root: bool) {
        self.inner.lock().root = root;
    }

    /// Address of the only backup that this node knows.
    pub fn set_backup(&self, address: &str) {
        self.inner.lock().backup = Some(address.to_owned());
    }
}

impl Host for MemoryHost {
    fn begin(&self) -> Tx {
        let inner = self.inner.lock();
        Tx::new(Snapshot {
            state: inner.state.clone(),
            txid: inner.txid,
        })
    }

    fn begin_with_root(&self) -> Option<(Tx, Digest)> {
        let tx = self.begin();
        let root = sha256(tx.read_txid().to_string().as_bytes());
        self.inner.lock().root.then_some((tx, root))
    }

    fn commit(&self, tx: Tx) -> Result<TxId, CommitFailure> {
        let mut inner = self.inner.lock();
        inner.commits += 1;
        if let Some(failure) = inner.failures.pop_front() {
            return Err(failure);
        }
        tx.validate(&inner.state)
            .map_err(|_| CommitFailure::Conflict)?;
        let view = inner.view.ok_or(CommitFailure::NotReplicated)?;
        if !inner.primary {
            return Err(CommitFailure::NotReplicated);
        }
        let parts = tx.into_parts();
        let txid = TxId {
            view,
            seqno: inner.txid.seqno + 1,
        };
        inner.state.apply(txid.seqno, &parts.writes);
        inner.txid = txid;
        inner.last = Some(parts);
        Ok(txid)
    }

    fn view(&self) -> Option<u64> {
        self.inner.lock().view
    }

    fn is_primary(&self) -> bool {
        self.inner.lock().primary
    }

    fn committed(&self) -> Option<TxId> {
        let inner = self.inner.lock();
        Some(TxId {
            view: inner.view?,
            seqno: inner.committed,
        })
    }

    fn uncommitted(&self) -> u64 {
        let inner = self.inner.lock();
        inner.txid.seqno - inner.committed
    }

    fn status(&self, txid: TxId) -> TxStatus {
        let inner = self.inner.lock();
        let Some(view) = inner.view else {
            return TxStatus::Unknown;
        };
        let local = if txid.seqno <= inner.txid.seqno {
            view
        } else {
            0
        };
        TxStatus::decide(
            txid,
            local,
            TxId {
                view,
                seqno: inner.committed,
            },
        )
    }

    fn view_history(&self, since: u64) -> Vec<TxId> {
        (since..=self.inner.lock().view.unwrap_or(0))
            .map(|view| TxId { view, seqno: 1 })
            .collect()
    }

    fn address_of(&self, role: NodeRole, interface: &str) -> Option<String> {
        match role {
            NodeRole::Primary => None,
            NodeRole::Backup => self
                .inner
                .lock()
                .backup
                .as_ref()
                .map(|host| format!("{host}/{interface}")),
        }
    }

    fn now(&self) -> i64 {
        self.inner.lock().now
    }
}

/// Makes requests as the wire level would.
pub struct RequestBuilder {
    method: Method,
    target: String,
    headers: Headers,
    body: Bytes,
    session: SessionParts,
}

#[derive(Clone)]
struct SessionParts {
    interface: String,
    client_cert: Option<Bytes>,
    http2: bool,
    shared: Option<Arc<Session>>,
}

/// The id of the next session.
static SESSIONS: AtomicU64 = AtomicU64::new(1_000);

/// The interface that requests come in on, unless another is named.
pub const INTERFACE: &str = "main";

/// A request without headers, body and client certificate, on a session of its own.
pub fn request(method: &str, target: &str) -> RequestBuilder {
    RequestBuilder {
        method: method.parse().unwrap_or(Method::GET),
        target: target.to_owned(),
        headers: Headers::default(),
        body: Bytes::new(),
        session: SessionParts {
            interface: INTERFACE.to_owned(),
            client_cert: None,
            http2: false,
            shared: None,
        },
    }
}

impl RequestBuilder {
    /// Adds a header; `name` in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.headers.set(name, value.into());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The TLS client certificate, DER.
    #[must_use]
    pub fn certificate(mut self, der: &[u8]) -> Self {
        self.session.client_cert = Some(Bytes::copy_from_slice(der));
        self
    }

    /// Another interface.
    #[must_use]
    pub fn interface(mut self, name: &str) -> Self {
        self.session.interface = name.to_owned();
        self
    }

    /// Over HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.session.http2 = true;
        self
    }

    /// On a session that other requests share.
    #[must_use]
    pub fn session(mut self, session: &Arc<Session>) -> Self {
        self.session.shared = Some(Arc::clone(session));
        self
    }

    /// The request.
    pub fn build(self) -> Request {
        let parts = self.session;
        let session = parts.shared.unwrap_or_else(|| {
            let id = SESSIONS.fetch_add(1, Ordering::Relaxed);
            let mut session = Session::new(id, parts.interface.as_str());
            session.client_cert = parts.client_cert;
            session.http2 = parts.http2;
            Arc::new(session)
        });
        Request {
            method: self.method,
            target: self.target,
            headers: self.headers,
            body: self.body,
            session,
        }
    }
}

/// The answer of a service to a request, also if it comes later.
pub fn call(service: &dyn Service, request: RequestBuilder) -> Response {
    wait(service.call(request.build()))
}

/// Waits for a reply on this thread.
pub fn wait(reply: Reply) -> Response {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = match reply {
        Reply::Now(response) => return response,
        Reply::Later(future) => future,
    };
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future
            .as_mut()
            .poll(&mut std::task::Context::from_waker(&waker))
        {
            Poll::Ready(response) => return response,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// The JSON of a response; null if it is none.
pub fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or(Value::Null)
}

/// First value of a response header, as text.
pub fn header(response: &Response, name: &str) -> Option<String> {
    response
        .headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Status, code and message of an error response.
pub fn error(response: &Response) -> (u16, String, String) {
    let body = body(response);
    let text = |member: &str| {
        body["error"][member]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (response.status, text("code"), text("message"))
}
