//! The sandbox's node as a child process, and the signals that end the sandbox.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use super::configuration;
use crate::error::CliError;

/// Longest wait for a node to come up.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Longest wait for a node to stop (node-and-operations.md 8.1).
const STOP_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A running node. Dropping it kills it.
pub(super) struct NodeProcess {
    child: Child,
    directory: PathBuf,
}

impl NodeProcess {
    /// Starts the program in its directory, with an empty environment; output goes to the files `out` and `err`.
    pub(super) fn start(program: &Path, directory: &Path) -> Result<Self, CliError> {
        let file = |name: &str| {
            let path = directory.join(name);
            File::create(&path).map_err(|error| CliError::io(path, &error))
        };
        let child = Command::new(program)
            .args(["--config", configuration::FILE])
            .current_dir(directory)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(file("out")?)
            .stderr(file("err")?)
            .spawn()
            .map_err(|error| CliError::io(program, &error))?;
        Ok(Self {
            child,
            directory: directory.to_owned(),
        })
    }

    /// Where the node listens, from the file in which it says so.
    pub(super) fn wait_for_address(&mut self, stop: &StopSignal) -> Result<String, CliError> {
        let path = self.directory.join(configuration::ADDRESSES);
        let text = self.wait_for_file(stop, &path)?;
        let addresses: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| CliError::Path {
                path: path.clone(),
                reason: error.to_string(),
            })?;
        addresses[configuration::INTERFACE]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| CliError::Path {
                path,
                reason: format!("names no address for {}", configuration::INTERFACE),
            })
    }

    /// The service certificate; the node writes it last.
    pub(super) fn wait_for_service_certificate(
        &mut self,
        stop: &StopSignal,
    ) -> Result<String, CliError> {
        let path = self.directory.join(configuration::SERVICE_CERTIFICATE);
        self.wait_for_file(stop, &path)
    }

    fn wait_for_file(&mut self, stop: &StopSignal, path: &Path) -> Result<String, CliError> {
        let mut text = String::new();
        self.wait_until(stop, &format!("{} to be written", path.display()), || {
            text = std::fs::read_to_string(path).unwrap_or_default();
            Ok(!text.is_empty())
        })?;
        Ok(text)
    }

    /// Polls `condition`; a node that ended, or a stop signal, ends the wait.
    pub(super) fn wait_until(
        &mut self,
        stop: &StopSignal,
        what: &str,
        mut condition: impl FnMut() -> Result<bool, CliError>,
    ) -> Result<(), CliError> {
        let deadline = Instant::now() + START_LIMIT;
        let mut last_error = None;
        while Instant::now() < deadline {
            match condition() {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => last_error = Some(error),
            }
            if self.has_ended()? {
                return Err(CliError::Node(format!(
                    "the node ended while waiting for {what}; its log is {}",
                    self.directory.join("out").display()
                )));
            }
            if stop.is_set() {
                return Err(CliError::Node(format!("stopped while waiting for {what}")));
            }
            std::thread::sleep(POLL);
        }
        let reason = last_error
            .map(|error| format!(" ({error})"))
            .unwrap_or_default();
        Err(CliError::Node(format!(
            "waited {} s in vain for {what}{reason}",
            START_LIMIT.as_secs()
        )))
    }

    fn has_ended(&mut self) -> Result<bool, CliError> {
        let status = self
            .child
            .try_wait()
            .map_err(|error| CliError::io(&self.directory, &error))?;
        Ok(status.is_some())
    }

    /// Asks the node to stop and waits for it.
    pub(super) fn stop(&mut self) -> Result<(), CliError> {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed())
            && !self.has_ended()?
        {
            // A node that has just ended by itself is what we want.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_LIMIT;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                return Err(CliError::Node(format!(
                    "the node did not stop within {} s",
                    STOP_LIMIT.as_secs()
                )));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        if self.stop().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Set by Ctrl-C or SIGTERM. A thread of its own waits for them.
pub(super) struct StopSignal(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl StopSignal {
    pub(super) fn install() -> Result<Self, CliError> {
        let failed =
            |error: std::io::Error| CliError::Node(format!("signals cannot be handled: {error}"));
        let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (mut interrupt, mut terminate) = {
            let _guard = runtime.enter();
            (
                signal(SignalKind::interrupt()).map_err(failed)?,
                signal(SignalKind::terminate()).map_err(failed)?,
            )
        };
        let set = flag.clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            set.store(true, std::sync::atomic::Ordering::Release);
        });
        Ok(Self(flag))
    }

    fn is_set(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Waits until the signal comes; a node that ends before is an error.
    pub(super) fn wait(&self, node: &mut NodeProcess) -> Result<(), CliError> {
        while !self.is_set() {
            if node.has_ended()? && !self.is_set() {
                return Err(CliError::Node(format!(
                    "the node ended by itself; its log is {}",
                    node.directory.join("out").display()
                )));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}
