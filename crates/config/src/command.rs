//! `command`: start, join or recover (node-and-operations.md 3.3). All three objects are converted if present.

use std::path::PathBuf;
use std::time::Duration;

use crate::address::Address;
use crate::cursor::{Cursor, Step};
use crate::error::ConfigError;

/// `command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub kind: CommandKind,
    /// Start, recover: written. Join: the trust anchor.
    pub service_certificate_file: PathBuf,
    /// How to start. Present if that is to be done.
    pub start: Option<Start>,
    /// How to join. Present if that is to be done.
    pub join: Option<Join>,
    /// How to recover.
    pub recover: Option<Recover>,
}

/// `command.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// Start a new service.
    Start,
    /// Join a running service.
    Join,
    /// Recover a service from its ledger.
    Recover,
}

/// `command.start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The consortium.
    pub members: Vec<Member>,
    /// Fragments of the constitution, in order.
    pub constitution_files: Vec<PathBuf>,
    /// The entry of the service configuration; `None`: threshold 0 and nothing else.
    pub service_configuration: Option<ServiceConfiguration>,
    /// Validity of the service certificate from the time of start-up.
    pub initial_service_certificate_validity_days: u32,
    /// Subject of the service certificate, such as `CN=CCF Service`.
    pub service_subject_name: String,
    /// Claims of ledger signatures; `None`: both empty.
    pub cose_signatures: Option<CoseSignatures>,
}

/// One member of the first consortium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// PEM certificate.
    pub certificate_file: PathBuf,
    /// PEM public key (RSA) for recovery shares.
    pub encryption_public_key_file: Option<PathBuf>,
    /// JSON data.
    pub data_json_file: Option<PathBuf>,
    /// Part in recovery, as given; see [`Member::participates`].
    pub recovery_role: Option<RecoveryRole>,
}

/// Part of a member in recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryRole {
    /// No share.
    NonParticipant,
    /// One share of several.
    Participant,
    /// A share that recovers alone.
    Owner,
}

/// `service_configuration`. What is not given is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfiguration {
    /// Shares needed for recovery, before [`Start::recovery_threshold`].
    pub recovery_threshold: u64,
    /// Longest validity of node certificates.
    pub maximum_node_certificate_validity_days: Option<u64>,
    /// Longest validity of the service certificate.
    pub maximum_service_certificate_validity_days: Option<u64>,
    /// Proposals remembered against replay.
    pub recent_cose_proposals_window_size: Option<u64>,
}

/// `cose_signatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoseSignatures {
    /// CWT claim.
    pub issuer: String,
    /// CWT claim.
    pub subject: String,
}

/// `command.join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// An RPC interface of the service. `None` if empty, which only another command may have.
    pub target_rpc_address: Option<Address>,
    /// Interval of join requests, in whole milliseconds.
    pub retry_timeout: Duration,
    /// Whether to follow redirections of the join request.
    pub follow_redirect: bool,
    /// Whether to ask for a snapshot.
    pub fetch_recent_snapshot: bool,
    /// How often to ask.
    pub fetch_snapshot_max_attempts: u64,
    /// Time between two attempts, in whole milliseconds.
    pub fetch_snapshot_retry_interval: Duration,
    /// Largest snapshot, in bytes.
    pub fetch_snapshot_max_size: u64,
}

/// `command.recover`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recover {
    /// Validity of the new service certificate from the time of start-up.
    pub initial_service_certificate_validity_days: u32,
    /// Certificate of the service to recover. `None` if empty, which only another command may have.
    pub previous_service_identity_file: Option<PathBuf>,
    /// Directory of sealed ledger secrets (SEV-SNP).
    pub previous_sealed_ledger_secret_location: Option<PathBuf>,
}

impl Command {
    pub(crate) fn read(section: &Cursor<'_>) -> Result<Command, ConfigError> {
        let kind = match section.required_text("type")? {
            "Start" => CommandKind::Start,
            "Join" => CommandKind::Join,
            _ => CommandKind::Recover,
        };
        Ok(Command {
            kind,
            service_certificate_file: section
                .path_or("service_certificate_file", "service_cert.pem")?,
            start: present(section, "start")?
                .map(|start| Start::read(&start))
                .transpose()?,
            join: present(section, "join")?
                .map(|join| Join::read(&join, kind))
                .transpose()?,
            recover: present(section, "recover")?
                .map(|recover| Recover::read(&recover, kind))
                .transpose()?,
        })
    }
}

fn present<'a>(section: &Cursor<'a>, key: &str) -> Result<Option<Cursor<'a>>, ConfigError> {
    if section.has(key) {
        section.child(key).map(Some)
    } else {
        Ok(None)
    }
}

impl Start {
    fn read(section: &Cursor<'_>) -> Result<Start, ConfigError> {
        for key in ["members", "constitution_files"] {
            if !section.has(key) {
                return Err(section.missing(key, "a list"));
            }
        }
        let cose_signatures = present(section, "cose_signatures")?
            .map(|claims| {
                Ok::<_, ConfigError>(CoseSignatures {
                    issuer: claims.required_text("issuer")?.to_owned(),
                    subject: claims.required_text("subject")?.to_owned(),
                })
            })
            .transpose()?;
        Ok(Start {
            members: section
                .objects("members")?
                .iter()
                .map(Member::read)
                .collect::<Result<_, _>>()?,
            constitution_files: section
                .texts("constitution_files")?
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            service_configuration: present(section, "service_configuration")?
                .map(|configuration| ServiceConfiguration::read(&configuration))
                .transpose()?,
            initial_service_certificate_validity_days: section
                .days("initial_service_certificate_validity_days")?
                .unwrap_or(1),
            service_subject_name: section.text_or("service_subject_name", "CN=CCF Service")?,
            cose_signatures,
        })
    }
}

impl Member {
    fn read(section: &Cursor<'_>) -> Result<Member, ConfigError> {
        let certificate_file = section.required_text("certificate_file")?;
        let recovery_role = match section.text("recovery_role")? {
            None => None,
            Some("NonParticipant") => Some(RecoveryRole::NonParticipant),
            Some("Participant") => Some(RecoveryRole::Participant),
            Some("Owner") => Some(RecoveryRole::Owner),
            Some(other) => {
                return Err(section.invalid(
                    "recovery_role",
                    format!("'{other}' is no recovery role"),
                    "NonParticipant, Participant or Owner",
                ));
            }
        };
        let member = Member {
            certificate_file: PathBuf::from(certificate_file),
            encryption_public_key_file: section.path("encryption_public_key_file")?,
            data_json_file: section.path("data_json_file")?,
            recovery_role,
        };
        // governance-api.md 5.2.
        if member.encryption_public_key_file.is_some()
            && recovery_role == Some(RecoveryRole::NonParticipant)
        {
            return Err(section.invalid(
                "recovery_role",
                format!("Member with certificate {certificate_file} has an encryption key but no part in recovery"),
                "Participant or Owner, or no encryption_public_key_file",
            ));
        }
        Ok(member)
    }

    /// Whether this member gets one of several recovery shares.
    pub fn participates(&self) -> bool {
        self.encryption_public_key_file.is_some()
            && matches!(self.recovery_role, None | Some(RecoveryRole::Participant))
    }

    /// Whether this member can recover alone.
    pub fn owns(&self) -> bool {
        self.encryption_public_key_file.is_some() && self.recovery_role == Some(RecoveryRole::Owner)
    }
}

impl ServiceConfiguration {
    fn read(section: &Cursor<'_>) -> Result<ServiceConfiguration, ConfigError> {
        let threshold = section.number("recovery_threshold", 0, u64::MAX)?;
        Ok(ServiceConfiguration {
            recovery_threshold: threshold.ok_or_else(|| {
                section.missing("recovery_threshold", "a whole number of at least 0")
            })?,
            maximum_node_certificate_validity_days: section.number(
                "maximum_node_certificate_validity_days",
                1,
                u64::from(u32::MAX),
            )?,
            maximum_service_certificate_validity_days: section.number(
                "maximum_service_certificate_validity_days",
                1,
                u64::from(u32::MAX),
            )?,
            recent_cose_proposals_window_size: section.number(
                "recent_cose_proposals_window_size",
                1,
                u64::from(u32::MAX),
            )?,
        })
    }
}

impl Join {
    fn read(section: &Cursor<'_>, kind: CommandKind) -> Result<Join, ConfigError> {
        const TARGET: &str = "target_rpc_address";
        section.required_text(TARGET)?;
        let target_rpc_address = section.address(TARGET)?;
        if kind == CommandKind::Join && target_rpc_address.is_none() {
            return Err(section.invalid(TARGET, "The address is empty".to_owned(), "host:port"));
        }
        let second = Duration::from_millis(1000);
        Ok(Join {
            target_rpc_address,
            retry_timeout: section.time("retry_timeout", Step::Millisecond, second)?,
            follow_redirect: section.flag("follow_redirect", true)?,
            fetch_recent_snapshot: section.flag("fetch_recent_snapshot", true)?,
            fetch_snapshot_max_attempts: section
                .number("fetch_snapshot_max_attempts", 1, u64::MAX)?
                .unwrap_or(3),
            fetch_snapshot_retry_interval: section.time(
                "fetch_snapshot_retry_interval",
                Step::Millisecond,
                second,
            )?,
            fetch_snapshot_max_size: section.size("fetch_snapshot_max_size", 10 << 30)?,
        })
    }
}

impl Recover {
    fn read(section: &Cursor<'_>, kind: CommandKind) -> Result<Recover, ConfigError> {
        const PREVIOUS: &str = "previous_service_identity_file";
        let previous_service_identity_file = section.path(PREVIOUS)?;
        if kind == CommandKind::Recover && previous_service_identity_file.is_none() {
            return Err(section.invalid(
                PREVIOUS,
                "Recovery requires a previous service identity certificate; cannot open ''"
                    .to_owned(),
                "the file with the certificate of the service to recover",
            ));
        }
        Ok(Recover {
            initial_service_certificate_validity_days: section
                .days("initial_service_certificate_validity_days")?
                .unwrap_or(1),
            previous_service_identity_file,
            previous_sealed_ledger_secret_location: section
                .path("previous_sealed_ledger_secret_location")?,
        })
    }
}
