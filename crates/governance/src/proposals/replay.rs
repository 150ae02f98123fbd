//! The window that refuses repeated and outdated proposals (governance-api.md 4.3). There is no
//! comparison with a clock: the timestamps of earlier proposals are the measure.

use quorate_crypto::Digest;
use quorate_kv::Tx;
use quorate_tables::{COSE_RECENT_PROPOSALS, ProposalId, SERVICE_CONFIG};

use crate::error::GovernanceError;

/// Admits a proposal into the window, and evicts the oldest entries above its size.
///
/// # Errors
/// The message was submitted before, or is older than the median of the window.
pub(super) fn admit(
    tx: &mut Tx,
    created_at: i64,
    signature_digest: &Digest,
    id: &ProposalId,
) -> Result<(), GovernanceError> {
    let timestamp = format!("{created_at:010}");
    let key = format!("{timestamp}:{signature_digest}");
    if let Some(proposal) = COSE_RECENT_PROPOSALS.get(tx, &key)? {
        return Err(GovernanceError::ProposalReplay {
            proposal: proposal.to_string(),
        });
    }

    // Ascending bytewise, hence by time: timestamps have a fixed width.
    let recent: Vec<String> = COSE_RECENT_PROPOSALS
        .entries(tx)?
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    if let Some(median) = recent.get(recent.len() / 2) {
        let floor = median.split(':').next().unwrap_or_default();
        if timestamp.as_str() < floor {
            return Err(GovernanceError::ProposalCreatedTooLongAgo {
                floor: floor.to_owned(),
            });
        }
    }

    COSE_RECENT_PROPOSALS.put(tx, &key, id)?;
    let window = SERVICE_CONFIG
        .get(tx)?
        .unwrap_or_default()
        .proposals_window();
    // The new entry always stays, so a window of zero acts as one of one.
    let kept_of_old = usize::try_from(window.saturating_sub(1)).unwrap_or(usize::MAX);
    let evicted = recent.len().saturating_sub(kept_of_old);
    for key in recent.iter().take(evicted) {
        COSE_RECENT_PROPOSALS.remove(tx, key)?;
    }
    Ok(())
}
