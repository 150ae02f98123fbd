//! HMAC and HKDF, and the names of the hash functions that callers may choose.

use quorate_awslc::sha256::HmacState;
use zeroize::Zeroizing;

/// A hash function of the SHA-2 family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The digest of `data` by this function.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        aws_lc_rs::digest::digest(self.algorithm(), data)
            .as_ref()
            .to_vec()
    }

    /// The digest of the concatenation of `parts`.
    pub fn digest_parts(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = aws_lc_rs::digest::Context::new(self.algorithm());
        for part in parts {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    }

    /// The number of bytes of a digest.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn algorithm(self) -> &'static aws_lc_rs::digest::Algorithm {
        match self {
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        }
    }

    pub(crate) const fn library(self) -> quorate_awslc::Hash {
        match self {
            Self::Sha256 => quorate_awslc::Hash::Sha256,
            Self::Sha384 => quorate_awslc::Hash::Sha384,
            Self::Sha512 => quorate_awslc::Hash::Sha512,
        }
    }
}

/// HMAC of `data` under `key` with the given hash function (RFC 2104); a key of any length.
pub fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512, Key, sign};
    let algorithm = match hash {
        Hash::Sha256 => HMAC_SHA256,
        Hash::Sha384 => HMAC_SHA384,
        Hash::Sha512 => HMAC_SHA512,
    };
    sign(&Key::new(algorithm, key), data).as_ref().to_vec()
}

/// HMAC-SHA256 of `data` under `key`.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    HmacKey::new(key).sign(data)
}

/// An HMAC-SHA256 key whose two padded blocks are hashed in advance; wiped on drop.
pub struct HmacKey(HmacState);

impl HmacKey {
    /// Prepares `key`, of any length.
    pub fn new(key: &[u8]) -> Self {
        Self(HmacState::new(key))
    }

    /// The code of `data`.
    pub fn sign(&self, data: &[u8]) -> [u8; 32] {
        self.0.sign(data)
    }
}

/// HKDF-SHA256 (RFC 5869), extract and expand. Fills `out`, which must not exceed 255 * 32 bytes.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) {
    let prk = Zeroizing::new(hmac_sha256(salt, ikm));
    let key = HmacKey::new(&prk[..]);
    let mut previous = Zeroizing::new(Vec::new());
    for (index, chunk) in out.chunks_mut(32).enumerate() {
        let mut input = Zeroizing::new(previous.to_vec());
        input.extend_from_slice(info);
        // RFC 5869: at most 255 blocks, so the counter fits an octet.
        input.push(u8::try_from(index + 1).unwrap_or(u8::MAX));
        let block = Zeroizing::new(key.sign(&input));
        chunk.copy_from_slice(&block[..chunk.len()]);
        *previous = block.to_vec();
    }
}
