//! `ccf.refreshAppBytecodeCache` (js-runtime.md 8.2).

use std::rc::Rc;

use rquickjs::{Result, Value};

use crate::{
    extensions::{Scope, node::effect},
    host::Host,
    native::{self, Call},
};

/// Adds the function.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    native::define(
        host,
        &scope.ccf,
        &[("refreshAppBytecodeCache", 0, refresh_app_bytecode_cache)],
    )
}

fn refresh_app_bytecode_cache<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(0, "none")?;
    effect(call, "Failed to refresh bytecode: ", |effects, tx| {
        effects.refresh_app_bytecode_cache(tx)
    })?;
    call.undefined()
}
