//! Trust in others: issuers of JSON web tokens, and CA bundles (kv-tables.md 9).

use quorate_kv::{Json, Raw, Table};
use serde::{Deserialize, Serialize};

use crate::encoding::{Base64Bytes, Pem, fields};

/// Named bundles of CA certificates, used when signing keys are fetched (kv-tables.md 9.1).
pub const TLS_CA_CERT_BUNDLES: Table<Raw<String>, Json<Pem>> =
    Table::new("public:ccf.gov.tls.ca_cert_bundles");

/// Issuers of JSON web tokens (kv-tables.md 9.2).
pub const JWT_ISSUERS: Table<Raw<String>, Json<JwtIssuerMetadata>> =
    Table::new("public:ccf.gov.jwt.issuers");

/// The keys that tokens are signed with, by key id; issuers may share one (kv-tables.md 9.3).
pub const JWT_PUBLIC_SIGNING_KEYS_METADATA_V2: Table<Raw<String>, Json<Vec<JwtSigningKey>>> =
    Table::new("public:ccf.gov.jwt.public_signing_keys_metadata_v2");

/// What native code needs of an issuer; constitutions store more, which is left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtIssuerMetadata {
    /// Bundle that authenticates the issuer's server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert_bundle_name: Option<String>,
    /// Whether the service fetches the issuer's keys by itself.
    #[serde(default, skip_serializing_if = "fields::is_false")]
    pub auto_refresh: bool,
}

/// A key that an issuer signs tokens with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtSigningKey {
    /// DER SubjectPublicKeyInfo.
    pub public_key: Base64Bytes,
    /// The issuer.
    pub issuer: String,
    /// What the token's own issuer must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
}

#[cfg(test)]
mod tests;
