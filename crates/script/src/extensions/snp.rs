//! The global `snp_attestation` (js-runtime.md 8.6). Its arguments are checked; the verification of SEV-SNP
//! evidence is not part of this service yet, and says so.

use std::rc::Rc;

use quorate_quickjs::buffer_bytes;
use rquickjs::{Object, Result, Value};

use crate::{
    extensions::Scope,
    host::Host,
    native::{self, Call, Class},
};

/// Adds `snp_attestation`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let snp = Object::new(scope.ctx.clone())?;
    native::define(
        host,
        &snp,
        &[("verifySnpAttestation", 2, verify_snp_attestation)],
    )?;
    scope.globals.set("snp_attestation", snp)
}

fn verify_snp_attestation<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    if !(2..=4).contains(&call.count()) {
        let text = format!(
            "Passed {} arguments, but expected between 2 and 4",
            call.count()
        );
        return Err(call.throw(Class::Type, &text));
    }
    call.engine_buffer(0)?;
    call.engine_buffer(1)?;
    let uvm_endorsements = call.arg(2);
    if !uvm_endorsements.is_undefined() && buffer_bytes(&uvm_endorsements).is_none() {
        return Err(call.throw(Class::Type, "ArrayBuffer object expected"));
    }
    if !call.arg(3).is_undefined() {
        call.text(3)?;
    }
    let text = "SEV-SNP attestation cannot be verified: this version of the service has no support for it yet";
    Err(call.throw(Class::Range, text))
}
