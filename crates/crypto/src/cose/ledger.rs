//! The service's COSE signature over a Merkle root (ledger.md 4.3).

use super::CoseError;
use crate::{CryptoError, Digest, EcKeyPair, EcPublicKey};

/// What the protected header of a ledger signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSignatureHeader {
    /// -7 or -35.
    pub alg: i64,
    /// The ASCII bytes of the service key's fingerprint.
    pub kid: Vec<u8>,
    /// Unix seconds.
    pub iat: i64,
    /// The issuer of the founding node's configuration.
    pub issuer: String,
    /// The subject of the founding node's configuration.
    pub subject: String,
    /// The id of the signature transaction, `<view>.<seqno>`.
    pub txid: String,
}

/// Signs `root` as the detached payload. `kid` is the fingerprint of `key`. P-521 is refused.
pub fn sign_ledger_root(
    _key: &EcKeyPair,
    _kid: &Digest,
    _iat: i64,
    _issuer: &str,
    _subject: &str,
    _txid: &str,
    _root: &Digest,
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// Verifies a signature over `root` and returns its header. `alg` must be that of the key.
pub fn verify_ledger_root(
    _bytes: &[u8],
    _key: &EcPublicKey,
    _root: &Digest,
) -> Result<LedgerSignatureHeader, CryptoError> {
    unimplemented!()
}

/// Reads the header of a ledger signature without verifying it (a recovering node: issuer and subject).
pub fn decode_ledger_signature_header(_bytes: &[u8]) -> Result<LedgerSignatureHeader, CoseError> {
    unimplemented!()
}
