//! Sharing of the wrapping key among the recovery members (recovery-and-membership.md 5).

use zeroize::Zeroizing;

use crate::aead::AesGcmKey;
use crate::{CryptoError, Entropy};

/// The number of limbs of a secret.
pub const LIMBS: usize = 10;
/// The number of bytes of a serialised share.
pub const SHARE_LEN: usize = 44;

/// One point of the polynomials, x and ten values; x = 0 is the full share. Wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Share(());

/// The shared secret, of which the wrapping key is derived. Wiped on drop.
pub struct WrappingSecret(());

impl Share {
    /// x as u32 little endian, then the ten values likewise.
    pub fn to_bytes(&self) -> Zeroizing<[u8; SHARE_LEN]> {
        unimplemented!()
    }

    /// Reads [`SHARE_LEN`] bytes; values above the field are reduced when used.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The index of the share.
    pub fn x(&self) -> u32 {
        unimplemented!()
    }

    /// Whether this is the secret itself, as owners have it.
    pub fn is_full(&self) -> bool {
        self.x() == 0
    }
}

impl WrappingSecret {
    /// The full share (x = 0).
    pub fn full_share(&self) -> Share {
        unimplemented!()
    }

    /// The AES-256 key that the ledger secret is wrapped with.
    pub fn wrapping_key(&self) -> AesGcmKey {
        unimplemented!()
    }
}

/// Makes a fresh secret and `n` shares with x = 1 ... n, of which any `threshold` restore it.
pub fn split(
    _threshold: usize,
    _n: usize,
    _entropy: &dyn Entropy,
) -> Result<(WrappingSecret, Vec<Share>), CryptoError> {
    unimplemented!()
}

/// Restores the secret from the first `threshold` shares, or from a full share alone.
pub fn combine(_shares: &[Share], _threshold: usize) -> Result<WrappingSecret, CryptoError> {
    unimplemented!()
}
