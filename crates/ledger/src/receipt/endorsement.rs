//! The chain of service identities: the table that holds its links, and how a client follows it (ledger.md 6.5).

use quorate_crypto::{
    EcPublicKey,
    cose::{IdentityEndorsement, verify_identity_endorsement},
};
use serde::{Deserialize, Serialize};

use super::ReceiptError;
use crate::{TxId, encoding::base64_bytes};

/// The value of `public:ccf.internal.previous_service_identity_endorsement`. Fields stand in the order in which they
/// are serialised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndorsementLink {
    /// The COSE_Sign1 by the service key of that time.
    #[serde(with = "base64_bytes")]
    pub endorsement: Vec<u8>,
    /// The first transaction of the endorsed epoch.
    pub endorsement_epoch_begin: TxId,
    /// Its last transaction; absent in a self-endorsement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement_epoch_end: Option<TxId>,
    /// DER SubjectPublicKeyInfo of the service key of that time.
    #[serde(with = "base64_bytes")]
    pub endorsing_key: Vec<u8>,
    /// The seqno of the previous write to the table; absent in a self-endorsement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<u64>,
}

/// The epoch that the next link must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextEpoch {
    /// Its first transaction.
    pub begin: TxId,
    /// Its last transaction.
    pub end: TxId,
}

impl EndorsementLink {
    /// Whether a service endorses itself: the first link of a chain.
    #[must_use]
    pub fn is_self_endorsement(&self) -> bool {
        self.endorsement_epoch_end.is_none()
    }

    /// The epoch of the link after this one, written by a service whose first transaction is `create`. `None` if that
    /// is no transaction a recovery can begin with, or the epoch end leaves no room for a successor.
    #[must_use]
    pub fn next_epoch(&self, create: TxId) -> Option<NextEpoch> {
        let begin = match self.endorsement_epoch_end {
            Some(end) => TxId::new(end.view.checked_add(2)?, end.seqno.checked_add(1)?),
            None => self.endorsement_epoch_begin,
        };
        Some(NextEpoch {
            begin,
            end: TxId::new(create.view.checked_sub(2)?, create.seqno.checked_sub(1)?),
        })
    }

    /// Verifies the link by its own endorsing key; the epoch in the message must be that in the table.
    pub fn verify(&self) -> Result<IdentityEndorsement, String> {
        let key =
            EcPublicKey::from_spki_der(&self.endorsing_key).map_err(|error| error.to_string())?;
        let message = verify_identity_endorsement(&self.endorsement, &key)
            .map_err(|error| error.to_string())?;
        let epoch = |id: Option<&TxId>| id.map(TxId::to_string);
        if Some(&message.epoch_begin) != epoch(Some(&self.endorsement_epoch_begin)).as_ref()
            || message.epoch_end != epoch(self.endorsement_epoch_end.as_ref())
        {
            return Err(format!(
                "its message is for the epoch {} to {}, the table says {} to {}",
                message.epoch_begin,
                message.epoch_end.as_deref().unwrap_or("-"),
                self.endorsement_epoch_begin,
                epoch(self.endorsement_epoch_end.as_ref())
                    .as_deref()
                    .unwrap_or("-"),
            ));
        }
        Ok(message)
    }

    /// Whether this link continues directly after `older`: the view two above, the seqno one above. An older
    /// self-endorsement has no end to compare with.
    #[must_use]
    pub fn follows(&self, older: &Self) -> bool {
        older.endorsement_epoch_end.is_none_or(|end| {
            let begin = self.endorsement_epoch_begin;
            begin.view.checked_sub(2) == Some(end.view)
                && begin.seqno.checked_sub(1) == Some(end.seqno)
        })
    }
}

/// Follows a chain of endorsement messages, newest first, from the present service key to the key of the epoch that
/// `seqno` lies in, if given: the oldest link must cover it. Returns that key. Each link verifies with the key of the
/// link before it, and its payload is the next key; epochs must join.
pub fn follow_chain(
    present: &EcPublicKey,
    links: &[Vec<u8>],
    seqno: Option<u64>,
) -> Result<EcPublicKey, ReceiptError> {
    let mut key = present.clone();
    let mut newer_begin: Option<TxId> = None;
    for (index, link) in links.iter().enumerate() {
        let failed = |reason: String| ReceiptError::IdentityEndorsement { index, reason };
        let message =
            verify_identity_endorsement(link, &key).map_err(|error| failed(error.to_string()))?;
        let begin: TxId = message
            .epoch_begin
            .parse()
            .map_err(|_| failed("its epoch has no begin".to_owned()))?;
        let end = message
            .epoch_end
            .as_deref()
            .and_then(|end| end.parse::<TxId>().ok());
        let end = end.ok_or_else(|| {
            failed("its epoch has no end: it endorses the service itself".to_owned())
        })?;
        if newer_begin.is_some_and(|newer| {
            newer.view.checked_sub(2) != Some(end.view)
                || newer.seqno.checked_sub(1) != Some(end.seqno)
        }) {
            return Err(failed(format!(
                "its epoch ends at {end}, which does not join the newer one"
            )));
        }
        if index + 1 == links.len()
            && seqno.is_some_and(|seqno| seqno < begin.seqno || seqno > end.seqno)
        {
            return Err(failed(format!(
                "its epoch, {begin} to {end}, is not that of the transaction"
            )));
        }
        key = EcPublicKey::from_spki_der(&message.endorsed_key)
            .map_err(|error| failed(error.to_string()))?;
        newer_begin = Some(begin);
    }
    Ok(key)
}
