//! Ledger secrets: the keys of the private domain, and which of them is in force at a seqno (ledger.md 9.1,
//! recovery-and-membership.md 4). How they are stored, shared and recovered lives in `quorate-governance`.

use std::sync::Arc;

use quorate_crypto::{Entropy, HmacKey, Zeroizing, aead::AesGcmKey, hmac_sha256};

/// The label of the commit secret; exactly these eight bytes (ledger.md 3.1).
const COMMIT_LABEL: &[u8] = b"Commit S";

/// A ledger secret: an AES-256-GCM key, and the key of the commit evidence derived from it. Wiped on drop.
pub struct LedgerSecret {
    key: AesGcmKey,
    commit: HmacKey,
}

/// Bytes that are no ledger secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ledger secret is {} bytes long, found {found}", LedgerSecret::LEN)]
pub struct SecretError {
    found: usize,
}

impl LedgerSecret {
    /// The number of bytes of a secret.
    pub const LEN: usize = 32;

    /// A fresh secret.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        entropy.fill(&mut bytes[..]);
        Self::from_bytes(&bytes[..])
    }

    /// Takes 32 bytes as a secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        let error = SecretError { found: bytes.len() };
        if bytes.len() != Self::LEN {
            return Err(error);
        }
        let key = AesGcmKey::from_bytes(bytes).map_err(|_| error)?;
        let commit_secret = Zeroizing::new(hmac_sha256(bytes, COMMIT_LABEL));
        Ok(Self {
            key,
            commit: HmacKey::new(&commit_secret[..]),
        })
    }

    /// The secret itself: only for wrapping it, or for sending it to a node that was admitted.
    #[must_use]
    pub fn raw_bytes(&self) -> &[u8] {
        self.key.raw_bytes()
    }

    /// The key of the private domain, also for the stored chain of older secrets (recovery-and-membership.md 4.3).
    #[must_use]
    pub fn key(&self) -> &AesGcmKey {
        &self.key
    }

    /// The commit nonce of a transaction: the code of its id under the commit secret (ledger.md 3.1).
    pub(crate) fn commit_nonce(&self, txid: &[u8]) -> [u8; 32] {
        self.commit.sign(txid)
    }
}

/// A secret with the range it is valid for.
#[derive(Clone)]
pub struct SecretInForce {
    /// The first seqno encrypted with it.
    pub valid_from: u64,
    /// The secret.
    pub secret: Arc<LedgerSecret>,
    /// The seqno at which its predecessor was stored, encrypted, if it has one in the ledger.
    pub previous_stored: Option<u64>,
}

/// All secrets a node holds, ordered by `valid_from`; never empty.
#[derive(Clone)]
pub struct LedgerSecrets {
    secrets: Vec<SecretInForce>,
    // Secrets up to this one were there at start-up (recovery-and-membership.md 4.5).
    initial: u64,
}

impl LedgerSecrets {
    /// The secrets of a node that starts with one.
    #[must_use]
    pub fn new(first: SecretInForce) -> Self {
        Self {
            initial: first.valid_from,
            secrets: vec![first],
        }
    }

    /// The secrets of a node that starts with several, in any order (a joiner, a finished recovery); `None` if there
    /// are none. Where two are valid from the same seqno, the later one of the list counts.
    #[must_use]
    pub fn with_initial(secrets: impl IntoIterator<Item = SecretInForce>) -> Option<Self> {
        let mut secrets = secrets.into_iter();
        let mut all = Self::new(secrets.next()?);
        for secret in secrets {
            all.initial = all.initial.max(secret.valid_from);
            all.install(secret);
        }
        Some(all)
    }

    /// The secret in force at `seqno`: that with the greatest `valid_from` not above it; `None` before the first.
    #[must_use]
    pub fn for_seqno(&self, seqno: u64) -> Option<&SecretInForce> {
        let after = self
            .secrets
            .partition_point(|secret| secret.valid_from <= seqno);
        self.secrets[..after].last()
    }

    /// The newest secret.
    #[must_use]
    pub fn latest(&self) -> &SecretInForce {
        &self.secrets[self.secrets.len() - 1]
    }

    /// The one before the newest.
    #[must_use]
    pub fn penultimate(&self) -> Option<&SecretInForce> {
        self.secrets
            .len()
            .checked_sub(2)
            .map(|index| &self.secrets[index])
    }

    /// The oldest secret.
    #[must_use]
    pub fn earliest(&self) -> &SecretInForce {
        &self.secrets[0]
    }

    /// All secrets, ascending by `valid_from`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &SecretInForce> {
        self.secrets.iter()
    }

    /// Adds a secret: a newer one (rekey, recovery) or an older one found in the ledger. One that is valid from the
    /// same seqno is replaced.
    pub fn install(&mut self, secret: SecretInForce) {
        match self
            .secrets
            .binary_search_by_key(&secret.valid_from, |known| known.valid_from)
        {
            Ok(index) => self.secrets[index] = secret,
            Err(index) => self.secrets.insert(index, secret),
        }
    }

    /// Forgets the secrets whose rekey lies above `to_seqno`. A rekey at r is valid from r + 1, so that of a rekey at
    /// `to_seqno` itself stays. Those the node started with stay, and so does the last one
    /// (recovery-and-membership.md 4.5).
    pub fn rollback(&mut self, to_seqno: u64) {
        let keep = to_seqno.saturating_add(1).max(self.initial);
        while self.secrets.len() > 1 && self.latest().valid_from > keep {
            self.secrets.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(valid_from: u64) -> SecretInForce {
        let bytes = [u8::try_from(valid_from).unwrap(); 32];
        let secret = Arc::new(LedgerSecret::from_bytes(&bytes).unwrap());
        SecretInForce {
            valid_from,
            secret,
            previous_stored: None,
        }
    }

    fn versions(secrets: &LedgerSecrets) -> Vec<u64> {
        secrets.iter().map(|secret| secret.valid_from).collect()
    }

    #[test]
    fn ledger_9_1_the_secret_of_a_seqno_is_the_latest_one_not_above_it() {
        let mut secrets = LedgerSecrets::new(secret(3));
        secrets.install(secret(10));
        secrets.install(secret(7));
        let at = |seqno| secrets.for_seqno(seqno).map(|found| found.valid_from);
        assert_eq!(
            [
                at(0),
                at(2),
                at(3),
                at(6),
                at(7),
                at(9),
                at(10),
                at(u64::MAX)
            ],
            [
                None,
                None,
                Some(3),
                Some(3),
                Some(7),
                Some(7),
                Some(10),
                Some(10)
            ]
        );
        assert_eq!(secrets.latest().valid_from, 10);
        assert_eq!(secrets.penultimate().unwrap().valid_from, 7);
        assert_eq!(secrets.earliest().valid_from, 3);
    }

    #[test]
    fn ledger_9_1_rolling_back_below_a_rekey_removes_its_secret() {
        let mut secrets = LedgerSecrets::new(secret(1));
        secrets.install(secret(11));
        secrets.rollback(10);
        assert_eq!(
            versions(&secrets),
            [1, 11],
            "the rekey at 10 is still in the ledger"
        );
        secrets.rollback(9);
        assert_eq!(versions(&secrets), [1]);
        secrets.rollback(0);
        assert_eq!(versions(&secrets), [1], "the last secret stays");
    }

    #[test]
    fn recovery_4_5_the_secrets_of_the_start_survive_a_rollback() {
        let mut secrets = LedgerSecrets::with_initial([secret(20), secret(1)]).unwrap();
        secrets.install(secret(30));
        secrets.rollback(5);
        assert_eq!(versions(&secrets), [1, 20]);
        assert!(LedgerSecrets::with_initial([]).is_none());
    }

    #[test]
    fn a_secret_has_32_bytes() {
        for length in [0, 16, 31, 33, 64] {
            assert_eq!(
                LedgerSecret::from_bytes(&vec![1; length])
                    .err()
                    .unwrap()
                    .to_string(),
                format!("a ledger secret is 32 bytes long, found {length}")
            );
        }
        assert_eq!(
            LedgerSecret::from_bytes(&[7; 32]).unwrap().raw_bytes(),
            [7; 32]
        );
    }
}
