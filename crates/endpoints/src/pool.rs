//! The bounded threads on which scripts run, so that slow scripts hold up neither connections nor
//! each other's kind: governance and applications have threads and queues of their own.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::limits;

/// Whose work a script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Constitution and ballots.
    Governance,
    /// Application endpoints.
    Application,
}

impl Quota {
    const ALL: [Self; 2] = [Self::Governance, Self::Application];

    const fn name(self) -> &'static str {
        match self {
            Self::Governance => "governance",
            Self::Application => "application",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Governance => 0,
            Self::Application => 1,
        }
    }
}

/// Sizes of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Threads of each quota, at least 1.
    pub threads: usize,
    /// Stack of each thread, in bytes.
    pub stack_bytes: usize,
    /// Requests of each quota that may wait.
    pub queue: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            threads: limits::SCRIPT_THREADS_DEFAULT,
            stack_bytes: limits::SCRIPT_STACK_BYTES,
            queue: limits::SCRIPT_QUEUE_DEFAULT,
        }
    }
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// As many jobs wait as may.
    #[error(
        "The node is busy: {waiting} {quota} requests are waiting for a script thread. Retry later."
    )]
    Full {
        /// How many wait.
        waiting: usize,
        /// Whose.
        quota: &'static str,
    },
    /// The pool is stopped.
    #[error("The node is stopping.")]
    Stopped,
}

type Job = Box<dyn FnOnce() + Send>;

/// A pool of script threads. Dropping it lets the threads end after their present job.
pub struct ScriptPool {
    queues: [Arc<Queue>; 2],
    threads: Mutex<Vec<JoinHandle<()>>>,
    queue_max: usize,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<Job>,
    idle: usize,
    stopped: bool,
}

impl ScriptPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, if a thread cannot be started.
    pub fn new(options: PoolOptions) -> std::io::Result<Self> {
        let pool = Self {
            queues: [Arc::default(), Arc::default()],
            threads: Mutex::default(),
            queue_max: options.queue,
        };
        for quota in Quota::ALL {
            for number in 0..options.threads.max(1) {
                let queue = Arc::clone(&pool.queues[quota.index()]);
                let thread = Builder::new()
                    .name(format!("{}-{number}", quota.name()))
                    .stack_size(options.stack_bytes)
                    .spawn(move || {
                        quorate_script::declare_thread_stack(options.stack_bytes);
                        queue.work();
                    })?;
                pool.threads.lock().push(thread);
            }
        }
        Ok(pool)
    }

    /// Runs `job` on one of the quota's threads, in turn.
    ///
    /// # Errors
    /// [`PoolError`]; the job is dropped then.
    pub fn submit(
        &self,
        quota: Quota,
        job: impl FnOnce() + Send + 'static,
    ) -> Result<(), PoolError> {
        let queue = &self.queues[quota.index()];
        let mut state = queue.state.lock();
        if state.stopped {
            return Err(PoolError::Stopped);
        }
        // Jobs for which a thread is idle do not wait.
        let waiting = state.jobs.len().saturating_sub(state.idle);
        if waiting >= self.queue_max && state.jobs.len() >= state.idle {
            return Err(PoolError::Full {
                waiting,
                quota: quota.name(),
            });
        }
        state.jobs.push_back(Box::new(job));
        queue.changed.notify_one();
        Ok(())
    }

    /// Takes no more jobs, drops those that wait, and waits up to `patience` for those that run.
    /// Whether all threads have ended.
    pub fn stop(&self, patience: Duration) -> bool {
        self.close();
        let deadline = Instant::now() + patience;
        let mut threads = self.threads.lock();
        while threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (ended, running): (Vec<_>, Vec<_>) =
            threads.drain(..).partition(JoinHandle::is_finished);
        for thread in ended {
            // A job that panics is caught in the thread, so there is no panic to pass on here.
            let _ = thread.join();
        }
        let all = running.is_empty();
        *threads = running;
        all
    }

    fn close(&self) {
        for queue in &self.queues {
            let mut state = queue.state.lock();
            state.stopped = true;
            state.jobs.clear();
            queue.changed.notify_all();
        }
    }
}

impl Drop for ScriptPool {
    fn drop(&mut self) {
        self.close();
    }
}

impl Queue {
    fn work(&self) {
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!(target: "endpoints", "A request handler panicked");
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.stopped {
                return None;
            }
            state.idle += 1;
            self.changed.wait(&mut state);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{channel, sync_channel};

    use super::*;

    fn pool(threads: usize, queue: usize) -> ScriptPool {
        ScriptPool::new(PoolOptions {
            threads,
            queue,
            stack_bytes: 1 << 18,
        })
        .unwrap()
    }

    #[test]
    fn a_full_queue_refuses_and_the_other_quota_goes_on() {
        let pool = pool(1, 1);
        let (started, wait_started) = channel();
        let (release, wait_release) = sync_channel::<()>(0);
        pool.submit(Quota::Application, move || {
            started.send(()).unwrap();
            wait_release.recv().unwrap();
        })
        .unwrap();
        wait_started.recv().unwrap();
        let (done, wait_done) = channel();
        let second = done.clone();
        pool.submit(Quota::Application, move || second.send(2).unwrap())
            .unwrap();
        assert_eq!(
            pool.submit(Quota::Application, || ()),
            Err(PoolError::Full {
                waiting: 1,
                quota: "application"
            })
        );
        pool.submit(Quota::Governance, move || done.send(1).unwrap())
            .unwrap();
        assert_eq!(wait_done.recv().unwrap(), 1, "governance is not held up");
        release.send(()).unwrap();
        assert_eq!(wait_done.recv().unwrap(), 2);
    }

    #[test]
    fn a_panic_ends_the_job_only() {
        let pool = pool(1, 8);
        pool.submit(Quota::Governance, || panic!("expected by this test"))
            .unwrap();
        let (done, wait_done) = channel();
        pool.submit(Quota::Governance, move || done.send(()).unwrap())
            .unwrap();
        wait_done.recv().unwrap();
    }

    #[test]
    fn a_stopped_pool_takes_nothing_and_its_threads_end() {
        let pool = pool(2, 8);
        assert!(pool.stop(Duration::from_secs(30)));
        assert_eq!(
            pool.submit(Quota::Governance, || ()),
            Err(PoolError::Stopped)
        );
    }

    #[test]
    fn the_stack_has_the_size_that_was_asked_for() {
        let pool = ScriptPool::new(PoolOptions {
            threads: 1,
            queue: 1,
            stack_bytes: 16 << 20,
        })
        .unwrap();
        let (done, wait_done) = channel();
        pool.submit(Quota::Governance, move || {
            fn deep(depth: usize) -> usize {
                let block = std::hint::black_box([1_u8; 4096]);
                if depth == 0 {
                    0
                } else {
                    deep(depth - 1) + usize::from(block[depth % 4096])
                }
            }
            done.send(deep(800)).unwrap();
        })
        .unwrap();
        assert_eq!(wait_done.recv().unwrap(), 800);
    }
}
