//! Certificate bundles and chains (js-runtime.md 7.5).

use std::time::{SystemTime, UNIX_EPOCH};

use quorate_crypto::cert;
use rquickjs::{Result, Value};

use crate::native::{Call, Plain};

pub(super) const FUNCTIONS: &[(&str, usize, Plain)] = &[
    ("isValidX509CertBundle", 1, is_valid_bundle),
    ("isValidX509CertChain", 2, is_valid_chain),
];

fn is_valid_bundle<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let pem = call.text(0)?;
    call.value(cert::is_valid_bundle(&pem))
}

fn is_valid_chain<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[2], "2")?;
    let chain = call.text(0)?;
    let trusted = call.text(1)?;
    match cert::is_valid_chain(&chain, &trusted, now()) {
        Ok(valid) => call.value(valid),
        Err(error) => Err(call.fail("isValidX509Chain failed: ", error)),
    }
}

/// Unix seconds. Scripts read the same clock with `Date`.
fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
