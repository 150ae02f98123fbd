//! The audit of entries, one after the other, wherever they come from.

use quorate_crypto::{Digest, cert::Certificate};

use super::{
    Problem, Report, ServiceIdentity,
    tables::{Signer, Tables},
};
use crate::{
    LedgerSecrets, TxId, ViewHistory,
    entry::{self, Entry},
    merkle::MerkleTree,
    signature::SignatureEntry,
};

/// The audit of a ledger from its first entry on.
pub struct Auditor {
    secrets: Option<LedgerSecrets>,
    tree: MerkleTree,
    tables: Tables,
    views: ViewHistory,
    last: TxId,
    signed: Option<Signed>,
    signatures: u64,
    cose_signatures: u64,
    services: Vec<ServiceIdentity>,
}

/// The last signature.
struct Signed {
    txid: TxId,
    root: Digest,
    service: Certificate,
    /// How many of the service identities were known then.
    services: usize,
}

impl Auditor {
    /// An audit that begins at seqno 1. With secrets, the private domain and the commit evidence of every entry are
    /// checked too; they must reach back to the first entry.
    #[must_use]
    pub fn new(secrets: Option<LedgerSecrets>) -> Self {
        Self {
            secrets,
            tree: MerkleTree::new(),
            tables: Tables::default(),
            views: ViewHistory::new(),
            last: TxId::default(),
            signed: None,
            signatures: 0,
            cose_signatures: 0,
            services: Vec::new(),
        }
    }

    /// The seqno of the entry that comes next.
    #[must_use]
    pub fn next_seqno(&self) -> u64 {
        self.tree.len()
    }

    /// Checks the next entry. Returns whether it is a signature transaction.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, Problem> {
        let entry = self.decode(bytes)?;
        if entry.txid.seqno != self.next_seqno() {
            return Err(Problem::Seqno(entry.txid));
        }
        let (from, to) = (self.last.view, entry.txid.view);
        let may_rise = self.last.seqno == 0
            || self
                .signed
                .as_ref()
                .is_some_and(|signed| signed.txid == self.last);
        if to < from || to == 0 || (to > from && !may_rise) {
            return Err(Problem::View { from, to });
        }
        self.tables.apply(&entry.writes)?;
        self.note_service(entry.txid);
        let signature = SignatureEntry::read(&entry.writes)?;
        if let Some(signature) = &signature {
            self.verify(entry.txid, signature)?;
        }
        self.tree.append(entry.leaf());
        self.last = entry.txid;
        Ok(signature.is_some())
    }

    /// Ends the audit: the service in force at the last signature must have the key of the trusted certificate. Files
    /// are for the caller to fill in.
    pub fn finish(self, trusted: &Certificate) -> Result<Report, Problem> {
        let signed = self.signed.ok_or(Problem::Unsigned)?;
        if signed.service.spki_der() != trusted.spki_der() {
            let fingerprint =
                |certificate: &Certificate| quorate_crypto::sha256(certificate.spki_der());
            return Err(Problem::OtherService {
                expected: fingerprint(trusted),
                found: fingerprint(&signed.service),
            });
        }
        let mut services = self.services;
        services.truncate(signed.services);
        Ok(Report {
            signed: signed.txid,
            signed_root: signed.root,
            last: self.last,
            signatures: self.signatures,
            cose_signatures: self.cose_signatures,
            views: self.views,
            services,
            files: Vec::new(),
            skipped: Vec::new(),
            torn_bytes: 0,
        })
    }

    fn decode(&self, bytes: &[u8]) -> Result<Entry, Problem> {
        let Some(secrets) = &self.secrets else {
            return Ok(entry::decode(bytes, None)?);
        };
        let secret = secrets
            .for_seqno(self.next_seqno())
            .ok_or_else(|| Problem::NoSecret {
                first: secrets.earliest().valid_from,
            })?;
        let entry = entry::decode(bytes, Some(&secret.secret))?;
        let expected = entry::commit_evidence_digest(entry.txid, &secret.secret);
        match entry.commit_evidence_digest {
            Some(found) if found != expected => Err(Problem::CommitEvidence { expected, found }),
            _ => Ok(entry),
        }
    }

    fn note_service(&mut self, txid: TxId) {
        if let Some(service) = &self.tables.service
            && self
                .services
                .last()
                .is_none_or(|last| last.certificate != service.certificate)
        {
            self.services.push(ServiceIdentity {
                from: txid,
                certificate: service.certificate.clone(),
            });
        }
    }

    /// The checks of a signature transaction (ledger.md 10, steps 2 and 3).
    fn verify(&mut self, txid: TxId, signature: &SignatureEntry) -> Result<(), Problem> {
        let root = self.tree.root();
        let primary = &signature.primary;
        if primary.root != root {
            return Err(Problem::Root {
                signed: primary.root,
                local: root,
            });
        }
        if primary.txid() != txid {
            let named = primary.txid().to_string();
            return Err(Problem::OtherTransaction {
                what: "node signature",
                named,
                expected: txid,
            });
        }
        let service = self
            .tables
            .service
            .as_ref()
            .ok_or(Problem::NoService)?
            .certificate
            .clone();
        let signer = self.tables.signer(&primary.node)?;
        check_signer(&primary.node, &primary.cert, &signer, &service)?;
        let header = signature.verify(&root, &signer.certificate, &service)?;
        if let Some(header) = &header {
            if header.txid != txid.to_string() {
                let named = header.txid.clone();
                return Err(Problem::OtherTransaction {
                    what: "COSE signature",
                    named,
                    expected: txid,
                });
            }
            self.cose_signatures += 1;
        }
        signature.verify_tree(&self.tree)?;

        let first = self
            .signed
            .as_ref()
            .map_or(1, |signed| signed.txid.seqno + 1);
        self.views.begin(txid.view, first)?;
        // The trees of later signatures begin where this one does, or later.
        let flushed = MerkleTree::deserialise(&signature.tree).map_or(0, |tree| tree.first());
        if flushed < self.tree.len() && self.tree.flush(flushed).is_err() {
            return Err(Problem::Root {
                signed: primary.root,
                local: root,
            });
        }
        self.signatures += 1;
        self.signed = Some(Signed {
            txid,
            root,
            service,
            services: self.services.len(),
        });
        Ok(())
    }
}

fn check_signer(
    id: &str,
    signed_cert: &str,
    signer: &Signer,
    service: &Certificate,
) -> Result<(), Problem> {
    let node = || id.to_owned();
    if !["Trusted", "Retired"]
        .iter()
        .any(|status| signer.status.eq_ignore_ascii_case(status))
    {
        return Err(Problem::NodeStatus {
            node: node(),
            status: signer.status.clone(),
        });
    }
    let expected = quorate_crypto::sha256(signer.certificate.spki_der());
    if expected.to_string() != id {
        return Err(Problem::NodeId {
            node: node(),
            expected,
        });
    }
    if signer.endorsed && !signer.certificate.issued_by(service) {
        return Err(Problem::NotEndorsed(node()));
    }
    if !signed_cert.is_empty() {
        let certificate =
            Certificate::from_pem(signed_cert).map_err(|reason| Problem::NodeCertificate {
                node: node(),
                reason,
            })?;
        if certificate.spki_der() != signer.certificate.spki_der() {
            return Err(Problem::OtherKey(node()));
        }
    }
    Ok(())
}
