//! `ccf.crypto` (js-runtime.md 7): arguments and errors. The cryptography itself is `quorate_crypto`'s.

use std::rc::Rc;

use rquickjs::{Object, Result, Value};

use crate::{
    extensions::Scope,
    host::Host,
    native::{self, Call, Class},
};

mod jwk;
mod keys;
mod sign;
mod wrap;
mod x509;

/// Adds `ccf.crypto`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let crypto = Object::new(scope.ctx.clone())?;
    for functions in [
        keys::FUNCTIONS,
        sign::FUNCTIONS,
        wrap::FUNCTIONS,
        jwk::FUNCTIONS,
        x509::FUNCTIONS,
    ] {
        native::define(host, &crypto, functions)?;
    }
    scope.ccf.set("crypto", crypto)
}

/// A property of the object of parameters that some functions take; that of `undefined` and `null` throws.
fn property<'js>(call: &Call<'_, 'js>, parameters: &Value<'js>, name: &str) -> Result<Value<'js>> {
    if let Some(object) = parameters.as_object() {
        return object.get(name);
    }
    if parameters.is_undefined() || parameters.is_null() {
        let text = format!(
            "cannot read property '{name}' of {}",
            parameters.type_name()
        );
        return Err(call.throw(Class::Type, &text));
    }
    call.undefined()
}

#[cfg(test)]
mod tests;
