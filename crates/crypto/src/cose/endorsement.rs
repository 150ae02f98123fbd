//! Endorsement of an earlier service identity by the present one (ledger.md 6.5, recovery-and-membership.md 11).

use crate::{CryptoError, Digest, EcKeyPair, EcPublicKey};

/// What an endorsement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityEndorsement {
    /// Unix seconds.
    pub iat: i64,
    /// The DER SubjectPublicKeyInfo of the endorsed key.
    pub endorsed_key: Vec<u8>,
    /// The first transaction of the epoch, `<view>.<seqno>`.
    pub epoch_begin: String,
    /// The last transaction of the epoch; absent in a self-endorsement.
    pub epoch_end: Option<String>,
    /// The last signed root of the epoch; absent in a self-endorsement.
    pub last_root: Option<Digest>,
}

/// Signs an endorsement with the present service key. P-521 is refused.
pub fn sign_identity_endorsement(
    _key: &EcKeyPair,
    _endorsement: &IdentityEndorsement,
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// Verifies an endorsement by `key` and returns what it says.
pub fn verify_identity_endorsement(_bytes: &[u8], _key: &EcPublicKey) -> Result<IdentityEndorsement, CryptoError> {
    unimplemented!()
}
