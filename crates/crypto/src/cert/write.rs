//! Writing certificates (recovery-and-membership.md 2.1): which extensions, and in which order.

use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, Ia5String, IntRef, OctetString, OctetStringRef};
use der::{Decode, Encode};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectAltName,
};

use super::structure::{
    self, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALT_NAME, SUBJECT_KEY_ID, V3,
};
use super::time::Period;
use super::{Certificate, Csr, Validity, name, time};
use crate::ec::{encode, malformed};
use crate::{CryptoError, EcKeyPair, Entropy, Hash};

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
    key: &EcKeyPair,
    subject: &str,
    sans: &[San],
    validity: Validity,
    serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    let sans = encode_sans(sans)?;
    self_signed_der(
        key,
        &name::parse(subject)?,
        sans.as_deref(),
        validity.period()?,
        serial,
    )
}

/// A self-signed certificate of the same key, subject and names as `previous`, with another validity and serial number.
pub fn renew(
    key: &EcKeyPair,
    previous: &Certificate,
    validity: Validity,
    serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    if previous.ec_public_key()? != key.public_key() {
        return Err(CryptoError::KeyKind {
            what: "the key of a renewed certificate",
            expected: "the key of the previous certificate",
            found: "another one".to_owned(),
        });
    }
    let sans = previous.extension(SUBJECT_ALT_NAME);
    self_signed_der(
        key,
        previous.subject_der(),
        sans,
        validity.period()?,
        serial,
    )
}

/// The certificate of a node, endorsed by the service: not a CA; subject and SANs are those of the request, whose
/// self-signature is verified first.
pub fn endorse(
    csr: &Csr,
    issuer_key: &EcKeyPair,
    issuer_cert: &Certificate,
    validity: Validity,
    serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    endorse_for_period(csr, issuer_key, issuer_cert, validity.period()?, serial)
}

/// [`endorse`] with the validity given by its ends: that of the requester's self-signed certificate, when it joins
/// before the service is open.
pub fn endorse_for_period(
    csr: &Csr,
    issuer_key: &EcKeyPair,
    issuer_cert: &Certificate,
    period: Period,
    serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    if !csr.verify() {
        return Err(CryptoError::BadSignature(
            "the self-signature of the signing request",
        ));
    }
    let mut extensions = Extensions::default();
    extensions.basic_constraints(None);
    extensions.key_ids(csr.public_key_spki(), Some(issuer_cert))?;
    extensions.sans(csr.san_extension());
    let template = Template {
        serial,
        issuer: issuer_cert.subject_der(),
        subject: csr.subject_der(),
        period,
        spki: csr.public_key_spki(),
        extensions,
    };
    template.sign_as(issuer_key, issuer_cert)
}

/// A certificate over the key and subject of an earlier service certificate, issued by the present service, CA, with
/// the validity of the present service certificate (recovery-and-membership.md 11).
pub fn endorse_earlier_service(
    earlier: &Certificate,
    issuer_key: &EcKeyPair,
    issuer_cert: &Certificate,
    serial: &[u8; 16],
) -> Result<Certificate, CryptoError> {
    let mut extensions = Extensions::default();
    extensions.basic_constraints(Some(1));
    extensions.key_usage();
    extensions.key_ids(earlier.spki_der(), Some(issuer_cert))?;
    let template = Template {
        serial,
        issuer: issuer_cert.subject_der(),
        subject: earlier.subject_der(),
        period: issuer_cert.period(),
        spki: earlier.spki_der(),
        extensions,
    };
    template.sign_as(issuer_key, issuer_cert)
}

fn self_signed_der(
    key: &EcKeyPair,
    subject: &[u8],
    sans: Option<&[u8]>,
    period: Period,
    serial: &[u8],
) -> Result<Certificate, CryptoError> {
    let spki = key.public_key().to_spki_der();
    let mut extensions = Extensions::default();
    extensions.basic_constraints(Some(1));
    extensions.key_usage();
    extensions.key_ids(&spki, None)?;
    extensions.sans(sans);
    Template {
        serial,
        issuer: subject,
        subject,
        period,
        spki: &spki,
        extensions,
    }
    .sign(key)
}

/// A certificate without its signature.
pub(super) struct Template<'a> {
    /// Big endian; taken as a number that is not negative.
    pub serial: &'a [u8],
    /// The DER of the issuer's name.
    pub issuer: &'a [u8],
    /// The DER of the subject's name.
    pub subject: &'a [u8],
    /// The validity.
    pub period: Period,
    /// The DER of the subject's key.
    pub spki: &'a [u8],
    /// The extensions, in the order to be written.
    pub extensions: Extensions,
}

/// Extensions in the order of writing: object identifier, critical, DER of the value.
#[derive(Default)]
pub(super) struct Extensions(Vec<(ObjectIdentifier, bool, Vec<u8>)>);

impl Extensions {
    /// basicConstraints, critical: an authority with a path length, or none.
    pub fn basic_constraints(&mut self, path_len: Option<u8>) {
        let value = BasicConstraints {
            ca: path_len.is_some(),
            path_len_constraint: path_len,
        };
        self.0.push((BASIC_CONSTRAINTS, true, encode(&value)));
    }

    /// basicConstraints, critical: an authority without a path length.
    pub fn unlimited_authority(&mut self) {
        let value = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        self.0.push((BASIC_CONSTRAINTS, true, encode(&value)));
    }

    /// keyUsage, critical: digitalSignature and keyCertSign.
    pub fn key_usage(&mut self) {
        let value = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign);
        self.0.push((KEY_USAGE, true, encode(&value)));
    }

    /// subjectKeyIdentifier and authorityKeyIdentifier; without an issuer, the subject is its own authority.
    pub fn key_ids(
        &mut self,
        spki: &[u8],
        issuer: Option<&Certificate>,
    ) -> Result<(), CryptoError> {
        let own = key_id(spki)?;
        let authority = match issuer {
            Some(issuer) => issuer
                .subject_key_id()
                .map_or_else(|| key_id(issuer.spki_der()), Ok)?,
            None => own.clone(),
        };
        let octets = |id: Vec<u8>| OctetString::new(id).map_err(malformed("a key identifier"));
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(octets(authority)?),
            ..AuthorityKeyIdentifier::default()
        };
        self.0.push((SUBJECT_KEY_ID, false, encode(&octets(own)?)));
        self.0.push((AUTHORITY_KEY_ID, false, encode(&authority)));
        Ok(())
    }

    /// subjectAltName, not critical, if there is a value.
    pub fn sans(&mut self, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.0.push((SUBJECT_ALT_NAME, false, value.to_vec()));
        }
    }
}

impl Template<'_> {
    /// Signs with the key of `issuer_cert`, which must be `key`.
    fn sign_as(
        &self,
        key: &EcKeyPair,
        issuer_cert: &Certificate,
    ) -> Result<Certificate, CryptoError> {
        if issuer_cert.ec_public_key()? != key.public_key() {
            return Err(CryptoError::KeyKind {
                what: "the issuing key",
                expected: "the key of the issuer's certificate",
                found: "another one".to_owned(),
            });
        }
        self.sign(key)
    }

    /// Signs with the hash of the key's curve.
    pub fn sign(&self, key: &EcKeyPair) -> Result<Certificate, CryptoError> {
        let what = "a certificate to be written";
        if self.period.not_before > self.period.not_after {
            return Err(CryptoError::Validity {
                from: self.period.not_before,
                days: 0,
                reason: "ends before it begins",
            });
        }
        let algorithm = ecdsa_with(key.curve().hash());
        let serial = positive_integer(self.serial);
        let (from_tag, from) = time::encode(self.period.not_before)?;
        let (to_tag, to) = time::encode(self.period.not_after)?;
        let any = |der| AnyRef::from_der(der).map_err(malformed(what));
        let mut extensions = Vec::with_capacity(self.extensions.0.len());
        for (id, critical, value) in &self.extensions.0 {
            let value = OctetStringRef::new(value).map_err(malformed(what))?;
            extensions.push(structure::Extension {
                id: *id,
                critical: *critical,
                value,
            });
        }
        let tbs = structure::TbsCertificate {
            version: V3,
            serial: IntRef::new(&serial).map_err(malformed(what))?,
            algorithm,
            issuer: any(self.issuer)?,
            validity: structure::Validity {
                not_before: AnyRef::new(from_tag, from.as_bytes()).map_err(malformed(what))?,
                not_after: AnyRef::new(to_tag, to.as_bytes()).map_err(malformed(what))?,
            },
            subject: any(self.subject)?,
            spki: any(self.spki)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let signature = key.sign_der(key.curve().hash(), &encode(&tbs));
        let signature = BitStringRef::from_bytes(&signature).map_err(malformed(what))?;
        Certificate::from_der(&encode(&structure::Certificate {
            tbs,
            algorithm,
            signature,
        }))
    }
}

/// The DER of a subjectAltName; `None` for no names.
pub(super) fn encode_sans(sans: &[San]) -> Result<Option<Vec<u8>>, CryptoError> {
    if sans.is_empty() {
        return Ok(None);
    }
    let names = sans.iter().map(|san| {
        Ok(match san {
            San::Ip(address) => {
                let bytes = match address {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                GeneralName::IpAddress(
                    OctetString::new(bytes).map_err(malformed("a subject alternative name"))?,
                )
            }
            San::Dns(name) => GeneralName::DnsName(
                Ia5String::new(name).map_err(malformed("a subject alternative name"))?,
            ),
        })
    });
    let names = names.collect::<Result<Vec<_>, CryptoError>>()?;
    SubjectAltName(names)
        .to_der()
        .map(Some)
        .map_err(malformed("a subject alternative name"))
}

/// The algorithm identifier of ECDSA with a hash.
pub(super) fn ecdsa_with(hash: Hash) -> AlgorithmIdentifierRef<'static> {
    let oid = match hash {
        Hash::Sha256 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        Hash::Sha384 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
        Hash::Sha512 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
    };
    AlgorithmIdentifierRef {
        oid,
        parameters: None,
    }
}

/// SHA-1 of the public key without its algorithm (RFC 5280, 4.2.1.2, method 1): an identifier, no protection.
fn key_id(spki: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(malformed("a public key"))?;
    let algorithm = &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
    Ok(
        aws_lc_rs::digest::digest(algorithm, info.subject_public_key.raw_bytes())
            .as_ref()
            .to_vec(),
    )
}

/// The bytes of a number that is not negative: no superfluous zeros, one in front of a set top bit.
fn positive_integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    let digits = &bytes[first..];
    let mut number = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        number.push(0);
    }
    number.extend_from_slice(digits);
    number
}

#[cfg(test)]
mod tests;
