//! Keys and issuers of JSON Web Tokens, and CA bundles (governance-api.md 3.14).

use std::collections::BTreeMap;

use quorate_crypto::pem;
use quorate_kv::Tx;
use quorate_tables::{JWT_ISSUERS, JWT_PUBLIC_SIGNING_KEYS_METADATA_V2, Pem, TLS_CA_CERT_BUNDLES};
use serde::Serialize;

use crate::error::GovernanceError;

/// `GET /service/jwk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JwkView {
    /// Bundles of CA certificates by name.
    pub ca_cert_bundles: BTreeMap<String, Pem>,
    /// Issuers by name.
    pub issuers: BTreeMap<String, JwkIssuerView>,
    /// Keys by key id; several issuers can have one under the same id.
    pub keys: BTreeMap<String, Vec<JwkKeyView>>,
}

/// An issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JwkIssuerView {
    /// Whether its keys are fetched regularly.
    pub auto_refresh: bool,
    /// Bundle that its server is checked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_cert_bundle_name: Option<String>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JwkKeyView {
    /// Issuer that the tokens' issuer must fit.
    pub constraint: Option<String>,
    /// Issuer that the key belongs to.
    pub issuer: String,
    /// PEM of the key, RSA or EC.
    pub public_key: String,
}

/// All of them.
///
/// # Errors
/// A table that cannot be read.
pub fn jwk(tx: &mut Tx) -> Result<JwkView, GovernanceError> {
    let ca_cert_bundles = TLS_CA_CERT_BUNDLES.entries(tx)?.into_iter().collect();
    let issuers = JWT_ISSUERS
        .entries(tx)?
        .into_iter()
        .map(|(issuer, metadata)| {
            let view = JwkIssuerView {
                auto_refresh: metadata.auto_refresh,
                ca_cert_bundle_name: metadata.ca_cert_bundle_name,
            };
            (issuer, view)
        })
        .collect();
    let keys = JWT_PUBLIC_SIGNING_KEYS_METADATA_V2
        .entries(tx)?
        .into_iter()
        .map(|(kid, keys)| {
            let views = keys
                .into_iter()
                .map(|key| JwkKeyView {
                    public_key: pem::encode("PUBLIC KEY", key.public_key.as_slice()).to_string(),
                    constraint: key.constraint,
                    issuer: key.issuer,
                })
                .collect();
            (kid, views)
        })
        .collect();
    Ok(JwkView {
        ca_cert_bundles,
        issuers,
        keys,
    })
}
