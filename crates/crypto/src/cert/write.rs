//! Writing certificates (recovery-and-membership.md 2.1).

use std::net::IpAddr;

use super::{Certificate, Csr, Validity};
use crate::{CryptoError, EcKeyPair, Entropy};

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum San {
    /// `iPAddress`.
    Ip(IpAddr),
    /// `dNSName`.
    Dns(String),
}

/// Sixteen random bytes, for a serial number.
pub fn random_serial(entropy: &dyn Entropy) -> [u8; 16] {
    let mut serial = [0; 16];
    entropy.fill(&mut serial);
    serial
}

/// A self-signed certificate of the node or the service: CA, path length 1; no SAN extension if `sans` is empty.
pub fn self_signed(
    _key: &EcKeyPair,
    _subject: &str,
    _sans: &[San],
    _validity: Validity,
    _serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    unimplemented!()
}

/// The certificate of a node, endorsed by the service: not a CA; subject and SANs are those of the request, whose
/// self-signature is verified first.
pub fn endorse(
    _csr: &Csr,
    _issuer_key: &EcKeyPair,
    _issuer_cert: &Certificate,
    _validity: Validity,
    _serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    unimplemented!()
}

/// A certificate over the key and subject of an earlier service certificate, issued by the present service, CA, with
/// the validity of the present service certificate (recovery-and-membership.md 11).
pub fn endorse_earlier_service(
    _earlier: &Certificate,
    _issuer_key: &EcKeyPair,
    _issuer_cert: &Certificate,
    _serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    unimplemented!()
}
