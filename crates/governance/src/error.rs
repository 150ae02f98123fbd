//! Every way in which a governance operation is refused. The text is the one of the contract
//! (governance-api.md 3 to 6); the code and the kind say how the API reports it. HTTP statuses are
//! chosen by the endpoints, from the kind alone.

use quorate_kv::TableError;

/// Why a governance operation was refused. `Display` is the exact message of the API.
///
/// Whoever receives an error must drop the transaction: a refused operation writes nothing
/// (governance-api.md 1.3, 4.6).
#[derive(Debug, thiserror::Error)]
pub enum GovernanceError {
    /// An id in the path is not 64 hex digits (governance-api.md 1.6).
    #[error("'{value}' is not a valid hex-encoded {what} ID")]
    InvalidId {
        /// What the id names: `member`, `user`, `node` or `proposal`.
        what: &'static str,
        /// The path segment.
        value: String,
    },
    /// The proposal id that was signed is absent or another one than in the path.
    #[error("Authenticated proposal id does not match URL")]
    SignedProposalMismatch,
    /// The member id in the path of a ballot is not the signer.
    #[error("Authenticated member id does not match URL")]
    BallotMemberMismatch,
    /// The member id in the path of an ack or a share is not the signer.
    #[error(
        "Member ID from path parameter (m[{path}]) does not match member ID from body signature \
         (m[{signer}])."
    )]
    MemberMismatch {
        /// The id of the path.
        path: String,
        /// Who signed.
        signer: String,
    },
    /// The payload is not the JSON that the operation takes; the text says why.
    #[error("{0}")]
    InvalidInput(String),
    /// A query parameter has a value that is not among the accepted ones.
    #[error("Accepted values for the '{name}' query parameter are: {accepted}")]
    InvalidQueryParameter {
        /// The parameter.
        name: &'static str,
        /// What would be accepted.
        accepted: &'static str,
    },

    /// No Merkle root was available to bind the proposal to.
    #[error("Proposal failed to bind to state.")]
    NotBound,
    /// The constitution table is empty.
    #[error("No constitution is set - {what} cannot be evaluated")]
    NoConstitution {
        /// `proposals` or `ballots`.
        what: &'static str,
    },
    /// A script could not be loaded, or a native function ended it in a way that scripts cannot
    /// catch (js-runtime.md 1.3).
    #[error("{0}")]
    Script(String),
    /// `validate` threw.
    #[error("Failed to execute validation: {reason} {}", trace.as_deref().unwrap_or_default())]
    ValidateThrew {
        /// Text of the exception.
        reason: String,
        /// Stack, for `Error` objects.
        trace: Option<String>,
    },
    /// `validate` returned something that is not an object.
    #[error("Validation failed to return an object")]
    ValidateNotAnObject,
    /// `validate` said no.
    #[error("Proposal failed to validate: {description}")]
    ProposalFailedToValidate {
        /// What the constitution says about it, or nothing.
        description: String,
    },
    /// The proposal id exists already.
    #[error("Proposal ID collision.")]
    ProposalIdCollision,
    /// `created_at` has more than ten digits.
    #[error("Header parameter created_at value is too large")]
    CreatedAtTooLarge,
    /// The same signed message was submitted before.
    #[error("Proposal submission replay, already exists as proposal {proposal}")]
    ProposalReplay {
        /// The id that it got then.
        proposal: String,
    },
    /// `created_at` is below the floor of the replay window.
    #[error("Proposal created too long ago, created_at must be greater than {floor}")]
    ProposalCreatedTooLongAgo {
        /// The floor, ten decimal digits.
        floor: String,
    },
    /// `resolve` or `apply` failed: the whole transaction is void (governance-api.md 4.6).
    #[error("{reason}\nTrace: {}", trace.as_deref().unwrap_or("N/A"))]
    ProposalFailed {
        /// What failed, and the text of the exception.
        reason: String,
        /// Stack, for `Error` objects.
        trace: Option<String>,
    },
    /// There is no such proposal.
    #[error("Could not find proposal {proposal}.")]
    ProposalNotFound {
        /// The id of the path.
        proposal: String,
    },
    /// There is no such proposal (the wording of the ballot reader).
    #[error("Proposal {proposal} does not exist.")]
    ProposalOfBallotNotFound {
        /// The id of the path.
        proposal: String,
    },
    /// The member has not voted for the proposal.
    #[error("Member m[{member}] has not voted for proposal {proposal}.")]
    VoteNotFound {
        /// The proposal.
        proposal: String,
        /// The member.
        member: String,
    },
    /// Only its proposer can withdraw a proposal.
    #[error(
        "Proposal {proposal} can only be withdrawn by proposer m[{proposer}], not caller \
         m[{caller}]."
    )]
    NotTheProposer {
        /// The proposal.
        proposal: String,
        /// Who proposed it.
        proposer: String,
        /// Who tried to withdraw it.
        caller: String,
    },
    /// A closed proposal cannot be withdrawn.
    #[error("Proposal {proposal} is currently in state {state} and cannot be withdrawn.")]
    CannotWithdraw {
        /// The proposal.
        proposal: String,
        /// Its state, as messages spell it.
        state: &'static str,
    },
    /// A closed proposal receives no votes.
    #[error(
        "Proposal {proposal} is currently in state {state} - only open proposals can receive votes"
    )]
    CannotVote {
        /// The proposal.
        proposal: String,
        /// Its state, as messages spell it.
        state: &'static str,
    },
    /// The member voted before, with another ballot.
    #[error("Different ballot already submitted by m[{member}] for {proposal}.")]
    VoteAlreadyExists {
        /// The proposal.
        proposal: String,
        /// The member.
        member: String,
    },

    /// There is no ack record to show.
    #[error("No ACK record exists for member m[{member}].")]
    AckRecordNotFound {
        /// The id of the path.
        member: String,
    },
    /// A member without an ack record cannot ack.
    #[error("No ACK record exists for member m[{member}].")]
    NothingToAck {
        /// The signer.
        member: String,
    },
    /// No signature transaction exists yet.
    #[error("Service has no signatures to ack yet - try again soon.")]
    NoSignatureYet,
    /// The acked digest is not the recorded one.
    #[error("Submitted state digest is not valid.\nExpected\n {expected}\nReceived\n {received}")]
    StateDigestMismatch {
        /// The recorded digest.
        expected: String,
        /// The submitted digest.
        received: String,
    },
    /// The acking member has no details to activate.
    #[error("Error activating member: Member m[{member}] cannot be activated as they do not exist")]
    ActivateUnknownMember {
        /// The signer.
        member: String,
    },
    /// No service information is recorded.
    #[error("No service currently available.")]
    NoService,
    /// The ack of a recovery member could not re-issue the shares.
    #[error("Error issuing new recovery shares: {0}")]
    ReissueShares(#[source] crate::shares::ShareError),

    /// The member has no share.
    #[error("Recovery share not found for member m[{member}].")]
    ShareNotFound {
        /// The member.
        member: String,
    },
    /// No shares were ever issued.
    #[error("Failed to retrieve current recovery shares info")]
    NoSharesIssued,
    /// Shares are taken only while the service waits for them.
    #[error("Service is not waiting for recovery shares.")]
    NotWaitingForShares,
    /// The node has all the shares it needs and is reading the private ledger.
    #[error("Node is already recovering private ledger.")]
    AlreadyRecovering,
    /// A step that this version does not know how to do.
    #[error("{what} is not available in this version yet.")]
    NotAvailable {
        /// The step.
        what: &'static str,
    },

    /// No service information to show.
    #[error("Service info not yet available")]
    ServiceInfoNotFound,
    /// No constitution to show.
    #[error("Constitution not found")]
    ConstitutionNotFound,
    /// There is no such member.
    #[error("Member m[{member}] does not exist.")]
    MemberNotFound {
        /// The id of the path.
        member: String,
    },
    /// There is no such user.
    #[error("User u[{user}] does not exist.")]
    UserNotFound {
        /// The id of the path.
        user: String,
    },
    /// There is no such node.
    #[error("Node n[{node}] does not exist.")]
    NodeNotFound {
        /// The id of the path.
        node: String,
    },
    /// There is no such module.
    #[error("Module {module} does not exist.")]
    ModuleNotFound {
        /// The name of the path, percent-decoded.
        module: String,
    },

    /// A table holds what cannot be read as what it must hold.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A table holds a value that is well-formed but cannot be shown (governance-api.md 3.15).
    #[error("{0}")]
    Unpresentable(String),
}

/// How the API reports an error; the endpoints choose the status from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is at fault: 400.
    BadRequest,
    /// The signer may not do this, or not now: 403.
    Forbidden,
    /// What the path names does not exist: 404.
    NotFound,
    /// The node, its state or a script is at fault: 500.
    Internal,
    /// This version cannot do it: 501.
    NotImplemented,
}

impl GovernanceError {
    /// The error code of the API.
    pub fn code(&self) -> &'static str {
        self.classify().1
    }

    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        self.classify().0
    }

    fn classify(&self) -> (ErrorKind, &'static str) {
        use ErrorKind::{BadRequest, Forbidden, Internal, NotFound, NotImplemented};
        match self {
            Self::InvalidId { .. } | Self::SignedProposalMismatch | Self::BallotMemberMismatch => {
                (BadRequest, "InvalidResourceName")
            }
            Self::MemberMismatch { .. } => (BadRequest, "InvalidAuthenticationInfo"),
            Self::InvalidInput(_) => (BadRequest, "InvalidInput"),
            Self::InvalidQueryParameter { .. } => (BadRequest, "InvalidQueryParameterValue"),
            Self::ProposalFailedToValidate { .. } => (BadRequest, "ProposalFailedToValidate"),
            Self::CreatedAtTooLarge => (BadRequest, "InvalidCreatedAt"),
            Self::ProposalReplay { .. } => (BadRequest, "ProposalReplay"),
            Self::ProposalCreatedTooLongAgo { .. } => (BadRequest, "ProposalCreatedTooLongAgo"),
            Self::CannotWithdraw { .. } | Self::CannotVote { .. } => {
                (BadRequest, "ProposalNotOpen")
            }
            Self::VoteAlreadyExists { .. } => (BadRequest, "VoteAlreadyExists"),
            Self::StateDigestMismatch { .. } => (BadRequest, "StateDigestMismatch"),
            Self::NotTheProposer { .. } | Self::NothingToAck { .. } => {
                (Forbidden, "AuthorizationFailed")
            }
            Self::NotWaitingForShares => (Forbidden, "ServiceNotWaitingForRecoveryShares"),
            Self::AlreadyRecovering => (Forbidden, "NodeAlreadyRecovering"),
            Self::ProposalNotFound { .. } | Self::ProposalOfBallotNotFound { .. } => {
                (NotFound, "ProposalNotFound")
            }
            Self::VoteNotFound { .. } => (NotFound, "VoteNotFound"),
            Self::AckRecordNotFound { .. }
            | Self::ShareNotFound { .. }
            | Self::ServiceInfoNotFound
            | Self::ConstitutionNotFound
            | Self::MemberNotFound { .. }
            | Self::UserNotFound { .. }
            | Self::NodeNotFound { .. }
            | Self::ModuleNotFound { .. } => (NotFound, "ResourceNotFound"),
            Self::NotAvailable { .. } => (NotImplemented, "NotImplemented"),
            Self::NotBound
            | Self::NoConstitution { .. }
            | Self::Script(_)
            | Self::ValidateThrew { .. }
            | Self::ValidateNotAnObject
            | Self::ProposalIdCollision
            | Self::ProposalFailed { .. }
            | Self::NoSignatureYet
            | Self::ActivateUnknownMember { .. }
            | Self::NoService
            | Self::ReissueShares(_)
            | Self::NoSharesIssued
            | Self::Table(_)
            | Self::Unpresentable(_) => (Internal, "InternalError"),
        }
    }
}
