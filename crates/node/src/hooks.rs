//! How the node reacts to its own tables (kv-tables.md 13). Apply hooks act at sequencing and can be
//! rolled back; commit hooks reach outside: TLS, frontends.

use std::sync::Arc;

use quorate_crypto::cert::{Certificate, Validity};
use quorate_governance::NodeStartupState;
use quorate_governance::effects::secret_from_broadcast;
use quorate_kv::{HookResult, Hooks, MapWrites, UNIT};
use quorate_ledger::SecretInForce;
use quorate_replication::Effect;
use quorate_tables::{
    ENCRYPTED_LEDGER_SECRETS, NODES_ENDORSED_CERTIFICATES, SERVICE_INFO, ServiceInfo, ServiceStatus,
};

use crate::local_node::LocalNode;

/// The hooks of a node.
#[must_use]
pub fn hooks(local: &Arc<LocalNode>) -> Hooks<Effect> {
    let mut hooks = Hooks::new();

    let node = local.clone();
    hooks.on_apply(NODES_ENDORSED_CERTIFICATES.name(), move |_, writes| {
        if let Some(certificate) = own_certificate(&node, writes)? {
            node.set_endorsed(Some(certificate));
        }
        Ok(None)
    });
    let node = local.clone();
    hooks.on_commit(
        NODES_ENDORSED_CERTIFICATES.name(),
        move |_, writes| match own_certificate(&node, writes)? {
            Some(certificate) => endorsed(&node, &certificate),
            None => Ok(()),
        },
    );
    let node = local.clone();
    hooks.on_commit(SERVICE_INFO.name(), move |_, writes| {
        service_changed(&node, writes)
    });
    let node = local.clone();
    hooks.on_apply(ENCRYPTED_LEDGER_SECRETS.name(), move |seqno, writes| {
        rekeyed(&node, seqno, writes)
    });
    hooks
}

/// The certificate written for this node, if one was.
fn own_certificate(node: &LocalNode, writes: &MapWrites) -> HookResult<Option<String>> {
    match writes.get(node.identity.id.as_str().as_bytes()) {
        None => Ok(None),
        Some(None) => Err("the endorsed certificate of this node was removed".to_owned()),
        Some(Some(pem)) => match std::str::from_utf8(pem) {
            Ok(pem) => Ok(Some(pem.to_owned())),
            Err(_) => Err("the endorsed certificate of this node is not PEM text".to_owned()),
        },
    }
}

/// The value written to a map of one entry.
fn singleton(writes: &MapWrites) -> Option<&bytes::Bytes> {
    writes.get(&UNIT[..]).and_then(Option::as_ref)
}

/// This node's endorsed certificate has committed: show it, and open `/gov` (kv-tables.md 5.2).
fn endorsed(node: &LocalNode, pem: &str) -> HookResult<()> {
    let certificate = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
    node.interfaces
        .show_endorsed(&certificate, &node.identity.key)
        .map_err(|error| error.to_string())?;
    if node.gov.is_open() {
        // A renewal: the self-signed certificate follows with the same validity.
        let seconds = certificate.not_after() - certificate.not_before() + 1;
        let validity = Validity {
            from: certificate.not_before(),
            days: (seconds / 86_400) as u64,
        };
        let renewed = node
            .identity
            .self_signed(validity, &node.entropy)
            .map_err(|error| error.to_string())?;
        node.interfaces
            .show_self_signed(&renewed, &node.identity.key)
            .map_err(|error| error.to_string())?;
        node.set_self_signed(renewed);
    }
    if !node.gov.is_open() {
        tracing::info!("Network TLS connections now accepted");
        tracing::info!("Opening frontend: members");
        node.gov.open();
    }
    Ok(())
}

/// The service entry has committed: a service of our own key that is open has its application open.
fn service_changed(node: &LocalNode, writes: &MapWrites) -> HookResult<()> {
    let value = singleton(writes).ok_or("the service entry was removed")?;
    let info: ServiceInfo = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    let certificate =
        Certificate::from_pem(info.cert.as_str()).map_err(|error| error.to_string())?;
    let own = node.service.key.public_key().to_spki_der();
    if certificate.spki_der() == own && info.status == ServiceStatus::Open && !node.app.is_open() {
        tracing::info!("Opening frontend: users");
        node.app.open();
    }
    Ok(())
}

/// New ledger secrets were broadcast: this node's own one is in force from the next seqno on.
fn rekeyed(node: &LocalNode, seqno: u64, writes: &MapWrites) -> HookResult<Option<Effect>> {
    if node.state() != NodeStartupState::PartOfNetwork {
        return Ok(None);
    }
    let value = singleton(writes).ok_or("the broadcast ledger secrets were removed")?;
    let secret = secret_from_broadcast(value, &node.identity.id, &node.identity.encryption_key)
        .map_err(|error| error.to_string())?;
    Ok(Some(Effect::InstallSecret(SecretInForce {
        valid_from: seqno + 1,
        secret: Arc::new(secret),
        previous_stored: Some(seqno),
    })))
}
