//! The files that the configuration of a start names, read (node-and-operations.md 1.4, items 11 and 12).

use quorate_config::{Config, Start};
use quorate_governance::genesis::GenesisMember;
use quorate_tables::{Pem, RecoveryRole};
use serde_json::Value;

use crate::exit::Exit;
use crate::files;

/// Data of node and service, as the operator gives them.
pub(super) struct Data {
    pub node: Option<Value>,
    pub service: Option<Value>,
}

impl Data {
    pub(super) fn read(config: &Config) -> Result<Self, Exit> {
        let read = |path: &Option<_>| path.as_deref().map(files::read_json).transpose();
        Ok(Self {
            node: read(&config.node_data_json_file)?,
            service: read(&config.service_data_json_file)?,
        })
    }
}

/// The first members and their constitution.
pub(super) struct FoundingFiles {
    pub members: Vec<GenesisMember>,
    pub constitution: String,
}

impl FoundingFiles {
    pub(super) fn read(settings: &Start) -> Result<Self, Exit> {
        let constitution = settings
            .constitution_files
            .iter()
            .map(|path| files::read_text(path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            members: settings
                .members
                .iter()
                .map(member)
                .collect::<Result<_, _>>()?,
            constitution: constitution.join("\n"),
        })
    }
}

fn member(configured: &quorate_config::Member) -> Result<GenesisMember, Exit> {
    let key = configured
        .encryption_public_key_file
        .as_deref()
        .map(files::read_text)
        .transpose()?;
    Ok(GenesisMember {
        certificate: Pem::from(files::read_text(&configured.certificate_file)?),
        encryption_public_key: key.map(Pem::from),
        data: configured
            .data_json_file
            .as_deref()
            .map(files::read_json)
            .transpose()?,
        recovery_role: configured.recovery_role.map(|role| match role {
            quorate_config::RecoveryRole::NonParticipant => RecoveryRole::NonParticipant,
            quorate_config::RecoveryRole::Participant => RecoveryRole::Participant,
            quorate_config::RecoveryRole::Owner => RecoveryRole::Owner,
        }),
    })
}
