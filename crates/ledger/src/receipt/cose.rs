//! The COSE receipt: the service's signature over a root, with Merkle proofs in the unprotected header (ledger.md 6.4).

use quorate_crypto::{
    Digest, EcPublicKey,
    cose::{
        HeaderValue, LedgerSignatureHeader, Sign1,
        cbor::{CborError, Reader, Writer},
        verify_ledger_root,
    },
};

use super::{LeafComponents, ReceiptError, VerifiedReceipt};
use crate::{
    entry, limits,
    merkle::{Path, Step},
};

/// Protected header parameter: the verifiable data structure.
const VDS: i64 = 395;
/// Its value for the ledger of CCF with SHA-256.
const CCF_LEDGER_SHA256: i64 = 2;
/// Unprotected header parameter: proofs of the verifiable data structure.
const VDP: i64 = 396;
/// Key of the inclusion proofs in it.
const INCLUSION: i64 = -1;
/// Keys of an inclusion proof.
const LEAF: i64 = 1;
const PATH: i64 = 2;
/// The empty map, encoded.
const EMPTY_MAP: [u8; 1] = [0xA0];

/// The inclusion proof of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The digest of the entry.
    pub write_set_digest: Digest,
    /// The commit evidence.
    pub commit_evidence: String,
    /// The claims digest, zeros where nothing was claimed.
    pub claims_digest: Digest,
    /// The path from the leaf to the root.
    pub path: Path,
}

/// What a COSE receipt that holds says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCoseReceipt {
    /// The header of the signature.
    pub header: LedgerSignatureHeader,
    /// The root that is signed.
    pub root: Digest,
    /// Its proofs with what they prove, at least one.
    pub proofs: Vec<(InclusionProof, VerifiedReceipt)>,
}

/// How the unprotected header of a COSE message is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprotected<'a> {
    /// By the empty map.
    Empty,
    /// By `{key: [value]}`.
    Value {
        /// The label.
        key: i64,
        /// The only element, a byte string.
        value: &'a [u8],
    },
    /// By `{key: {subkey: [value]}}`.
    Nested {
        /// The label.
        key: i64,
        /// The key in the inner map.
        subkey: i64,
        /// The only element, a byte string.
        value: &'a [u8],
    },
}

impl InclusionProof {
    /// The proof of a transaction from its components and its path. Without a claims digest there is none
    /// (transactions of early CCF 2.x).
    pub fn new(components: LeafComponents, path: Path) -> Result<Self, ReceiptError> {
        let claims_digest = components
            .claims_digest
            .ok_or(ReceiptError::NoClaimsDigest)?;
        let LeafComponents {
            write_set_digest,
            commit_evidence,
            ..
        } = components;
        Ok(Self {
            write_set_digest,
            commit_evidence,
            claims_digest,
            path,
        })
    }

    /// The leaf.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        self.components().leaf()
    }

    fn components(&self) -> LeafComponents {
        LeafComponents {
            write_set_digest: self.write_set_digest,
            commit_evidence: self.commit_evidence.clone(),
            claims_digest: Some(self.claims_digest),
        }
    }

    /// The CBOR of the proof, as served with content type `application/cbor`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(2).int(LEAF).array(3);
        out.bytes(self.write_set_digest.as_bytes());
        out.text(&self.commit_evidence);
        out.bytes(self.claims_digest.as_bytes());
        out.int(PATH).array(self.path.steps.len() as u64);
        for step in &self.path.steps {
            let (left, sibling) = match step {
                Step::Left(sibling) => (true, sibling),
                Step::Right(sibling) => (false, sibling),
            };
            out.array(2).bool(left).bytes(sibling.as_bytes());
        }
        out.into_bytes()
    }

    /// Reads the CBOR of a proof.
    pub fn decode(encoded: &[u8]) -> Result<Self, ReceiptError> {
        let [leaf, path] =
            values_of(encoded, [LEAF, PATH]).map_err(|error| form("inclusion proof", error))?;
        let leaf = leaf.ok_or_else(|| missing("leaf (1) of the inclusion proof"))?;
        let path = path.ok_or_else(|| missing("path (2) of the inclusion proof"))?;
        let (write_set_digest, commit_evidence, claims_digest) = read_leaf(leaf)
            .map_err(|error| form("leaf (1), a byte string, a text and a byte string", error))?;
        if entry::txid_of_evidence(commit_evidence).is_none() {
            return Err(missing(
                "commit evidence, 'ce:<view>.<seqno>:' and 64 lower-case hex digits",
            ));
        }
        Ok(Self {
            write_set_digest: digest(write_set_digest, "write set digest")?,
            commit_evidence: commit_evidence.to_owned(),
            claims_digest: digest(claims_digest, "claims digest")?,
            path: Path {
                steps: read_path(path)?,
            },
        })
    }
}

/// The three components of a leaf.
fn read_leaf(encoded: &[u8]) -> Result<(&[u8], &str, &[u8]), CborError> {
    let mut reader = Reader::new(encoded);
    reader.array_of(3)?;
    Ok((reader.bytes()?, reader.text()?, reader.bytes()?))
}

fn read_path(encoded: &[u8]) -> Result<Vec<Step>, ReceiptError> {
    let invalid = |error| form("path (2), steps of a boolean and a byte string", error);
    let mut reader = Reader::new(encoded);
    let mut remaining = reader.array().map_err(invalid)?;
    let mut steps = Vec::new();
    while reader.more(&mut remaining).map_err(invalid)? {
        if steps.len() == limits::MERKLE_LEVELS {
            return Err(invalid(CborError::TooManyItems));
        }
        reader.array_of(2).map_err(invalid)?;
        let left = reader.bool().map_err(invalid)?;
        let sibling = digest(reader.bytes().map_err(invalid)?, "path (2)")?;
        steps.push(if left {
            Step::Left(sibling)
        } else {
            Step::Right(sibling)
        });
    }
    Ok(steps)
}

/// Builds a receipt: the COSE signature of the covering signature transaction, with the proof. Protected header, absent
/// payload and signature stay as they are.
pub fn build(cose_signature: &[u8], proof: &InclusionProof) -> Result<Vec<u8>, ReceiptError> {
    set_unprotected(
        cose_signature,
        Unprotected::Nested {
            key: VDP,
            subkey: INCLUSION,
            value: &proof.encode(),
        },
    )
}

/// The message with another unprotected header; protected header, payload and signature are copied verbatim.
pub fn set_unprotected(message: &[u8], header: Unprotected<'_>) -> Result<Vec<u8>, ReceiptError> {
    let mut message = Sign1::decode(message)?;
    let mut out = Writer::new();
    match header {
        Unprotected::Empty => out.map(0),
        Unprotected::Value { key, value } => out.map(1).int(key).array(1).bytes(value),
        Unprotected::Nested { key, subkey, value } => {
            out.map(1).int(key).map(1).int(subkey).array(1).bytes(value)
        }
    };
    message.unprotected = out.into_bytes();
    Ok(message.encode())
}

/// Verifies a receipt by the key of the service that is trusted, and its claim if one is expected: every proof must
/// then be of that claim. For a transaction of an earlier service identity, find its key with
/// [`follow_chain`](super::endorsement::follow_chain) first.
pub fn verify(
    receipt: &[u8],
    key: &EcPublicKey,
    expected_claims: Option<&Digest>,
) -> Result<VerifiedCoseReceipt, ReceiptError> {
    if receipt.len() > limits::RECEIPT_COSE_BYTES {
        return Err(ReceiptError::TooLong {
            found: receipt.len(),
            max: limits::RECEIPT_COSE_BYTES,
        });
    }
    let mut message = Sign1::decode(receipt)?;
    match message.int_header(VDS) {
        Some(&HeaderValue::Int(CCF_LEDGER_SHA256)) => {}
        Some(HeaderValue::Int(other)) => return Err(ReceiptError::Vds(other.to_string())),
        Some(_) => return Err(ReceiptError::Vds("another type".to_owned())),
        None => return Err(ReceiptError::Vds("none".to_owned())),
    }
    let expected = key.fingerprint();
    let kid = message.kid.as_deref().unwrap_or_default();
    if kid != expected.to_string().as_bytes() {
        let found = String::from_utf8_lossy(&kid[..kid.len().min(80)]).into_owned();
        return Err(ReceiptError::KeyId { expected, found });
    }
    let proofs = inclusion_proofs(&message)?;

    // Without the proofs it is the signature of the signature transaction.
    message.unprotected = EMPTY_MAP.to_vec();
    let signature = message.encode();
    let mut verified = Vec::with_capacity(proofs.len());
    let mut signed = None;
    for proof in proofs {
        let leaf = proof.leaf();
        let root = proof.path.root(&leaf);
        let known = matches!(&signed, Some((_, signed_root)) if *signed_root == root);
        if !known {
            let header = verify_ledger_root(&signature, key, &root)
                .map_err(|_| ReceiptError::Signature { root })?;
            signed = Some((header, root));
        }
        if let Some(&expected) =
            expected_claims.filter(|expected| **expected != proof.claims_digest)
        {
            return Err(ReceiptError::Claims {
                expected,
                found: proof.claims_digest,
            });
        }
        let txid = entry::txid_of_evidence(&proof.commit_evidence);
        verified.push((proof, VerifiedReceipt { root, leaf, txid }));
    }
    let (header, root) = signed.ok_or_else(no_proofs)?;
    Ok(VerifiedCoseReceipt {
        header,
        root,
        proofs: verified,
    })
}

/// The proofs of a receipt, at least one.
fn inclusion_proofs(message: &Sign1) -> Result<Vec<InclusionProof>, ReceiptError> {
    let only = |map, label| match values_of(map, [label]) {
        Ok([Some(value)]) => Ok(value),
        Ok([None]) | Err(CborError::UnexpectedType) => Err(no_proofs()),
        Err(error) => Err(form("unprotected header", error)),
    };
    let invalid = |_| no_proofs();
    let mut reader = Reader::new(only(only(&message.unprotected, VDP)?, INCLUSION)?);
    let mut remaining = reader.array().map_err(invalid)?;
    let mut proofs = Vec::new();
    while reader.more(&mut remaining).map_err(invalid)? {
        if proofs.len() == limits::RECEIPT_LIST {
            return Err(form("unprotected header", CborError::TooManyItems));
        }
        proofs.push(InclusionProof::decode(reader.bytes().map_err(invalid)?)?);
    }
    if proofs.is_empty() {
        Err(no_proofs())
    } else {
        Ok(proofs)
    }
}

/// The encoded values that a map has under integer labels; other labels are passed over. A label twice, or bytes after
/// the map, are refused.
fn values_of<const N: usize>(
    encoded: &[u8],
    labels: [i64; N],
) -> Result<[Option<&[u8]>; N], CborError> {
    let mut values = [None; N];
    let mut reader = Reader::new(encoded);
    let mut remaining = reader.map()?;
    while reader.more(&mut remaining)? {
        let head = reader.head()?;
        let label = head.as_int();
        reader.skip_rest(head, 1)?;
        let start = reader.position();
        reader.skip(1)?;
        if let Some(index) = labels.iter().position(|known| Ok(*known) == label)
            && values[index].replace(reader.since(start)).is_some()
        {
            return Err(CborError::DuplicateLabel);
        }
    }
    reader.finish()?;
    Ok(values)
}

fn digest(bytes: &[u8], what: &str) -> Result<Digest, ReceiptError> {
    let wrong = || ReceiptError::Form(format!("{what}: expected 32 bytes, found {}", bytes.len()));
    bytes
        .try_into()
        .map(Digest::from_bytes)
        .map_err(|_| wrong())
}

fn no_proofs() -> ReceiptError {
    ReceiptError::Form(
        "unprotected header: expected {396: {-1: [at least one byte string]}}".to_owned(),
    )
}

fn missing(what: &str) -> ReceiptError {
    ReceiptError::Form(format!("expected {what}"))
}

fn form(what: &str, error: CborError) -> ReceiptError {
    ReceiptError::Form(format!("{what}: {error}"))
}
