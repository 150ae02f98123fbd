//! Reading certificates.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use der::asn1::AnyRef;
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoRef;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectAltName};

use super::structure::{AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, SUBJECT_ALT_NAME, SUBJECT_KEY_ID};
use super::time::Period;
use super::{San, name, structure, time};
use crate::ec::{EC_PUBLIC_KEY, malformed};
use crate::eddsa::OkpPublicKey;
use crate::rsa::RSA_ENCRYPTION;
use crate::{CryptoError, Digest, EcPublicKey, RsaPublicKey, pem, sha256};

const WHAT: &str = "a certificate";

/// The PEM labels of a certificate.
pub(super) const LABELS: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];

/// An X.509 certificate. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    spki: Vec<u8>,
    key: PublicKey,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    period: Period,
    extensions: Vec<Extension>,
}

/// An extension of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The object identifier, dotted.
    pub oid: String,
    /// Whether it is marked critical.
    pub critical: bool,
    /// The DER of its value.
    pub value: Vec<u8>,
}

/// The public key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// ECDSA.
    Ec(EcPublicKey),
    /// RSA.
    Rsa(RsaPublicKey),
    /// Ed25519 or X25519.
    Okp(OkpPublicKey),
    /// Anything else, or a key that is malformed: the object identifier of the algorithm.
    Other(String),
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo of any kind.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed("a public key"))?;
        let other = || Self::Other(info.algorithm.oid.to_string());
        Ok(match info.algorithm.oid {
            EC_PUBLIC_KEY => EcPublicKey::from_spki_der(der).map_or_else(|_| other(), Self::Ec),
            RSA_ENCRYPTION => RsaPublicKey::from_spki_der(der).map_or_else(|_| other(), Self::Rsa),
            _ => OkpPublicKey::from_spki_der(der).map_or_else(|_| other(), Self::Okp),
        })
    }

    /// The kind of key, for messages.
    pub fn kind(&self) -> String {
        match self {
            Self::Ec(key) => format!("EC {}", key.curve().name()),
            Self::Rsa(key) => format!("RSA {}", key.modulus_bytes() * 8),
            Self::Okp(key) => key.curve().name().to_owned(),
            Self::Other(oid) => oid.clone(),
        }
    }
}

impl Certificate {
    /// Reads the first certificate in the text, whatever stands around it.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::from_der(&pem::first(text, WHAT, &LABELS)?.der)
    }

    /// Reads a DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let parsed = structure::Certificate::from_der(der).map_err(malformed(WHAT))?;
        let tbs = parsed.tbs;
        let time = |time: AnyRef<'_>| {
            time::decode(time).ok_or_else(|| CryptoError::Malformed {
                what: WHAT,
                reason: "a time of its validity is not of the form of RFC 5280".to_owned(),
            })
        };
        let raw = |value: AnyRef<'_>| value.to_der().map_err(malformed(WHAT));
        let (subject, issuer) = (raw(tbs.subject)?, raw(tbs.issuer)?);
        name::check(&subject).map_err(malformed(WHAT))?;
        name::check(&issuer).map_err(malformed(WHAT))?;
        let spki = raw(tbs.spki)?;
        let extension = |extension: &structure::Extension<'_>| Extension {
            oid: extension.id.to_string(),
            critical: extension.critical,
            value: extension.value.as_bytes().to_vec(),
        };
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            key: PublicKey::from_spki_der(&spki)?,
            spki,
            subject,
            issuer,
            serial: tbs.serial.as_bytes().to_vec(),
            period: Period {
                not_before: time(tbs.validity.not_before)?,
                not_after: time(tbs.validity.not_after)?,
            },
            extensions: tbs.extensions.iter().flatten().map(extension).collect(),
        })))
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The PEM text, 64 columns, final newline.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", self.der()).to_string()
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The public key if it is EC.
    pub fn ec_public_key(&self) -> Result<&EcPublicKey, CryptoError> {
        match self.public_key() {
            PublicKey::Ec(key) => Ok(key),
            other => Err(CryptoError::KeyKind {
                what: "the key of the certificate",
                expected: "an EC key on secp256r1, secp384r1 or secp521r1",
                found: other.kind(),
            }),
        }
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// The subject, `CN=...`; several parts are separated by `, `.
    pub fn subject(&self) -> String {
        name::display(&self.0.subject)
    }

    /// The issuer, in the form of [`Self::subject`].
    pub fn issuer(&self) -> String {
        name::display(&self.0.issuer)
    }

    /// The serial number, big endian.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The first second of validity, unix seconds.
    pub fn not_before(&self) -> i64 {
        self.0.period.not_before
    }

    /// The last second of validity, unix seconds.
    pub fn not_after(&self) -> i64 {
        self.0.period.not_after
    }

    /// Both ends of the validity.
    pub fn period(&self) -> Period {
        self.0.period
    }

    /// The subject alternative names of the kinds that nodes use.
    pub fn sans(&self) -> Vec<San> {
        self.extension(SUBJECT_ALT_NAME)
            .map(read_sans)
            .unwrap_or_default()
    }

    /// All extensions, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// Whether basic constraints say that this is the certificate of an authority.
    pub fn is_ca(&self) -> bool {
        let constraints = self.extension(BASIC_CONSTRAINTS);
        constraints.is_some_and(|der| {
            x509_cert::ext::pkix::BasicConstraints::from_der(der).is_ok_and(|c| c.ca)
        })
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<Vec<u8>> {
        let der = self.extension(SUBJECT_KEY_ID)?;
        <&der::asn1::OctetStringRef>::from_der(der)
            .ok()
            .map(|id| id.as_bytes().to_vec())
    }

    /// The key identifier of the authority.
    pub fn authority_key_id(&self) -> Option<Vec<u8>> {
        let der = self.extension(AUTHORITY_KEY_ID)?;
        AuthorityKeyIdentifier::from_der(der)
            .ok()?
            .key_identifier
            .map(|id| id.as_bytes().to_vec())
    }

    /// SHA-256 of the DER bytes: the id of the member or user that has this certificate.
    pub fn fingerprint(&self) -> Digest {
        sha256(self.der())
    }

    /// Whether `issuer`'s key signed this certificate and `issuer`'s subject is its issuer; dates are ignored.
    pub fn issued_by(&self, issuer: &Certificate) -> bool {
        if self.0.issuer != issuer.0.subject {
            return false;
        }
        let library = quorate_awslc::x509::Certificate::from_der;
        match (library(self.der()), library(issuer.der())) {
            (Ok(own), Ok(issuer)) => own.is_signed_by(&issuer),
            _ => false,
        }
    }

    /// The DER of the subject.
    pub(super) fn subject_der(&self) -> &[u8] {
        &self.0.subject
    }

    /// The DER of an extension's value.
    pub(super) fn extension(&self, oid: const_oid::ObjectIdentifier) -> Option<&[u8]> {
        let oid = oid.to_string();
        self.extensions()
            .iter()
            .find(|extension| extension.oid == oid)
            .map(|extension| extension.value.as_slice())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.subject(), self.fingerprint())
    }
}

/// The names of the kinds that nodes use in the DER of a subjectAltName; others are passed over.
pub(super) fn read_sans(der: &[u8]) -> Vec<San> {
    let Ok(names) = SubjectAltName::from_der(der) else {
        return Vec::new();
    };
    names.0.iter().filter_map(read_san).collect()
}

fn read_san(name: &GeneralName) -> Option<San> {
    match name {
        GeneralName::DnsName(name) => Some(San::Dns(name.to_string())),
        GeneralName::IpAddress(address) => {
            let bytes = address.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
                .ok()
                .map(San::Ip)
        }
        _ => None,
    }
}
