//! The simplest engine: one node, which is a majority by itself. A run is committed when it is in the
//! ledger file and flushed. Runs that arrive while the disk is busy travel with one flush (group commit).
//!
//! Shutdown: `stop` (or drop) closes the queue; the writer thread drains it, then ends.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use quorate_ledger::files::{FilesError, LedgerFiles, LedgerReader};

use crate::batch::Batch;
use crate::engine::{Engine, EngineError, Listener, Member, Origin, Role};
use crate::limits;

/// See the module documentation.
pub struct OneNode {
    shared: Arc<Shared>,
    /// The view that this node leads from the start.
    view: u64,
    /// Taken by `stop`.
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Wakes the writer: a batch came, or the queue closed.
    signal: Condvar,
    /// The writer thread's alone.
    files: Mutex<LedgerFiles>,
    /// For everybody else: reads while the writer waits for the disk.
    reader: LedgerReader,
    /// A flush that takes longer is logged.
    slow_flush: Duration,
    /// Why writes are refused at present, if they are.
    refusal: Mutex<Option<String>>,
    refusing: AtomicBool,
    listener: OnceLock<Arc<dyn Listener>>,
}

struct Queue {
    batches: VecDeque<Batch>,
    /// Last seqno that the writer has taken: it is committed, or will be.
    taken: u64,
    /// Last seqno queued or on disk.
    end: u64,
    /// Cuts that the listener has not been told yet.
    cuts: VecDeque<u64>,
    closed: bool,
}

impl OneNode {
    /// An engine over `files`. `view` is the view in which the service starts (2 for a new one).
    #[must_use]
    pub fn new(files: LedgerFiles, view: u64) -> Self {
        Self::with_slow_flush(files, view, limits::SLOW_FLUSH)
    }

    /// The same; flushes that take longer than `slow_flush` are logged (`slow_io_logging_threshold`,
    /// node-and-operations.md 3.1).
    #[must_use]
    pub fn with_slow_flush(files: LedgerFiles, view: u64, slow_flush: Duration) -> Self {
        let end = files.last();
        let queue = Queue {
            batches: VecDeque::new(),
            taken: end,
            end,
            cuts: VecDeque::new(),
            closed: false,
        };
        Self {
            shared: Arc::new(Shared {
                queue: Mutex::new(queue),
                signal: Condvar::new(),
                reader: files.reader(),
                files: Mutex::new(files),
                slow_flush,
                refusal: Mutex::new(None),
                refusing: AtomicBool::new(false),
                listener: OnceLock::new(),
            }),
            view,
            writer: Mutex::new(None),
        }
    }
}

impl Engine for OneNode {
    fn start(&self, listener: Arc<dyn Listener>, origin: Origin) -> Result<(), EngineError> {
        if self.shared.listener.set(listener.clone()).is_err() {
            return Err(EngineError::Stopped);
        }
        {
            let mut files = self.shared.files.lock();
            match origin {
                Origin::Ledger => {}
                Origin::After(seqno) => files.start_at(seqno)?,
                Origin::Recovery(seqno) => {
                    files.truncate(seqno)?;
                    files.begin_recovery(seqno);
                }
            }
            let mut queue = self.shared.queue.lock();
            (queue.taken, queue.end) = (files.last(), files.last());
        }
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || shared.write_loop())
            .map_err(EngineError::Thread)?;
        *self.writer.lock() = Some(thread);
        listener.role_changed(&Role::Primary { view: self.view });
        Ok(())
    }

    fn append(&self, batch: Batch) -> Result<(), EngineError> {
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            return Err(EngineError::Stopped);
        }
        if batch.view != self.view || batch.first_seqno != queue.end + 1 {
            return Err(EngineError::NotNext {
                view: batch.view,
                first_seqno: batch.first_seqno,
                last_seqno: batch.last_seqno(),
                log_end: queue.end,
            });
        }
        queue.end = batch.last_seqno();
        queue.batches.push_back(batch);
        self.shared.signal.notify_one();
        Ok(())
    }

    fn truncate(&self, seqno: u64) -> Result<(), EngineError> {
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            return Err(EngineError::Stopped);
        }
        let is_border = seqno == queue.taken
            || queue
                .batches
                .iter()
                .any(|batch| batch.last_seqno() == seqno);
        if !is_border {
            return Err(EngineError::NotABorder {
                seqno,
                committed: queue.taken,
                log_end: queue.end,
            });
        }
        // What the writer has taken is committed; the rest has not reached the disk.
        queue.batches.retain(|batch| batch.last_seqno() <= seqno);
        queue.end = seqno;
        queue.cuts.push_back(seqno);
        self.shared.signal.notify_one();
        Ok(())
    }

    fn end_recovery(&self) -> Result<(), EngineError> {
        Ok(self.shared.files.lock().end_recovery()?)
    }

    fn set_members(&self, members: &[Member]) -> Result<(), EngineError> {
        if members.len() == 1 {
            return Ok(());
        }
        let names: Vec<_> = members
            .iter()
            .map(|member| member.node_id.as_str())
            .collect();
        Err(EngineError::Members {
            count: members.len(),
            members: names.join(", "),
        })
    }

    fn read(&self, from: u64, to: u64, bytes_max: usize) -> Result<Vec<Bytes>, EngineError> {
        Ok(self.shared.reader.range(from, to, bytes_max)?)
    }

    fn admits_writes(&self) -> Result<(), String> {
        if !self.shared.refusing.load(Ordering::Acquire) {
            return Ok(());
        }
        // Space may have returned: look again, so that writes resume without one having to pass first.
        self.shared.look_at_space();
        self.shared.refusal.lock().clone().map_or(Ok(()), Err)
    }

    fn stop(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.signal.notify_one();
        if let Some(thread) = self.writer.lock().take() {
            // A panic of the writer has been reported by the process's panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for OneNode {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn write_loop(&self) {
        let Some(listener) = self.listener.get() else {
            return;
        };
        while let Some((batches, cuts)) = self.next_work() {
            for seqno in cuts {
                listener.truncated(seqno);
            }
            let Some(last) = batches.last().map(Batch::last_seqno) else {
                continue;
            };
            if let Err(error) = self.write(&batches) {
                self.queue.lock().closed = true;
                listener.failed(&format!(
                    "the ledger cannot be written up to seqno {last}: {error}"
                ));
                return;
            }
            for batch in &batches {
                listener.committed(batch.last_seqno());
            }
            if let Err(error) = self.files.lock().committed(last) {
                self.queue.lock().closed = true;
                listener.failed(&format!(
                    "the ledger files cannot be marked committed up to seqno {last}: {error}"
                ));
                return;
            }
        }
    }

    /// Below the floor of free space, writes are refused until space returns; what was accepted is still written.
    fn look_at_space(&self) {
        let refusal = self
            .reader
            .check_space()
            .err()
            .map(|error| error.to_string());
        let refusing = refusal.is_some();
        if self.refusing.swap(refusing, Ordering::AcqRel) != refusing {
            match &refusal {
                Some(reason) => tracing::warn!("Writes are refused: {reason}"),
                None => tracing::info!("Writes are admitted again"),
            }
        }
        *self.refusal.lock() = refusal;
    }

    /// What is queued, within the bound, and the cuts made before it; `None` when the queue is closed and empty.
    fn next_work(&self) -> Option<(Vec<Batch>, Vec<u64>)> {
        let mut queue = self.queue.lock();
        while queue.batches.is_empty() && queue.cuts.is_empty() {
            if queue.closed {
                return None;
            }
            self.signal.wait(&mut queue);
        }
        let cuts: Vec<_> = queue.cuts.drain(..).collect();
        if let Some(last_cut) = cuts.last()
            && queue
                .batches
                .front()
                .is_some_and(|batch| batch.first_seqno <= *last_cut)
        {
            // What was queued before the cut comes first: the listener hears of things in their order.
            let before = queue
                .batches
                .iter()
                .take_while(|batch| batch.last_seqno() <= *last_cut)
                .count();
            let batches: Vec<_> = queue.batches.drain(..before).collect();
            queue.taken = batches.last().map_or(queue.taken, Batch::last_seqno);
            queue.cuts.extend(cuts);
            return Some((batches, Vec::new()));
        }
        let count = queue.batches.len().min(limits::GROUP_COMMIT_BATCHES_MAX);
        let batches: Vec<_> = queue.batches.drain(..count).collect();
        queue.taken = batches.last().map_or(queue.taken, Batch::last_seqno);
        Some((batches, cuts))
    }

    fn write(&self, batches: &[Batch]) -> Result<(), FilesError> {
        let mut files = self.files.lock();
        for batch in batches {
            files.append_batch(batch.first_seqno, &batch.bytes, &batch.lengths)?;
        }
        let began = Instant::now();
        files.flush()?;
        let took = began.elapsed();
        let what = || {
            format!(
                "Operation took too long ({took:?}): flush of the ledger up to seqno {}",
                files.last()
            )
        };
        match slowness(took, self.slow_flush) {
            Slowness::None => {}
            Slowness::Slow => tracing::info!("{}", what()),
            Slowness::Stalled => tracing::warn!("{}", what()),
        }
        drop(files);
        self.look_at_space();
        Ok(())
    }
}

/// How an operation is spoken of that took some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slowness {
    None,
    Slow,
    /// Something is wrong with the disk.
    Stalled,
}

fn slowness(took: Duration, threshold: Duration) -> Slowness {
    if took <= threshold {
        Slowness::None
    } else if took < threshold.saturating_mul(limits::STALLED_FACTOR) {
        Slowness::Slow
    } else {
        Slowness::Stalled
    }
}

#[cfg(test)]
mod tests;
