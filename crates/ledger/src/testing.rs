//! A small service for tests: it has keys and certificates, writes entries and signs them.

use std::sync::Arc;

use quorate_crypto::{
    Curve, Digest, EcKeyPair, SystemEntropy,
    cert::{Certificate, Csr, Validity, create_csr, endorse, self_signed},
};
use serde_json::json;

use crate::{
    LedgerSecret, TxId, WriteSet,
    entry::{self, EncodedEntry, Flags},
    merkle::MerkleTree,
    signature::{RunSigner, UNIT_KEY},
};

pub(crate) const VALIDITY: Validity = Validity {
    from: 1_700_000_000,
    days: 90,
};

pub(crate) struct Service {
    pub(crate) node_key: Arc<EcKeyPair>,
    pub(crate) service_key: Arc<EcKeyPair>,
    pub(crate) node_certificate: Certificate,
    pub(crate) certificate: Certificate,
    pub(crate) secret: Arc<LedgerSecret>,
    pub(crate) signer: RunSigner,
    pub(crate) tree: MerkleTree,
    pub(crate) view: u64,
    /// Entry k is that of seqno k + 1.
    pub(crate) entries: Vec<Vec<u8>>,
}

impl Service {
    /// A service whose only entry is the one that names it.
    pub(crate) fn new(curve: Curve) -> Self {
        let mut service = Self::without_entries(curve);
        let genesis = service.create_writes("Opening");
        service.write(&genesis);
        service
    }

    pub(crate) fn without_entries(curve: Curve) -> Self {
        let node_key = Arc::new(EcKeyPair::generate(curve, &SystemEntropy));
        let service_key = Arc::new(EcKeyPair::generate(curve, &SystemEntropy));
        let certificate =
            self_signed(&service_key, "CN=Test Service", &[], VALIDITY, &[1; 16]).unwrap();
        let csr = Csr::from_pem(&create_csr(&node_key, "CN=Test Node", &[]).unwrap()).unwrap();
        let node_certificate =
            endorse(&csr, &service_key, &certificate, VALIDITY, &[2; 16]).unwrap();
        let signer =
            RunSigner::new(node_key.clone(), service_key.clone(), "issuer", "subject").unwrap();
        Self {
            node_key,
            service_key,
            node_certificate,
            certificate,
            secret: Arc::new(LedgerSecret::from_bytes(&[5; 32]).unwrap()),
            signer,
            tree: MerkleTree::new(),
            view: 2,
            entries: Vec::new(),
        }
    }

    /// What the first transaction of a service says of it and its node.
    pub(crate) fn create_writes(&self, status: &str) -> WriteSet {
        let mut writes = WriteSet::new();
        let info = json!({ "cert": self.certificate.to_pem(), "status": status });
        writes.put(
            "public:ccf.gov.service.info",
            UNIT_KEY.to_vec(),
            info.to_string(),
        );
        let id = self.signer.node_id().to_owned();
        writes.put(
            "public:ccf.gov.nodes.info",
            id.clone(),
            json!({ "status": "Trusted" }).to_string(),
        );
        let endorsed = self.node_certificate.to_pem();
        writes.put("public:ccf.gov.nodes.endorsed_certificates", id, endorsed);
        writes
    }

    pub(crate) fn next(&self) -> TxId {
        TxId::new(self.view, self.tree.len())
    }

    pub(crate) fn write(&mut self, writes: &WriteSet) -> EncodedEntry {
        self.write_with(writes, &Digest::default(), Flags::NONE)
    }

    pub(crate) fn write_with(
        &mut self,
        writes: &WriteSet,
        claims: &Digest,
        flags: Flags,
    ) -> EncodedEntry {
        let mut out = Vec::new();
        let made =
            entry::encode(self.next(), writes, claims, &self.secret, flags, &mut out).unwrap();
        self.entries.push(out);
        self.tree.append(made.leaf);
        made
    }

    /// Writes a private record.
    pub(crate) fn record(&mut self, key: &str, value: &str) -> EncodedEntry {
        let mut writes = WriteSet::new();
        writes.put("records", key.to_owned(), value.to_owned());
        self.write(&writes)
    }

    pub(crate) fn sign(&mut self) -> EncodedEntry {
        self.sign_with(Flags::NONE)
    }

    pub(crate) fn sign_with(&mut self, flags: Flags) -> EncodedEntry {
        let pem = self.node_certificate.to_pem();
        let writes = self
            .signer
            .sign(self.next(), &self.tree, &pem, 1_700_000_123)
            .unwrap();
        self.write_with(&writes, &Digest::default(), flags)
    }
}
