//! Certificates that governance renews: those of nodes and that of the service
//! (governance-api.md 8.6, 10; recovery-and-membership.md 2.1).

use quorate_crypto::cert::{self, Certificate, Csr, Validity};
use quorate_kv::Tx;
use quorate_script::EffectError;
use quorate_tables::SERVICE_INFO;

use crate::{context::ServiceContext, effects::refusal};

/// `ccf.network.generateEndorsedCertificate`: a certificate for the key of a CSR, signed by the
/// service key, not a CA.
pub(super) fn endorse(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    csr: &str,
    valid_from: &str,
    days: u64,
) -> Result<String, EffectError> {
    let csr = Csr::from_pem(csr).map_err(refusal)?;
    let validity = validity(valid_from, days)?;
    let issuer = service_certificate(tx)?;
    // A fresh serial: no two certificates are ever equal (governance-api.md 8.6).
    let serial = cert::random_serial(service.entropy());
    let certificate =
        cert::endorse(&csr, &service.service_key(), &issuer, validity, &serial).map_err(refusal)?;
    Ok(certificate.to_pem())
}

/// `ccf.network.generateNetworkCertificate`: a new certificate of the same service key and subject.
pub(super) fn renew_service(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    valid_from: &str,
    days: u64,
) -> Result<String, EffectError> {
    let validity = validity(valid_from, days)?;
    let current = service_certificate(tx)?;
    let serial = cert::random_serial(service.entropy());
    let certificate =
        cert::renew(&service.service_key(), &current, validity, &serial).map_err(refusal)?;
    Ok(certificate.to_pem())
}

fn validity(valid_from: &str, days: u64) -> Result<Validity, EffectError> {
    let from = cert::parse_valid_from(valid_from).map_err(refusal)?;
    Ok(Validity { from, days })
}

/// The service certificate as this transaction sees it.
fn service_certificate(tx: &mut Tx) -> Result<Certificate, EffectError> {
    let info = SERVICE_INFO
        .get(tx)
        .map_err(refusal)?
        .ok_or_else(|| refusal("no service certificate is recorded"))?;
    Certificate::from_pem(info.cert.as_str()).map_err(refusal)
}
