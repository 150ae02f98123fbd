//! Policies on the TLS client certificate (apps-and-endpoints.md 5.2). The handshake has verified
//! nothing but that the client holds the key: identity is a row of a table, read in the
//! transaction.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use quorate_crypto::{Digest, cert::Certificate, sha256};
use quorate_tables::{MEMBERS_CERTS, MemberId, NODES_INFO, NodeId, USERS_CERTS, UserId};

use super::{Evidence, Refusal};
use crate::{caller::Caller, error::ApiError, limits::CERTIFICATES_CACHED};

/// What policies need of a client certificate.
#[derive(Debug)]
pub struct ParsedCertificate {
    der: Bytes,
    fingerprint: Digest,
    user: UserId,
    member: MemberId,
    node: NodeId,
    not_before: i64,
    not_after: i64,
}

impl ParsedCertificate {
    /// The DER bytes.
    pub fn der(&self) -> &Bytes {
        &self.der
    }

    /// SHA-256 of the DER bytes: the id of a user or member with this certificate.
    pub fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// The certificate as PEM text.
    ///
    /// # Errors
    /// 500; it was parsed before.
    pub fn to_pem(&self) -> Result<String, ApiError> {
        let parsed =
            Certificate::from_der(&self.der).map_err(|e| ApiError::internal(e.to_string()))?;
        Ok(parsed.to_pem())
    }

    fn check_validity(&self, now: i64) -> Result<(), Refusal> {
        if now < self.not_before {
            return Err(Refusal::plain(format!(
                "Current time {now} is before certificate's Not Before validity period {}",
                self.not_before
            )));
        }
        if now > self.not_after {
            return Err(Refusal::plain(format!(
                "Current time {now} is after certificate's Not After validity period {}",
                self.not_after
            )));
        }
        Ok(())
    }
}

/// Parsed client certificates by the digest of their DER. It holds what the certificates say,
/// never whether they are registered.
#[derive(Default)]
pub struct CertificateCache {
    generations: Mutex<Generations>,
}

/// The young generation takes what is used; when it is full it becomes the old one.
#[derive(Default)]
struct Generations {
    young: HashMap<Digest, Arc<ParsedCertificate>>,
    old: HashMap<Digest, Arc<ParsedCertificate>>,
}

impl CertificateCache {
    fn parse(&self, der: &Bytes) -> Result<Arc<ParsedCertificate>, Refusal> {
        let fingerprint = sha256(der);
        if let Some(known) = self.generations.lock().get(&fingerprint) {
            return Ok(known);
        }
        let certificate = Certificate::from_der(der)
            .map_err(|error| Refusal::Fatal(ApiError::internal(error.to_string())))?;
        let parsed = Arc::new(ParsedCertificate {
            der: der.clone(),
            fingerprint,
            user: UserId::from_digest(&fingerprint),
            member: MemberId::from_digest(&fingerprint),
            node: NodeId::from_digest(&sha256(certificate.spki_der())),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        });
        self.generations.lock().insert(Arc::clone(&parsed));
        Ok(parsed)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.generations.lock();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn get(&mut self, fingerprint: &Digest) -> Option<Arc<ParsedCertificate>> {
        if let Some(known) = self.young.get(fingerprint) {
            return Some(Arc::clone(known));
        }
        let known = self.old.remove(fingerprint)?;
        self.insert(Arc::clone(&known));
        Some(known)
    }

    fn insert(&mut self, parsed: Arc<ParsedCertificate>) {
        if self.young.len() >= CERTIFICATES_CACHED / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(parsed.fingerprint, parsed);
    }
}

fn presented(
    evidence: &Evidence<'_>,
    missing: &'static str,
) -> Result<Arc<ParsedCertificate>, Refusal> {
    let der = evidence.request.session.client_cert.as_ref();
    evidence
        .certificates
        .parse(der.ok_or_else(|| Refusal::plain(missing))?)
}

pub(super) fn user(evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let certificate = presented(evidence, "No caller user certificate")?;
    certificate.check_validity(evidence.now)?;
    if USERS_CERTS.has(evidence.tx, &certificate.user)? {
        Ok(Caller::UserCert(certificate.user.clone()))
    } else {
        Err(Refusal::plain("Could not find matching user certificate"))
    }
}

pub(super) fn member(evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let certificate = presented(evidence, "No caller member certificate")?;
    if MEMBERS_CERTS.has(evidence.tx, &certificate.member)? {
        Ok(Caller::MemberCert(certificate.member.clone()))
    } else {
        Err(Refusal::plain("Could not find matching member certificate"))
    }
}

pub(super) fn any(evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let certificate = presented(evidence, "No caller certificate")?;
    certificate.check_validity(evidence.now)?;
    Ok(Caller::AnyCert(certificate))
}

pub(super) fn node(evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let certificate = presented(evidence, "No caller node certificate")?;
    if NODES_INFO.has(evidence.tx, &certificate.node)? {
        Ok(Caller::NodeCert(certificate.node.clone()))
    } else {
        Err(Refusal::plain("Could not find matching node certificate"))
    }
}
