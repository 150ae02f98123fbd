//! Certificate signing requests (PKCS#10, RFC 2986).

use std::fmt;

use der::asn1::{Any, AnyRef, BitStringRef, OctetStringRef, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;

use super::structure::{self, EXTENSION_REQUEST, SUBJECT_ALT_NAME};
use super::write::{ecdsa_with, encode_sans};
use super::{San, name, read};
use crate::ec::{encode, malformed};
use crate::{CryptoError, EcKeyPair, Hash, pem, sha256};

const WHAT: &str = "a certificate signing request";

/// Makes a signing request, signed with ECDSA-SHA512 whatever the curve (recovery-and-membership.md 2.1). PEM.
pub fn create_csr(key: &EcKeyPair, subject: &str, sans: &[San]) -> Result<String, CryptoError> {
    let subject = name::parse(subject)?;
    let spki = key.public_key().to_spki_der();
    let attributes = encode_sans(sans)?
        .map(|sans| extension_request(&sans))
        .transpose()?;
    let info = structure::CertificationRequestInfo {
        version: 0,
        subject: AnyRef::from_der(&subject).map_err(malformed(WHAT))?,
        spki: AnyRef::from_der(&spki).map_err(malformed(WHAT))?,
        // The set must be there, even if empty.
        attributes: Some(attributes.unwrap_or_default()),
    };
    let signature = key.sign_der(Hash::Sha512, &encode(&info));
    let signature = BitStringRef::from_bytes(&signature).map_err(malformed(WHAT))?;
    let request = structure::CertificationRequest {
        info,
        algorithm: ecdsa_with(Hash::Sha512),
        signature,
    };
    Ok(pem::encode("CERTIFICATE REQUEST", &encode(&request)).to_string())
}

/// A signing request.
#[derive(Clone)]
pub struct Csr {
    der: Vec<u8>,
    spki: Vec<u8>,
    subject: Vec<u8>,
    /// The DER of the subjectAltName asked for.
    sans: Option<Vec<u8>>,
}

impl Csr {
    /// Reads a `CERTIFICATE REQUEST` PEM.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::from_der(
            &pem::first(
                text,
                WHAT,
                &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
            )?
            .der,
        )
    }

    /// Reads a DER CertificationRequest.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let request = structure::CertificationRequest::from_der(der).map_err(malformed(WHAT))?;
        let subject = request.info.subject.to_der().map_err(malformed(WHAT))?;
        name::check(&subject).map_err(malformed(WHAT))?;
        let spki = request.info.spki.to_der().map_err(malformed(WHAT))?;
        super::PublicKey::from_spki_der(&spki)?;
        let mut sans = None;
        for attribute in request.info.attributes.iter().flat_map(SetOfVec::iter) {
            if attribute.oid == EXTENSION_REQUEST {
                sans = requested_sans(attribute).map_err(malformed(WHAT))?;
            }
        }
        Ok(Self {
            der: der.to_vec(),
            spki,
            subject,
            sans,
        })
    }

    /// Whether its self-signature holds, with any hash.
    pub fn verify(&self) -> bool {
        quorate_awslc::x509::is_request_self_signed(&self.der).unwrap_or(false)
    }

    /// The DER SubjectPublicKeyInfo of the requester.
    pub fn public_key_spki(&self) -> &[u8] {
        &self.spki
    }

    /// The subject, as [`super::Certificate::subject`] shows it.
    pub fn subject(&self) -> String {
        name::display(&self.subject)
    }

    /// The subject alternative names of the kinds that nodes use.
    pub fn sans(&self) -> Vec<San> {
        self.sans
            .as_deref()
            .map(read::read_sans)
            .unwrap_or_default()
    }

    /// The DER of the subject.
    pub(super) fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// The DER of the subjectAltName asked for.
    pub(super) fn san_extension(&self) -> Option<&[u8]> {
        self.sans.as_deref()
    }
}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csr({}, {})", self.subject(), sha256(&self.spki))
    }
}

/// The attribute that asks for a subjectAltName.
fn extension_request(sans: &[u8]) -> Result<SetOfVec<Attribute>, CryptoError> {
    let value = OctetStringRef::new(sans).map_err(malformed(WHAT))?;
    let extensions = vec![structure::Extension {
        id: SUBJECT_ALT_NAME,
        critical: false,
        value,
    }];
    let value = Any::from_der(&encode(&extensions)).map_err(malformed(WHAT))?;
    let values = SetOfVec::try_from(vec![value]).map_err(malformed(WHAT))?;
    SetOfVec::try_from(vec![Attribute {
        oid: EXTENSION_REQUEST,
        values,
    }])
    .map_err(malformed(WHAT))
}

/// The DER of the subjectAltName that an attribute asks for.
fn requested_sans(attribute: &Attribute) -> der::Result<Option<Vec<u8>>> {
    for value in attribute.values.iter() {
        let der = value.to_der()?;
        let extensions = Vec::<structure::Extension<'_>>::from_der(&der)?;
        if let Some(sans) = extensions
            .iter()
            .find(|extension| extension.id == SUBJECT_ALT_NAME)
        {
            return Ok(Some(sans.value.as_bytes().to_vec()));
        }
    }
    Ok(None)
}
