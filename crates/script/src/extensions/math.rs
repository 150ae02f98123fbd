//! `Math.random` from the operating system's generator (js-runtime.md 6.2).

use std::rc::Rc;

use quorate_crypto::{Entropy, SystemEntropy};
use rquickjs::{Function, Object, Result, Value, object::Property};

use crate::{
    extensions::Scope,
    host::Host,
    native::{Call, Native},
};

/// Replaces `Math.random`.
pub(crate) fn install<'js>(host: &Rc<Host>, scope: &Scope<'js>) -> Result<()> {
    let math: Object<'js> = scope.globals.get("Math")?;
    let random: Function<'js> =
        Native::new(host, "random", (), |call, ()| random(call)).into_function(&scope.ctx, 0)?;
    math.prop("random", Property::from(random).writable().configurable())
}

fn random<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    // A number in [1, 2) with all 52 bits of its fraction random.
    let bits = (u64::from_le_bytes(bytes) >> 12) | (1023 << 52);
    call.value(f64::from_bits(bits) - 1.0)
}
