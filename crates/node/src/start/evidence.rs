//! The node's evidence on the virtual platform: the files that tell it to deployments, and the node's look at
//! its own (attestation.md 3.1, 6.4).

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use quorate_attestation::{Evidence, verify_virtual};
use quorate_crypto::{Digest, sha256};

use super::creation_failed;
use crate::exit::Exit;
use crate::files;

/// Digest of this executable, written for deployments.
///
/// # Errors
/// The executable cannot be read, or the file not written.
pub(super) fn write_measurement(directory: &Path) -> Result<Digest, Exit> {
    let program = std::fs::read("/proc/self/exe")
        .map_err(|error| creation_failed(&format!("the executable cannot be read: {error}")))?;
    let host_data = sha256(&program);
    let content = Evidence::measurement_file(&host_data);
    files::write(&file(directory, "measurement"), content.as_bytes())?;
    Ok(host_data)
}

/// Refuses to go on with evidence that others would not accept.
///
/// # Errors
/// What is wrong with it, or the file that cannot be written.
pub(super) fn check(evidence: &Evidence, directory: &Path) -> Result<(), Exit> {
    let quote = evidence.to_quote();
    let shown = BASE64_URL_SAFE.encode(&quote);
    tracing::info!("Initial node attestation (\"Insecure_Virtual\"): {shown}");
    tracing::info!(
        "Virtual platform: the evidence of this node proves nothing about hardware or program"
    );
    tracing::info!("Security policy not set, skipping check against attestation host data");
    let content = evidence.attestation_file();
    files::write(&file(directory, "attestation"), content.as_bytes())?;
    verify_virtual(&quote)
        .map(|_| ())
        .map_err(|error| creation_failed(&error.to_string()))
}

fn file(directory: &Path, kind: &str) -> PathBuf {
    directory.join(format!(
        "ccf_virtual_attestation.{}.{kind}",
        std::process::id()
    ))
}
