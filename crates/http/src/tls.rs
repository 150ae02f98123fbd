//! TLS configurations (apps-and-endpoints.md 9.4, node-and-operations.md 5.1).
//!
//! TLS 1.2 and 1.3, no renegotiation (rustls has none), no resumption: the identity of a session
//! rests on a proof given in its own handshake. Suites are chosen in our order. Of the groups
//! (P-521, P-384, P-256) rustls takes the first that the *client* names.

mod client;
mod p521;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, cipher_suite, kx_group},
    },
    server::NoServerSessionStorage,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use self::client::AnyCertificate;
use crate::settings::Protocol;

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate chain is no PEM text, or has no certificate.
    #[error("the certificate chain is not PEM with at least one certificate: {0}")]
    Chain(rustls_pki_types::pem::Error),
    /// The key is no PEM text with a private key.
    #[error("the private key is not PEM with a PKCS#8, SEC1 or PKCS#1 key: {0}")]
    Key(rustls_pki_types::pem::Error),
    /// The parts do not go together.
    #[error("TLS configuration: {0}")]
    Configuration(#[from] rustls::Error),
}

/// Server configuration from a PEM chain (own certificate first) and its PKCS#8 or SEC1 PEM key.
///
/// A client certificate is requested and optional. Any passes whose key signed the handshake: who
/// it is, and whether it is valid, is for the endpoints to decide.
///
/// # Errors
/// [`TlsError`] if one of them cannot be read, or the key is not that of the certificate.
pub fn server_config(
    chain_pem: &str,
    key_pem: &str,
    protocol: Protocol,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(TlsError::Chain)?;
    if chain.is_empty() {
        return Err(TlsError::Chain(rustls_pki_types::pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(TlsError::Key)?;
    let provider = Arc::new(provider());
    let clients = Arc::new(AnyCertificate::new(
        provider.signature_verification_algorithms,
    ));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    config.ignore_client_order = true;
    config.alpn_protocols = vec![protocol.alpn().to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Suites and groups of the contract, in its order.
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![p521::SECP521R1, kx_group::SECP384R1, kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    }
}
