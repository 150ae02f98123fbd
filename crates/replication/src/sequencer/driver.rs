//! The thread that encodes what is sequenced and signs when a signature is due. It owns no state: all of
//! it is in the sequencer, whose `pump` a simulator calls itself.
//!
//! Shutdown: `Driver::stop` raises a flag and wakes the thread, which returns without another signature;
//! the caller signs the open run before (`Sequencer::close`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::Sequencer;

/// Wakes the encoder thread. Cheap when the thread is busy already.
#[derive(Default)]
pub(super) struct Wake {
    /// The encoder is asleep (or about to be) and wants a call.
    idle: AtomicBool,
    called: Mutex<bool>,
    signal: Condvar,
}

impl Wake {
    pub(super) fn call(&self) {
        if self.idle.swap(false, Ordering::AcqRel) {
            *self.called.lock() = true;
            self.signal.notify_one();
        }
    }

    fn prepare(&self) {
        self.idle.store(true, Ordering::Release);
    }

    fn sleep_until(&self, deadline: Instant) {
        let mut called = self.called.lock();
        if !*called {
            self.signal.wait_until(&mut called, deadline);
        }
        *called = false;
        self.idle.store(false, Ordering::Release);
    }
}

/// The running encoder thread.
pub struct Driver {
    sequencer: Arc<Sequencer>,
    stop: Arc<AtomicBool>,
    /// Taken by `stop`.
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn start(sequencer: Arc<Sequencer>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn({
                let (sequencer, stop) = (sequencer.clone(), stop.clone());
                move || {
                    while !stop.load(Ordering::Acquire) {
                        sequencer.wake.prepare();
                        let deadline = sequencer.pump(Instant::now());
                        sequencer.wake.sleep_until(deadline);
                    }
                }
            })?;
        Ok(Self {
            sequencer,
            stop,
            thread: Some(thread),
        })
    }

    /// Ends the thread and waits for it.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.sequencer.wake.call();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported by its own hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop();
    }
}
