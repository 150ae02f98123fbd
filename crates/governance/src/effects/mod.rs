//! The native functions that a constitution's `apply` can call (governance-api.md 6, 10), one file
//! per group. All act on the transaction of the deciding vote; what must happen outside of it, at
//! sequencing or at commit, is requested through the transaction or follows from the tables.
//!
//! Errors hold the inner text of a refusal. The function's name for it comes before that, and the
//! whole is logged, where the function is called from a script.

mod certificates;
mod javascript;
mod ledger;
pub(crate) mod membership;
mod opening;
mod rekey;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, sync::Arc};

use quorate_kv::Tx;
use quorate_ledger::SecretInForce;
use quorate_script::{EffectError, Effects};

pub use self::rekey::{BroadcastError, secret_from_broadcast};
use crate::{context::ServiceContext, jwt};

/// The effects of one call of `apply`.
pub struct NativeEffects {
    service: Arc<dyn ServiceContext>,
    /// The secret that this very transaction introduces: shares issued after a rekey in the same
    /// `apply` must wrap this one, or they would be worthless from the next transaction on.
    introduced: RefCell<Option<SecretInForce>>,
}

impl NativeEffects {
    /// Effects on the node behind `service`.
    pub fn new(service: Arc<dyn ServiceContext>) -> Self {
        Self {
            service,
            introduced: RefCell::new(None),
        }
    }
}

impl Effects for NativeEffects {
    fn trigger_ledger_rekey(&self, tx: &mut Tx) -> Result<(), EffectError> {
        let secret = rekey::rekey(tx, &*self.service)?;
        self.introduced.replace(Some(secret));
        Ok(())
    }

    fn trigger_recovery_shares_refresh(&self, tx: &mut Tx) -> Result<(), EffectError> {
        let introduced = self.introduced.borrow();
        rekey::refresh_shares(tx, &*self.service, introduced.as_ref())
    }

    fn transition_service_to_open(
        &self,
        tx: &mut Tx,
        previous: Option<Vec<u8>>,
        next: Option<Vec<u8>>,
    ) -> Result<(), EffectError> {
        opening::transition_to_open(tx, &*self.service, previous.as_deref(), next.as_deref())
    }

    fn trigger_ledger_chunk(&self, tx: &mut Tx) -> Result<(), EffectError> {
        ledger::request_chunk(tx);
        Ok(())
    }

    fn trigger_snapshot(&self, _tx: &mut Tx) -> Result<(), EffectError> {
        ledger::request_snapshot()
    }

    fn latest_ledger_secret_seqno(&self, tx: &mut Tx) -> Result<u64, EffectError> {
        membership::latest_ledger_secret_seqno(tx, &*self.service)
    }

    fn generate_endorsed_certificate(
        &self,
        tx: &mut Tx,
        csr: &str,
        valid_from: &str,
        days: u64,
    ) -> Result<String, EffectError> {
        certificates::endorse(tx, &*self.service, csr, valid_from, days)
    }

    fn generate_network_certificate(
        &self,
        tx: &mut Tx,
        valid_from: &str,
        days: u64,
    ) -> Result<String, EffectError> {
        certificates::renew_service(tx, &*self.service, valid_from, days)
    }

    fn refresh_app_bytecode_cache(&self, tx: &mut Tx) -> Result<(), EffectError> {
        javascript::refresh_bytecode(tx)
    }

    fn set_jwt_public_signing_keys(
        &self,
        tx: &mut Tx,
        issuer: &str,
        metadata_json: &str,
        jwks_json: &str,
    ) -> Result<(), EffectError> {
        jwt::set_public_signing_keys_from_script(tx, issuer, metadata_json, jwks_json)
            .map_err(refusal)
    }

    fn remove_jwt_public_signing_keys(&self, tx: &mut Tx, issuer: &str) -> Result<(), EffectError> {
        jwt::remove_public_signing_keys(tx, issuer).map_err(refusal)
    }
}

/// A refusal with this text.
fn refusal(text: impl ToString) -> EffectError {
    EffectError::new(text.to_string())
}
