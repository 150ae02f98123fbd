//! Converters and switches directly below `ccf` (js-runtime.md 6.2).

use std::rc::Rc;

use quorate_crypto::cert::Certificate;
use rquickjs::{Coerced, Function, Result, String as JsString, Value};

use crate::{
    extensions::{Scope, tcb},
    host::Host,
    native::{self, Call, Class},
    text,
};

const NOT_A_BUFFER: &str = "Argument must be an ArrayBuffer";
const NOT_A_STRING: &str = "Argument must be a string";

/// Adds the converters.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    native::define(
        host,
        &scope.ccf,
        &[
            ("strToBuf", 1, str_to_buf),
            ("bufToStr", 1, buf_to_str),
            ("jsonCompatibleToBuf", 1, json_compatible_to_buf),
            ("bufToJsonCompatible", 1, buf_to_json_compatible),
            ("pemToId", 1, pem_to_id),
            ("tcbHexToPolicy", 2, tcb::tcb_hex_to_policy),
            ("enableUntrustedDateTime", 1, enable_untrusted_date_time),
            ("enableMetricsLogging", 1, enable_metrics_logging),
        ],
    )
}

fn str_to_buf<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let string = call.string(0, NOT_A_STRING)?;
    call.new_buffer(&text::to_bytes(&string)?)
}

fn buf_to_str<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let bytes = call.buffer(0, NOT_A_BUFFER)?;
    Ok(text::from_bytes(call.ctx(), &bytes)?.into_value())
}

fn json_compatible_to_buf<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    match call.ctx().json_stringify(call.arg(0))? {
        Some(json) => call.new_buffer(&text::to_bytes(&json)?),
        None => Err(call.throw(Class::Type, NOT_A_STRING)),
    }
}

fn buf_to_json_compatible<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let bytes = call.buffer(0, NOT_A_BUFFER)?;
    let json: JsString<'js> = text::from_bytes(call.ctx(), &bytes)?;
    let parse: Function<'js> = call.host.intrinsic(call.ctx(), |kept| &kept.json_parse)?;
    parse.call((json,))
}

fn pem_to_id<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let pem = call.text(0)?;
    match Certificate::from_pem(&pem) {
        Ok(certificate) => call.new_string(&certificate.fingerprint().to_string()),
        Err(error) => Err(call.fail("Failed to parse PEM: ", error)),
    }
}

/// `Date` reads the real clock in every context; the switch is kept for scripts that set it.
fn enable_untrusted_date_time<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let Coerced(enable) = call.arg(0).get::<Coerced<bool>>()?;
    call.value(enable)
}

fn enable_metrics_logging<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    match call.arg(0).as_bool() {
        Some(enable) => call.value(call.host.metrics.replace(enable)),
        None => Err(call.throw(Class::Type, "First argument must be a boolean")),
    }
}
