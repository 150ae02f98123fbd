//! Keys and certificates of this process: the node's own identity, made anew at every start, and the
//! identity of the service that this node founded (recovery-and-membership.md 2).

use std::sync::Arc;

use quorate_config::Config;
use quorate_crypto::cert::{self, Certificate, San, Validity};
use quorate_crypto::ec::{Curve, EcKeyPair};
use quorate_crypto::rsa::RsaKeyPair;
use quorate_crypto::{CryptoError, Entropy};
use quorate_tables::NodeId;

/// Size of the node's encryption key, in bits.
const ENCRYPTION_KEY_BITS: u32 = 2048;

/// The node's own keys. They live in memory only.
pub struct NodeIdentity {
    /// Lower-case hex of SHA-256 over the DER public key.
    pub id: NodeId,
    /// Signs the ledger and proves the node in TLS.
    pub key: Arc<EcKeyPair>,
    /// Ledger secrets are encrypted to it.
    pub encryption_key: RsaKeyPair,
    /// Subject of its certificates.
    pub subject: String,
    /// Subject alternative names of its certificates.
    pub sans: Vec<San>,
}

impl NodeIdentity {
    /// Makes new keys.
    ///
    /// # Errors
    /// The cryptographic library refuses.
    pub fn generate(
        curve: Curve,
        subject: &str,
        sans: Vec<San>,
        entropy: &dyn Entropy,
    ) -> Result<Self, CryptoError> {
        let key = EcKeyPair::generate(curve, entropy);
        Ok(Self {
            id: NodeId::from_digest(&key.public_key().fingerprint()),
            encryption_key: RsaKeyPair::generate(ENCRYPTION_KEY_BITS)?,
            key: Arc::new(key),
            subject: subject.to_owned(),
            sans,
        })
    }

    /// A self-signed certificate.
    ///
    /// # Errors
    /// A subject or validity that cannot be written.
    pub fn self_signed(
        &self,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<Certificate, CryptoError> {
        cert::self_signed(
            &self.key,
            &self.subject,
            &self.sans,
            validity,
            &cert::random_serial(entropy),
        )
    }

    /// A request to have the node's key certified by the service, PEM.
    ///
    /// # Errors
    /// A subject that cannot be written.
    pub fn signing_request(&self) -> Result<String, CryptoError> {
        cert::create_csr(&self.key, &self.subject, &self.sans)
    }
}

/// Identity of the service.
pub struct ServiceIdentity {
    /// Signs the ledger for the service and endorses nodes.
    pub key: Arc<EcKeyPair>,
    /// The first certificate of the key.
    pub certificate: Certificate,
}

impl ServiceIdentity {
    /// Founds a service.
    ///
    /// # Errors
    /// A subject or validity that cannot be written.
    pub fn found(
        curve: Curve,
        subject: &str,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<Self, CryptoError> {
        let key = Arc::new(EcKeyPair::generate(curve, entropy));
        let certificate =
            cert::self_signed(&key, subject, &[], validity, &cert::random_serial(entropy))?;
        Ok(Self { key, certificate })
    }
}

/// One subject alternative name for each interface, in order of the interfaces' names: the host of its
/// published address (node-and-operations.md 3.4).
///
/// # Errors
/// A host that looks like an address and is none.
pub fn subject_alt_names<'a>(published: impl Iterator<Item = &'a str>) -> Result<Vec<San>, String> {
    published
        .map(|address| san_of_host(host_of(address)))
        .collect()
}

fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// An address if the part after the last dot is all digits, else a name (an IPv6 literal becomes a name).
fn san_of_host(host: &str) -> Result<San, String> {
    let last = host.rsplit('.').next().unwrap_or(host);
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
        ip_san(host)
    } else {
        Ok(San::Dns(host.to_owned()))
    }
}

fn ip_san(address: &str) -> Result<San, String> {
    address
        .parse()
        .map(San::Ip)
        .map_err(|_| format!("'{address}' is not an IP address"))
}

/// The curve of node and service keys.
#[must_use]
pub fn curve_of(config: &Config) -> Curve {
    match config.node_certificate.curve_id {
        quorate_config::CurveId::Secp384R1 => Curve::P384,
        quorate_config::CurveId::Secp256R1 => Curve::P256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sans: &[San]) -> Vec<String> {
        sans.iter()
            .map(|san| match san {
                San::Ip(address) => format!("ip {address}"),
                San::Dns(name) => format!("dns {name}"),
            })
            .collect()
    }

    #[test]
    fn node_and_operations_3_4_names_derive_from_published_addresses() {
        let published = [
            "127.0.0.1:8000",
            "node.example:443",
            "[::1]:80",
            "127.0.0.1:8001",
        ];
        let sans = subject_alt_names(published.into_iter()).unwrap();
        assert_eq!(
            texts(&sans),
            [
                "ip 127.0.0.1",
                "dns node.example",
                "dns ::1",
                "ip 127.0.0.1"
            ]
        );
    }
}
