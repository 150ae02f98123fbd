//! Commit evidence: the text whose disclosure proves that a transaction committed (ledger.md 3.1).

use quorate_crypto::{Digest, sha256};

use crate::{LedgerSecret, TxId, limits};

/// The longest evidence: `ce:`, an id of 41 characters, `:` and 64 digits.
const EVIDENCE_MAX: usize = 3 + TXID_MAX + 1 + 64;
const TXID_MAX: usize = 20 + 1 + 20;

/// The commit evidence of a transaction, `ce:<view>.<seqno>:<nonce>`; `secret` is the one in force at its seqno.
#[must_use]
pub fn commit_evidence(txid: TxId, secret: &LedgerSecret) -> String {
    let evidence = Evidence::new(txid, secret);
    evidence
        .as_bytes()
        .iter()
        .map(|&byte| char::from(byte))
        .collect()
}

/// The digest of the commit evidence of a transaction, as its entry contains it.
#[must_use]
pub fn commit_evidence_digest(txid: TxId, secret: &LedgerSecret) -> Digest {
    sha256(Evidence::new(txid, secret).as_bytes())
}

/// The id inside a commit evidence text; `None` if it has another form. Only a receipt that verifies makes it true.
#[must_use]
pub fn txid_of_evidence(text: &str) -> Option<TxId> {
    if text.len() > limits::COMMIT_EVIDENCE_BYTES {
        return None;
    }
    let (id, nonce) = text.strip_prefix("ce:")?.split_once(':')?;
    nonce.parse::<Digest>().ok()?;
    let txid: TxId = id.parse().ok()?;
    // One id has one text: leading zeros would be another preimage.
    (txid.to_string() == id).then_some(txid)
}

/// The text, built without allocation: every entry that is written needs it.
struct Evidence {
    text: [u8; EVIDENCE_MAX],
    len: usize,
}

impl Evidence {
    fn new(txid: TxId, secret: &LedgerSecret) -> Self {
        let mut evidence = Self {
            text: [0; EVIDENCE_MAX],
            len: 0,
        };
        evidence.push(b"ce:");
        let id = evidence.len;
        evidence.push_decimal(txid.view);
        evidence.push(b".");
        evidence.push_decimal(txid.seqno);
        let nonce = secret.commit_nonce(&evidence.text[id..evidence.len]);
        evidence.push(b":");
        for byte in nonce {
            evidence.push(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        evidence
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn push_decimal(&mut self, mut value: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            // A remainder of ten is below 256.
            digits[at] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";
