//! `command.type` Start: founds a service (recovery-and-membership.md 3) and puts the node together. Who the
//! node and the service are, and what the create transaction holds, is in [`founder`].

mod evidence;
mod founder;
mod frontends;
mod inputs;

use std::path::PathBuf;
use std::sync::Arc;

use quorate_config::Config;
use quorate_crypto::SystemEntropy;
use quorate_endpoints::pool::PoolOptions;
use quorate_endpoints::{Dispatcher, ScriptPool};
use quorate_governance::NodeStartupState;
use quorate_governance::genesis::{self, GenesisInput};
use quorate_kv::Tx;
use quorate_ledger::files::{FilesConfig, FilesError, LedgerFiles};
use quorate_ledger::{LedgerSecret, SecretInForce};
use quorate_replication::{Driver, Engine as _, OneNode, Origin, Sequencer, SequencerConfig};

use self::founder::Founder;
use self::inputs::{Data, FoundingFiles};
use crate::application::Application;
use crate::clock::unix_now;
use crate::exit::{Exit, ExitCode};
use crate::interfaces::Interfaces;
use crate::limits::{GENESIS_TIME, SCRIPTS_TIME};
use crate::local_node::LocalNode;
use crate::service_node::ServiceNode;
use crate::{files, hooks};

/// View in which every new service starts (ledger.md 7).
const FIRST_VIEW: u64 = 2;

/// What a node is started with.
pub struct Settings {
    /// The whole configuration.
    pub config: Arc<Config>,
    /// Its interfaces, bound.
    pub interfaces: Interfaces,
    /// Recovery threshold in force (node-and-operations.md 4.2).
    pub recovery_threshold: u64,
    /// Where the files with the node's evidence go; empty is the working directory.
    pub evidence_directory: PathBuf,
}

/// A node that is ready to serve.
pub struct RunningNode {
    /// The node.
    pub node: Arc<ServiceNode>,
    /// Answers its requests.
    pub dispatcher: Arc<Dispatcher>,
    driver: parking_lot::Mutex<Driver>,
    pool: Arc<ScriptPool>,
}

impl RunningNode {
    /// Ends the threads of the write path and of scripts. What was signed is on disk afterwards.
    pub fn stop(&self) {
        self.pool.stop(SCRIPTS_TIME);
        self.driver.lock().stop();
        self.node.sequencer.engine().stop();
    }
}

/// Founds the service and returns the node, ready to serve. The order of steps is that of
/// node-and-operations.md 1.4, items 10 to 15.
///
/// # Errors
/// What the operator has to mend.
pub fn start(application: &Application, settings: Settings) -> Result<RunningNode, Exit> {
    let Settings {
        config,
        interfaces,
        recovery_threshold,
        evidence_directory,
    } = settings;
    let command = config
        .command
        .start
        .as_ref()
        .ok_or_else(|| Exit::aborted("command.start is missing"))?;
    let host_data = evidence::write_measurement(&evidence_directory)?;
    let data = Data::read(&config)?;
    let now = unix_now();
    tracing::info!("Startup host time: {now}");
    let ledger = open_ledger(&config)?;
    let founding_files = FoundingFiles::read(command)?;

    let founder = Founder {
        config: &config,
        settings: command,
        now,
        recovery_threshold,
    };
    let (local, own) = founder.identities(interfaces, host_data)?;
    evidence::check(&own.evidence, &evidence_directory)?;
    tracing::info!("Created new node");
    let engine = Arc::new(OneNode::with_slow_flush(
        ledger,
        FIRST_VIEW,
        config.slow_io_logging_threshold,
    ));
    let sequencer = new_sequencer(&config, &local, engine.clone())?;
    engine
        .start(sequencer.clone(), Origin::Ledger)
        .map_err(|error| creation_failed(&error.to_string()))?;
    tracing::info!(
        "Becoming leader n[{}]: {}",
        local.identity.id,
        sequencer.view()
    );
    let driver = Driver::start(sequencer.clone()).map_err(|error| {
        Exit::aborted(&format!("the sequencer thread cannot be started: {error}"))
    })?;
    let node = Arc::new(ServiceNode {
        local: local.clone(),
        sequencer,
    });

    found(&node, &founder.genesis(&local, own, founding_files, data)?)?;
    let self_signed = local.self_signed();
    local
        .interfaces
        .show_self_signed(&self_signed, &local.identity.key)
        .map_err(|error| Exit::aborted(&error.to_string()))?;
    write_certificates(&config, &local)?;
    local.enter(NodeStartupState::PartOfNetwork);
    tracing::info!(
        "The service has been created; this node is n[{}]",
        local.identity.id
    );

    let pool =
        Arc::new(ScriptPool::new(PoolOptions::default()).map_err(|error| {
            Exit::aborted(&format!("script threads cannot be started: {error}"))
        })?);
    let dispatcher = frontends::dispatcher(application, &node, &pool)?;
    Ok(RunningNode {
        node,
        dispatcher: Arc::new(dispatcher),
        driver: parking_lot::Mutex::new(driver),
        pool,
    })
}

fn open_ledger(config: &Config) -> Result<LedgerFiles, Exit> {
    let files = FilesConfig {
        sync: config.ledger.sync,
        free_space_min: config.ledger.free_space_floor,
    };
    LedgerFiles::open_new(
        &config.ledger.directory,
        &config.ledger.read_only_directories,
        &files,
    )
    .map_err(|error| {
        tracing::error!("{error}");
        Exit::logged(match error {
            FilesError::NotEmpty { .. } => ExitCode::InvalidValue,
            _ => ExitCode::NodeCreation,
        })
    })
}

fn new_sequencer(
    config: &Config,
    local: &Arc<LocalNode>,
    engine: Arc<OneNode>,
) -> Result<Arc<Sequencer>, Exit> {
    let secret = LedgerSecret::generate(&SystemEntropy)
        .map_err(|error| creation_failed(&error.to_string()))?;
    let first = SecretInForce {
        valid_from: 1,
        secret: Arc::new(secret),
        previous_stored: None,
    };
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    let settings = SequencerConfig {
        signature_tx_count: config.ledger_signatures.tx_count,
        signature_delay: config.ledger_signatures.delay,
        batch_bytes_max: bytes(config.ledger_signatures.batch_bytes_max),
        entry_bytes_max: bytes(config.memory.max_msg_size),
        chunk_bytes: config.ledger.chunk_size,
    };
    Ok(Sequencer::new(
        settings,
        first,
        engine,
        hooks::hooks(local),
        local.clone(),
        local.clone(),
    ))
}

/// The create transaction, its signature, and their commitment.
fn found(node: &ServiceNode, input: &GenesisInput) -> Result<(), Exit> {
    let mut tx = Tx::new(node.sequencer.snapshot());
    genesis::create(&mut tx, input).map_err(|error| creation_failed(&error.to_string()))?;
    let txid = node
        .sequencer
        .commit(tx)
        .map_err(|error| creation_failed(&error.to_string()))?;
    if txid != input.create_txid {
        return Err(creation_failed(&format!(
            "the create transaction is {txid}, not {}",
            input.create_txid
        )));
    }
    node.sequencer
        .sign_now()
        .map_err(|error| creation_failed(&error.to_string()))?;
    if node.sequencer.wait_committed(txid.seqno, GENESIS_TIME) {
        Ok(())
    } else {
        Err(creation_failed(
            "Service creation request could not be committed",
        ))
    }
}

/// The service certificate is the last file that a start writes: scripts wait for it.
fn write_certificates(config: &Config, local: &LocalNode) -> Result<(), Exit> {
    let node = &config.output_files.node_certificate_file;
    tracing::info!("Output self-signed node certificate to {}", node.display());
    files::write(node, local.self_signed().to_pem().as_bytes())?;
    let service = &config.command.service_certificate_file;
    tracing::info!("Output service certificate to {}", service.display());
    files::write(service, local.service.certificate.to_pem().as_bytes())
}

/// Logs why the node cannot be created, as tools look for it.
pub fn creation_failed(reason: &str) -> Exit {
    tracing::warn!("Error starting node: {reason}");
    tracing::warn!("An error occurred when creating CCF node: InternalError");
    Exit::logged(ExitCode::NodeCreation)
}
