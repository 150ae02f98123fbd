//! What governance needs of the running node and of a request: nothing else reaches in here.
//! Time, randomness, keys and ledger secrets are inputs, so that the same code runs in tests.

use std::sync::Arc;

use quorate_crypto::{Entropy, ec::EcKeyPair};
use quorate_kv::{State, TableError, Tx};
use quorate_ledger::SecretInForce;
use quorate_tables::{ENCRYPTED_LEDGER_SECRETS, MemberId};

/// Life cycle of a node process (recovery-and-membership.md 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeStartupState {
    /// Nothing is set up.
    Uninitialized,
    /// Keys and evidence exist.
    Initialized,
    /// Waiting to be trusted.
    Pending,
    /// Part of a service that is being recovered: public state only.
    PartOfPublicNetwork,
    /// Part of a service.
    PartOfNetwork,
    /// Recovering: replaying the public ledger.
    ReadingPublicLedger,
    /// Recovering: replaying the private ledger.
    ReadingPrivateLedger,
}

impl NodeStartupState {
    /// The name in the API and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uninitialized => "Uninitialized",
            Self::Initialized => "Initialized",
            Self::Pending => "Pending",
            Self::PartOfPublicNetwork => "PartOfPublicNetwork",
            Self::PartOfNetwork => "PartOfNetwork",
            Self::ReadingPublicLedger => "ReadingPublicLedger",
            Self::ReadingPrivateLedger => "ReadingPrivateLedger",
        }
    }
}

/// The ledger secrets that governance works with.
#[derive(Clone)]
pub struct LedgerSecretsView {
    /// The secret in force for the next transaction.
    pub latest: SecretInForce,
    /// The one before it, if there were two.
    pub penultimate: Option<SecretInForce>,
}

/// What governance needs of the running node.
pub trait ServiceContext: Send + Sync {
    /// State of the node process.
    fn node_state(&self) -> NodeStartupState;
    /// The private key of the service identity.
    fn service_key(&self) -> Arc<EcKeyPair>;
    /// The ledger secrets, as of the speculative head or later. Governance reads the table of
    /// broadcast secrets in the same transaction, so that a rekey in between is a conflict
    /// (kv-tables.md 11.3).
    fn secrets(&self) -> LedgerSecretsView;
    /// The state at the commit point: a node whose retirement has not committed there still gets
    /// new secrets (recovery-and-membership.md 4.4).
    fn committed(&self) -> State;
    /// Source of randomness.
    fn entropy(&self) -> &dyn Entropy;
    /// Seconds since 1970.
    fn now(&self) -> i64;
}

/// Reads the ledger secrets for a transaction, which will conflict with a concurrent rekey.
pub(crate) fn secrets_for(
    tx: &mut Tx,
    service: &dyn ServiceContext,
) -> Result<LedgerSecretsView, TableError> {
    ENCRYPTED_LEDGER_SECRETS.get(tx)?;
    Ok(service.secrets())
}

/// The environment of an operation: the node it runs on.
#[derive(Clone)]
pub struct Env {
    /// The running node.
    pub service: Arc<dyn ServiceContext>,
}

impl Env {
    /// An environment on this node.
    pub fn new(service: Arc<dyn ServiceContext>) -> Self {
        Self { service }
    }
}

/// A request whose COSE signature has been verified and whose signer is known
/// (governance-api.md 2.2).
#[derive(Clone, Copy)]
pub struct SignedMessage<'a> {
    /// The signing member.
    pub signer: &'a MemberId,
    /// The signed payload.
    pub payload: &'a [u8],
    /// The whole COSE_Sign1 message: the request body.
    pub envelope: &'a [u8],
    /// The signature bytes of it.
    pub signature: &'a [u8],
    /// Header `ccf.gov.msg.created_at`, seconds since 1970, never negative.
    pub created_at: i64,
    /// Header `ccf.gov.msg.proposal_id`, of ballots and withdrawals.
    pub proposal_id: Option<&'a str>,
}
