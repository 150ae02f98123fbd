//! The sandbox node's configuration file and the constitution it names.

use std::path::Path;

use serde_json::json;

use crate::error::CliError;

/// The default constitution with the actions of the virtual platform, in the order in which it is joined.
const CONSTITUTION: [(&str, &str); 5] = [
    (
        "actions.js",
        include_str!("../../../../constitutions/default/actions.js"),
    ),
    (
        "virtual_attestation_actions.js",
        include_str!("../../../../constitutions/virtual/virtual_attestation_actions.js"),
    ),
    (
        "validate.js",
        include_str!("../../../../constitutions/default/validate.js"),
    ),
    (
        "resolve.js",
        include_str!("../../../../constitutions/default/resolve.js"),
    ),
    (
        "apply.js",
        include_str!("../../../../constitutions/default/apply.js"),
    ),
];

/// Name of the configuration file in the node's directory.
pub(super) const FILE: &str = "0.config.json";
/// Name of the file in which the node tells its addresses.
pub(super) const ADDRESSES: &str = "0.rpc_addresses";
/// Name of the service certificate in the node's directory.
pub(super) const SERVICE_CERTIFICATE: &str = "service_cert.pem";
/// The interface of the sandbox.
pub(super) const INTERFACE: &str = "primary_rpc_interface";
/// Validity of node and service certificates.
const VALIDITY_DAYS: u32 = 90;

/// Writes constitution and configuration.
pub(super) fn write(
    common: &Path,
    node: &Path,
    members: &[String],
    address: &str,
) -> Result<(), CliError> {
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::write(&path, text).map_err(|error| CliError::io(path, &error))
    };
    for (name, text) in CONSTITUTION {
        write(common.join(name), text)?;
    }
    let in_common = |file: &str| format!("../sandbox_common/{file}");
    let configuration = json!({
        "network": {
            "node_to_node_interface": { "bind_address": "127.0.0.1:0" },
            "rpc_interfaces": { INTERFACE: { "bind_address": address } },
        },
        "node_certificate": { "initial_validity_days": VALIDITY_DAYS },
        "command": {
            "type": "Start",
            "service_certificate_file": SERVICE_CERTIFICATE,
            "start": {
                "members": members.iter().map(|member| json!({
                    "certificate_file": in_common(&format!("{member}_cert.pem")),
                    "encryption_public_key_file": in_common(&format!("{member}_enc_pubk.pem")),
                })).collect::<Vec<_>>(),
                "constitution_files": CONSTITUTION.map(|(name, _)| in_common(name)),
                "service_configuration": {
                    "recovery_threshold": members.len() / 2 + 1,
                    "maximum_node_certificate_validity_days": 365,
                    "maximum_service_certificate_validity_days": 365,
                },
                "initial_service_certificate_validity_days": VALIDITY_DAYS,
                "cose_signatures": { "issuer": "service.example.com", "subject": "ledger.signature" },
            },
        },
        "ledger": { "directory": "0.ledger" },
        "snapshots": { "directory": "0.snapshots" },
        "ledger_signatures": { "delay": "100ms" },
        "output_files": {
            "node_certificate_file": "0.pem",
            "pid_file": "node.pid",
            "node_to_node_address_file": "0.node_address",
            "rpc_addresses_file": ADDRESSES,
        },
    });
    write(node.join(FILE), &format!("{configuration:#}\n"))
}
