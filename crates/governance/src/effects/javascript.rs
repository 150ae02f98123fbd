//! The bytecode of the JavaScript application (governance-api.md 10, js-runtime.md 1.5). This engine
//! stores none, as if `disable_bytecode_cache` had been given (kv-tables.md 8): sources are compiled
//! when they are used. A module that does not compile is refused here all the same.

use std::collections::BTreeMap;

use quorate_kv::Tx;
use quorate_script::EffectError;
use quorate_tables::{MODULES, MODULES_QUICKJS_BYTECODE, MODULES_QUICKJS_VERSION};

use crate::effects::refusal;

/// `ccf.refreshAppBytecodeCache()`.
pub(super) fn refresh_bytecode(tx: &mut Tx) -> Result<(), EffectError> {
    let modules: BTreeMap<String, String> =
        MODULES.entries(tx).map_err(refusal)?.into_iter().collect();
    if let Err(error) = quorate_script::check_modules(&modules) {
        tracing::warn!(target: "gov", "{error}");
        return Err(refusal(format!(
            "Unable to serialize bytecode for JS module '{}'",
            error.name
        )));
    }
    if MODULES_QUICKJS_VERSION.has(tx) {
        MODULES_QUICKJS_VERSION.remove(tx);
    }
    MODULES_QUICKJS_BYTECODE.clear(tx);
    Ok(())
}
