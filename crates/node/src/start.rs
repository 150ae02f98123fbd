//! `command.type` Start: founds a service (recovery-and-membership.md 3). Makes the identities, writes the
//! create transaction and its signature, and puts the node together.

use std::path::Path;
use std::sync::Arc;

use quorate_attestation::{Evidence, VIRTUAL_MEASUREMENT, verify_virtual};
use quorate_config::{Config, Redirection, Role, RpcInterface, Start, SubjectAltName};
use quorate_crypto::cert::{self, Csr, San, Validity};
use quorate_crypto::{Digest, SystemEntropy, sha256};
use quorate_endpoints::dispatch::Frontends;
use quorate_endpoints::interface::{NodeRole, Redirections, Resolver};
use quorate_endpoints::pool::PoolOptions;
use quorate_endpoints::{
    ApiInfo, Dispatcher, DispatcherOptions, Frontend, InterfaceRules, Prefix, ScriptPool,
};
use quorate_governance::genesis::{self, GenesisInput, GenesisMember, GenesisNode, JoinPolicy};
use quorate_governance::{Env, NodeStartupState};
use quorate_kv::Tx;
use quorate_ledger::files::{FilesConfig, LedgerFiles};
use quorate_ledger::{LedgerSecret, SecretInForce, TxId};
use quorate_replication::{Driver, Engine as _, OneNode, Sequencer, SequencerConfig};
use quorate_tables::{
    Base64Bytes, NodeInfo, NodeStatus, Pem, QuoteFormat, QuoteInfo, RecoveryRole,
    ServiceConfiguration,
};

use crate::application::Application;
use crate::clock::unix_now;
use crate::exit::{Exit, ExitCode};
use crate::identity::{NodeIdentity, ServiceIdentity, curve_of, subject_alt_names};
use crate::interfaces::Interfaces;
use crate::local_node::{LocalNode, Parts};
use crate::service_node::ServiceNode;
use crate::{files, gov_api, hooks, node_api};

/// View in which every new service starts (ledger.md 7).
const FIRST_VIEW: u64 = 2;

/// Longest wait for the create transaction to commit.
const GENESIS_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

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
        self.pool.stop(std::time::Duration::from_secs(2));
        self.driver.lock().stop();
        self.node.sequencer.engine().stop();
    }
}

/// Founds the service and returns the node, ready to serve.
///
/// # Errors
/// What the operator has to mend.
pub fn start(
    application: &Application,
    config: Arc<Config>,
    interfaces: Interfaces,
    recovery_threshold: u64,
) -> Result<RunningNode, Exit> {
    let settings = config
        .command
        .start
        .clone()
        .ok_or_else(|| Exit::aborted("command.start is missing"))?;
    let host_data = write_measurement()?;
    let node_data = config
        .node_data_json_file
        .as_deref()
        .map(files::read_json)
        .transpose()?;
    let service_data = config
        .service_data_json_file
        .as_deref()
        .map(files::read_json)
        .transpose()?;
    let now = unix_now();
    tracing::info!("Startup host time: {now}");
    let ledger = open_ledger(&config)?;
    let members = read_members(&settings)?;
    let constitution = settings
        .constitution_files
        .iter()
        .map(|path| files::read_text(path))
        .collect::<Result<Vec<_>, _>>()?
        .join("\n");

    let created = Founder {
        config: &config,
        settings: &settings,
        now,
        host_data,
        recovery_threshold,
    };
    let (local, evidence, csr) = created.identities(interfaces)?;
    tracing::info!("Created new node");
    let engine = Arc::new(OneNode::new(ledger, FIRST_VIEW));
    let sequencer = new_sequencer(&config, &local, engine.clone())?;
    engine.start(sequencer.clone());
    let driver = Driver::start(sequencer.clone()).map_err(|error| {
        Exit::aborted(&format!("the sequencer thread cannot be started: {error}"))
    })?;
    let node = Arc::new(ServiceNode {
        local: local.clone(),
        sequencer,
    });

    let input = created.genesis(
        &local,
        &evidence,
        csr,
        members,
        constitution,
        node_data,
        service_data,
    )?;
    found(&node, &input)?;
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
    let dispatcher = dispatcher(application, &node, &pool)?;
    Ok(RunningNode {
        node,
        dispatcher: Arc::new(dispatcher),
        driver: parking_lot::Mutex::new(driver),
        pool,
    })
}

/// What founding needs at several places.
struct Founder<'a> {
    config: &'a Arc<Config>,
    settings: &'a Start,
    now: i64,
    host_data: Digest,
    recovery_threshold: u64,
}

impl Founder<'_> {
    fn node_validity(&self) -> Validity {
        Validity {
            from: self.now,
            days: self.config.node_certificate.initial_validity_days.into(),
        }
    }

    /// Makes the keys and certificates of node and service, and the node's evidence.
    fn identities(
        &self,
        interfaces: Interfaces,
    ) -> Result<(Arc<LocalNode>, Evidence, String), Exit> {
        let failed = |error: quorate_crypto::CryptoError| creation_failed(&error.to_string());
        let certificate = &self.config.node_certificate;
        let sans = match &certificate.subject_alt_names {
            Some(names) => names.iter().map(san).collect(),
            None => subject_alt_names(interfaces.published())
                .map_err(|reason| creation_failed(&reason))?,
        };
        let curve = curve_of(self.config);
        let identity =
            NodeIdentity::generate(curve, &certificate.subject_name, sans, &SystemEntropy)
                .map_err(failed)?;
        let self_signed = identity
            .self_signed(self.node_validity(), &SystemEntropy)
            .map_err(failed)?;
        let csr = identity.signing_request().map_err(failed)?;
        let validity = Validity {
            from: self.now,
            days: self
                .settings
                .initial_service_certificate_validity_days
                .into(),
        };
        let service = ServiceIdentity::found(
            curve,
            &self.settings.service_subject_name,
            validity,
            &SystemEntropy,
        )
        .map_err(failed)?;
        let evidence = Evidence {
            host_data: self.host_data,
            report_data: identity.key.public_key().fingerprint(),
        };
        check_evidence(&evidence)?;
        let cose = self.settings.cose_signatures.clone();
        let (issuer, subject) = cose
            .map(|cose| (cose.issuer, cose.subject))
            .unwrap_or_default();
        let local = LocalNode::new(Parts {
            config: self.config.clone(),
            identity,
            service,
            interfaces,
            self_signed,
            issuer,
            subject,
        })
        .map_err(|error| creation_failed(&error))?;
        Ok((local, evidence, csr))
    }

    #[allow(clippy::too_many_arguments)]
    fn genesis(
        &self,
        local: &LocalNode,
        evidence: &Evidence,
        csr: String,
        members: Vec<GenesisMember>,
        constitution: String,
        node_data: Option<serde_json::Value>,
        service_data: Option<serde_json::Value>,
    ) -> Result<GenesisInput, Exit> {
        let failed = |error: quorate_crypto::CryptoError| creation_failed(&error.to_string());
        let request = Csr::from_pem(&csr).map_err(failed)?;
        let serial = cert::random_serial(&SystemEntropy);
        let endorsed = cert::endorse(
            &request,
            &local.service.key,
            &local.service.certificate,
            self.node_validity(),
            &serial,
        )
        .map_err(failed)?;
        let configured = self.settings.service_configuration.as_ref();
        Ok(GenesisInput {
            service_certificate: Pem::from(local.service.certificate.to_pem()),
            service_data,
            create_txid: TxId {
                view: FIRST_VIEW,
                seqno: 1,
            },
            constitution,
            configuration: ServiceConfiguration {
                recovery_threshold: self.recovery_threshold,
                maximum_node_certificate_validity_days: configured
                    .and_then(|configured| configured.maximum_node_certificate_validity_days),
                maximum_service_certificate_validity_days: configured
                    .and_then(|configured| configured.maximum_service_certificate_validity_days),
                recent_cose_proposals_window_size: configured
                    .and_then(|configured| configured.recent_cose_proposals_window_size),
                ..ServiceConfiguration::default()
            },
            members,
            node: GenesisNode {
                id: local.identity.id.clone(),
                info: NodeInfo {
                    node_to_node_interface: local.interfaces.node_to_node.clone(),
                    rpc_interfaces: local.interfaces.rpc().clone(),
                    will_locally_seal_ledger_secrets: false,
                    quote_info: QuoteInfo {
                        format: QuoteFormat::InsecureVirtual,
                        quote: Base64Bytes::from(evidence.to_quote()),
                        endorsements: Base64Bytes::default(),
                        uvm_endorsements: None,
                        endorsed_tcb: None,
                    },
                    encryption_pub_key: Pem::from(
                        local.identity.encryption_key.public_key().to_pem(),
                    ),
                    status: NodeStatus::Trusted,
                    ledger_secret_seqno: None,
                    code_digest: Some(Evidence::code_digest()),
                    certificate_signing_request: Some(Pem::from(csr)),
                    public_key: Some(Pem::from(local.identity.key.public_key().to_pem())),
                    node_data: node_data.unwrap_or_default(),
                    retired_committed: false,
                    cert: None,
                },
                endorsed_certificate: Pem::from(endorsed.to_pem()),
            },
            join_policy: JoinPolicy::Virtual {
                measurement: VIRTUAL_MEASUREMENT.to_owned(),
                host_data: evidence.host_data,
            },
        })
    }
}

/// Logs why the node cannot be created, as tools look for it.
fn creation_failed(reason: &str) -> Exit {
    tracing::warn!("Error starting node: {reason}");
    tracing::warn!("An error occurred when creating CCF node: InternalError");
    Exit::logged(ExitCode::NodeCreation)
}

/// Digest of this executable, and the file that tells it to deployments (attestation.md 3.1).
fn write_measurement() -> Result<Digest, Exit> {
    let program = std::fs::read("/proc/self/exe")
        .map_err(|error| creation_failed(&format!("the executable cannot be read: {error}")))?;
    let host_data = sha256(&program);
    let path = format!("ccf_virtual_attestation.{}.measurement", std::process::id());
    files::write(
        Path::new(&path),
        Evidence::measurement_file(&host_data).as_bytes(),
    )?;
    Ok(host_data)
}

/// The node's look at its own evidence (attestation.md 6.4).
fn check_evidence(evidence: &Evidence) -> Result<(), Exit> {
    use base64::Engine as _;
    let quote = evidence.to_quote();
    let shown = base64::prelude::BASE64_URL_SAFE.encode(&quote);
    tracing::info!("Initial node attestation (\"Insecure_Virtual\"): {shown}");
    tracing::info!(
        "Virtual platform: the evidence of this node proves nothing about hardware or program"
    );
    tracing::info!("Security policy not set, skipping check against attestation host data");
    let path = format!("ccf_virtual_attestation.{}.attestation", std::process::id());
    files::write(Path::new(&path), evidence.attestation_file().as_bytes())?;
    verify_virtual(&quote)
        .map(|_| ())
        .map_err(|error| creation_failed(&error.to_string()))
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
        Exit::logged(ExitCode::InvalidValue)
    })
}

fn read_members(settings: &Start) -> Result<Vec<GenesisMember>, Exit> {
    settings
        .members
        .iter()
        .map(|member| {
            let key = member
                .encryption_public_key_file
                .as_deref()
                .map(files::read_text)
                .transpose()?;
            Ok(GenesisMember {
                certificate: Pem::from(files::read_text(&member.certificate_file)?),
                encryption_public_key: key.map(Pem::from),
                data: member
                    .data_json_file
                    .as_deref()
                    .map(files::read_json)
                    .transpose()?,
                recovery_role: member.recovery_role.map(|role| match role {
                    quorate_config::RecoveryRole::NonParticipant => RecoveryRole::NonParticipant,
                    quorate_config::RecoveryRole::Participant => RecoveryRole::Participant,
                    quorate_config::RecoveryRole::Owner => RecoveryRole::Owner,
                }),
            })
        })
        .collect()
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
    if node.sequencer.wait_committed(txid.seqno, GENESIS_LIMIT) {
        Ok(())
    } else {
        Err(creation_failed(
            "Service creation request could not be committed",
        ))
    }
}

fn write_certificates(config: &Config, local: &LocalNode) -> Result<(), Exit> {
    let node = &config.output_files.node_certificate_file;
    tracing::info!("Output self-signed node certificate to {}", node.display());
    files::write(node, local.self_signed().to_pem().as_bytes())?;
    let service = &config.command.service_certificate_file;
    tracing::info!("Output service certificate to {}", service.display());
    files::write(service, local.service.certificate.to_pem().as_bytes())
}

fn dispatcher(
    application: &Application,
    node: &Arc<ServiceNode>,
    pool: &Arc<ScriptPool>,
) -> Result<Dispatcher, Exit> {
    let registered =
        |error: quorate_endpoints::RegistrationError| creation_failed(&error.to_string());
    let info = |title: &str, version: &str| ApiInfo {
        title: title.to_owned(),
        version: version.to_owned(),
        ..ApiInfo::default()
    };
    let mut node_frontend =
        Frontend::new(Prefix::Node, info("CCF Public Node API", "4.14.0")).map_err(registered)?;
    node_api::register(&mut node_frontend, node).map_err(registered)?;
    node_frontend.gate().open();
    let env = Arc::new(Env::new(node.clone()));
    let mut gov = Frontend::new(Prefix::Gov, ApiInfo::default())
        .map_err(registered)?
        .gated(node.local.gov.clone());
    gov_api::register(&mut gov, &env).map_err(registered)?;
    let mut app = Frontend::new(Prefix::App, ApiInfo::default())
        .map_err(registered)?
        .gated(node.local.app.clone());
    (application.register)(&mut app).map_err(registered)?;
    let rules = node
        .local
        .config
        .network
        .rpc_interfaces
        .iter()
        .map(|(name, interface)| Ok((name.clone(), rules(interface)?)))
        .collect::<Result<Vec<_>, Exit>>()?;
    let options = DispatcherOptions {
        max_uncommitted: node.local.config.consensus.max_uncommitted_tx_count,
    };
    let frontends = Frontends {
        node: node_frontend,
        gov,
        app,
    };
    Ok(Dispatcher::new(
        node.clone(),
        frontends,
        rules,
        pool.clone(),
        options,
    ))
}

fn rules(interface: &RpcInterface) -> Result<InterfaceRules, Exit> {
    let mut rules = InterfaceRules::default();
    if let Some(accepted) = &interface.accepted_endpoints {
        rules = rules
            .accept(accepted.patterns())
            .map_err(|error| creation_failed(&error.to_string()))?;
    }
    if interface.authority == quorate_config::Authority::Unsecured {
        rules = rules.unsecured();
    }
    if let Some(redirections) = &interface.redirections {
        rules = rules.redirect(Redirections {
            to_primary: resolver(redirections.to_primary.as_ref()),
            to_backup: resolver(redirections.to_backup.as_ref()),
        });
    }
    Ok(rules)
}

fn resolver(redirection: Option<&Redirection>) -> Resolver {
    match redirection {
        None => Resolver::default(),
        Some(Redirection::StaticAddress(address)) => Resolver::StaticAddress(address.clone()),
        Some(Redirection::NodeByRole(role)) => Resolver::NodeByRole {
            role: match role {
                Role::Primary => NodeRole::Primary,
                Role::Backup => NodeRole::Backup,
            },
            interface: None,
        },
    }
}

fn san(name: &SubjectAltName) -> San {
    match name {
        SubjectAltName::IpAddress(address) => San::Ip(*address),
        SubjectAltName::DnsName(name) => San::Dns(name.clone()),
    }
}
