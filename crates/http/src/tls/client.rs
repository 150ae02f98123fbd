//! Client certificates: all that is checked in the handshake is that the client has the key.
//!
//! Certificates come from anywhere: self-signed, expired, of version 1, with extensions that
//! nobody knows. So nothing of them is read but the way to the public key.

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};

/// Takes any certificate, or none.
#[derive(Debug)]
pub(super) struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match public_key_info(end_entity) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(Error::InvalidCertificate(
                rustls::CertificateError::BadEncoding,
            )),
        }
    }

    /// In TLS 1.2 a scheme does not fix the curve.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let bad = || Error::InvalidCertificate(rustls::CertificateError::BadSignature);
        let (_, scheme) = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let (identifier, key) = public_key_info(certificate)
            .and_then(public_key)
            .ok_or_else(bad)?;
        let fitting = scheme
            .iter()
            .find(|one| one.public_key_alg_id().as_ref() == identifier);
        fitting
            .ok_or_else(bad)?
            .verify_signature(key, message, signed.signature())
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|_| bad())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let info = public_key_info(certificate).ok_or(Error::InvalidCertificate(
            rustls::CertificateError::BadEncoding,
        ))?;
        let info = SubjectPublicKeyInfoDer::from(info);
        verify_tls13_signature_with_raw_key(message, &info, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The SubjectPublicKeyInfo of a certificate, with its header (RFC 5280 4.1).
pub(super) fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = Element::read(certificate, SEQUENCE)?;
    let (signed, _) = Element::read(certificate.content, SEQUENCE)?;
    let mut rest = signed.content;
    if let Some((_, after)) = Element::read(rest, VERSION) {
        rest = after;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, rest) = Element::read(rest, tag)?;
    }
    Element::read(rest, SEQUENCE).map(|(info, _)| info.whole)
}

/// Algorithm identifier without header, and the key itself.
pub(super) fn public_key(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = Element::read(info, SEQUENCE)?;
    let (identifier, rest) = Element::read(info.content, SEQUENCE)?;
    let (bits, _) = Element::read(rest, BIT_STRING)?;
    match bits.content.split_first()? {
        (0, key) => Some((identifier.content, key)),
        _ => None,
    }
}

/// One element of DER (X.690), as far as it is needed here.
struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The element at the beginning, if it has this tag, and what follows it.
    fn read(der: &'a [u8], tag: u8) -> Option<(Self, &'a [u8])> {
        let (&first, rest) = der.split_first()?;
        let (&length, rest) = rest.split_first()?;
        if first != tag {
            return None;
        }
        let (length, rest) = match length {
            0..=0x7f => (usize::from(length), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = der.get(..der.len() - after.len())?;
        Some((Self { whole, content }, after))
    }
}
