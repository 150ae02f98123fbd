//! A new ledger secret, and new shares (governance-api.md 5.5, 10; recovery-and-membership.md 4.4,
//! 7). The secret takes effect when the sequencer sees it in the table of broadcast secrets.

use std::{collections::BTreeMap, sync::Arc};

use quorate_crypto::rsa::{RsaKeyPair, RsaPublicKey};
use quorate_kv::{TableError, Tx};
use quorate_ledger::{LedgerSecret, SecretInForce};
use quorate_script::EffectError;
use quorate_tables::{
    Base64Bytes, ENCRYPTED_LEDGER_SECRETS, EncryptedLedgerSecret, EncryptedLedgerSecrets,
    NODES_INFO, NodeId, NodeInfo, NodeStatus, SERVICE_INFO, ServiceStatus,
};

use crate::{
    NodeStartupState,
    context::{ServiceContext, secrets_for},
    effects::refusal,
    shares,
};

/// `ccf.node.triggerLedgerRekey()`. Gives the new secret, whose start is not known yet: it is the
/// seqno after the one that this transaction gets.
pub(super) fn rekey(
    tx: &mut Tx,
    service: &dyn ServiceContext,
) -> Result<SecretInForce, EffectError> {
    let state = service.node_state();
    if state != NodeStartupState::PartOfNetwork {
        return Err(refusal(format!(
            "[NodeState] State is {}, but expected {}",
            state.name(),
            NodeStartupState::PartOfNetwork.name()
        )));
    }
    let info = SERVICE_INFO.get(tx).map_err(refusal)?;
    if info.is_none_or(|info| info.status != ServiceStatus::Open) {
        return Err(refusal("Could not rekey ledger"));
    }

    let current = secrets_for(tx, service).map_err(refusal)?.latest;
    let new = SecretInForce {
        // Known only when the transaction has a seqno, and not written anywhere.
        valid_from: u64::MAX,
        secret: Arc::new(LedgerSecret::generate(service.entropy()).map_err(refusal)?),
        previous_stored: None,
    };
    // All that can fail comes before the first write: a script may catch the refusal and go on.
    let broadcast = broadcast(tx, service, &new.secret)?;
    shares::issue(tx, service, &new, Some(&current), None).map_err(refusal)?;
    ENCRYPTED_LEDGER_SECRETS
        .put(tx, &broadcast)
        .map_err(refusal)?;
    Ok(new)
}

/// `ccf.node.triggerRecoverySharesRefresh()`: new shares of the latest secret, which is the one
/// that this transaction introduced, if it did.
pub(super) fn refresh_shares(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    introduced: Option<&SecretInForce>,
) -> Result<(), EffectError> {
    let latest = secrets_for(tx, service).map_err(refusal)?.latest;
    shares::shuffle(tx, service, introduced.unwrap_or(&latest)).map_err(refusal)
}

/// The secret for every node that has to go on reading the ledger.
fn broadcast(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    secret: &LedgerSecret,
) -> Result<EncryptedLedgerSecrets, EffectError> {
    let committed = service.committed();
    let mut secrets: EncryptedLedgerSecrets = BTreeMap::new();
    let nodes = NODES_INFO.entries(tx).map_err(refusal)?;
    for (node, info) in nodes {
        if !is_recipient(&node, &info, &committed).map_err(refusal)? {
            continue;
        }
        let encrypted_secret = RsaPublicKey::from_pem(info.encryption_pub_key.as_str())
            .and_then(|key| key.encrypt_oaep_sha256(secret.raw_bytes(), &[]))
            .map_err(|error| {
                refusal(format!(
                    "the encryption key of node n[{node}] cannot be used: {error}"
                ))
            })?;
        secrets.insert(
            node,
            vec![EncryptedLedgerSecret {
                version: None,
                encrypted_secret: Base64Bytes::from(encrypted_secret),
                previous_secret_stored_version: None,
            }],
        );
    }
    Ok(secrets)
}

/// Trusted nodes, and retired ones whose retirement is not known committed at the commit point.
fn is_recipient(
    node: &NodeId,
    info: &NodeInfo,
    committed: &quorate_kv::State,
) -> Result<bool, TableError> {
    match info.status {
        NodeStatus::Trusted => Ok(true),
        NodeStatus::Pending => Ok(false),
        NodeStatus::Retired => Ok(NODES_INFO
            .get_in(committed, node)?
            .is_some_and(|committed| !committed.retired_committed)),
    }
}

/// Why a broadcast gives this node no secret. It cannot go on reading the ledger then.
#[derive(Debug, thiserror::Error)]
pub enum BroadcastError {
    /// The value is not that of the table.
    #[error("the broadcast of a ledger secret is malformed: {0}")]
    Malformed(String),
    /// There is nothing for this node.
    #[error("the broadcast of a ledger secret holds none for node n[{0}]")]
    NotARecipient(NodeId),
    /// There is not exactly one secret without version, as a rekey writes it.
    #[error("the broadcast of a ledger secret to node n[{0}] is not that of a rekey")]
    NotARekey(NodeId),
    /// The node's key does not open it.
    #[error("the broadcast ledger secret cannot be decrypted: {0}")]
    Decrypt(String),
}

/// The new ledger secret in a value of `public:ccf.internal.encrypted_ledger_secrets` that a rekey
/// wrote at seqno R; it is in force from R + 1, and its predecessor is stored at R.
///
/// # Errors
/// The value is none of a rekey, holds nothing for this node, or does not decrypt.
pub fn secret_from_broadcast(
    value: &[u8],
    node: &NodeId,
    key: &RsaKeyPair,
) -> Result<LedgerSecret, BroadcastError> {
    let mut secrets: EncryptedLedgerSecrets = serde_json::from_slice(value)
        .map_err(|error| BroadcastError::Malformed(error.to_string()))?;
    let own = secrets
        .remove(node)
        .ok_or_else(|| BroadcastError::NotARecipient(node.clone()))?;
    let [secret] = own.as_slice() else {
        return Err(BroadcastError::NotARekey(node.clone()));
    };
    if secret.version.is_some() {
        return Err(BroadcastError::NotARekey(node.clone()));
    }
    let raw = key
        .decrypt_oaep_sha256(secret.encrypted_secret.as_ref(), &[])
        .map_err(|error| BroadcastError::Decrypt(error.to_string()))?;
    LedgerSecret::from_bytes(&raw).map_err(|error| BroadcastError::Decrypt(error.to_string()))
}
