//! Maps and values that are only found in old ledgers. Quorate never writes them; audit and recovery must not
//! stumble over them.

use quorate_kv::{Json, Raw, Table};
use serde::{Deserialize, Serialize};

use crate::{encoding::Base64Bytes, ids::MemberId, nodes::CodeStatus};

/// Governance requests signed as HTTP requests (kv-tables.md 6.6).
pub const HISTORY: Table<Raw<MemberId>, Json<SignedReq>> = Table::new("public:ccf.gov.history");

/// Measurements of SGX nodes (kv-tables.md 5.3).
pub const NODES_CODE_IDS: Table<Raw<String>, Json<CodeStatus>> =
    Table::new("public:ccf.gov.nodes.code_ids");

/// Signing keys of tokens as certificates (kv-tables.md 9.4).
pub const JWT_PUBLIC_SIGNING_KEYS_METADATA: Table<Raw<String>, Json<Vec<JwtSigningCertificate>>> =
    Table::new("public:ccf.gov.jwt.public_signing_keys_metadata");

/// Signing keys of tokens as DER certificates (kv-tables.md 9.4).
pub const JWT_PUBLIC_SIGNING_KEYS: Table<Raw<String>, Raw<Vec<u8>>> =
    Table::new("public:ccf.gov.jwt.public_signing_keys");

/// Issuers of [`JWT_PUBLIC_SIGNING_KEYS`] (kv-tables.md 9.4).
pub const JWT_PUBLIC_SIGNING_KEY_ISSUER: Table<Raw<String>, Raw<String>> =
    Table::new("public:ccf.gov.jwt.public_signing_key_issuer");

/// A signed HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignedReq {
    /// The signature.
    pub sig: Base64Bytes,
    /// What was signed.
    pub req: Base64Bytes,
    /// The body of the request.
    pub request_body: Base64Bytes,
    /// Name of the digest.
    pub md: String,
    /// Id of the key.
    pub key_id: String,
}

/// A signing key as a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtSigningCertificate {
    /// DER certificate.
    pub cert: Base64Bytes,
    /// The issuer.
    pub issuer: String,
    /// What the token's own issuer must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
}
