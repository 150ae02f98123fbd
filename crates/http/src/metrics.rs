//! Counts for `GET /node/metrics` (apps-and-endpoints.md 9.3), and ids of sessions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use serde::Serialize;

/// All client sessions of a node. One for all its interfaces.
#[derive(Debug, Default)]
pub struct Sessions {
    inner: Mutex<Inner>,
    next_id: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    total: Total,
    interfaces: BTreeMap<Arc<str>, InterfaceCounts>,
}

#[derive(Debug, Default)]
struct Total {
    active: u64,
    peak: u64,
}

/// Counts of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceCounts {
    /// Open sessions.
    pub active: u64,
    /// Highest number of open sessions since the start.
    pub peak: u64,
    /// See [`crate::SessionLimits::soft_cap`].
    pub soft_cap: u64,
    /// See [`crate::SessionLimits::hard_cap`].
    pub hard_cap: u64,
    /// What was refused.
    pub errors: Refusals,
}

/// Connections and requests that were refused, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// Data that is no HTTP.
    pub parsing: u64,
    /// Bodies beyond the limit.
    pub request_payload_too_large: u64,
    /// Header fields beyond the limits.
    pub request_header_too_large: u64,
}

/// Which of [`Refusals`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    Parsing,
    PayloadTooLarge,
    HeaderTooLarge,
}

/// Counts of all sessions of a node, as `sessions` of `GET /node/metrics` shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionsMetrics {
    /// Open sessions.
    pub active: u64,
    /// Highest number of sessions open at the same time since the start.
    pub peak: u64,
    /// By name of the interface.
    pub interfaces: BTreeMap<Arc<str>, InterfaceCounts>,
}

/// The counts of one interface, written by its server.
#[derive(Clone, Debug)]
pub struct InterfaceMetrics {
    sessions: Arc<Sessions>,
    name: Arc<str>,
}

impl Sessions {
    /// No interfaces and no sessions yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Adds an interface. A name that is there already is the same interface, with new caps.
    pub fn interface(
        self: &Arc<Self>,
        name: impl Into<Arc<str>>,
        limits: &crate::SessionLimits,
    ) -> InterfaceMetrics {
        let name = name.into();
        let mut inner = self.inner.lock();
        let counts = inner.interfaces.entry(Arc::clone(&name)).or_default();
        counts.soft_cap = limits.soft_cap;
        counts.hard_cap = limits.hard_cap;
        drop(inner);
        InterfaceMetrics {
            sessions: Arc::clone(self),
            name,
        }
    }

    /// All counts at one moment.
    pub fn snapshot(&self) -> SessionsMetrics {
        let inner = self.inner.lock();
        SessionsMetrics {
            active: inner.total.active,
            peak: inner.total.peak,
            interfaces: inner.interfaces.clone(),
        }
    }

    /// An id that no session has had.
    pub fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

impl InterfaceMetrics {
    /// Name of the interface.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The sessions of all interfaces.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Counts a refusal. Comes before the answer, so that whoever has the answer sees the count.
    pub(crate) fn refused(&self, kind: RefusalKind) {
        self.change(|counts, _| {
            let count = match kind {
                RefusalKind::Parsing => &mut counts.errors.parsing,
                RefusalKind::PayloadTooLarge => &mut counts.errors.request_payload_too_large,
                RefusalKind::HeaderTooLarge => &mut counts.errors.request_header_too_large,
            };
            *count += 1;
        });
    }

    /// Admits a connection, if the caps allow it.
    pub(crate) fn admit(&self) -> Admission {
        let over_soft = self.change(|counts, total| {
            if counts.active >= counts.hard_cap {
                return None;
            }
            let over_soft = counts.active >= counts.soft_cap;
            counts.active += 1;
            counts.peak = counts.peak.max(counts.active);
            total.active += 1;
            total.peak = total.peak.max(total.active);
            Some(over_soft)
        });
        match over_soft {
            None => Admission::Refused,
            Some(true) => Admission::Busy(OpenSession(self.clone())),
            Some(false) => Admission::Admitted(OpenSession(self.clone())),
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut InterfaceCounts, &mut Total) -> R) -> R {
        let mut inner = self.sessions.inner.lock();
        let Inner { total, interfaces } = &mut *inner;
        change(interfaces.entry(Arc::clone(&self.name)).or_default(), total)
    }
}

/// What becomes of a new connection (apps-and-endpoints.md 9.5).
#[derive(Debug)]
pub(crate) enum Admission {
    /// It is served.
    Admitted(OpenSession),
    /// It gets 503.
    Busy(OpenSession),
    /// It is closed.
    Refused,
}

/// A session that counts as open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenSession(InterfaceMetrics);

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.0.change(|counts, total| {
            counts.active -= 1;
            total.active -= 1;
        });
    }
}
