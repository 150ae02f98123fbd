//! JSON Web Keys to and from PEM (js-runtime.md 7.4).

use serde_json::Value;
use zeroize::Zeroizing;

use crate::CryptoError;

/// The six kinds of conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `pubPemToJwk`, `pubJwkToPem`.
    EcPublic,
    /// `pemToJwk`, `jwkToPem`.
    EcPrivate,
    /// `pubRsaPemToJwk`, `pubRsaJwkToPem`.
    RsaPublic,
    /// `rsaPemToJwk`, `rsaJwkToPem`.
    RsaPrivate,
    /// `pubEddsaPemToJwk`, `pubEddsaJwkToPem`.
    OkpPublic,
    /// `eddsaPemToJwk`, `eddsaJwkToPem`.
    OkpPrivate,
}

/// The JWK of a PEM key, with `kid` only if given.
pub fn pem_to_jwk(_kind: KeyKind, _pem: &str, _kid: Option<&str>) -> Result<Value, CryptoError> {
    unimplemented!()
}

/// The PEM of a JWK.
pub fn jwk_to_pem(_kind: KeyKind, _jwk: &Value) -> Result<Zeroizing<String>, CryptoError> {
    unimplemented!()
}
