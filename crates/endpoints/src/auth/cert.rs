//! Policies on the TLS client certificate (apps-and-endpoints.md 5.2). The handshake has verified
//! nothing but that the client holds the key: identity is a row of a table, read in the
//! transaction.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use quorate_crypto::{Digest, cert::Certificate, sha256};
use quorate_http::Session;
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

/// Parsed client certificates. It holds what the certificates say, never whether they are
/// registered.
///
/// A session that stays open finds its certificate by its own id and one comparison of bytes; only
/// its first request pays for the digest, and only the first session with a certificate for parsing.
#[derive(Default)]
pub struct CertificateCache {
    by_session: Mutex<Generations<u64>>,
    by_fingerprint: Mutex<Generations<Digest>>,
}

/// The young generation takes what is used; when it is full it becomes the old one.
struct Generations<K> {
    young: HashMap<K, Arc<ParsedCertificate>>,
    old: HashMap<K, Arc<ParsedCertificate>>,
}

impl<K> Default for Generations<K> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl CertificateCache {
    fn parse(&self, session: &Session, der: &Bytes) -> Result<Arc<ParsedCertificate>, Refusal> {
        // On HTTP/2 a session is a single stream: it would never be found again.
        if session.http2 {
            return self.by_fingerprint(der);
        }
        if let Some(known) = self.by_session.lock().get(&session.id)
            && known.der == *der
        {
            return Ok(known);
        }
        let parsed = self.by_fingerprint(der)?;
        self.by_session
            .lock()
            .insert(session.id, Arc::clone(&parsed));
        Ok(parsed)
    }

    fn by_fingerprint(&self, der: &Bytes) -> Result<Arc<ParsedCertificate>, Refusal> {
        let fingerprint = sha256(der);
        if let Some(known) = self.by_fingerprint.lock().get(&fingerprint) {
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
        self.by_fingerprint
            .lock()
            .insert(fingerprint, Arc::clone(&parsed));
        Ok(parsed)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_session
            .lock()
            .len()
            .max(self.by_fingerprint.lock().len())
    }
}

impl<K: Copy + Eq + Hash> Generations<K> {
    fn get(&mut self, key: &K) -> Option<Arc<ParsedCertificate>> {
        if let Some(known) = self.young.get(key) {
            return Some(Arc::clone(known));
        }
        let known = self.old.remove(key)?;
        self.insert(*key, Arc::clone(&known));
        Some(known)
    }

    fn insert(&mut self, key: K, parsed: Arc<ParsedCertificate>) {
        if self.young.len() >= CERTIFICATES_CACHED / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, parsed);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

fn presented(
    evidence: &Evidence<'_>,
    missing: &'static str,
) -> Result<Arc<ParsedCertificate>, Refusal> {
    let session = &evidence.request.session;
    let der = session
        .client_cert
        .as_ref()
        .ok_or_else(|| Refusal::plain(missing))?;
    evidence.certificates.parse(session, der)
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
