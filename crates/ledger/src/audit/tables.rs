//! The tables an audit has to follow: who may sign, and which service is in force (ledger.md 10, step 1).

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate_crypto::cert::Certificate;
use serde::Deserialize;

use super::Problem;
use crate::{MapWrites, WriteSet, signature::UNIT_KEY};

const SERVICE: &str = "public:ccf.gov.service.info";
const NODES: &str = "public:ccf.gov.nodes.info";
const ENDORSED: &str = "public:ccf.gov.nodes.endorsed_certificates";

/// What the tables say at some seqno.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) service: Option<Service>,
    nodes: BTreeMap<String, Node>,
    endorsed: BTreeMap<String, String>,
}

pub(super) struct Service {
    pub(super) certificate: Certificate,
    status: String,
}

#[derive(Deserialize)]
struct Node {
    status: String,
    /// In CCF 1.x only.
    cert: Option<String>,
}

/// What is known of a node that signs.
pub(super) struct Signer {
    pub(super) status: String,
    pub(super) certificate: Certificate,
    /// Whether the certificate is one that the service endorsed, as all are since CCF 2.0.
    pub(super) endorsed: bool,
}

impl Tables {
    /// Applies the writes of one entry.
    pub(super) fn apply(&mut self, writes: &WriteSet) -> Result<(), Problem> {
        for (key, value) in entries(writes.writes_to(NODES)) {
            let key = text(NODES, key)?;
            match value {
                None => self.nodes.remove(&key),
                Some(value) => {
                    let node =
                        serde_json::from_slice(value).map_err(|error| bad(NODES, &key, error))?;
                    self.nodes.insert(key, node)
                }
            };
        }
        for (key, value) in entries(writes.writes_to(ENDORSED)) {
            let key = text(ENDORSED, key)?;
            match value {
                None => self.endorsed.remove(&key),
                Some(value) => {
                    let pem = text(ENDORSED, value)?;
                    self.endorsed.insert(key, pem)
                }
            };
        }
        for (key, value) in entries(writes.writes_to(SERVICE)) {
            match value {
                Some(value) if key[..] == UNIT_KEY => self.set_service(value)?,
                _ => {
                    return Err(bad(
                        SERVICE,
                        "",
                        "expected a write at the key of 8 zero bytes",
                    ));
                }
            }
        }
        Ok(())
    }

    fn set_service(&mut self, value: &[u8]) -> Result<(), Problem> {
        #[derive(Deserialize)]
        struct Info {
            cert: String,
            status: String,
        }
        let info: Info = serde_json::from_slice(value).map_err(|error| bad(SERVICE, "", error))?;
        let certificate =
            Certificate::from_pem(&info.cert).map_err(|error| bad(SERVICE, "cert", error))?;
        if let Some(before) = &self.service
            && !may_follow(&before.status, &info.status)
        {
            return Err(Problem::ServiceStatus {
                from: before.status.clone(),
                to: info.status,
            });
        }
        self.service = Some(Service {
            certificate,
            status: info.status,
        });
        Ok(())
    }

    /// The node that signed, by its id.
    pub(super) fn signer(&self, id: &str) -> Result<Signer, Problem> {
        let node = self
            .nodes
            .get(id)
            .ok_or_else(|| Problem::UnknownNode(id.to_owned()))?;
        let endorsed = self.endorsed.get(id);
        let pem = endorsed
            .or(node.cert.as_ref())
            .ok_or_else(|| Problem::UnknownNode(id.to_owned()))?;
        let certificate =
            Certificate::from_pem(pem).map_err(|reason| Problem::NodeCertificate {
                node: id.to_owned(),
                reason,
            })?;
        Ok(Signer {
            status: node.status.clone(),
            certificate,
            endorsed: endorsed.is_some(),
        })
    }
}

/// The transitions of the service status (ledger.md 10). A recovery may begin from any, a failed recovery included
/// (recovery-and-membership.md 1.1).
fn may_follow(from: &str, to: &str) -> bool {
    let (from, to) = (from.to_ascii_lowercase(), to.to_ascii_lowercase());
    match to.as_str() {
        "opening" | "recovering" => true,
        "waitingforrecoveryshares" => {
            ["opening", "recovering"].contains(&from.as_str()) || from == to
        }
        "open" => ["opening", "waitingforrecoveryshares"].contains(&from.as_str()) || from == to,
        _ => false,
    }
}

fn entries(map: Option<&MapWrites>) -> impl Iterator<Item = (&Bytes, &Option<Bytes>)> {
    map.into_iter().flatten()
}

fn text(table: &'static str, bytes: &[u8]) -> Result<String, Problem> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(bad(
            table,
            &hex::encode(&bytes[..bytes.len().min(64)]),
            "expected UTF-8 text",
        )),
    }
}

fn bad(table: &'static str, key: &str, reason: impl ToString) -> Problem {
    Problem::Value {
        table,
        key: key.to_owned(),
        reason: reason.to_string(),
    }
}
