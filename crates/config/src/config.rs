//! The whole configuration as types, and the sections that are neither `network` nor `command`.

use std::cell::RefCell;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::address::Address;
use crate::command::Command;
use crate::cursor::{Cursor, Step};
use crate::error::{ConfigError, SchemaError};
use crate::limits;
use crate::network::Network;
use crate::note::Note;
use crate::schema;

/// The configuration of a node (node-and-operations.md 3).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Interfaces.
    pub network: Network,
    /// What to do: start, join or recover.
    pub command: Command,
    /// The node's own certificate.
    pub node_certificate: NodeCertificate,
    /// JSON file with the data of this node.
    pub node_data_json_file: Option<PathBuf>,
    /// JSON file with the data of the service.
    pub service_data_json_file: Option<PathBuf>,
    /// Files and servers for attestation on SEV-SNP.
    pub attestation: Attestation,
    /// Ledger files.
    pub ledger: Ledger,
    /// Snapshot files.
    pub snapshots: Snapshots,
    /// When to sign.
    pub ledger_signatures: LedgerSignatures,
    /// Log lines.
    pub logging: Logging,
    /// Consensus.
    pub consensus: Consensus,
    /// JWT keys.
    pub jwt: Jwt,
    /// Files that the node writes for its operator.
    pub output_files: OutputFiles,
    /// Granularity of all timers.
    pub tick_interval: Duration,
    /// File operations that take longer are logged.
    pub slow_io_logging_threshold: Duration,
    /// Source address of connections to other nodes; port 0 is any.
    pub node_client_interface: Option<Address>,
    /// A connection with data unacknowledged for this long is closed.
    pub client_connection_timeout: Duration,
    /// A client session without traffic for longer is closed, in whole seconds; `None` is never.
    pub idle_connection_timeout: Option<Duration>,
    /// Extra request threads. More than [`limits::MAX_WORKER_THREADS`] is refused when the node is created.
    pub worker_threads: u64,
    /// Bounds of messages.
    pub memory: Memory,
    /// Whether the first SIGTERM only gives notice.
    pub ignore_first_sigterm: bool,
    /// Messages on a channel between nodes before it is keyed anew.
    pub node_to_node_message_limit: u64,
    /// Memory target of the cache of historical queries, in bytes.
    pub historical_cache_soft_limit: u64,
}

/// `node_certificate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCertificate {
    /// Subject, such as `CN=CCF Node`.
    pub subject_name: String,
    /// Alternative names; `None`: to be derived from the published addresses (node-and-operations.md 3.4).
    pub subject_alt_names: Option<Vec<SubjectAltName>>,
    /// Curve of the node's key and of a new service key.
    pub curve_id: CurveId,
    /// Validity from the time of start-up.
    pub initial_validity_days: u32,
}

/// One alternative name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectAltName {
    /// `iPAddress:A`.
    IpAddress(IpAddr),
    /// `dNSName:N`.
    DnsName(String),
}

/// Curve of identity keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveId {
    /// NIST P-384.
    Secp384R1,
    /// NIST P-256.
    Secp256R1,
}

/// `attestation`. File names may contain `$VARIABLE` components, which are not expanded here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Security policy of the container.
    pub snp_security_policy_file: Option<String>,
    /// Endorsements of the utility VM.
    pub snp_uvm_endorsements_file: Option<String>,
    /// Endorsements of the processor.
    pub snp_endorsements_file: Option<String>,
    /// Where else to get these, in order.
    pub snp_endorsements_servers: Vec<EndorsementsServer>,
}

/// A server of processor endorsements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndorsementsServer {
    /// Protocol.
    pub kind: EndorsementsServerKind,
    /// `host[:port]`.
    pub url: String,
    /// Attempts before the next server is asked.
    pub max_retries_count: u64,
}

/// Protocol of a server of processor endorsements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndorsementsServerKind {
    /// Azure's cache.
    Azure,
    /// AMD's key distribution server.
    Amd,
    /// The host's own cache.
    Thim,
}

/// `ledger`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Main directory.
    pub directory: PathBuf,
    /// Directories from which committed files are read as well.
    pub read_only_directories: Vec<PathBuf>,
    /// Size in bytes from which a chunk is closed.
    pub chunk_size: u64,
    /// Quorate's own: whether every batch is flushed to disk before it counts as committed. `false` gives up
    /// durability against loss of power.
    pub sync: bool,
    /// Quorate's own: writes are refused while the file system of the ledger has fewer free bytes.
    pub free_space_floor: u64,
}

/// `snapshots`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshots {
    /// Directory that is written and served.
    pub directory: PathBuf,
    /// Directory that is also looked at on start-up.
    pub read_only_directory: Option<PathBuf>,
    /// Transactions between snapshots.
    pub tx_count: u64,
}

/// `ledger_signatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSignatures {
    /// Transactions between signatures.
    pub tx_count: u64,
    /// Longest time that a transaction stays unsigned, in whole milliseconds.
    pub delay: Duration,
    /// Quorate's own: least time between two signatures that are made early because an answer waits for one.
    pub early_interval: Duration,
    /// Quorate's own: a signature is made when the unsigned entries reach this size in bytes.
    pub batch_bytes_max: u64,
}

/// `logging`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Form of a line.
    pub format: LogFormat,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `consensus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consensus {
    /// Interval of the primary's messages, in whole milliseconds.
    pub message_timeout: Duration,
    /// Silence after which an election starts, in whole milliseconds.
    pub election_timeout: Duration,
    /// Uncommitted transactions beyond which requests are refused; 0 is no bound.
    pub max_uncommitted_tx_count: u64,
}

/// `jwt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwt {
    /// Period of the refresh of signing keys, in whole seconds.
    pub key_refresh_interval: Duration,
}

/// `output_files`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFiles {
    /// The self-signed certificate of the node.
    pub node_certificate_file: PathBuf,
    /// The process id.
    pub pid_file: PathBuf,
    /// Bound address of the interface to other nodes.
    pub node_to_node_address_file: Option<PathBuf>,
    /// Bound addresses of all RPC interfaces.
    pub rpc_addresses_file: Option<PathBuf>,
    /// Directory of sealed ledger secrets (SEV-SNP).
    pub sealed_ledger_secret_location: Option<PathBuf>,
}

/// `memory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Largest serialised ledger entry in bytes. The other two sizes of the contract are checked and have no effect.
    pub max_msg_size: u64,
}

impl Config {
    /// Checks and converts the text of a configuration file. The notes tell what has no effect.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] if the text is not JSON, [`ConfigError::Schema`] with every unknown, missing or
    /// ill-typed field, [`ConfigError::Value`] for the first value that cannot be used, and
    /// [`ConfigError::Unsupported`] for an interface that asks for datagrams.
    pub fn parse(text: &str) -> Result<(Config, Vec<Note>), ConfigError> {
        if text.len() > limits::MAX_TEXT_BYTES {
            return Err(ConfigError::Syntax(format!(
                "the text has {} bytes, at most {} are read",
                text.len(),
                limits::MAX_TEXT_BYTES
            )));
        }
        let root: Value =
            serde_json::from_str(text).map_err(|e| ConfigError::Syntax(e.to_string()))?;
        let (errors, notes) = schema::check(&root);
        if !errors.is_empty() {
            return Err(ConfigError::Schema(errors));
        }
        let Value::Object(map) = &root else {
            // The schema has refused anything else.
            return Err(ConfigError::Schema(vec![SchemaError {
                context: "<root>".to_owned(),
                message: "Value type not permitted by 'type' constraint: expected an object."
                    .to_owned(),
            }]));
        };
        let notes = RefCell::new(notes);
        let config = Config::read(&Cursor::root(map, &notes))?;
        Ok((config, notes.into_inner()))
    }

    fn read(root: &Cursor<'_>) -> Result<Config, ConfigError> {
        if root.has("enclave") {
            root.note(Note::KeyIgnored {
                field: "enclave".to_owned(),
                reason: "a node has no enclave file",
            });
        }
        let idle_connection_timeout = if root.is_null("idle_connection_timeout") {
            None
        } else {
            Some(root.time(
                "idle_connection_timeout",
                Step::Second,
                Duration::from_secs(60),
            )?)
        };
        Ok(Config {
            network: Network::read(&root.child("network")?)?,
            command: Command::read(&root.child("command")?)?,
            node_certificate: NodeCertificate::read(&root.child("node_certificate")?)?,
            node_data_json_file: root.path("node_data_json_file")?,
            service_data_json_file: root.path("service_data_json_file")?,
            attestation: Attestation::read(&root.child("attestation")?)?,
            ledger: Ledger::read(&root.child("ledger")?)?,
            snapshots: Snapshots::read(&root.child("snapshots")?)?,
            ledger_signatures: LedgerSignatures::read(&root.child("ledger_signatures")?)?,
            logging: Logging::read(&root.child("logging")?)?,
            consensus: Consensus::read(&root.child("consensus")?)?,
            jwt: Jwt::read(&root.child("jwt")?)?,
            output_files: OutputFiles::read(&root.child("output_files")?)?,
            tick_interval: root.time(
                "tick_interval",
                Step::Microsecond,
                Duration::from_millis(10),
            )?,
            slow_io_logging_threshold: root.time(
                "slow_io_logging_threshold",
                Step::Microsecond,
                Duration::from_millis(10),
            )?,
            node_client_interface: root.address("node_client_interface")?,
            client_connection_timeout: root.time(
                "client_connection_timeout",
                Step::Millisecond,
                Duration::from_millis(2000),
            )?,
            idle_connection_timeout,
            worker_threads: root.number("worker_threads", 0, u64::MAX)?.unwrap_or(0),
            memory: Memory::read(&root.child("memory")?)?,
            ignore_first_sigterm: root.flag("ignore_first_sigterm", false)?,
            node_to_node_message_limit: root
                .number("node_to_node_message_limit", 0, u64::MAX)?
                .unwrap_or(23_726_566),
            historical_cache_soft_limit: root.size("historical_cache_soft_limit", 512 << 20)?,
        })
    }
}

impl NodeCertificate {
    fn read(section: &Cursor<'_>) -> Result<NodeCertificate, ConfigError> {
        let subject_alt_names = if section.has("subject_alt_names") {
            let texts = section.texts("subject_alt_names")?;
            let names = texts.iter().map(|text| {
                SubjectAltName::parse(text).ok_or_else(|| {
                    section.invalid(
                        "subject_alt_names",
                        format!("'{text}' is no alternative name"),
                        "iPAddress:<address> or dNSName:<name>",
                    )
                })
            });
            Some(names.collect::<Result<Vec<_>, _>>()?)
        } else {
            None
        };
        Ok(NodeCertificate {
            subject_name: section.text_or("subject_name", "CN=CCF Node")?,
            subject_alt_names,
            curve_id: match section.text("curve_id")? {
                Some("Secp256R1") => CurveId::Secp256R1,
                _ => CurveId::Secp384R1,
            },
            initial_validity_days: section.days("initial_validity_days")?.unwrap_or(1),
        })
    }
}

impl SubjectAltName {
    fn parse(text: &str) -> Option<SubjectAltName> {
        match text.split_once(':')? {
            ("iPAddress", address) => address.parse().ok().map(SubjectAltName::IpAddress),
            ("dNSName", name) if !name.is_empty() => Some(SubjectAltName::DnsName(name.to_owned())),
            _ => None,
        }
    }
}

impl Attestation {
    fn read(section: &Cursor<'_>) -> Result<Attestation, ConfigError> {
        let file = |key| {
            Ok(section
                .text(key)?
                .filter(|text| !text.is_empty())
                .map(str::to_owned))
        };
        let servers = section.objects("snp_endorsements_servers")?;
        Ok(Attestation {
            snp_security_policy_file: file("snp_security_policy_file")?,
            snp_uvm_endorsements_file: file("snp_uvm_endorsements_file")?,
            snp_endorsements_file: file("snp_endorsements_file")?,
            snp_endorsements_servers: servers
                .iter()
                .map(|server| {
                    Ok(EndorsementsServer {
                        kind: match server.text("type")? {
                            Some("AMD") => EndorsementsServerKind::Amd,
                            Some("THIM") => EndorsementsServerKind::Thim,
                            _ => EndorsementsServerKind::Azure,
                        },
                        url: server.required_text("url")?.to_owned(),
                        max_retries_count: server
                            .number("max_retries_count", 0, u64::MAX)?
                            .unwrap_or(10),
                    })
                })
                .collect::<Result<_, ConfigError>>()?,
        })
    }
}

impl Ledger {
    fn read(section: &Cursor<'_>) -> Result<Ledger, ConfigError> {
        let read_only = section.texts("read_only_directories")?;
        Ok(Ledger {
            directory: section.path_or("directory", "ledger")?,
            read_only_directories: read_only.into_iter().map(PathBuf::from).collect(),
            chunk_size: section.size("chunk_size", 5 << 20)?,
            sync: section.flag("sync", true)?,
            free_space_floor: section.size("free_space_floor", 64 << 20)?,
        })
    }
}

impl Snapshots {
    fn read(section: &Cursor<'_>) -> Result<Snapshots, ConfigError> {
        Ok(Snapshots {
            directory: section.path_or("directory", "snapshots")?,
            read_only_directory: section.path("read_only_directory")?,
            tx_count: section.number("tx_count", 1, u64::MAX)?.unwrap_or(10_000),
        })
    }
}

impl LedgerSignatures {
    fn read(section: &Cursor<'_>) -> Result<LedgerSignatures, ConfigError> {
        Ok(LedgerSignatures {
            tx_count: section.number("tx_count", 1, u64::MAX)?.unwrap_or(5000),
            delay: section.time("delay", Step::Millisecond, Duration::from_millis(1000))?,
            early_interval: section.time(
                "early_interval",
                Step::Microsecond,
                Duration::from_millis(2),
            )?,
            batch_bytes_max: section.size_within("batch_bytes_max", 1, u64::MAX, 1 << 20)?,
        })
    }
}

impl Logging {
    fn read(section: &Cursor<'_>) -> Result<Logging, ConfigError> {
        if section.has("host_level") {
            section.note(Note::KeyIgnored {
                field: section.field("host_level"),
                reason: "the level is given by the option --log-level",
            });
        }
        Ok(Logging {
            format: match section.text("format")? {
                Some("Json") => LogFormat::Json,
                _ => LogFormat::Text,
            },
        })
    }
}

impl Consensus {
    fn read(section: &Cursor<'_>) -> Result<Consensus, ConfigError> {
        Ok(Consensus {
            message_timeout: section.time(
                "message_timeout",
                Step::Millisecond,
                Duration::from_millis(100),
            )?,
            election_timeout: section.time(
                "election_timeout",
                Step::Millisecond,
                Duration::from_millis(5000),
            )?,
            max_uncommitted_tx_count: section
                .number("max_uncommitted_tx_count", 0, u64::MAX)?
                .unwrap_or(10_000),
        })
    }
}

impl Jwt {
    fn read(section: &Cursor<'_>) -> Result<Jwt, ConfigError> {
        Ok(Jwt {
            key_refresh_interval: section.time(
                "key_refresh_interval",
                Step::Second,
                Duration::from_secs(30 * 60),
            )?,
        })
    }
}

impl OutputFiles {
    fn read(section: &Cursor<'_>) -> Result<OutputFiles, ConfigError> {
        Ok(OutputFiles {
            node_certificate_file: section.path_or("node_certificate_file", "nodecert.pem")?,
            pid_file: section.path_or("pid_file", "my_node.pid")?,
            node_to_node_address_file: section.path("node_to_node_address_file")?,
            rpc_addresses_file: section.path("rpc_addresses_file")?,
            sealed_ledger_secret_location: section.path("sealed_ledger_secret_location")?,
        })
    }
}

impl Memory {
    fn read(section: &Cursor<'_>) -> Result<Memory, ConfigError> {
        section.size("circuit_size", 16 << 20)?;
        section.size("max_fragment_size", 256 << 10)?;
        Ok(Memory {
            max_msg_size: section.size_within("max_msg_size", 1, u64::MAX, 64 << 20)?,
        })
    }
}
