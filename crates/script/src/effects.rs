//! The native functions of `apply` that reach beyond the store's maps
//! (governance-api.md 10). Governance implements them; this crate only calls.

use quorate_kv::Tx;

/// The inner text of a refused effect. What a script sees is this text behind
/// the function's prefix, cut to 255 bytes as QuickJS cuts native messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EffectError {
    /// Full text, not cut.
    pub message: String,
}

impl EffectError {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Native effects of an accepted proposal. Every method acts within the
/// transaction of the deciding vote.
pub trait Effects {
    /// `ccf.node.triggerLedgerRekey()`.
    fn trigger_ledger_rekey(&self, tx: &mut Tx) -> Result<(), EffectError>;
    /// `ccf.node.triggerRecoverySharesRefresh()`.
    fn trigger_recovery_shares_refresh(&self, tx: &mut Tx) -> Result<(), EffectError>;
    /// `ccf.node.transitionServiceToOpen(previous, next)`; both are PEM bytes
    /// (governance-api.md 6.2). `next` is `Some` when a script called it.
    fn transition_service_to_open(
        &self,
        tx: &mut Tx,
        previous: Option<Vec<u8>>,
        next: Option<Vec<u8>>,
    ) -> Result<(), EffectError>;
    /// `ccf.node.triggerLedgerChunk()`.
    fn trigger_ledger_chunk(&self, tx: &mut Tx) -> Result<(), EffectError>;
    /// `ccf.node.triggerSnapshot()`.
    fn trigger_snapshot(&self, tx: &mut Tx) -> Result<(), EffectError>;
    /// `ccf.network.getLatestLedgerSecretSeqno()`.
    fn latest_ledger_secret_seqno(&self, tx: &mut Tx) -> Result<u64, EffectError>;
    /// `ccf.network.generateEndorsedCertificate(csr, validFrom, days)`: PEM.
    fn generate_endorsed_certificate(
        &self,
        tx: &mut Tx,
        csr: &str,
        valid_from: &str,
        days: u64,
    ) -> Result<String, EffectError>;
    /// `ccf.network.generateNetworkCertificate(validFrom, days)`: PEM.
    fn generate_network_certificate(
        &self,
        tx: &mut Tx,
        valid_from: &str,
        days: u64,
    ) -> Result<String, EffectError>;
    /// `ccf.refreshAppBytecodeCache()`.
    fn refresh_app_bytecode_cache(&self, tx: &mut Tx) -> Result<(), EffectError>;
    /// `ccf.setJwtPublicSigningKeys(issuer, metadata, jwks)`; the two objects
    /// come as JSON text.
    fn set_jwt_public_signing_keys(
        &self,
        tx: &mut Tx,
        issuer: &str,
        metadata_json: &str,
        jwks_json: &str,
    ) -> Result<(), EffectError>;
    /// `ccf.removeJwtPublicSigningKeys(issuer)`.
    fn remove_jwt_public_signing_keys(&self, tx: &mut Tx, issuer: &str) -> Result<(), EffectError>;
}
