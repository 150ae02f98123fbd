//! The recovery threshold of a new service (node-and-operations.md 4.2).

use crate::command::Start;

/// Why the threshold cannot be that of this consortium. The node logs the text and ends with exit code 105.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// Owners recover alone, so there is nothing that more than one share could do.
    #[error(
        "Recovery threshold ({threshold}) cannot be greater than 1 when all initial consortium members ({owners}) \
         are of type recovery owner (specified via --member-info options). Exiting."
    )]
    OwnersOnly {
        /// As configured.
        threshold: u64,
        /// Members that recover alone.
        owners: usize,
    },
    /// There are not enough members with a share.
    #[error(
        "Recovery threshold ({threshold}) cannot be greater than total number ({participants})of initial consortium \
         members with a public encryption key (specified via --member-info options). Exiting."
    )]
    TooHigh {
        /// As configured.
        threshold: u64,
        /// Members with a share.
        participants: usize,
    },
}

impl Start {
    /// The threshold that the new service gets: as configured, or by default all participants.
    ///
    /// # Errors
    /// The configured threshold is beyond what the members could meet.
    pub fn recovery_threshold(&self) -> Result<u64, ThresholdError> {
        let threshold = self
            .service_configuration
            .as_ref()
            .map_or(0, |config| config.recovery_threshold);
        let participants = self
            .members
            .iter()
            .filter(|member| member.participates())
            .count();
        let owners = self.members.iter().filter(|member| member.owns()).count();
        let owners_only = participants == 0 && owners > 0;
        match threshold {
            0 if owners_only => Ok(1),
            0 => Ok(participants as u64),
            1 if owners_only => Ok(1),
            _ if owners_only => Err(ThresholdError::OwnersOnly { threshold, owners }),
            _ if threshold > participants as u64 => Err(ThresholdError::TooHigh {
                threshold,
                participants,
            }),
            _ => Ok(threshold),
        }
    }
}
