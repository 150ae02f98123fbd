//! A small blocking HTTPS client: one request a connection, the server verified by the service certificate.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::error::CliError;

/// Longest wait for a connection, or for the next bytes of an answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Talks to one service.
pub struct Client {
    address: String,
    config: Arc<ClientConfig>,
}

/// An answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, as text.
    pub body: String,
}

impl Client {
    /// A client of the service at `address` (`host:port`) that trusts `service_certificate` (PEM) alone.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub fn new(address: &str, service_certificate: &str) -> Result<Self, CliError> {
        let failed = |reason: String| CliError::Request {
            url: format!("https://{address}"),
            reason,
        };
        let certificate = CertificateDer::from_pem_slice(service_certificate.as_bytes())
            .map_err(|error| failed(format!("the service certificate is not PEM: {error}")))?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate)
            .map_err(|error| failed(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address: address.to_owned(),
            config: Arc::new(config),
        })
    }

    /// Sends a request and waits for the answer. `target` is path and query.
    ///
    /// # Errors
    /// No connection, or an answer that is none.
    pub fn send(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Answer, CliError> {
        let url = format!("https://{}{target}", self.address);
        self.exchange(method, target, content_type, body)
            .map_err(|reason| CliError::Request { url, reason })
    }

    fn exchange(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Answer, String> {
        let text = |error: std::io::Error| error.to_string();
        let host = self
            .address
            .rsplit_once(':')
            .map_or(self.address.as_str(), |(host, _)| host);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let tcp = TcpStream::connect(&self.address).map_err(text)?;
        tcp.set_read_timeout(Some(TIMEOUT)).map_err(text)?;
        tcp.set_write_timeout(Some(TIMEOUT)).map_err(text)?;
        let session =
            ClientConnection::new(self.config.clone(), name).map_err(|error| error.to_string())?;
        let mut stream = StreamOwned::new(session, tcp);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).map_err(text)?;
        stream.write_all(body).map_err(text)?;
        stream.flush().map_err(text)?;
        read_answer(&mut stream)
    }
}

/// Reads a response with a `content-length`, which the service always sends.
fn read_answer(stream: &mut impl std::io::Read) -> Result<Answer, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream
            .read_exact(&mut byte)
            .map_err(|error| format!("the answer ends early: {error}"))?;
        head.push(byte[0]);
        if head.len() > 64 << 10 {
            return Err("the answer has no end of its headers".to_owned());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| format!("no status line: {}", head.lines().next().unwrap_or("")))?;
    let length: u64 = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or("the answer has no content-length")?;
    let mut body = Vec::new();
    stream
        .take(length.min(ANSWER_BYTES_MAX))
        .read_to_end(&mut body)
        .map_err(|error| error.to_string())?;
    if body.len() as u64 != length {
        return Err(format!("the answer has {} of {length} bytes", body.len()));
    }
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<Answer, String> {
        read_answer(&mut text.as_bytes())
    }

    #[test]
    fn an_answer_is_read_by_its_length() {
        let read = answer("HTTP/1.1 404 NOT_FOUND\r\ncontent-length: 3\r\n\r\nabcdef").unwrap();
        assert_eq!((read.status, read.body.as_str()), (404, "abc"));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
        ] {
            assert!(answer(text).is_err(), "{text:?}");
        }
    }
}
