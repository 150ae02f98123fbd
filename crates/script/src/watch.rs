//! Who ends a script: the clock, a full heap, or a native refusal that no script may survive.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use quorate_quickjs::{Engine, Guard, Heap};
use rquickjs::{Context, Runtime};

use crate::limits::{COLLECT_BYTES, READING_STACK_BYTES};

/// Watches one runtime. Once a reason to stop has come up, every poll of the engine raises an error that
/// cannot be caught, and no function can be entered any more: some functions of the engine, such as the
/// `Promise` constructor, swallow even that error, and would otherwise run on for ever.
pub(crate) struct Watch {
    started: Cell<Option<Instant>>,
    limit: Cell<Duration>,
    late: Cell<bool>,
    exhausted: Cell<bool>,
    aborted: RefCell<Option<String>>,
    collect_at: Cell<usize>,
    stack: Cell<usize>,
    engine: OnceCell<Engine>,
}

impl Watch {
    /// A watch that is not running.
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            started: Cell::new(None),
            limit: Cell::new(Duration::MAX),
            late: Cell::new(false),
            exhausted: Cell::new(false),
            aborted: RefCell::new(None),
            collect_at: Cell::new(COLLECT_BYTES),
            stack: Cell::new(0),
            engine: OnceCell::new(),
        })
    }

    /// Has the engine of `runtime` and `context` ask this watch at its polls.
    pub fn observe(self: &Rc<Self>, runtime: &Runtime, context: &Context, heap: &Heap) {
        if let Some(engine) = Engine::of(context) {
            // A watch observes one runtime only.
            let _ = self.engine.set(engine);
        }
        let (watch, heap) = (Rc::clone(self), heap.clone());
        runtime.set_interrupt_handler(Some(Box::new(move || watch.poll(&heap))));
    }

    /// Starts the clock, with `stack` bytes below the script, and forgets all that was.
    pub fn start(&self, limit: Duration, stack: usize) {
        self.late.set(false);
        self.exhausted.set(false);
        self.aborted.replace(None);
        self.limit.set(limit);
        self.started.set(Some(Instant::now()));
        if let Some(engine) = self.engine.get() {
            engine.measure_stack_from_here();
        }
        self.stack.set(stack);
        self.admit();
    }

    /// Lets functions be entered again, for the inspection of what a script has thrown. Reasons to stop remain.
    pub fn admit_reading(&self) {
        self.stack.set(self.stack.get().max(READING_STACK_BYTES));
        self.admit();
    }

    fn admit(&self) {
        self.limit_stack(self.stack.get());
    }

    /// Lets functions be entered while `act` runs, though the script has to stop.
    pub fn admitting<R>(&self, act: impl FnOnce() -> R) -> R {
        self.admit();
        let result = act();
        self.close();
        result
    }

    fn limit_stack(&self, bytes: usize) {
        if let Some(engine) = self.engine.get() {
            engine.set_stack_limit(bytes);
        }
    }

    /// Stops the clock. What has come up remains to be read.
    pub fn stop(&self) {
        self.started.set(None);
    }

    /// Ends the script with a text that the caller gets instead of any result.
    pub fn abort(&self, text: String) {
        self.aborted.borrow_mut().get_or_insert(text);
        self.close();
    }

    /// The text of [`Watch::abort`], if it was called.
    pub fn take_abort(&self) -> Option<String> {
        self.aborted.borrow_mut().take()
    }

    /// Whether the time limit has ended the script.
    pub fn was_late(&self) -> bool {
        self.late.get()
    }

    /// Whether the heap limit has ended the script.
    pub fn was_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    /// Whether the script has to stop, for whatever reason.
    pub fn must_stop(&self) -> bool {
        self.is_late() || self.exhausted.get() || self.aborted.borrow().is_some()
    }

    /// Time left, of a running clock; without one, the whole of `limit`.
    pub fn remaining(&self, limit: Duration) -> Duration {
        match self.started.get() {
            Some(started) => limit.min(self.limit.get().saturating_sub(started.elapsed())),
            None => limit,
        }
    }

    /// Elapsed time and limit in milliseconds, for the log.
    pub fn milliseconds(&self) -> (u128, u128) {
        let elapsed = self.started.get().map_or(Duration::ZERO, |at| at.elapsed());
        (elapsed.as_millis(), self.limit.get().as_millis())
    }

    /// Records that the heap holds more than it may, and ends the script.
    pub fn exhaust(&self) {
        self.exhausted.set(true);
        self.close();
    }

    /// Frees unreachable cycles if the heap has grown since the last time, or is over its limit.
    pub fn collect(&self, heap: &Heap) {
        if heap.used() < self.collect_at.get() && !heap.is_over_limit() {
            return;
        }
        if let Some(engine) = self.engine.get() {
            engine.collect_garbage();
        }
        let used = heap.used();
        self.collect_at
            .set(used.saturating_add(COLLECT_BYTES.max(used / 2)));
    }

    /// The engine's poll: whether to interrupt the script.
    fn poll(&self, heap: &Heap) -> bool {
        if self.must_stop() {
            self.close();
            return true;
        }
        self.collect(heap);
        if self.started.get().is_some() && heap.is_over_limit() {
            self.exhaust();
            return true;
        }
        false
    }

    /// No function of the script or the engine can be entered any more.
    fn close(&self) {
        self.limit_stack(1);
    }
}

impl Guard for Watch {
    fn is_late(&self) -> bool {
        if self.late.get() {
            return true;
        }
        let late = self
            .started
            .get()
            .is_some_and(|started| started.elapsed() >= self.limit.get());
        if late {
            self.late.set(true);
            self.close();
        }
        late
    }

    fn exhausted(&self) {
        self.exhaust();
    }
}
