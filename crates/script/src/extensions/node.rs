//! `ccf.node` (js-runtime.md 8.2), and how all functions with native effects reach them.

use std::rc::Rc;

use quorate_kv::Tx;
use quorate_quickjs::buffer_bytes;
use rquickjs::{Object, Result, Value};

use crate::{
    EffectError, Effects,
    extensions::{Scope, console},
    host::Host,
    native::{self, Call, Class},
};

/// Adds `ccf.node`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let node = Object::new(scope.ctx.clone())?;
    native::define(
        host,
        &node,
        &[
            ("triggerLedgerRekey", 0, trigger_ledger_rekey),
            ("transitionServiceToOpen", 2, transition_service_to_open),
            (
                "triggerRecoverySharesRefresh",
                0,
                trigger_recovery_shares_refresh,
            ),
            ("triggerLedgerChunk", 0, trigger_ledger_chunk),
            ("triggerSnapshot", 0, trigger_snapshot),
        ],
    )?;
    scope.ccf.set("node", node)
}

/// Refusals that stand without the prefix of their function (governance-api.md 8.8, 10).
const WITHOUT_PREFIX: [&str; 2] = [
    "Could not rekey ledger",
    "set_jwt_public_signing_keys() failed",
];

/// Performs an effect within the transaction. A refusal is thrown behind `prefix` and logged in full.
pub(crate) fn effect<R>(
    call: &Call<'_, '_>,
    prefix: &str,
    act: impl FnOnce(&dyn Effects, &mut Tx) -> std::result::Result<R, EffectError>,
) -> Result<R> {
    attempt(call, act)?.map_err(|refusal| {
        let text = refusal.message;
        if WITHOUT_PREFIX.contains(&text.as_str()) {
            console::refuse(call, &text)
        } else {
            console::refuse(call, &format!("{prefix}{text}"))
        }
    })
}

fn attempt<R>(
    call: &Call<'_, '_>,
    act: impl FnOnce(&dyn Effects, &mut Tx) -> std::result::Result<R, EffectError>,
) -> Result<std::result::Result<R, EffectError>> {
    let Some(effects) = call.host.effects.clone() else {
        let text = "Failed to get governance effects object";
        return Err(call.throw(Class::Internal, text));
    };
    call.host
        .with_tx(|tx| act(effects.as_ref(), tx))
        .ok_or_else(|| call.throw(Class::Internal, "No transaction available"))
}

fn trigger_ledger_rekey<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(0, "none")?;
    effect(call, "Failed to rekey ledger: ", |effects, tx| {
        effects.trigger_ledger_rekey(tx)
    })?;
    call.undefined()
}

fn transition_service_to_open<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(2, "two")?;
    let previous = match call.arg(0) {
        value if value.is_undefined() => None,
        value => Some(buffer_bytes(&value).ok_or_else(|| {
            let text = "Previous service identity argument is not an array buffer";
            call.throw(Class::Type, text)
        })?),
    };
    let next = call.arg(1);
    if next.is_undefined() {
        let text = "Proposal requires a service identity";
        return Err(call.throw(Class::Internal, text));
    }
    let Some(next) = buffer_bytes(&next) else {
        let text = "Next service identity argument is not an array buffer";
        return Err(call.throw(Class::Type, text));
    };
    effect(call, "Unable to open service: ", |effects, tx| {
        effects.transition_service_to_open(tx, previous, Some(next))
    })?;
    call.undefined()
}

fn trigger_recovery_shares_refresh<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(0, "none")?;
    effect(
        call,
        "Unable to trigger recovery shares refresh: ",
        |effects, tx| effects.trigger_recovery_shares_refresh(tx),
    )?;
    call.undefined()
}

/// Ignores its arguments, as the next one does.
fn trigger_ledger_chunk<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    effect(call, "Unable to force ledger chunk: ", |effects, tx| {
        effects.trigger_ledger_chunk(tx)
    })?;
    call.undefined()
}

fn trigger_snapshot<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    effect(call, "Unable to request snapshot: ", |effects, tx| {
        effects.trigger_snapshot(tx)
    })?;
    call.undefined()
}

#[cfg(test)]
mod tests;
