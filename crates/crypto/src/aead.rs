//! AES-GCM, and the `tag ‖ iv ‖ ciphertext` blob in which secrets are stored (kv-tables.md 11).

use zeroize::Zeroizing;

use crate::{CryptoError, Entropy};

/// The number of bytes of an AES-GCM tag.
pub const TAG_LEN: usize = 16;
/// The number of bytes of an initialisation vector.
pub const IV_LEN: usize = 12;

/// An AES-128, AES-192 or AES-256 key for GCM, expanded once; wiped on drop.
pub struct AesGcmKey {
    raw: Zeroizing<Vec<u8>>,
}

impl AesGcmKey {
    /// A random AES-256 key.
    pub fn generate(_entropy: &dyn Entropy) -> Self {
        unimplemented!()
    }

    /// Takes 16, 24 or 32 bytes as a key.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// The key itself: only for storing it wrapped, or sending it to another node.
    pub fn raw_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Encrypts `plaintext`; returns the tag and as many bytes of ciphertext. An `iv` must not be used twice.
    pub fn seal(&self, iv: &[u8; IV_LEN], aad: &[u8], plaintext: &[u8]) -> ([u8; TAG_LEN], Vec<u8>) {
        let mut data = plaintext.to_vec();
        let tag = self.seal_in_place(iv, aad, &mut data);
        (tag, data)
    }

    /// Encrypts `data` where it stands and returns the tag. An `iv` must not be used twice.
    pub fn seal_in_place(&self, _iv: &[u8; IV_LEN], _aad: &[u8], _data: &mut [u8]) -> [u8; TAG_LEN] {
        unimplemented!()
    }

    /// Decrypts `ciphertext`, or refuses it ([`CryptoError::Authentication`]).
    pub fn open(
        &self,
        _iv: &[u8; IV_LEN],
        _aad: &[u8],
        _ciphertext: &[u8],
        _tag: &[u8; TAG_LEN],
    ) -> Result<Vec<u8>, CryptoError> {
        unimplemented!()
    }

    /// The blob `tag ‖ iv ‖ ciphertext` without associated data (kv-tables.md 11). Which iv: recovery-and-membership.md 4.3.
    pub fn wrap_blob(&self, _iv: &[u8; IV_LEN], _plaintext: &[u8]) -> Vec<u8> {
        unimplemented!()
    }

    /// The content of a blob made by [`Self::wrap_blob`]. Too short: [`CryptoError::Length`].
    pub fn unwrap_blob(&self, _blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        unimplemented!()
    }
}
