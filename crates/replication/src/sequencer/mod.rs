//! The sequencer: the only place that orders transactions (DESIGN 3, points 2 and 4). It checks what a
//! transaction has read against the head, gives it the next seqno, applies it, and in time closes a signed
//! run and hands it to the engine. It also holds the commit point and runs commit hooks before that point
//! is shown to anyone.
//!
//! Locks: `log` before `core`; neither is held while a hook of a commit runs or a waiter is woken.
//! What is not here: execution and retries (endpoints), files (engines), the meaning of tables (hooks).

mod core;
mod driver;
mod error;
mod hooks;
mod log;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
use quorate_crypto::Digest;
use quorate_kv::{Hooks, Snapshot, State, Tx};
use quorate_ledger::chunking::ChunkAccounting;
use quorate_ledger::entry::{self, Flags};
use quorate_ledger::merkle::MerkleTree;
use quorate_ledger::{LedgerSecrets, SecretInForce, TxId, ViewHistory};
use tokio::sync::watch;

use self::core::{Border, Core, Sequenced, Session};
use self::driver::Wake;
use self::log::Log;
use crate::engine::{Engine, Listener, Role};
use crate::limits;
use crate::status::TxStatus;

pub use self::driver::Driver;
pub use self::error::CommitError;
pub use self::hooks::{Effect, Events, SignatureSource};

/// Settings of the write path, from the node's configuration.
#[derive(Clone, Debug)]
pub struct SequencerConfig {
    /// Transactions between two signatures.
    pub signature_tx_count: u64,
    /// Longest time a transaction stays unsigned.
    pub signature_delay: Duration,
    /// A run is signed when it reaches this many bytes.
    pub batch_bytes_max: usize,
    /// Largest serialised entry, in bytes.
    pub entry_bytes_max: usize,
    /// A ledger chunk ends at the first signature after it has reached this many bytes (ledger.md 1.4).
    pub chunk_bytes: u64,
}

impl Default for SequencerConfig {
    fn default() -> Self {
        Self {
            signature_tx_count: limits::SIGNATURE_TX_COUNT_DEFAULT,
            signature_delay: limits::SIGNATURE_DELAY_DEFAULT,
            batch_bytes_max: limits::BATCH_BYTES_MAX_DEFAULT,
            entry_bytes_max: limits::ENTRY_BYTES_MAX_DEFAULT,
            chunk_bytes: 5 << 20,
        }
    }
}

/// The committed prefix of the ledger as this node knows it.
#[derive(Clone)]
struct CommitPoint {
    txid: TxId,
    state: State,
}

/// See the module documentation.
pub struct Sequencer {
    config: SequencerConfig,
    core: Mutex<Core>,
    log: Mutex<Log>,
    engine: Arc<dyn Engine>,
    hooks: Hooks<Effect>,
    events: Arc<dyn Events>,
    signatures: Arc<dyn SignatureSource>,
    commit_point: RwLock<CommitPoint>,
    /// Tells waiters of each new commit point.
    committed: watch::Sender<TxId>,
    /// The same for threads that block.
    committed_signal: (Mutex<()>, Condvar),
    wake: Wake,
    /// When the signature timer fires next.
    next_tick: Mutex<Option<Instant>>,
    /// Bytes of runs handed to the engine and not committed, oldest first: (last seqno, bytes).
    in_flight: Mutex<VecDeque<(u64, u64)>>,
    /// Bytes of entries that are sequenced and not committed.
    uncommitted_bytes: AtomicU64,
    /// Mirrors of `core.last.seqno` and the committed seqno, for cheap back-pressure checks.
    last_seqno: AtomicU64,
    committed_seqno: AtomicU64,
}

impl Sequencer {
    /// A sequencer over an empty ledger. `first_secret` is in force from seqno 1. The session opens when the
    /// engine reports the role of primary.
    #[must_use]
    pub fn new(
        config: SequencerConfig,
        first_secret: SecretInForce,
        engine: Arc<dyn Engine>,
        hooks: Hooks<Effect>,
        events: Arc<dyn Events>,
        signatures: Arc<dyn SignatureSource>,
    ) -> Arc<Self> {
        let none = TxId { view: 0, seqno: 0 };
        let accounting = ChunkAccounting::new(config.chunk_bytes, 0);
        Arc::new(Self {
            config,
            core: Mutex::new(Core {
                head: State::new(),
                last: none,
                view: 0,
                session: Session::Closed,
                queue: VecDeque::new(),
                last_signature: 0,
                secrets: LedgerSecrets::new(first_secret),
                view_history: ViewHistory::default(),
                borders: VecDeque::from([Border {
                    txid: none,
                    state: State::new(),
                }]),
                watched: VecDeque::new(),
            }),
            log: Mutex::new(Log::new(MerkleTree::new(), accounting)),
            engine,
            hooks,
            events,
            signatures,
            commit_point: RwLock::new(CommitPoint {
                txid: none,
                state: State::new(),
            }),
            committed: watch::Sender::new(none),
            committed_signal: (Mutex::new(()), Condvar::new()),
            wake: Wake::default(),
            next_tick: Mutex::new(None),
            in_flight: Mutex::new(VecDeque::new()),
            uncommitted_bytes: AtomicU64::new(0),
            last_seqno: AtomicU64::new(0),
            committed_seqno: AtomicU64::new(0),
        })
    }

    /// The head, for a transaction to execute on.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let core = self.core.lock();
        Snapshot {
            state: core.head.clone(),
            txid: core.last,
        }
    }

    /// The head together with the Merkle root over everything up to it: what a proposal's id binds to
    /// (governance-api.md 4.2).
    ///
    /// # Errors
    /// An entry that cannot be encoded; the session is closed then.
    pub fn snapshot_with_root(&self) -> Result<(Snapshot, Digest), CommitError> {
        let mut log = self.log.lock();
        let core = self.settle(&mut log)?;
        let snapshot = Snapshot {
            state: core.head.clone(),
            txid: core.last,
        };
        Ok((snapshot, log.tree.root()))
    }

    /// Sequences a transaction: returns its id when it is in the local order and visible to later ones.
    /// A transaction without writes gets the id of the state it read.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing has changed then.
    pub fn commit(&self, tx: Tx) -> Result<TxId, CommitError> {
        let parts = tx.into_parts();
        if parts.writes.is_empty() {
            return Ok(parts.read_txid);
        }
        let bytes = entry::encoded_len(&parts.writes);
        if bytes > self.config.entry_bytes_max {
            return Err(CommitError::TooLarge {
                bytes,
                bytes_max: self.config.entry_bytes_max,
            });
        }
        self.engine.admits_writes().map_err(CommitError::Refused)?;
        if self.uncommitted_bytes.load(Ordering::Relaxed) > limits::UNCOMMITTED_BYTES_MAX as u64 {
            return Err(CommitError::Refused(
                "too many bytes wait for commitment".to_owned(),
            ));
        }
        let watched = self.hooks.commit_part(&parts.writes);

        let mut core = self.core.lock();
        match core.session {
            Session::Open => {}
            Session::Closed => return Err(CommitError::NotPrimary),
            Session::Stopped => return Err(CommitError::Stopped),
        }
        parts
            .reads
            .validate(&core.head)
            .map_err(|_| CommitError::Conflict)?;
        let txid = TxId {
            view: core.view,
            seqno: core.last.seqno + 1,
        };
        let effects = self
            .hooks
            .run_apply(txid.seqno, &parts.writes)
            .map_err(|error| CommitError::Hook(error.to_string()))?;
        core.begin_view(txid)
            .map_err(|error| CommitError::Internal(error.to_string()))?;
        let secret = core.secrets.latest().secret.clone();
        core.head.apply(txid.seqno, &parts.writes);
        core.last = txid;
        self.uncommitted_bytes
            .fetch_add(bytes as u64, Ordering::Relaxed);
        core.queue.push_back(Sequenced {
            txid,
            writes: parts.writes,
            claims: parts.claims,
            secret,
            ends_chunk: parts.requests.ledger_chunk,
        });
        if let Some(writes) = watched {
            core.watched.push_back((txid, writes));
        }
        for effect in effects {
            match effect {
                Effect::InstallSecret(secret) => core.secrets.install(secret),
            }
        }
        self.last_seqno.store(txid.seqno, Ordering::Release);
        drop(core);
        self.wake.call();
        Ok(txid)
    }

    /// Encodes what is queued and signs if a signature is due at `now`. Returns when to call again at the
    /// latest; sequencing wakes the driver earlier.
    pub fn pump(&self, now: Instant) -> Instant {
        let mut log = self.log.lock();
        let fired = {
            let mut next = self.next_tick.lock();
            let tick = next.get_or_insert(now + self.config.signature_delay);
            let fired = now >= *tick;
            if fired {
                *tick = now + self.config.signature_delay;
            }
            fired
        };
        if let Err(error) = self.encode_queued(&mut log) {
            self.fail(&error.to_string());
            return now + self.config.signature_delay;
        }
        let gap = self.core.lock().gap();
        let due = gap > 0
            && (fired
                || gap >= self.config.signature_tx_count
                || log.open_bytes() >= self.config.batch_bytes_max);
        if due && let Err(error) = self.sign(&mut log) {
            self.fail(&error.to_string());
        }
        self.next_tick
            .lock()
            .unwrap_or(now + self.config.signature_delay)
    }

    /// Signs the open run now, if there is anything unsigned. Used for the first run of a service and at a
    /// stop; `GET /tx` never comes here.
    ///
    /// # Errors
    /// The signature could not be made; the session is closed then.
    pub fn sign_now(&self) -> Result<(), CommitError> {
        self.sign(&mut self.log.lock())
    }

    /// Admits nothing more and signs what is open, so that it can still commit (DESIGN 3, point 4: SIGTERM).
    ///
    /// # Errors
    /// As [`Self::sign_now`].
    pub fn close(&self) -> Result<(), CommitError> {
        let signed = self.sign_now();
        self.core.lock().session = Session::Stopped;
        // What slipped in between the two lines above is signed as well.
        signed.and_then(|()| self.sign_now())
    }

    /// Encodes what is in the queue now. Once, and not until it is empty: a queue that fills as fast as it is
    /// emptied must not keep the next signature away.
    fn encode_queued(&self, log: &mut Log) -> Result<(), CommitError> {
        let taken = std::mem::take(&mut self.core.lock().queue);
        self.encode_all(log, &taken)
    }

    /// Encodes everything and returns with the order standing still: nothing is sequenced while the guard lives.
    fn settle(&self, log: &mut Log) -> Result<MutexGuard<'_, Core>, CommitError> {
        // The bulk first, while others can go on.
        self.encode_queued(log)?;
        let mut core = self.core.lock();
        let rest = std::mem::take(&mut core.queue);
        for item in &rest {
            log.encode(item, Flags::NONE)
                .map_err(|error| CommitError::Internal(error.to_string()))?;
        }
        assert_eq!(
            log.last(),
            core.last.seqno,
            "an empty queue means that everything is hashed"
        );
        Ok(core)
    }

    fn encode_all(&self, log: &mut Log, items: &VecDeque<Sequenced>) -> Result<(), CommitError> {
        for item in items {
            log.encode(item, Flags::NONE).map_err(|error| {
                self.fail(&format!(
                    "transaction {} cannot be encoded: {error}",
                    item.txid
                ));
                CommitError::Stopped
            })?;
        }
        Ok(())
    }

    /// Makes the signature transaction. The order stands still meanwhile: its root covers exactly what is
    /// below it, and nobody reads a head between the two.
    fn sign(&self, log: &mut Log) -> Result<(), CommitError> {
        let mut core = self.settle(log)?;
        if core.gap() == 0 {
            return Ok(());
        }
        let txid = TxId {
            view: core.view,
            seqno: core.last.seqno + 1,
        };
        let committed = self.committed_seqno.load(Ordering::Acquire);
        log.tree
            .flush(committed)
            .map_err(|error| CommitError::Internal(error.to_string()))?;
        log.accounting.compact(committed);
        let writes = self.signatures.sign(txid, &log.tree).map_err(|reason| {
            CommitError::Internal(format!("signature {txid} cannot be made: {reason}"))
        })?;
        let ends = log.accounting.must_end_at_signature(txid.seqno);
        let flags = if ends {
            Flags::FORCE_CHUNK_AFTER
        } else {
            Flags::NONE
        };
        let item = Sequenced {
            txid,
            secret: core.secrets.latest().secret.clone(),
            claims: Digest::default(),
            ends_chunk: false,
            writes,
        };
        log.encode(&item, flags)
            .map_err(|error| CommitError::Internal(error.to_string()))?;
        if ends {
            log.accounting.ended(txid.seqno);
        }
        core.head.apply(txid.seqno, &item.writes);
        core.last = txid;
        core.last_signature = txid.seqno;
        core.begin_view(txid)
            .map_err(|error| CommitError::Internal(error.to_string()))?;
        let border = Border {
            txid,
            state: core.head.clone(),
        };
        core.borders.push_back(border);
        self.last_seqno.store(txid.seqno, Ordering::Release);
        let batch = log.close_run(txid);
        drop(core);
        if let Some(batch) = batch {
            let bytes = batch.bytes.len() as u64;
            self.in_flight.lock().push_back((txid.seqno, bytes));
            // Its other entries were counted when they were sequenced.
            let signature = batch.lengths.last().copied().unwrap_or(0);
            self.uncommitted_bytes
                .fetch_add(signature.into(), Ordering::Relaxed);
            self.engine
                .append(batch)
                .map_err(|error| CommitError::Internal(error.to_string()))?;
        }
        Ok(())
    }

    fn fail(&self, reason: &str) {
        self.core.lock().session = Session::Stopped;
        self.events.failed(reason);
    }

    /// Id of the last committed transaction, `0.0` before the first commit.
    #[must_use]
    pub fn committed(&self) -> TxId {
        self.commit_point.read().txid
    }

    /// The committed state with its transaction id.
    #[must_use]
    pub fn committed_state(&self) -> Snapshot {
        let point = self.commit_point.read().clone();
        Snapshot {
            state: point.state,
            txid: point.txid,
        }
    }

    /// A receiver that sees every new commit point.
    #[must_use]
    pub fn watch_committed(&self) -> watch::Receiver<TxId> {
        self.committed.subscribe()
    }

    /// Blocks until `seqno` is committed, at most for `patience`; returns whether it is.
    #[must_use]
    pub fn wait_committed(&self, seqno: u64, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut held = self.committed_signal.0.lock();
        while self.committed().seqno < seqno {
            if self
                .committed_signal
                .1
                .wait_until(&mut held, deadline)
                .timed_out()
            {
                return self.committed().seqno >= seqno;
            }
        }
        true
    }

    /// Status of a transaction id (ledger.md 7.3).
    #[must_use]
    pub fn status(&self, target: TxId) -> TxStatus {
        let committed = self.committed();
        let local_view = self.core.lock().view_of(target.seqno);
        TxStatus::decide(target, local_view, committed)
    }

    /// View of `seqno` in the local ledger, or `None` beyond its end.
    #[must_use]
    pub fn view_of(&self, seqno: u64) -> Option<u64> {
        let view = self.core.lock().view_of(seqno);
        (view != 0).then_some(view)
    }

    /// First transaction ids of all views from `since` on, up to the present view.
    #[must_use]
    pub fn view_history(&self, since: u64) -> Vec<TxId> {
        self.core.lock().view_history.ids_since(since).collect()
    }

    /// The view in which this node sequences or follows.
    #[must_use]
    pub fn view(&self) -> u64 {
        self.core.lock().view
    }

    /// Whether this node sequences now.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.core.lock().session == Session::Open
    }

    /// Transactions in the local order that are not committed.
    #[must_use]
    pub fn uncommitted(&self) -> u64 {
        let committed = self.committed_seqno.load(Ordering::Acquire);
        self.last_seqno
            .load(Ordering::Acquire)
            .saturating_sub(committed)
    }

    /// Seqno of the last signature in the local log, 0 if there is none.
    #[must_use]
    pub fn last_signed(&self) -> u64 {
        self.core.lock().last_signature
    }

    /// The newest ledger secret and its predecessor.
    #[must_use]
    pub fn latest_secrets(&self) -> (SecretInForce, Option<SecretInForce>) {
        let core = self.core.lock();
        (
            core.secrets.latest().clone(),
            core.secrets.penultimate().cloned(),
        )
    }

    /// The engine below.
    #[must_use]
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }
}

impl Listener for Sequencer {
    fn committed(&self, seqno: u64) {
        let (border, watched) = {
            let mut core = self.core.lock();
            let Some(at) = core
                .borders
                .iter()
                .position(|border| border.txid.seqno == seqno)
            else {
                drop(core);
                return self.fail(&format!(
                    "the engine committed seqno {seqno}, which is no signature of this log"
                ));
            };
            core.borders.drain(..at);
            let upto = core
                .watched
                .iter()
                .take_while(|(txid, _)| txid.seqno <= seqno)
                .count();
            let watched: Vec<_> = core.watched.drain(..upto).collect();
            let border = &core.borders[0];
            (
                CommitPoint {
                    txid: border.txid,
                    state: border.state.clone(),
                },
                watched,
            )
        };
        for (txid, writes) in &watched {
            if let Err(error) = self.hooks.run_commit(txid.seqno, writes) {
                return self.fail(&error.to_string());
            }
        }
        {
            let mut in_flight = self.in_flight.lock();
            while let Some((last, bytes)) = in_flight.front().copied()
                && last <= seqno
            {
                self.uncommitted_bytes.fetch_sub(bytes, Ordering::Relaxed);
                in_flight.pop_front();
            }
        }
        let txid = border.txid;
        *self.commit_point.write() = border;
        self.committed_seqno.store(seqno, Ordering::Release);
        self.committed.send_replace(txid);
        let _held = self.committed_signal.0.lock();
        self.committed_signal.1.notify_all();
    }

    fn truncated(&self, seqno: u64) {
        let mut log = self.log.lock();
        let mut core = self.core.lock();
        core.session = Session::Closed;
        core.queue.clear();
        while core.borders.len() > 1
            && core
                .borders
                .back()
                .is_some_and(|border| border.txid.seqno > seqno)
        {
            core.borders.pop_back();
        }
        let Some((txid, state)) = core
            .borders
            .back()
            .map(|border| (border.txid, border.state.clone()))
        else {
            return;
        };
        core.head = state.clone();
        core.last = txid;
        core.last_signature = txid.seqno;
        core.watched.retain(|(id, _)| id.seqno <= txid.seqno);
        core.secrets.rollback(txid.seqno);
        core.view_history.rollback(txid.seqno);
        let cut = log.rollback(txid.seqno);
        self.last_seqno.store(txid.seqno, Ordering::Release);
        drop(core);
        drop(log);
        {
            let mut in_flight = self.in_flight.lock();
            while in_flight.back().is_some_and(|(last, _)| *last > txid.seqno) {
                in_flight.pop_back();
            }
            // What was not signed is gone as well.
            let left = in_flight.iter().map(|(_, bytes)| bytes).sum();
            self.uncommitted_bytes.store(left, Ordering::Relaxed);
        }
        match cut {
            Ok(()) => self.events.rolled_back(txid.seqno, &state),
            Err(error) => self.fail(&format!(
                "the Merkle tree cannot be cut back to seqno {}: {error}",
                txid.seqno
            )),
        }
    }

    fn role_changed(&self, role: &Role) {
        let mut core = self.core.lock();
        match role {
            Role::Primary { view } => {
                core.view = *view;
                if core.session != Session::Stopped {
                    core.session = Session::Open;
                }
            }
            Role::Backup { view, .. } => {
                core.view = *view;
                if core.session == Session::Open {
                    core.session = Session::Closed;
                }
            }
        }
    }

    fn failed(&self, reason: &str) {
        self.fail(reason);
    }
}
