//! PEM to and from JWK (js-runtime.md 7.4).

use quorate_crypto::jwk::{KeyKind, jwk_to_pem, pem_to_jwk};
use rquickjs::{Result, Value};

use crate::{
    native::{Call, Plain},
    text,
};

pub(super) const FUNCTIONS: &[(&str, usize, Plain)] = &[
    ("pubPemToJwk", 1, |call| to_jwk(call, KeyKind::EcPublic)),
    ("pemToJwk", 1, |call| to_jwk(call, KeyKind::EcPrivate)),
    ("pubRsaPemToJwk", 1, |call| to_jwk(call, KeyKind::RsaPublic)),
    ("rsaPemToJwk", 1, |call| to_jwk(call, KeyKind::RsaPrivate)),
    ("pubEddsaPemToJwk", 1, |call| {
        to_jwk(call, KeyKind::OkpPublic)
    }),
    ("eddsaPemToJwk", 1, |call| to_jwk(call, KeyKind::OkpPrivate)),
    ("pubJwkToPem", 1, |call| to_pem(call, KeyKind::EcPublic)),
    ("jwkToPem", 1, |call| to_pem(call, KeyKind::EcPrivate)),
    ("pubRsaJwkToPem", 1, |call| to_pem(call, KeyKind::RsaPublic)),
    ("rsaJwkToPem", 1, |call| to_pem(call, KeyKind::RsaPrivate)),
    ("pubEddsaJwkToPem", 1, |call| {
        to_pem(call, KeyKind::OkpPublic)
    }),
    ("eddsaJwkToPem", 1, |call| to_pem(call, KeyKind::OkpPrivate)),
];

fn to_jwk<'js>(call: &Call<'_, 'js>, kind: KeyKind) -> Result<Value<'js>> {
    call.expect(&[1, 2], "1 or 2")?;
    let pem = call.text(0)?;
    let kid = match call.count() {
        2 if !call.arg(1).is_undefined() => Some(call.text(1)?),
        _ => None,
    };
    match pem_to_jwk(kind, &pem, kid.as_deref()) {
        Ok(jwk) => call.ctx().json_parse(jwk.to_string()),
        Err(error) => Err(call.fail("Failed to convert pem to jwk: ", error)),
    }
}

/// A JWK that cannot be converted gives the empty string, as in the reference.
fn to_pem<'js>(call: &Call<'_, 'js>, kind: KeyKind) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let json = match call.ctx().json_stringify(call.arg(0))? {
        Some(json) => text::to_text(&json)?,
        None => return call.new_string(""),
    };
    let pem = serde_json::from_str(&json)
        .ok()
        .and_then(|jwk| jwk_to_pem(kind, &jwk).ok());
    call.new_string(pem.as_deref().map_or("", String::as_str))
}
