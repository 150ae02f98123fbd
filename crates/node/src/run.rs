//! The life of a node process, from its arguments to its end (node-and-operations.md 1.4, 8). What founding
//! a service means is in `start`.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quorate_attestation::Platform;
use quorate_config::limits::MAX_WORKER_THREADS;
use quorate_config::{CommandKind, Config, LogFormat as ConfiguredFormat};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::application::Application;
use crate::command_line::{self, Arguments, Invocation};
use crate::exit::{Exit, ExitCode};
use crate::interfaces::Interfaces;
use crate::limits::{FINAL_COMMIT_TIME, STOP_TIME};
use crate::load::{Loaded, load};
use crate::logging::{Log, LogFormat};
use crate::process::Watchdog;
use crate::start::{self, RunningNode};
use crate::{files, process, version};

/// Scratch directory in the working directory, wiped at every start.
const SCRATCH: &str = ".index";

/// Runs a node until it stops.
///
/// # Errors
/// The exit code, and what to say on standard error.
pub fn run(application: &Application, arguments: &[String]) -> Result<(), Exit> {
    let platform = platform()?;
    let version_text = version::text(platform, application.name);
    let options = match command_line::parse(arguments, application.name, &version_text)? {
        Invocation::Print(text) => {
            // Nobody reads any more: nothing to do about it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return Ok(());
        }
        Invocation::Run(options) => options,
    };
    process::forbid_dumps().map_err(|reason| Exit::aborted(&reason))?;
    let Loaded {
        text,
        config,
        notes,
    } = load(&options)?;
    let format = match config.logging.format {
        ConfiguredFormat::Text => LogFormat::Text,
        ConfiguredFormat::Json => LogFormat::Json,
    };
    let log = Log::install(format).map_err(|error| Exit::aborted(&error.to_string()))?;
    process::abort_on_panic();
    announce(arguments, &options, &text, &notes);
    if options.check {
        tracing::info!("Configuration file successfully verified");
        return Ok(());
    }
    let recovery_threshold = recovery_threshold(&config)?;
    refuse_unbuilt(&config, platform)?;

    let runtime = runtime(config.worker_threads)?;
    // From before the PID file, which scripts take as leave to send signals.
    let signals = {
        let _within = runtime.enter();
        Signals::install()?
    };
    files::write_pid(&config.output_files.pid_file)?;
    log.set_level(options.log_level);
    process::raise_descriptor_limit();
    let stopped = runtime.block_on(async {
        files::ensure_directory(&config.snapshots.directory)?;
        files::fresh_scratch(SCRATCH.as_ref())?;
        let interfaces = Interfaces::bind(&config)?;
        write_addresses(&config, &interfaces)?;
        let settings = start::Settings {
            config: Arc::new(config),
            interfaces,
            recovery_threshold,
            evidence_directory: PathBuf::new(),
        };
        let node = start::start(application, settings)?;
        serve_until_stopped(node, signals).await
    })?;
    drop(runtime);
    tracing::info!("Enclave stopped successfully. Stopping host...");
    tracing::info!("Host stopped successfully");
    drop(stopped);
    Ok(())
}

/// `worker_threads` counts threads beside the first; without it, there are as many as processors.
fn runtime(worker_threads: u64) -> Result<Runtime, Exit> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = request_threads(worker_threads) {
        builder.worker_threads(threads);
    }
    builder
        .enable_all()
        .thread_name("requests")
        .build()
        .map_err(|error| Exit::aborted(&format!("the runtime cannot be started: {error}")))
}

fn request_threads(worker_threads: u64) -> Option<usize> {
    match usize::try_from(worker_threads) {
        Ok(0) | Err(_) => None,
        Ok(extra) => Some(extra.saturating_add(1)),
    }
}

/// What a new service asks for, made possible (node-and-operations.md 4.2). Other commands have no threshold.
fn recovery_threshold(config: &Config) -> Result<u64, Exit> {
    match &config.command.start {
        Some(start) if config.command.kind == CommandKind::Start => {
            start.recovery_threshold().map_err(|error| {
                tracing::error!("{error}");
                Exit::logged(ExitCode::InvalidValue)
            })
        }
        _ => Ok(0),
    }
}

fn platform() -> Result<Platform, Exit> {
    let chosen = std::env::var("CCF_PLATFORM_OVERRIDE").ok();
    let sev_guest = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/sev-guest")
        .is_ok();
    Platform::detect(chosen.as_deref(), sev_guest)
        .map_err(|error| Exit::aborted(&error.to_string()))
}

/// The first lines of every log.
fn announce(arguments: &[String], options: &Arguments, text: &str, notes: &[quorate_config::Note]) {
    tracing::info!("CCF version: {}", version::CONTRACT);
    let quoted: Vec<_> = arguments
        .iter()
        .map(|argument| format!("\"{argument}\""))
        .collect();
    tracing::info!("CLI args: {}", quoted.join(" "));
    if !options.check {
        tracing::info!("Configuration file {}:\n{text}", options.config);
        let chosen = std::env::var("CCF_PLATFORM_OVERRIDE").ok();
        let environment: serde_json::Map<_, _> = chosen
            .into_iter()
            .map(|value| ("CCF_PLATFORM_OVERRIDE".to_owned(), value.into()))
            .collect();
        tracing::info!("Environment: {:#}", serde_json::Value::Object(environment));
    }
    for note in notes {
        tracing::info!("{note}");
    }
}

/// What the contract has and this version of the node has not: refused by name before anything is made.
fn refuse_unbuilt(config: &Config, platform: Platform) -> Result<(), Exit> {
    let refuse = |reason: String| Err(start::creation_failed(&reason));
    match config.command.kind {
        CommandKind::Start => {}
        CommandKind::Join => {
            return refuse(
                "command.type Join is not available in this version; it can Start a service"
                    .to_owned(),
            );
        }
        CommandKind::Recover => {
            return refuse(
                "command.type Recover is not available in this version; it can Start a service"
                    .to_owned(),
            );
        }
    }
    if platform != Platform::Virtual {
        return refuse(format!(
            "platform {} is not available in this version; set CCF_PLATFORM_OVERRIDE=Virtual to run without hardware \
             protection",
            platform.name()
        ));
    }
    if config.worker_threads > MAX_WORKER_THREADS {
        tracing::error!(
            "worker_threads is {}, at most {MAX_WORKER_THREADS} are possible",
            config.worker_threads
        );
        return Err(Exit::logged(ExitCode::TooManyThreads));
    }
    let custom =
        config
            .network
            .rpc_interfaces
            .iter()
            .find_map(|(name, interface)| match &interface.app_protocol {
                quorate_config::AppProtocol::Custom(protocol) => Some((name, protocol)),
                _ => None,
            });
    if let Some((name, protocol)) = custom {
        return refuse(format!(
            "app_protocol '{protocol}' of interface {name} is not registered by this application; HTTP1 and HTTP2 are"
        ));
    }
    Ok(())
}

fn write_addresses(config: &Config, interfaces: &Interfaces) -> Result<(), Exit> {
    let node_to_node = [(
        "node_to_node_interface".to_owned(),
        interfaces.node_to_node.bind_address.clone(),
    )]
    .into();
    if let Some(path) = &config.output_files.node_to_node_address_file {
        files::write(path, files::addresses(&node_to_node).as_bytes())?;
    }
    if let Some(path) = &config.output_files.rpc_addresses_file {
        files::write(
            path,
            files::addresses(&interfaces.bound_addresses()).as_bytes(),
        )?;
    }
    Ok(())
}

struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
}

/// Why the node stops.
enum Stop {
    Terminated,
    Hangup,
}

impl Signals {
    fn install() -> Result<Self, Exit> {
        let failed =
            |error: std::io::Error| Exit::aborted(&format!("signals cannot be handled: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            hangup: signal(SignalKind::hangup()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => Stop::Terminated,
            _ = self.interrupt.recv() => Stop::Terminated,
            _ = self.hangup.recv() => Stop::Hangup,
        }
    }
}

/// Returns what watches over the rest of the stop; to be kept until the process ends.
async fn serve_until_stopped(node: RunningNode, mut signals: Signals) -> Result<Watchdog, Exit> {
    let (stop, stopped) = watch::channel(false);
    let mut sessions = JoinSet::new();
    let local = node.node.local.clone();
    let refused = |error: std::io::Error| Exit::aborted(&error.to_string());
    for interface in local.interfaces.take(&local.config).map_err(refused)? {
        sessions.spawn(quorate_http::serve(
            interface,
            node.dispatcher.clone(),
            stopped.clone(),
        ));
    }
    if let Some(listener) = local.interfaces.take_node_to_node() {
        let listener = TcpListener::from_std(listener).map_err(refused)?;
        sessions.spawn(drop_connections(listener, stopped));
    }
    let mut ignore = local.config.ignore_first_sigterm;
    loop {
        match signals.next().await {
            Stop::Terminated if ignore => {
                ignore = false;
                tracing::info!("Terminated: Notifying enclave, but not shutting down.");
                local.set_stop_notice();
            }
            Stop::Terminated => {
                tracing::info!("Terminated: Shutting down enclave gracefully...");
                break;
            }
            Stop::Hangup => {
                tracing::info!("Hangup: Shutting down enclave gracefully...");
                break;
            }
        }
    }
    let watchdog = Watchdog::start(STOP_TIME, || {
        process::die(&format!(
            "the node did not stop within {} s",
            STOP_TIME.as_secs()
        ))
    });
    stop.send_replace(true);
    while sessions.join_next().await.is_some() {}
    commit_open_run(&node).await;
    node.stop();
    Ok(watchdog)
}

/// Signs what has been answered and is not signed yet, and waits a bounded time for it to commit.
async fn commit_open_run(node: &RunningNode) {
    let sequencer = &node.node.sequencer;
    if let Err(error) = sequencer.close() {
        tracing::info!("The last transactions cannot be signed: {error}");
        return;
    }
    let last = sequencer.last_signed();
    let mut committed = sequencer.watch_committed();
    let waited = tokio::time::timeout(
        FINAL_COMMIT_TIME,
        committed.wait_for(|txid| txid.seqno >= last),
    )
    .await;
    if waited.is_err() {
        tracing::info!(
            "Seqno {last} did not commit within {} s",
            FINAL_COMMIT_TIME.as_secs()
        );
    }
}

/// A service of one node has no peers: whoever connects to the node-to-node interface is let go at once, without a word.
async fn drop_connections(listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if accepted.is_err() {
                    // Out of descriptors, most likely: let others go first.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            // A sender that is gone means the same.
            _ = stopped.changed() => return,
        }
    }
}

#[cfg(test)]
mod tests;
