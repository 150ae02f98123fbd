//! The service's address, and how it is reached.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::LoadError;

/// A service.
#[derive(Clone)]
pub struct Target {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection to it.
pub enum Stream {
    /// Without TLS.
    Plain(TcpStream),
    /// With TLS.
    Secured(Box<TlsStream<TcpStream>>),
}

/// Files with PEM texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// Who certifies the server.
    pub authority: Option<&'a Path>,
    /// The client's certificate.
    pub certificate: Option<&'a Path>,
    /// The client's key.
    pub key: Option<&'a Path>,
}

impl Target {
    /// A target from its URL.
    ///
    /// # Errors
    /// A URL that is not `http[s]://HOST:PORT`, files that cannot be used.
    pub fn new(url: &str, files: Files<'_>) -> Result<Self, LoadError> {
        let wrong = || LoadError::Url(url.to_owned());
        let (secured, rest) = match url.split_once("://").ok_or_else(wrong)? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return Err(wrong()),
        };
        let (host, port) = rest
            .trim_end_matches('/')
            .rsplit_once(':')
            .ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = if secured {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
            Some((TlsConnector::from(Arc::new(config(files)?)), name))
        } else {
            None
        };
        Ok(Self { host, port, tls })
    }

    /// For the `host` header.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// What TCP or TLS say.
    pub async fn connect(&self) -> Result<Stream, LoadError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Stream::Plain(stream)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await?;
                Ok(Stream::Secured(Box::new(stream)))
            }
        }
    }
}

fn config(files: Files<'_>) -> Result<ClientConfig, LoadError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(files.authority.ok_or(LoadError::NoAuthority)?)? {
        roots.add(certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match (files.certificate, files.key) {
        (Some(certificate), Some(key)) => {
            let key_text = read(key)?;
            let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|e| unusable(key, &e))?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => return Err(LoadError::HalfIdentity),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.map_err(|error| unusable(path, &error))?;
    if all.is_empty() {
        return Err(unusable(path, &"it has no certificate"));
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> LoadError {
    LoadError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, files: Files<'_>) -> LoadError {
        Target::new(url, files).err().expect("refused")
    }

    #[test]
    fn urls_have_scheme_host_and_port() {
        let target = Target::new("http://127.0.0.1:8000/", Files::default()).unwrap();
        assert_eq!(target.authority(), "127.0.0.1:8000");
        for url in [
            "",
            "127.0.0.1:1",
            "ftp://h:1",
            "http://h",
            "http://h:x",
            "http://h:99999",
        ] {
            assert!(
                matches!(refusal(url, Files::default()), LoadError::Url(_)),
                "{url}"
            );
        }
    }

    #[test]
    fn files_of_tls_are_named_when_they_cannot_be_used() {
        let url = "https://localhost:1";
        assert!(matches!(
            refusal(url, Files::default()),
            LoadError::NoAuthority
        ));
        let absent = Path::new("/nonexistent");
        let files = Files {
            authority: Some(absent),
            ..Files::default()
        };
        assert!(matches!(refusal(url, files), LoadError::File { path, .. } if path == absent));
        let manifest = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let files = Files {
            authority: Some(manifest),
            ..Files::default()
        };
        assert!(refusal(url, files).to_string().contains("Cargo.toml"));
    }
}
