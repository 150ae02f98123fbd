//! [`NodeInfo`] as it stands in JSON: with six host and port fields from the first version of the format,
//! which are always written, and read only where the interfaces do not parse (kv-tables.md 5.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DEFAULT_RPC_INTERFACE, NetInterface, NodeInfo, NodeStatus, QuoteInfo};
use crate::encoding::{Pem, fields};

#[derive(Clone, Serialize)]
pub(super) struct NodeInfoOut {
    rpchost: String,
    rpcport: String,
    pubhost: String,
    pubport: String,
    nodehost: String,
    nodeport: String,
    node_to_node_interface: NetInterface,
    rpc_interfaces: BTreeMap<String, NetInterface>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Deserialize)]
pub(super) struct NodeInfoIn {
    #[serde(default)]
    rpchost: Option<String>,
    #[serde(default)]
    rpcport: Option<String>,
    #[serde(default)]
    pubhost: Option<String>,
    #[serde(default)]
    pubport: Option<String>,
    #[serde(default)]
    nodehost: Option<String>,
    #[serde(default)]
    nodeport: Option<String>,
    #[serde(default)]
    node_to_node_interface: Option<Value>,
    #[serde(default)]
    rpc_interfaces: Option<Value>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Clone, Serialize, Deserialize)]
struct Rest {
    #[serde(default, skip_serializing_if = "fields::is_false")]
    will_locally_seal_ledger_secrets: bool,
    quote_info: QuoteInfo,
    encryption_pub_key: Pem,
    status: NodeStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ledger_secret_seqno: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate_signing_request: Option<Pem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<Pem>,
    #[serde(default, skip_serializing_if = "fields::is_null")]
    node_data: Value,
    #[serde(default, skip_serializing_if = "fields::is_false")]
    retired_committed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert: Option<Pem>,
}

impl From<NodeInfo> for NodeInfoOut {
    fn from(info: NodeInfo) -> Self {
        // The first interface by name is the one that the format of the first version knows.
        let first = info.rpc_interfaces.values().next();
        let (rpchost, rpcport) = split(first.map_or("", |interface| &interface.bind_address));
        let (pubhost, pubport) = split(first.map_or("", NetInterface::address));
        let (nodehost, nodeport) = split(&info.node_to_node_interface.bind_address);
        Self {
            rpchost,
            rpcport,
            pubhost,
            pubport,
            nodehost,
            nodeport,
            node_to_node_interface: info.node_to_node_interface,
            rpc_interfaces: info.rpc_interfaces,
            rest: Rest {
                will_locally_seal_ledger_secrets: info.will_locally_seal_ledger_secrets,
                quote_info: info.quote_info,
                encryption_pub_key: info.encryption_pub_key,
                status: info.status,
                ledger_secret_seqno: info.ledger_secret_seqno,
                code_digest: info.code_digest,
                certificate_signing_request: info.certificate_signing_request,
                public_key: info.public_key,
                node_data: info.node_data,
                retired_committed: info.retired_committed,
                cert: info.cert,
            },
        }
    }
}

impl TryFrom<NodeInfoIn> for NodeInfo {
    type Error = String;

    fn try_from(wire: NodeInfoIn) -> Result<Self, String> {
        let (node_to_node_interface, rpc_interfaces) = wire
            .interfaces()
            .or_else(|reason| wire.interfaces_of_first_version().ok_or(reason))?;
        let rest = wire.rest;
        Ok(Self {
            node_to_node_interface,
            rpc_interfaces,
            will_locally_seal_ledger_secrets: rest.will_locally_seal_ledger_secrets,
            quote_info: rest.quote_info,
            encryption_pub_key: rest.encryption_pub_key,
            status: rest.status,
            ledger_secret_seqno: rest.ledger_secret_seqno,
            code_digest: rest.code_digest,
            certificate_signing_request: rest.certificate_signing_request,
            public_key: rest.public_key,
            node_data: rest.node_data,
            retired_committed: rest.retired_committed,
            cert: rest.cert,
        })
    }
}

type Interfaces = (NetInterface, BTreeMap<String, NetInterface>);

impl NodeInfoIn {
    fn interfaces(&self) -> Result<Interfaces, String> {
        Ok((
            field(
                "node_to_node_interface",
                self.node_to_node_interface.as_ref(),
            )?,
            field("rpc_interfaces", self.rpc_interfaces.as_ref())?,
        ))
    }

    fn interfaces_of_first_version(&self) -> Option<Interfaces> {
        let address = |host: &Option<String>, port: &Option<String>| {
            Some(format!("{}:{}", host.as_ref()?, port.as_ref()?))
        };
        let interface = |bind_address, published_address| NetInterface {
            bind_address,
            published_address,
            ..NetInterface::default()
        };
        let node = interface(address(&self.nodehost, &self.nodeport)?, None);
        let rpc = interface(
            address(&self.rpchost, &self.rpcport)?,
            Some(address(&self.pubhost, &self.pubport)?),
        );
        Some((
            node,
            BTreeMap::from([(DEFAULT_RPC_INTERFACE.to_owned(), rpc)]),
        ))
    }
}

fn field<T: serde::de::DeserializeOwned>(name: &str, value: Option<&Value>) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("missing field `{name}`"))?;
    T::deserialize(value).map_err(|error| format!("field `{name}`: {error}"))
}

/// Splits an address at its last colon.
fn split(address: &str) -> (String, String) {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    (host.to_owned(), port.to_owned())
}
