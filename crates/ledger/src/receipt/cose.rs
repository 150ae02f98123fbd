//! The COSE receipt: the service's signature over a root, with Merkle proofs in the unprotected header (ledger.md 6.4).

use ciborium::Value;
use quorate_crypto::{
    Digest, EcPublicKey,
    cose::{HeaderValue, LedgerSignatureHeader, Sign1, verify_ledger_root},
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
    pub fn encode(&self) -> Result<Vec<u8>, ReceiptError> {
        let step = |step: &Step| {
            let (left, digest) = match step {
                Step::Left(digest) => (true, digest),
                Step::Right(digest) => (false, digest),
            };
            Value::Array(vec![Value::Bool(left), bytes(digest)])
        };
        let leaf = vec![
            bytes(&self.write_set_digest),
            Value::Text(self.commit_evidence.clone()),
            bytes(&self.claims_digest),
        ];
        encode(&Value::Map(vec![
            (LEAF.into(), Value::Array(leaf)),
            (
                PATH.into(),
                Value::Array(self.path.steps.iter().map(step).collect()),
            ),
        ]))
    }

    /// Reads the CBOR of a proof.
    pub fn decode(encoded: &[u8]) -> Result<Self, ReceiptError> {
        let proof = decode(encoded, "inclusion proof")?;
        let leaf = entry_of(&proof, LEAF)
            .and_then(Value::as_array)
            .map(Vec::as_slice);
        let Some(
            [
                Value::Bytes(write_set_digest),
                Value::Text(commit_evidence),
                Value::Bytes(claims_digest),
            ],
        ) = leaf
        else {
            return Err(form(
                "leaf (1): expected a byte string, a text and a byte string",
            ));
        };
        if entry::txid_of_evidence(commit_evidence).is_none() {
            return Err(form(
                "commit evidence: expected 'ce:<view>.<seqno>:' and 64 lower-case hex digits",
            ));
        }
        let steps = entry_of(&proof, PATH).and_then(Value::as_array);
        let steps = steps.filter(|steps| steps.len() <= limits::MERKLE_LEVELS);
        let steps = steps.ok_or_else(|| form("path (2): expected an array of at most 64 steps"))?;
        let step = |step: &Value| match step.as_array().map(Vec::as_slice) {
            Some([Value::Bool(true), Value::Bytes(sibling)]) => {
                Ok(Step::Left(digest(sibling, "path (2)")?))
            }
            Some([Value::Bool(false), Value::Bytes(sibling)]) => {
                Ok(Step::Right(digest(sibling, "path (2)")?))
            }
            _ => Err(form(
                "path (2): expected steps of a boolean and a byte string",
            )),
        };
        Ok(Self {
            write_set_digest: digest(write_set_digest, "write set digest")?,
            commit_evidence: commit_evidence.clone(),
            claims_digest: digest(claims_digest, "claims digest")?,
            path: Path {
                steps: steps.iter().map(step).collect::<Result<_, _>>()?,
            },
        })
    }
}

/// Builds a receipt: the COSE signature of the covering signature transaction, with the proof. Protected header, absent
/// payload and signature stay as they are.
pub fn build(cose_signature: &[u8], proof: &InclusionProof) -> Result<Vec<u8>, ReceiptError> {
    set_unprotected(
        cose_signature,
        Unprotected::Nested {
            key: VDP,
            subkey: INCLUSION,
            value: &proof.encode()?,
        },
    )
}

/// The message with another unprotected header; protected header, payload and signature are copied verbatim.
pub fn set_unprotected(message: &[u8], header: Unprotected<'_>) -> Result<Vec<u8>, ReceiptError> {
    let mut message = Sign1::decode(message)?;
    let list = |value: &[u8]| Value::Array(vec![Value::Bytes(value.to_vec())]);
    let header = match header {
        Unprotected::Empty => Vec::new(),
        Unprotected::Value { key, value } => vec![(key.into(), list(value))],
        Unprotected::Nested { key, subkey, value } => {
            vec![(key.into(), Value::Map(vec![(subkey.into(), list(value))]))]
        }
    };
    message.unprotected = encode(&Value::Map(header))?;
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
        Some(HeaderValue::Int(CCF_LEDGER_SHA256)) => {}
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
    message.unprotected = encode(&Value::Map(Vec::new()))?;
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
    let unprotected = decode(&message.unprotected, "unprotected header")?;
    let proofs = entry_of(&unprotected, VDP)
        .and_then(|proofs| entry_of(proofs, INCLUSION))
        .and_then(Value::as_array);
    let proofs = proofs
        .filter(|list| (1..=limits::RECEIPT_LIST).contains(&list.len()))
        .ok_or_else(no_proofs)?;
    let proof = |proof: &Value| InclusionProof::decode(proof.as_bytes().ok_or_else(no_proofs)?);
    proofs.iter().map(proof).collect()
}

/// The value of the only entry with an integer key.
fn entry_of(map: &Value, key: i64) -> Option<&Value> {
    let mut found = map
        .as_map()?
        .iter()
        .filter(|(label, _)| *label == key.into());
    let value = &found.next()?.1;
    found.next().is_none().then_some(value)
}

/// Decodes one CBOR item, and nothing after it.
fn decode(mut encoded: &[u8], what: &str) -> Result<Value, ReceiptError> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut encoded, limits::CBOR_DEPTH);
    match value {
        Ok(value) if encoded.is_empty() => Ok(value),
        Ok(_) => Err(form(&format!("{what}: bytes follow its end"))),
        Err(error) => Err(form(&format!("{what}: {error}"))),
    }
}

fn encode(value: &Value) -> Result<Vec<u8>, ReceiptError> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).map_err(|error| form(&error.to_string()))?;
    Ok(out)
}

fn digest(bytes: &[u8], what: &str) -> Result<Digest, ReceiptError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| form(&format!("{what}: expected 32 bytes, found {}", bytes.len())))?;
    Ok(Digest::from_bytes(bytes))
}

fn bytes(digest: &Digest) -> Value {
    Value::Bytes(digest.as_bytes().to_vec())
}

fn no_proofs() -> ReceiptError {
    form("unprotected header: expected {396: {-1: [at least one byte string]}}")
}

fn form(what: &str) -> ReceiptError {
    ReceiptError::Form(what.to_owned())
}
