//! Who founds: the identities of node and service, and what the create transaction says of them
//! (recovery-and-membership.md 2, 3.1).

use std::sync::Arc;

use quorate_attestation::{Evidence, VIRTUAL_MEASUREMENT};
use quorate_config::{Config, Start, SubjectAltName};
use quorate_crypto::cert::{self, Csr, San, Validity};
use quorate_crypto::{CryptoError, Digest, SystemEntropy};
use quorate_governance::genesis::{GenesisInput, GenesisNode, JoinPolicy};
use quorate_ledger::TxId;
use quorate_tables::{
    Base64Bytes, NodeInfo, NodeStatus, Pem, QuoteFormat, QuoteInfo, ServiceConfiguration,
};

use super::inputs::{Data, FoundingFiles};
use super::{FIRST_VIEW, creation_failed};
use crate::exit::Exit;
use crate::identity::{NodeIdentity, ServiceIdentity, curve_of, subject_alt_names};
use crate::interfaces::Interfaces;
use crate::local_node::{LocalNode, Parts};

/// What founding needs at several places.
pub(super) struct Founder<'a> {
    pub config: &'a Arc<Config>,
    pub settings: &'a Start,
    /// Time of start-up, Unix seconds.
    pub now: i64,
    pub recovery_threshold: u64,
}

/// What the node says of itself in the create transaction.
pub(super) struct OwnEntry {
    pub evidence: Evidence,
    /// Certificate signing request, PEM.
    csr: String,
}

impl Founder<'_> {
    /// Makes the keys and certificates of node and service, and the node's evidence.
    ///
    /// # Errors
    /// A subject, name or validity that no certificate can have.
    pub(super) fn identities(
        &self,
        interfaces: Interfaces,
        host_data: Digest,
    ) -> Result<(Arc<LocalNode>, OwnEntry), Exit> {
        let certificate = &self.config.node_certificate;
        let sans = match &certificate.subject_alt_names {
            Some(names) if !names.is_empty() => names.iter().map(san).collect(),
            _ => subject_alt_names(interfaces.published())
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
        let days = self.settings.initial_service_certificate_validity_days;
        let validity = Validity {
            from: self.now,
            days: days.into(),
        };
        let service = ServiceIdentity::found(
            curve,
            &self.settings.service_subject_name,
            validity,
            &SystemEntropy,
        )
        .map_err(failed)?;
        let evidence = Evidence {
            host_data,
            report_data: identity.key.public_key().fingerprint(),
        };
        let (issuer, subject) = self
            .settings
            .cose_signatures
            .clone()
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
        Ok((local, OwnEntry { evidence, csr }))
    }

    /// Everything that the create transaction writes.
    ///
    /// # Errors
    /// The node's request cannot be endorsed.
    pub(super) fn genesis(
        &self,
        local: &LocalNode,
        own: OwnEntry,
        files: FoundingFiles,
        data: Data,
    ) -> Result<GenesisInput, Exit> {
        let request = Csr::from_pem(&own.csr).map_err(failed)?;
        let endorsed = cert::endorse(
            &request,
            &local.service.key,
            &local.service.certificate,
            self.node_validity(),
            &cert::random_serial(&SystemEntropy),
        )
        .map_err(failed)?;
        let join_policy = JoinPolicy::Virtual {
            measurement: VIRTUAL_MEASUREMENT.to_owned(),
            host_data: own.evidence.host_data,
        };
        Ok(GenesisInput {
            service_certificate: Pem::from(local.service.certificate.to_pem()),
            service_data: data.service,
            create_txid: TxId {
                view: FIRST_VIEW,
                seqno: 1,
            },
            constitution: files.constitution,
            configuration: self.configuration(),
            members: files.members,
            node: GenesisNode {
                id: local.identity.id.clone(),
                info: node_info(local, own, data.node),
                endorsed_certificate: Pem::from(endorsed.to_pem()),
            },
            join_policy,
        })
    }

    fn node_validity(&self) -> Validity {
        Validity {
            from: self.now,
            days: self.config.node_certificate.initial_validity_days.into(),
        }
    }

    /// The keys that are given, and the threshold in force (node-and-operations.md 3.3).
    fn configuration(&self) -> ServiceConfiguration {
        let given = self.settings.service_configuration.as_ref();
        ServiceConfiguration {
            recovery_threshold: self.recovery_threshold,
            maximum_node_certificate_validity_days: given
                .and_then(|given| given.maximum_node_certificate_validity_days),
            maximum_service_certificate_validity_days: given
                .and_then(|given| given.maximum_service_certificate_validity_days),
            recent_cose_proposals_window_size: given
                .and_then(|given| given.recent_cose_proposals_window_size),
            ..ServiceConfiguration::default()
        }
    }
}

/// The founding node's own entry (kv-tables.md 5.1).
fn node_info(local: &LocalNode, own: OwnEntry, data: Option<serde_json::Value>) -> NodeInfo {
    NodeInfo {
        node_to_node_interface: local.interfaces.node_to_node.clone(),
        rpc_interfaces: local.interfaces.rpc().clone(),
        will_locally_seal_ledger_secrets: false,
        quote_info: QuoteInfo {
            format: QuoteFormat::InsecureVirtual,
            quote: Base64Bytes::from(own.evidence.to_quote()),
            endorsements: Base64Bytes::default(),
            uvm_endorsements: None,
            endorsed_tcb: None,
        },
        encryption_pub_key: Pem::from(local.identity.encryption_key.public_key().to_pem()),
        status: NodeStatus::Trusted,
        ledger_secret_seqno: None,
        code_digest: Some(Evidence::code_digest()),
        certificate_signing_request: Some(Pem::from(own.csr)),
        public_key: Some(Pem::from(local.identity.key.public_key().to_pem())),
        node_data: data.unwrap_or_default(),
        retired_committed: false,
        cert: None,
    }
}

fn failed(error: CryptoError) -> Exit {
    creation_failed(&error.to_string())
}

fn san(name: &SubjectAltName) -> San {
    match name {
        SubjectAltName::IpAddress(address) => San::Ip(*address),
        SubjectAltName::DnsName(name) => San::Dns(name.clone()),
    }
}
