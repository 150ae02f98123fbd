//! TLS clients that take any server and show any certificate.

use std::sync::Arc;

use quorate_http::{Protocol, Security, tls};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use tokio::{net::TcpStream, sync::watch};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Client, Server, soon};

pub fn pem(file: &str) -> String {
    let path = format!("{}/tests/certs/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

pub fn der(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem(&format!("{name}.pem")).as_bytes()).unwrap()
}

pub fn server_config(name: &str, protocol: Protocol) -> Arc<rustls::ServerConfig> {
    let (chain, key) = (pem(&format!("{name}.pem")), pem(&format!("{name}.key")));
    tls::server_config(&chain, &key, protocol).unwrap()
}

pub type Configs = watch::Sender<Option<Arc<rustls::ServerConfig>>>;

/// A server's security, and what changes it.
pub fn secured(name: &str, protocol: Protocol) -> (Configs, Security) {
    let (send, receive) = watch::channel(Some(server_config(name, protocol)));
    (send, Security::Tls(receive))
}

#[derive(Clone)]
pub struct TlsClient {
    pub provider: CryptoProvider,
    pub versions: Vec<&'static rustls::SupportedProtocolVersion>,
    pub alpn: Vec<&'static str>,
    /// Names of certificate and key.
    pub identity: Option<(&'static str, &'static str)>,
}

impl Default for TlsClient {
    fn default() -> Self {
        Self {
            provider: aws_lc_rs::default_provider(),
            versions: vec![&rustls::version::TLS13],
            alpn: Vec::new(),
            identity: None,
        }
    }
}

impl TlsClient {
    pub fn config(&self) -> ClientConfig {
        let identity = self.identity.map(|(certificate, key)| {
            let key = PrivateKeyDer::from_pem_slice(pem(&format!("{key}.key")).as_bytes()).unwrap();
            let key = self.provider.key_provider.load_private_key(key).unwrap();
            Arc::new(CertifiedKey::new(vec![der(certificate)], key))
        });
        let schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        let mut config = ClientConfig::builder_with_provider(Arc::new(self.provider.clone()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(schemes)))
            .with_client_cert_resolver(Arc::new(Identity(identity)));
        config.alpn_protocols = self
            .alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }

    pub async fn connect(&self, server: &Server) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        let stream = soon(TcpStream::connect(server.address)).await?;
        let connector = TlsConnector::from(Arc::new(self.config()));
        let name = ServerName::try_from("localhost").unwrap();
        Ok(Client::new(soon(connector.connect(name, stream)).await?))
    }
}

#[derive(Debug)]
struct AnyServer(Vec<SignatureScheme>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

#[derive(Debug)]
struct Identity(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
