//! Nodes and what they must prove to join (kv-tables.md 5).

use std::collections::BTreeMap;

use quorate_kv::{Json, KeySet, Raw, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    encoding::{Base64Bytes, Pem},
    ids::NodeId,
};

mod wire;

/// The nodes of the service (kv-tables.md 5.1).
pub const NODES_INFO: Table<Raw<NodeId>, Json<NodeInfo>> = Table::new("public:ccf.gov.nodes.info");

/// Certificates of the nodes, signed by the service (kv-tables.md 5.2).
pub const NODES_ENDORSED_CERTIFICATES: Table<Raw<NodeId>, Raw<Pem>> =
    Table::new("public:ccf.gov.nodes.endorsed_certificates");

/// Measurements that virtual nodes may have (kv-tables.md 5.3). Keys are the texts themselves.
pub const NODES_VIRTUAL_MEASUREMENTS: Table<Raw<String>, Json<CodeStatus>> =
    Table::new("public:ccf.gov.nodes.virtual.measurements");

/// Host data that virtual nodes may have (kv-tables.md 5.3). Compared as texts: a key in upper case never
/// matches.
pub const NODES_VIRTUAL_HOST_DATA: KeySet<Raw<String>> =
    KeySet::new("public:ccf.gov.nodes.virtual.host_data");

/// Measurements that SEV-SNP nodes may have, 96 hex digits (kv-tables.md 5.3).
pub const NODES_SNP_MEASUREMENTS: Table<Raw<String>, Json<CodeStatus>> =
    Table::new("public:ccf.gov.nodes.snp.measurements");

/// Host data that SEV-SNP nodes may have, 64 hex digits, and the policy texts whose digests they are
/// (kv-tables.md 5.3).
pub const NODES_SNP_HOST_DATA: Table<Raw<String>, Json<String>> =
    Table::new("public:ccf.gov.nodes.snp.host_data");

/// Endorsers of utility virtual machines by their DID, with the least version of each feed
/// (kv-tables.md 5.3).
pub const NODES_SNP_UVM_ENDORSEMENTS: Table<Raw<String>, Json<BTreeMap<String, UvmEndorsement>>> =
    Table::new("public:ccf.gov.nodes.snp.uvm_endorsements");

/// Least TCB versions by CPUID, 8 lower-case hex digits (kv-tables.md 5.3).
pub const NODES_SNP_TCB_VERSIONS: Table<Raw<String>, Json<TcbVersionPolicy>> =
    Table::new("public:ccf.gov.nodes.snp.tcb_versions");

/// The interface that the fields of the first version of [`NodeInfo`] describe, if only they are there.
pub const DEFAULT_RPC_INTERFACE: &str = "ccf.default_rpc_interface";

/// What is known of a node.
///
/// In JSON there are six more fields, `rpchost` to `nodeport`: they are made from the interfaces when writing,
/// and read only if the interfaces do not parse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "wire::NodeInfoOut", try_from = "wire::NodeInfoIn")]
pub struct NodeInfo {
    /// Where other nodes reach it.
    pub node_to_node_interface: NetInterface,
    /// Where clients reach it, by the names in its configuration.
    pub rpc_interfaces: BTreeMap<String, NetInterface>,
    /// Whether it seals ledger secrets to its own machine.
    pub will_locally_seal_ledger_secrets: bool,
    /// The evidence it has shown.
    pub quote_info: QuoteInfo,
    /// RSA public key to which ledger secrets are sent.
    pub encryption_pub_key: Pem,
    /// Its place in the service.
    pub status: NodeStatus,
    /// Seqno from which the ledger secret applied that was the latest when the node became trusted; unset on
    /// the node that created or recovered the service, and on pending ones.
    pub ledger_secret_seqno: Option<u64>,
    /// Lower-case hex of the measurement's bytes.
    pub code_digest: Option<String>,
    /// The request from which its certificate is endorsed.
    pub certificate_signing_request: Option<Pem>,
    /// Public key of the node's identity.
    pub public_key: Option<Pem>,
    /// Free-form data of the consortium; null is none.
    pub node_data: Value,
    /// Whether its retirement is known to have committed, so that it can be switched off.
    pub retired_committed: bool,
    /// Its certificate, in ledgers of the first version.
    pub cert: Option<Pem>,
}

/// A network interface of a node: two addresses, and the rest of its configuration as it was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetInterface {
    /// `host:port` that it listens on, after binding.
    pub bind_address: String,
    /// `host:port` that others are told; unset is the bind address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_address: Option<String>,
    /// All other settings verbatim; what was not set is not here, defaults are applied by readers.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// Place of a node in the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeStatus {
    /// Waits for the members to trust it.
    Pending,
    /// Belongs to the service.
    Trusted,
    /// Was removed.
    Retired,
}

/// Evidence of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteInfo {
    /// Which platform made it.
    pub format: QuoteFormat,
    /// The evidence itself.
    pub quote: Base64Bytes,
    /// What endorses the evidence; empty for virtual nodes.
    pub endorsements: Base64Bytes,
    /// Endorsements of the utility virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uvm_endorsements: Option<Base64Bytes>,
    /// Hex of the endorsed TCB version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsed_tcb: Option<String>,
}

/// Format of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuoteFormat {
    /// SGX, in old ledgers.
    #[serde(rename = "OE_SGX_v1")]
    OeSgxV1,
    /// The virtual platform, which proves nothing.
    #[serde(rename = "Insecure_Virtual")]
    InsecureVirtual,
    /// AMD SEV-SNP.
    #[serde(rename = "AMD_SEV_SNP_v1")]
    AmdSevSnpV1,
}

/// What a listed measurement may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeStatus {
    /// A node with it may join.
    AllowedToJoin,
}

/// The least version of a feed that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UvmEndorsement {
    /// Security version, decimal text.
    pub svn: String,
}

/// The least TCB version that is accepted. A component that is set here and not in the evidence, or the other
/// way round, fails the check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcbVersionPolicy {
    /// Boot loader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_loader: Option<u32>,
    /// FMC, Turin only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fmc: Option<u32>,
    /// The version as it was given; for information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hexstring: Option<String>,
    /// Microcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microcode: Option<u32>,
    /// SNP firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snp: Option<u32>,
    /// TEE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tee: Option<u32>,
}

impl NetInterface {
    /// The address that others are told.
    #[must_use]
    pub fn address(&self) -> &str {
        self.published_address
            .as_deref()
            .unwrap_or(&self.bind_address)
    }
}

#[cfg(test)]
mod tests;
