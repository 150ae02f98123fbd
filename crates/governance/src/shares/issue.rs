//! Issuing recovery shares: the latest ledger secret is wrapped under a fresh key, which is split
//! among the active recovery members (governance-api.md 5.5; recovery-and-membership.md 5).

use std::collections::BTreeMap;

use quorate_crypto::{aead::AesGcmKey, rsa::RsaPublicKey, sharing};
use quorate_kv::{TableError, Tx};
use quorate_ledger::SecretInForce;
use quorate_tables::{
    Base64Bytes, EncryptedLedgerSecretInfo, HISTORICAL_ENCRYPTED_LEDGER_SECRET,
    MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, MemberId, MemberStatus, Pem,
    PreviousLedgerSecret, RECOVERY_SHARES, RecoveryRole, RecoverySharesInfo, SERVICE_CONFIG,
};

use crate::context::ServiceContext;

/// IV of the wrapped ledger secret. A wrapping key is used once, for this.
const WRAPPING_IV: [u8; 12] = [0; 12];

/// Why shares could not be issued. `Display` is the text that the API shows after its own prefix.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// Nobody could hold a share.
    #[error("There should be at least one active recovery member to issue recovery shares")]
    NoRecoveryMember,
    /// There is no service configuration that could hold a threshold.
    #[error("Failed to get recovery threshold: No active configuration found")]
    NoConfiguration,
    /// The threshold is zero.
    #[error("Recovery threshold should be set before recovery shares are computed")]
    ThresholdUnset,
    /// Fewer participants than the threshold.
    #[error(
        "Recovery threshold {threshold} should be equal to or less than the number of active \
         recovery members {participants}"
    )]
    ThresholdAboveParticipants {
        /// The configured threshold.
        threshold: u64,
        /// Number of active participants.
        participants: usize,
    },
    /// Owners recover alone, a threshold above one cannot be met.
    #[error(
        "Recovery threshold {threshold} cannot be greater than 1 when the consortium consists of \
         only active recovery owner members ({owners})"
    )]
    ThresholdWithOwnersOnly {
        /// The configured threshold.
        threshold: u64,
        /// Number of active owners.
        owners: usize,
    },
    /// A member's encryption key cannot encrypt.
    #[error(
        "The encryption public key of member m[{member}] cannot encrypt a recovery share: \
         {reason}; it must be an RSA public key in PEM format"
    )]
    MemberKey {
        /// The member.
        member: MemberId,
        /// What is wrong with the key.
        reason: String,
    },
    /// The secret could not be split.
    #[error("{0}")]
    Split(String),
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Issues new shares of a secret that is already in the ledger's chain of secrets: a *shuffle*.
///
/// # Errors
/// Too few recovery members for the threshold, or a member's key that cannot encrypt.
pub fn shuffle(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    latest: &SecretInForce,
) -> Result<(), ShareError> {
    wrap_and_share(tx, service, latest)
}

/// Issues shares for a new situation of secrets: `latest` is or will be in force, `previous` was
/// before it. `next_version` is the seqno from which `latest` applies, where that is known
/// already; else it applies from the transaction after this one.
///
/// # Errors
/// As [`shuffle`].
pub fn issue(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    latest: &SecretInForce,
    previous: Option<&SecretInForce>,
    next_version: Option<u64>,
) -> Result<(), ShareError> {
    wrap_and_share(tx, service, latest)?;

    let previous_ledger_secret = match previous {
        Some(previous) => {
            let mut iv = [0; 12];
            service.entropy().fill(&mut iv);
            Some(PreviousLedgerSecret {
                encrypted_data: Base64Bytes::from(
                    latest
                        .secret
                        .key()
                        .wrap_blob(&iv, previous.secret.raw_bytes()),
                ),
                version: previous.valid_from,
                previous_secret_stored_version: HISTORICAL_ENCRYPTED_LEDGER_SECRET.version(tx),
            })
        }
        None => None,
    };
    HISTORICAL_ENCRYPTED_LEDGER_SECRET.put(
        tx,
        &EncryptedLedgerSecretInfo {
            next_version,
            previous_ledger_secret,
        },
    )?;
    Ok(())
}

fn wrap_and_share(
    tx: &mut Tx,
    service: &dyn ServiceContext,
    latest: &SecretInForce,
) -> Result<(), ShareError> {
    let holders = Holders::of(tx)?;
    let threshold = holders.checked_threshold(tx)?;

    // Owners alone need no share: one set of size one is made and thrown away.
    let count = holders.participants.len().max(1);
    let (secret, shares) = sharing::split(threshold, count, service.entropy())
        .map_err(|error| ShareError::Split(error.to_string()))?;
    let wrapping_key: AesGcmKey = secret.wrapping_key();
    let wrapped = wrapping_key.wrap_blob(&WRAPPING_IV, latest.secret.raw_bytes());

    let mut encrypted_shares = BTreeMap::new();
    for ((member, key), share) in holders.participants.iter().zip(&shares) {
        encrypted_shares.insert(member.clone(), encrypt(member, key, &share.to_bytes()[..])?);
    }
    for (member, key) in &holders.owners {
        let full = secret.full_share();
        encrypted_shares.insert(member.clone(), encrypt(member, key, &full.to_bytes()[..])?);
    }

    RECOVERY_SHARES.put(
        tx,
        &RecoverySharesInfo {
            wrapped_latest_ledger_secret: Base64Bytes::from(wrapped),
            encrypted_shares,
            previous_secret_stored_version: latest.previous_stored,
        },
    )?;
    Ok(())
}

/// Active members who are given something, with their encryption keys (governance-api.md 5.4).
struct Holders {
    participants: BTreeMap<MemberId, Pem>,
    owners: BTreeMap<MemberId, Pem>,
}

impl Holders {
    fn of(tx: &mut Tx) -> Result<Self, ShareError> {
        let mut holders = Self {
            participants: BTreeMap::new(),
            owners: BTreeMap::new(),
        };
        for (member, key) in MEMBERS_ENCRYPTION_PUBLIC_KEYS.entries(tx)? {
            let Some(details) = MEMBERS_INFO.get(tx, &member)? else {
                continue;
            };
            if details.status != MemberStatus::Active {
                continue;
            }
            match details.recovery_role {
                None | Some(RecoveryRole::Participant) => {
                    holders.participants.insert(member, key);
                }
                Some(RecoveryRole::Owner) => {
                    holders.owners.insert(member, key);
                }
                Some(RecoveryRole::NonParticipant) => {}
            }
        }
        Ok(holders)
    }

    /// The configured threshold, if these holders can meet it.
    fn checked_threshold(&self, tx: &mut Tx) -> Result<usize, ShareError> {
        if self.participants.is_empty() && self.owners.is_empty() {
            return Err(ShareError::NoRecoveryMember);
        }
        let threshold = SERVICE_CONFIG
            .get(tx)?
            .ok_or(ShareError::NoConfiguration)?
            .recovery_threshold;
        if threshold == 0 {
            return Err(ShareError::ThresholdUnset);
        }
        let participants = self.participants.len();
        let owners = self.owners.len();
        let usable = usize::try_from(threshold).unwrap_or(usize::MAX);
        if participants > 0 && usable > participants {
            return Err(ShareError::ThresholdAboveParticipants {
                threshold,
                participants,
            });
        }
        if participants == 0 && usable > 1 {
            return Err(ShareError::ThresholdWithOwnersOnly { threshold, owners });
        }
        Ok(usable)
    }
}

fn encrypt(member: &MemberId, key: &Pem, share: &[u8]) -> Result<Base64Bytes, ShareError> {
    let unusable = |reason: String| ShareError::MemberKey {
        member: member.clone(),
        reason,
    };
    let key = RsaPublicKey::from_pem(key.as_str()).map_err(|error| unusable(error.to_string()))?;
    let ciphertext = key
        .encrypt_oaep_sha256(share, &[])
        .map_err(|error| unusable(error.to_string()))?;
    Ok(Base64Bytes::from(ciphertext))
}
