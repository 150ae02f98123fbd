//! The JSON receipt (ledger.md 6.1 to 6.3).

use quorate_crypto::{Digest, cert::Certificate};
use serde_json::{Map, Value};

use super::{LeafComponents, ReceiptError, VerifiedReceipt};
use crate::{
    encoding::{decode_base64, encode_base64},
    entry, limits,
    merkle::{Path, Step},
    signature::PrimarySignature,
};

/// A receipt with the signature of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// PEM of the certificate of the node that signed; empty where the signature dates from CCF 1.x.
    pub cert: String,
    /// The id of the node that signed.
    pub node_id: String,
    /// The signature over the root, ECDSA in DER.
    pub signature: Vec<u8>,
    /// The path from the leaf to the root; empty for a signature transaction.
    pub proof: Path,
    /// What the path begins with.
    pub body: ReceiptBody,
    /// PEM of the certificates between the node's and the service's, if an earlier service identity endorsed the node.
    pub service_endorsements: Vec<String>,
}

/// What the path of a receipt begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptBody {
    /// An ordinary transaction.
    Components(LeafComponents),
    /// The signed root itself (signature transactions), or the leaf of an entry without commit evidence.
    Leaf(Digest),
}

impl Receipt {
    /// The receipt of an ordinary transaction, covered by `signature`; `proof` is its path in the tree signed there.
    #[must_use]
    pub fn of_transaction(
        signature: &PrimarySignature,
        components: LeafComponents,
        proof: Path,
    ) -> Self {
        Self::signed_by(signature, ReceiptBody::Components(components), proof)
    }

    /// The receipt of an entry without commit evidence (CCF 1.x).
    #[must_use]
    pub fn of_leaf(signature: &PrimarySignature, leaf: Digest, proof: Path) -> Self {
        Self::signed_by(signature, ReceiptBody::Leaf(leaf), proof)
    }

    /// The receipt of a signature transaction: its own signature over its own root.
    #[must_use]
    pub fn of_signature(signature: &PrimarySignature) -> Self {
        Self::signed_by(
            signature,
            ReceiptBody::Leaf(signature.root),
            Path::default(),
        )
    }

    fn signed_by(signature: &PrimarySignature, body: ReceiptBody, proof: Path) -> Self {
        Self {
            cert: signature.cert.clone(),
            node_id: signature.node.clone(),
            signature: signature.sig.clone(),
            proof,
            body,
            service_endorsements: Vec::new(),
        }
    }

    /// The leaf.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        match &self.body {
            ReceiptBody::Components(components) => components.leaf(),
            ReceiptBody::Leaf(leaf) => *leaf,
        }
    }

    /// Supplies or replaces the claims digest, as the reader of an application's answer does who computes it from the
    /// disclosed claim (ledger.md 6.1). A receipt without components is left as it is.
    #[must_use]
    pub fn with_claims(mut self, claims: Digest) -> Self {
        if let ReceiptBody::Components(components) = &mut self.body {
            components.claims_digest = Some(claims);
        }
        self
    }

    /// Verifies the receipt against the certificate of the service that is trusted (ledger.md 6.2). Validity dates are
    /// not looked at.
    pub fn verify(&self, service: &Certificate) -> Result<VerifiedReceipt, ReceiptError> {
        let node = Certificate::from_pem(&self.cert).map_err(ReceiptError::NodeCertificate)?;
        let key = node
            .ec_public_key()
            .map_err(ReceiptError::NodeCertificate)?;
        let expected = key.fingerprint();
        if self.node_id != expected.to_string() {
            return Err(ReceiptError::NodeId {
                expected,
                found: self.node_id.chars().take(80).collect(),
            });
        }
        let leaf = self.leaf();
        let root = self.proof.root(&leaf);
        if !key.verify_prehash_der(root.as_bytes(), &self.signature) {
            return Err(ReceiptError::Signature { root });
        }
        self.verify_chain(&node, service)?;
        let txid = match &self.body {
            ReceiptBody::Components(components) => {
                entry::txid_of_evidence(&components.commit_evidence)
            }
            ReceiptBody::Leaf(_) => None,
        };
        Ok(VerifiedReceipt { root, leaf, txid })
    }

    /// The chain from the node's certificate over the endorsements to the service.
    fn verify_chain(&self, node: &Certificate, service: &Certificate) -> Result<(), ReceiptError> {
        let mut below = (String::from("the node's certificate"), node.clone());
        for (index, pem) in self.service_endorsements.iter().enumerate() {
            let issuer = Certificate::from_pem(pem)
                .map_err(|reason| ReceiptError::Endorsement { index, reason })?;
            let name = format!("service endorsement {index}");
            if !below.1.issued_by(&issuer) {
                return Err(ReceiptError::Chain {
                    subject: below.0,
                    issuer: name,
                });
            }
            below = (name, issuer);
        }
        if below.1.issued_by(service) {
            Ok(())
        } else {
            Err(ReceiptError::Chain {
                subject: below.0,
                issuer: "the service certificate".to_owned(),
            })
        }
    }

    /// The receipt as JSON; written out, it is compact with sorted keys.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("cert".to_owned(), self.cert.as_str().into());
        json.insert("node_id".to_owned(), self.node_id.as_str().into());
        json.insert(
            "signature".to_owned(),
            encode_base64(&self.signature).into(),
        );
        let step = |step: &Step| match step {
            Step::Left(digest) => member("left", digest.to_string()),
            Step::Right(digest) => member("right", digest.to_string()),
        };
        json.insert(
            "proof".to_owned(),
            self.proof.steps.iter().map(step).collect(),
        );
        match &self.body {
            ReceiptBody::Leaf(leaf) => json.insert("leaf".to_owned(), leaf.to_string().into()),
            ReceiptBody::Components(components) => {
                json.insert("leaf_components".to_owned(), components_to_json(components))
            }
        };
        if !self.service_endorsements.is_empty() {
            json.insert(
                "service_endorsements".to_owned(),
                self.service_endorsements.clone().into(),
            );
        }
        Value::Object(json)
    }

    /// Reads the text of a receipt.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > limits::RECEIPT_JSON_BYTES {
            return Err(ReceiptError::TooLong {
                found: text.len(),
                max: limits::RECEIPT_JSON_BYTES,
            });
        }
        let json =
            serde_json::from_str(text).map_err(|error| ReceiptError::Json(error.to_string()))?;
        Self::from_json(&json)
    }

    /// Reads a receipt. Unknown members are ignored; the v2 form of ledger.md 6.1 is accepted.
    pub fn from_json(json: &Value) -> Result<Self, ReceiptError> {
        let json = json.as_object().ok_or_else(|| invalid("", "an object"))?;
        match json.get("is_signature_transaction") {
            None | Some(Value::Bool(false)) => {}
            Some(_) => {
                return Err(invalid(
                    "is_signature_transaction",
                    "false, or no such member",
                ));
            }
        }
        let body = match (json.get("leaf_components"), json.get("leaf")) {
            (Some(components), None) => ReceiptBody::Components(components_from_json(components)?),
            (None, Some(_)) => ReceiptBody::Leaf(digest(json, "leaf", "leaf")?),
            _ => return Err(invalid("leaf", "either this member or 'leaf_components'")),
        };
        let signature = text(json, "signature", "signature")?;
        Ok(Self {
            cert: text(json, "cert", "cert")?.to_owned(),
            node_id: text(json, "node_id", "node_id")?.to_owned(),
            signature: decode_base64(signature).map_err(|_| invalid("signature", "base64"))?,
            proof: proof_from_json(json.get("proof"))?,
            body,
            service_endorsements: endorsements_from_json(json.get("service_endorsements"))?,
        })
    }
}

fn components_to_json(components: &LeafComponents) -> Value {
    let mut json = Map::new();
    if let Some(claims) = &components.claims_digest {
        json.insert("claims_digest".to_owned(), claims.to_string().into());
    }
    json.insert(
        "commit_evidence".to_owned(),
        components.commit_evidence.as_str().into(),
    );
    json.insert(
        "write_set_digest".to_owned(),
        components.write_set_digest.to_string().into(),
    );
    Value::Object(json)
}

fn components_from_json(json: &Value) -> Result<LeafComponents, ReceiptError> {
    let json = json
        .as_object()
        .ok_or_else(|| invalid("leaf_components", "an object"))?;
    let commit_evidence = text(json, "commit_evidence", "leaf_components.commit_evidence")?;
    if entry::txid_of_evidence(commit_evidence).is_none() {
        return Err(invalid(
            "leaf_components.commit_evidence",
            "'ce:<view>.<seqno>:' and 64 lower-case hex digits",
        ));
    }
    let claims_digest = match json.get("claims_digest") {
        None => None,
        Some(_) => Some(digest(
            json,
            "claims_digest",
            "leaf_components.claims_digest",
        )?),
    };
    Ok(LeafComponents {
        write_set_digest: digest(json, "write_set_digest", "leaf_components.write_set_digest")?,
        commit_evidence: commit_evidence.to_owned(),
        claims_digest,
    })
}

fn proof_from_json(json: Option<&Value>) -> Result<Path, ReceiptError> {
    const EXPECTED: &str = "an array of at most 64 objects, each with either 'left' or 'right': 64 lower-case hex digits";
    let steps = json
        .and_then(Value::as_array)
        .filter(|steps| steps.len() <= limits::MERKLE_LEVELS);
    let steps = steps.ok_or_else(|| invalid("proof", EXPECTED))?;
    let step = |(index, step): (usize, &Value)| {
        let read = |name| {
            step.get(name)
                .and_then(Value::as_str)
                .and_then(|text| text.parse().ok())
        };
        let step = match (step.get("left").is_some(), step.get("right").is_some()) {
            (true, false) => read("left").map(Step::Left),
            (false, true) => read("right").map(Step::Right),
            _ => None,
        };
        step.ok_or_else(|| invalid(&format!("proof[{index}]"), EXPECTED))
    };
    Ok(Path {
        steps: steps
            .iter()
            .enumerate()
            .map(step)
            .collect::<Result<_, _>>()?,
    })
}

fn endorsements_from_json(json: Option<&Value>) -> Result<Vec<String>, ReceiptError> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let texts = json
        .as_array()
        .filter(|list| list.len() <= limits::RECEIPT_LIST);
    let texts = texts.and_then(|list| {
        list.iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect()
    });
    texts.ok_or_else(|| invalid("service_endorsements", "an array of at most 256 PEM texts"))
}

fn member(name: &str, value: String) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), Value::String(value))]))
}

fn text<'a>(json: &'a Map<String, Value>, name: &str, path: &str) -> Result<&'a str, ReceiptError> {
    json.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(path, "a text"))
}

fn digest(json: &Map<String, Value>, name: &str, path: &str) -> Result<Digest, ReceiptError> {
    let digest = text(json, name, path)?.parse();
    digest.map_err(|_| invalid(path, "64 lower-case hex digits"))
}

fn invalid(member: &str, expected: &'static str) -> ReceiptError {
    ReceiptError::Member {
        member: member.to_owned(),
        expected,
    }
}
