//! `ccf.setJwtPublicSigningKeys` and `ccf.removeJwtPublicSigningKeys` (js-runtime.md 8.2).

use std::rc::Rc;

use rquickjs::{Result, Value};

use crate::{
    extensions::{Scope, node::effect},
    host::Host,
    native::{self, Call, Class},
    text,
};

/// Adds the functions.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    native::define(
        host,
        &scope.ccf,
        &[
            ("setJwtPublicSigningKeys", 3, set_keys),
            ("removeJwtPublicSigningKeys", 1, remove_keys),
        ],
    )
}

fn set_keys<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(3, "3")?;
    let issuer = call.string(0, "issuer argument is not a string")?;
    let issuer = text::to_text(&issuer)?;
    let metadata = json(
        call,
        1,
        "metadata argument is not a JSON object",
        "Failed to convert metadata JSON to string",
    )?;
    let jwks = json(
        call,
        2,
        "jwks argument is not a JSON object",
        "Failed to convert JWKS JSON to string",
    )?;
    effect(
        call,
        "Error setting JWT public signing keys: ",
        |effects, tx| effects.set_jwt_public_signing_keys(tx, &issuer, &metadata, &jwks),
    )?;
    call.undefined()
}

fn remove_keys<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(1, "1")?;
    let issuer = call.text(0)?;
    effect(
        call,
        "Failed to remove JWT public signing keys: ",
        |effects, tx| effects.remove_jwt_public_signing_keys(tx, &issuer),
    )?;
    call.undefined()
}

/// The JSON text of an object argument.
fn json(call: &Call<'_, '_>, index: usize, no_object: &str, no_json: &str) -> Result<String> {
    let value = call.arg(index);
    if !value.is_object() {
        return Err(call.throw(Class::Type, no_object));
    }
    match call.ctx().json_stringify(value)? {
        Some(json) => text::to_text(&json),
        None => Err(call.throw(Class::Type, no_json)),
    }
}
