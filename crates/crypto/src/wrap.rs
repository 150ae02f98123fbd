//! Key wrapping (js-runtime.md 7.3): RSA-OAEP, AES-KWP, and the two combined.

use zeroize::Zeroizing;

use crate::{CryptoError, Entropy, RsaKeyPair, RsaPublicKey};

/// `RSA-OAEP`: wraps `key` to `wrapping_key`.
pub fn rsa_oaep_wrap(wrapping_key: &RsaPublicKey, label: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    wrapping_key.encrypt_oaep_sha256(key, label)
}

/// `RSA-OAEP`: the reverse of [`rsa_oaep_wrap`].
pub fn rsa_oaep_unwrap(
    unwrapping_key: &RsaKeyPair,
    label: &[u8],
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    unwrapping_key.decrypt_oaep_sha256(wrapped, label)
}

/// `AES-KWP` (RFC 5649): wraps `key` under a raw AES key of 16, 24 or 32 bytes.
pub fn aes_kwp_wrap(_wrapping_key: &[u8], _key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// `AES-KWP`: the reverse of [`aes_kwp_wrap`].
pub fn aes_kwp_unwrap(_wrapping_key: &[u8], _wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    unimplemented!()
}

/// `RSA-OAEP-AES-KWP` (PKCS#11 CKM_RSA_AES_KEY_WRAP): a fresh AES key of `aes_key_bits` (128, 192, 256) wrapped to
/// `wrapping_key`, followed by `key` wrapped under it.
pub fn rsa_oaep_aes_kwp_wrap(
    _wrapping_key: &RsaPublicKey,
    _aes_key_bits: u32,
    _label: &[u8],
    _key: &[u8],
    _entropy: &dyn Entropy,
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// `RSA-OAEP-AES-KWP`: the reverse of [`rsa_oaep_aes_kwp_wrap`].
pub fn rsa_oaep_aes_kwp_unwrap(
    _unwrapping_key: &RsaKeyPair,
    _label: &[u8],
    _wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    unimplemented!()
}
