//! Opening a service (governance-api.md 6.2, 6.3; recovery-and-membership.md 6, 11). Opening a
//! service that is being recovered is not available yet.

use quorate_crypto::cose::{IdentityEndorsement, sign_identity_endorsement};
use quorate_kv::Tx;
use quorate_script::EffectError;
use quorate_tables::{
    Base64Bytes, CoseEndorsement, PREVIOUS_SERVICE_IDENTITY, PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT,
    SERVICE_INFO, ServiceInfo, ServiceStatus,
};

use crate::{
    NodeStartupState,
    context::{ServiceContext, secrets_for},
    effects::refusal,
    shares,
};

/// `ccf.node.transitionServiceToOpen(previous, next)`.
pub(super) fn transition_to_open(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    previous: Option<&[u8]>,
    next: Option<&[u8]>,
) -> Result<(), EffectError> {
    let next = next.ok_or_else(|| refusal("Proposal requires a service identity"))?;
    open(tx, service, previous, next).map_err(refusal)
}

fn open(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    previous: Option<&[u8]>,
    next: &[u8],
) -> Result<(), String> {
    let info = SERVICE_INFO
        .get(tx)
        .map_err(text)?
        .ok_or("Service information cannot be found to transition service to open")?;
    match info.status {
        ServiceStatus::Open | ServiceStatus::WaitingForRecoveryShares => return Ok(()),
        ServiceStatus::Recovering => check_previous(tx, previous)?,
        ServiceStatus::Opening => {}
    }
    let next = pem_text(next);
    if next != info.cert.as_str() {
        return Err(format!(
            "Service identity mismatch: the next service identity in the \
             transition_service_to_open proposal does not match the current service identity:\n\
             Next:\n{next}\nCurrent:\n{}",
            info.cert.as_str()
        ));
    }
    match service.node_state() {
        NodeStartupState::PartOfNetwork => open_fresh(tx, service, info),
        NodeStartupState::PartOfPublicNetwork => {
            Err("recovering a service is not available in this version yet".to_owned())
        }
        state => Err(format!(
            "Node in state {} cannot open service",
            state.name()
        )),
    }
}

/// A recovered service opens only for members who name the identity that they recover.
fn check_previous(tx: &mut Tx, previous: Option<&[u8]>) -> Result<(), String> {
    let recorded = PREVIOUS_SERVICE_IDENTITY.get(tx).map_err(text)?;
    let (Some(recorded), Some(previous)) = (recorded, previous) else {
        return Err(
            "Recovery with service certificates requires both, a previous service identity \
             written to the KV during recovery genesis and a transition_service_to_open proposal \
             that contains previous and next service certificates"
                .to_owned(),
        );
    };
    let previous = pem_text(previous);
    if previous != recorded.as_str() {
        return Err(format!(
            "Previous service identity does not match.\nActual:\n{}\nIn proposal:\n{previous}",
            recorded.as_str()
        ));
    }
    Ok(())
}

/// Opens a service for the first time (governance-api.md 6.3).
fn open_fresh(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    mut info: ServiceInfo,
) -> Result<(), String> {
    let endorsement = endorsement_of_itself(service, &info)?;
    let secrets = secrets_for(tx, service).map_err(text)?;
    let from = secrets.latest.valid_from;
    shares::issue(
        tx,
        service,
        &secrets.latest,
        secrets.penultimate.as_ref(),
        Some(from),
    )
    .map_err(|error| format!("Failed to issue recovery shares: {error}"))?;

    PREVIOUS_SERVICE_IDENTITY_ENDORSEMENT
        .put(tx, &endorsement)
        .map_err(text)?;
    info.status = ServiceStatus::Open;
    SERVICE_INFO.put(tx, &info).map_err(text)?;
    // Where there are snapshots, one is taken here too.
    tx.request_ledger_chunk();
    Ok(())
}

/// The service key's endorsement of itself: the first link of the chain of identities
/// (recovery-and-membership.md 11).
fn endorsement_of_itself(
    service: &dyn ServiceContext,
    info: &ServiceInfo,
) -> Result<CoseEndorsement, String> {
    let begin = info
        .current_service_create_txid
        .ok_or("the transaction that created the service is not recorded")?;
    let key = service.service_key();
    let spki = key.public_key().to_spki_der();
    let endorsement = sign_identity_endorsement(
        &key,
        &IdentityEndorsement {
            iat: service.now(),
            endorsed_key: spki.clone(),
            epoch_begin: begin.to_string(),
            epoch_end: None,
            last_root: None,
        },
    )
    .map_err(text)?;
    Ok(CoseEndorsement {
        endorsement: Base64Bytes::from(endorsement),
        endorsing_key: Base64Bytes::from(spki),
        endorsement_epoch_begin: begin,
        endorsement_epoch_end: None,
        previous_version: None,
    })
}

/// The text of a PEM argument. Comparisons are of text, one trailing NUL aside.
fn pem_text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
