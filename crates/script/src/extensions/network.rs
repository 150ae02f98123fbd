//! `ccf.network` (js-runtime.md 8.2).

use std::rc::Rc;

use quorate_crypto::pem;
use rquickjs::{Coerced, Object, Result, Value};

use crate::{
    extensions::{Scope, node::effect},
    host::Host,
    native::{self, Call, Class},
};

/// Largest integer that a Number holds exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Adds `ccf.network`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let network = Object::new(scope.ctx.clone())?;
    native::define(
        host,
        &network,
        &[
            ("getLatestLedgerSecretSeqno", 0, latest_ledger_secret_seqno),
            (
                "generateEndorsedCertificate",
                3,
                generate_endorsed_certificate,
            ),
            (
                "generateNetworkCertificate",
                2,
                generate_network_certificate,
            ),
        ],
    )?;
    scope.ccf.set("network", network)
}

fn latest_ledger_secret_seqno<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(0, "none")?;
    let seqno = effect(
        call,
        "Failed to fetch latest ledger secret seqno: ",
        |effects, tx| effects.latest_ledger_secret_seqno(tx),
    )?;
    call.value(seqno as f64)
}

fn generate_endorsed_certificate<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(3, "3")?;
    let csr = call.text(0)?;
    if let Err(error) = pem::check(&csr) {
        return Err(call.fail("CSR is not valid PEM: ", error));
    }
    let valid_from = call.text(1)?;
    let days = to_index(call, 2)?;
    let certificate = effect(call, "Failed to create endorsed cert: ", |effects, tx| {
        effects.generate_endorsed_certificate(tx, &csr, &valid_from, days)
    })?;
    call.new_string(&certificate)
}

fn generate_network_certificate<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect_plain(2, "2")?;
    let valid_from = call.text(0)?;
    let days = to_index(call, 1)?;
    let certificate = effect(call, "Error: ", |effects, tx| {
        effects.generate_network_certificate(tx, &valid_from, days)
    })?;
    call.new_string(&certificate)
}

/// `ToIndex` of an argument: an integer from 0 to 2^53 - 1.
fn to_index(call: &Call<'_, '_>, index: usize) -> Result<u64> {
    let Coerced(number) = call.arg(index).get::<Coerced<f64>>()?;
    let integer = if number.is_nan() { 0.0 } else { number.trunc() };
    if (0.0..=MAX_SAFE_INTEGER).contains(&integer) {
        // Exact within these bounds.
        Ok(integer as u64)
    } else {
        Err(call.throw(Class::Range, "invalid array index"))
    }
}
