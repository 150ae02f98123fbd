//! The ASN.1 structures of certificates and signing requests (RFC 5280, RFC 2986), with names, keys and times as they
//! are encoded, so that what is copied from one object to another keeps its bytes.

use const_oid::ObjectIdentifier;
use der::Sequence;
use der::asn1::{AnyRef, BitStringRef, IntRef, OctetStringRef};
use spki::AlgorithmIdentifierRef;
use x509_cert::attr::Attributes;

/// basicConstraints.
pub(super) const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// keyUsage.
pub(super) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// subjectKeyIdentifier.
pub(super) const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
/// authorityKeyIdentifier.
pub(super) const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// subjectAltName.
pub(super) const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// The attribute of a signing request that holds the extensions asked for (PKCS#9).
pub(super) const EXTENSION_REQUEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// The number of version 3.
pub(super) const V3: u8 = 2;

/// Certificate.
#[derive(Sequence)]
pub(super) struct Certificate<'a> {
    pub tbs: TbsCertificate<'a>,
    pub algorithm: AlgorithmIdentifierRef<'a>,
    pub signature: BitStringRef<'a>,
}

/// TBSCertificate.
#[derive(Sequence)]
pub(super) struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", default = "Default::default")]
    pub version: u8,
    pub serial: IntRef<'a>,
    pub algorithm: AlgorithmIdentifierRef<'a>,
    pub issuer: AnyRef<'a>,
    pub validity: Validity<'a>,
    pub subject: AnyRef<'a>,
    pub spki: AnyRef<'a>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub issuer_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    pub subject_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "3", optional = "true")]
    pub extensions: Option<Vec<Extension<'a>>>,
}

/// Validity.
#[derive(Sequence)]
pub(super) struct Validity<'a> {
    pub not_before: AnyRef<'a>,
    pub not_after: AnyRef<'a>,
}

/// Extension.
#[derive(Clone, Copy, Sequence)]
pub(super) struct Extension<'a> {
    pub id: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    pub critical: bool,
    pub value: &'a OctetStringRef,
}

/// CertificationRequest.
#[derive(Sequence)]
pub(super) struct CertificationRequest<'a> {
    pub info: CertificationRequestInfo<'a>,
    pub algorithm: AlgorithmIdentifierRef<'a>,
    pub signature: BitStringRef<'a>,
}

/// CertificationRequestInfo.
#[derive(Sequence)]
pub(super) struct CertificationRequestInfo<'a> {
    pub version: u8,
    pub subject: AnyRef<'a>,
    pub spki: AnyRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub attributes: Option<Attributes>,
}
