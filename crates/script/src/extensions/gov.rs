//! `ccf.gov` (js-runtime.md 8.1).

use std::rc::Rc;

use rquickjs::{Object, Result, Value};

use crate::{
    Limits,
    extensions::Scope,
    governance::validate_constitution_within,
    host::Host,
    native::{self, Call, Class},
    text,
};

/// Adds `ccf.gov`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let gov = Object::new(scope.ctx.clone())?;
    native::define(
        host,
        &gov,
        &[("validateConstitution", 1, validate_constitution)],
    )?;
    scope.ccf.set("gov", gov)
}

fn validate_constitution<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let constitution = call.string(0, "constitution is not a string")?;
    let constitution = text::to_text(&constitution)?;
    let time = call.host.watch.remaining(Limits::default().time);
    match validate_constitution_within(&constitution, time) {
        Ok(()) => call.value(true),
        Err(refusal) => Err(call.throw(Class::Type, &refusal)),
    }
}
