//! Making signature transactions.

use std::sync::Arc;

use quorate_crypto::{Curve, Digest, EcKeyPair, cose::sign_ledger_root};

use super::{COSE_SIGNATURES, PrimarySignature, SIGNATURES, SignatureError, TREE, UNIT_KEY};
use crate::{TxId, WriteSet, encoding::encode_base64, merkle::MerkleTree};

/// The keys and names that a primary signs its runs with.
pub struct RunSigner {
    node_key: Arc<EcKeyPair>,
    node_id: String,
    service_key: Arc<EcKeyPair>,
    kid: Digest,
    issuer: String,
    subject: String,
}

impl RunSigner {
    /// A signer for a node. Issuer and subject are those of the founding node's configuration (ledger.md 4.3). A
    /// service key on P-521 is refused.
    pub fn new(
        node_key: Arc<EcKeyPair>,
        service_key: Arc<EcKeyPair>,
        issuer: impl Into<String>,
        subject: impl Into<String>,
    ) -> Result<Self, SignatureError> {
        if service_key.curve() == Curve::P521 {
            return Err(SignatureError::ServiceCurve);
        }
        Ok(Self {
            node_id: node_key.public_key().fingerprint().to_string(),
            node_key,
            kid: service_key.public_key().fingerprint(),
            service_key,
            issuer: issuer.into(),
            subject: subject.into(),
        })
    }

    /// The id of the node that signs.
    #[must_use]
    pub fn node_id(&self) -> &str {
        &self.node_id
    }

    /// The writes of the signature transaction `txid`. `tree` holds the leaves of all entries before it and is flushed
    /// to the last committed seqno; `node_cert_pem` is the node's certificate, endorsed by the service; `iat` is the
    /// time, unix seconds.
    pub fn sign(
        &self,
        txid: TxId,
        tree: &MerkleTree,
        node_cert_pem: &str,
        iat: i64,
    ) -> Result<WriteSet, SignatureError> {
        if tree.len() != txid.seqno {
            return Err(SignatureError::TreeOutOfStep {
                seqno: txid.seqno,
                leaves: tree.len(),
            });
        }
        let root = tree.root();
        let primary = PrimarySignature {
            cert: node_cert_pem.to_owned(),
            commit_seqno: 0,
            commit_view: 0,
            hashed_nonce: Digest::default(),
            node: self.node_id.clone(),
            root,
            seqno: txid.seqno,
            sig: self.node_key.sign_prehash_der(root.as_bytes()),
            view: txid.view,
        };
        let id = txid.to_string();
        let cose = sign_ledger_root(
            &self.service_key,
            &self.kid,
            iat,
            &self.issuer,
            &self.subject,
            &id,
            &root,
        )
        .map_err(SignatureError::Signing)?;
        signature_writes(&primary, &cose, tree.serialise())
    }
}

/// The writes of a signature transaction: its three tables (ledger.md 4.1).
pub fn signature_writes(
    primary: &PrimarySignature,
    cose: &[u8],
    tree: Vec<u8>,
) -> Result<WriteSet, SignatureError> {
    let serialise = |error: serde_json::Error| SignatureError::Serialise {
        table: SIGNATURES,
        reason: error.to_string(),
    };
    // Over `Value`, whose keys are sorted.
    let value = serde_json::to_value(primary).map_err(serialise)?;
    let mut writes = WriteSet::new();
    writes.put(
        COSE_SIGNATURES,
        UNIT_KEY.to_vec(),
        format!("\"{}\"", encode_base64(cose)),
    );
    writes.put(SIGNATURES, UNIT_KEY.to_vec(), value.to_string());
    writes.put(TREE, UNIT_KEY.to_vec(), tree);
    Ok(writes)
}
