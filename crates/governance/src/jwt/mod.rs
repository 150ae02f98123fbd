//! JWT signing keys: taken from a JWK set, stored under their key id with the issuer that may use
//! them (apps-and-endpoints.md 6.4, kv-tables.md 9.3). Called by the constitution through
//! [`crate::effects`], and by the automatic refresh of keys.
//!
//! The tables that older services kept keys in are neither read nor cleared (kv-tables.md 9.4).

use std::collections::{BTreeMap, BTreeSet};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use quorate_crypto::{
    Curve, EcPublicKey, RsaPublicKey,
    cert::Certificate,
    jwk::{KeyKind, jwk_to_pem},
};
use quorate_kv::{TableError, Tx};
use quorate_tables::{
    Base64Bytes, JWT_PUBLIC_SIGNING_KEYS_METADATA_V2, JwtIssuerMetadata, JwtSigningKey,
};
use serde::Deserialize;
use serde_json::json;

/// A JSON Web Key Set (RFC 7517), as far as keys of tokens need it.
#[derive(Clone, Debug, Deserialize)]
pub struct JsonWebKeySet {
    /// The keys.
    pub keys: Vec<JsonWebKey>,
}

/// One key of a set. Which of `n`+`e`, `x`+`y`+`crv` and `x5c` it has decides what it is.
#[derive(Clone, Debug, Deserialize)]
pub struct JsonWebKey {
    /// Key type. It does not have to fit the rest.
    pub kty: KeyType,
    /// Curve.
    pub crv: Option<KeyCurve>,
    /// Key id.
    pub kid: Option<String>,
    /// Certificate chain, base64 of DER; only the first one's public key counts.
    pub x5c: Option<Vec<String>>,
    /// RSA modulus, base64url.
    pub n: Option<String>,
    /// RSA exponent, base64url.
    pub e: Option<String>,
    /// EC coordinate, base64url.
    pub x: Option<String>,
    /// EC coordinate, base64url.
    pub y: Option<String>,
    /// The tokens' issuer must fit this one.
    pub issuer: Option<String>,
}

/// `kty` of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum KeyType {
    /// Elliptic curve.
    #[serde(rename = "EC")]
    Ec,
    /// RSA.
    #[serde(rename = "RSA")]
    Rsa,
    /// Octet key pair.
    #[serde(rename = "OKP")]
    Okp,
}

/// `crv` of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum KeyCurve {
    /// secp256r1.
    #[serde(rename = "P-256")]
    P256,
    /// secp384r1.
    #[serde(rename = "P-384")]
    P384,
    /// secp521r1: known, but no token is signed with it.
    #[serde(rename = "P-521")]
    P521,
}

/// Why a set of keys was not stored. Nothing is written then.
#[derive(Debug, thiserror::Error)]
pub enum JwtError {
    /// The JSON is none of issuer metadata or of a key set.
    #[error("{0}")]
    NotConvertible(#[from] serde_json::Error),
    /// The set has no keys.
    #[error("the JWKS of issuer {issuer} has no keys")]
    NoKeys {
        /// The issuer.
        issuer: String,
    },
    /// A key has no id.
    #[error("key {index} of the JWKS of issuer {issuer} has no kid")]
    NoKeyId {
        /// The issuer.
        issuer: String,
        /// Position of the key in the set.
        index: usize,
    },
    /// No public key can be taken from a key.
    #[error("key {kid} of the JWKS of issuer {issuer} is not usable: {reason}")]
    UnusableKey {
        /// The issuer.
        issuer: String,
        /// Id of the key.
        kid: String,
        /// Why.
        reason: String,
    },
    /// A key is for tokens of an issuer elsewhere.
    #[error(
        "key {kid} of the JWKS of issuer {issuer} is constrained to issuer {constraint}, whose \
         host is neither that of the issuer nor a parent domain of it"
    )]
    Constraint {
        /// The issuer.
        issuer: String,
        /// Id of the key.
        kid: String,
        /// The key-level issuer.
        constraint: String,
    },
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl JwtError {
    /// The text that a constitution sees (governance-api.md 8.8): the cause stands in the log.
    fn for_script(&self) -> String {
        match self {
            Self::NotConvertible(_) | Self::Table(_) => self.to_string(),
            _ => "set_jwt_public_signing_keys() failed".to_owned(),
        }
    }
}

/// Makes the keys of `jwks` the ones of `issuer`: the same key ids get new keys, keys under other
/// ids are dropped, keys of other issuers stay. Equal keys cause no write.
///
/// # Errors
/// A set that is empty, or has a key without id, without usable public key, or constrained to a
/// foreign issuer.
pub fn set_public_signing_keys(
    tx: &mut Tx,
    issuer: &str,
    jwks: &JsonWebKeySet,
) -> Result<(), JwtError> {
    if jwks.keys.is_empty() {
        return Err(JwtError::NoKeys {
            issuer: issuer.to_owned(),
        });
    }
    let mut keys = BTreeMap::new();
    for (index, key) in jwks.keys.iter().enumerate() {
        let (kid, key) = signing_key(issuer, index, key)?;
        keys.insert(kid, key);
    }

    for (kid, key) in &keys {
        let mut stored = JWT_PUBLIC_SIGNING_KEYS_METADATA_V2
            .get(tx, kid)?
            .unwrap_or_default();
        match stored.iter_mut().find(|stored| stored.issuer == issuer) {
            Some(own) if own == key => continue,
            Some(own) => own.clone_from(key),
            None => stored.push(key.clone()),
        }
        JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.put(tx, kid, &stored)?;
    }
    drop_keys(tx, issuer, &keys.into_keys().collect())?;
    Ok(())
}

/// Drops all keys of an issuer.
///
/// # Errors
/// A table that cannot be read.
pub fn remove_public_signing_keys(tx: &mut Tx, issuer: &str) -> Result<(), TableError> {
    drop_keys(tx, issuer, &BTreeSet::new())
}

/// [`set_public_signing_keys`] for a constitution, which passes JSON and sees one text for most
/// refusals.
pub(crate) fn set_public_signing_keys_from_script(
    tx: &mut Tx,
    issuer: &str,
    metadata_json: &str,
    jwks_json: &str,
) -> Result<(), String> {
    set_from_json(tx, issuer, metadata_json, jwks_json).map_err(|error| {
        tracing::warn!(target: "gov", "{error}");
        error.for_script()
    })
}

fn set_from_json(
    tx: &mut Tx,
    issuer: &str,
    metadata_json: &str,
    jwks_json: &str,
) -> Result<(), JwtError> {
    // Nothing of the metadata is needed here, but it must be that of an issuer.
    serde_json::from_str::<JwtIssuerMetadata>(metadata_json)?;
    let jwks: JsonWebKeySet = serde_json::from_str(jwks_json)?;
    set_public_signing_keys(tx, issuer, &jwks)
}

/// Drops the issuer's keys under all ids but the `kept` ones.
fn drop_keys(tx: &mut Tx, issuer: &str, kept: &BTreeSet<String>) -> Result<(), TableError> {
    for (kid, mut stored) in JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.entries(tx)? {
        if kept.contains(&kid) || stored.iter().all(|key| key.issuer != issuer) {
            continue;
        }
        stored.retain(|key| key.issuer != issuer);
        if stored.is_empty() {
            JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.remove(tx, &kid)?;
        } else {
            JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.put(tx, &kid, &stored)?;
        }
    }
    Ok(())
}

/// A key of a set, with its id, as it is stored.
fn signing_key(
    issuer: &str,
    index: usize,
    key: &JsonWebKey,
) -> Result<(String, JwtSigningKey), JwtError> {
    let kid = key.kid.clone().ok_or_else(|| JwtError::NoKeyId {
        issuer: issuer.to_owned(),
        index,
    })?;
    let spki = public_key(key).map_err(|reason| JwtError::UnusableKey {
        issuer: issuer.to_owned(),
        kid: kid.clone(),
        reason,
    })?;
    if let Some(constraint) = &key.issuer
        && !is_allowed_constraint(issuer, constraint)
    {
        return Err(JwtError::Constraint {
            issuer: issuer.to_owned(),
            kid,
            constraint: constraint.clone(),
        });
    }
    let stored = JwtSigningKey {
        public_key: Base64Bytes::from(spki),
        issuer: issuer.to_owned(),
        constraint: key.issuer.clone(),
    };
    Ok((kid, stored))
}

/// The DER public key of a key: from `n` and `e`, else from `x`, `y` and `crv`, else from the first
/// certificate.
fn public_key(key: &JsonWebKey) -> Result<Vec<u8>, String> {
    if let (Some(n), Some(e)) = (&key.n, &key.e) {
        let jwk = json!({"kty": "RSA", "n": n, "e": e});
        let pem = jwk_to_pem(KeyKind::RsaPublic, &jwk).map_err(|error| error.to_string())?;
        let key = RsaPublicKey::from_pem(&pem).map_err(|error| error.to_string())?;
        return Ok(key.to_spki_der());
    }
    if let (Some(x), Some(y), Some(crv)) = (&key.x, &key.y, key.crv) {
        return ec_public_key(x, y, crv);
    }
    let certificate = key
        .x5c
        .as_ref()
        .and_then(|chain| chain.first())
        .ok_or("it has neither n and e, nor x, y and crv, nor x5c")?;
    let der = STANDARD
        .decode(certificate)
        .map_err(|error| format!("x5c[0] is not base64: {error}"))?;
    let certificate = Certificate::from_der(&der)
        .map_err(|error| format!("x5c[0] is not a DER certificate: {error}"))?;
    Ok(certificate.spki_der().to_vec())
}

fn ec_public_key(x: &str, y: &str, crv: KeyCurve) -> Result<Vec<u8>, String> {
    let (curve, width) = match crv {
        KeyCurve::P256 => (Curve::P256, 32_usize),
        KeyCurve::P384 => (Curve::P384, 48),
        KeyCurve::P521 => return Err("no token is signed with curve P-521".to_owned()),
    };
    let mut point = vec![4];
    for (name, coordinate) in [("x", x), ("y", y)] {
        let bytes = decode_base64(coordinate).map_err(|error| format!("{name}: {error}"))?;
        // Leading zeros may be missing.
        let missing = width.checked_sub(bytes.len());
        let missing = missing.ok_or_else(|| format!("{name} has more than {width} bytes"))?;
        point.resize(point.len() + missing, 0);
        point.extend_from_slice(&bytes);
    }
    let key = EcPublicKey::from_sec1(curve, &point).map_err(|error| error.to_string())?;
    Ok(key.to_spki_der())
}

/// Base64url or base64, padded or not.
fn decode_base64(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let plain: String = text
        .trim_end_matches('=')
        .chars()
        .map(|character| match character {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    STANDARD_NO_PAD.decode(plain)
}

/// Whether a key-level issuer is of the issuer's own host or of a parent domain of it.
fn is_allowed_constraint(issuer: &str, constraint: &str) -> bool {
    let (issuer, constraint) = (host(issuer), host(constraint));
    !constraint.is_empty()
        && (issuer == constraint
            || issuer
                .strip_suffix(constraint)
                .is_some_and(|rest| rest.ends_with('.')))
}

/// The host of a URL, nothing if it has none.
fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return host
            .split_once(']')
            .map_or("", |(address, _)| address.trim_start_matches('['));
    }
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
