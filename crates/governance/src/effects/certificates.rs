//! Certificates that governance renews: those of nodes and that of the service
//! (governance-api.md 8.6, 10; recovery-and-membership.md 2.1).

use quorate_crypto::cert::{self, Certificate, Csr, Validity};
use quorate_kv::Tx;
use quorate_script::EffectError;
use quorate_tables::SERVICE_INFO;

use crate::context::ServiceContext;

/// `ccf.network.generateEndorsedCertificate`: a certificate for the key of a CSR, signed by the
/// service key, not a CA.
pub(super) fn endorse(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    csr: &str,
    valid_from: &str,
    days: u64,
) -> Result<String, EffectError> {
    let csr = Csr::from_pem(csr)
        .map_err(|error| EffectError::new(format!("CSR is not valid PEM: {error}")))?;
    let failed =
        |error: String| EffectError::new(format!("Failed to create endorsed cert: {error}"));
    let validity = validity(valid_from, days).map_err(failed)?;
    let issuer = service_certificate(tx).map_err(failed)?;
    // A fresh serial: no two certificates are ever equal (governance-api.md 8.6).
    let serial = cert::random_serial(service.entropy());
    let certificate = cert::endorse(&csr, &service.service_key(), &issuer, validity, &serial)
        .map_err(|error| failed(error.to_string()))?;
    Ok(certificate.to_pem())
}

/// `ccf.network.generateNetworkCertificate`: a new certificate of the same service key and subject.
pub(super) fn renew_service(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    valid_from: &str,
    days: u64,
) -> Result<String, EffectError> {
    let failed = |error: String| EffectError::new(format!("Error: {error}"));
    let validity = validity(valid_from, days).map_err(failed)?;
    let current = service_certificate(tx).map_err(failed)?;
    let serial = cert::random_serial(service.entropy());
    let key = service.service_key();
    let certificate = cert::self_signed(&key, &current.subject(), &[], validity, &serial)
        .map_err(|error| failed(error.to_string()))?;
    Ok(certificate.to_pem())
}

fn validity(valid_from: &str, days: u64) -> Result<Validity, String> {
    let from = cert::parse_valid_from(valid_from).map_err(|error| error.to_string())?;
    Ok(Validity { from, days })
}

/// The service certificate as this transaction sees it.
fn service_certificate(tx: &mut Tx) -> Result<Certificate, String> {
    let info = SERVICE_INFO
        .get(tx)
        .map_err(|error| error.to_string())?
        .ok_or("no service certificate is recorded")?;
    Certificate::from_pem(info.cert.as_str()).map_err(|error| error.to_string())
}
