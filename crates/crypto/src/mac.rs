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
        self.0.sign(&[data])
    }

    /// The code of the concatenation of `parts`.
    pub fn sign_parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.0.sign(parts)
    }
}

/// HKDF-SHA256 (RFC 5869), extract and expand. Fills `out`.
///
/// # Panics
/// If `out` has more than 255 * 32 bytes, the limit of HKDF.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) {
    assert!(
        out.len() <= 255 * 32,
        "HKDF-SHA256 gives at most 8160 bytes"
    );
    let prk = Zeroizing::new(hmac_sha256(salt, ikm));
    let key = HmacKey::new(&prk[..]);
    let mut block = Zeroizing::new([0; 32]);
    // The first block has none before it.
    let mut previous = 0;
    for (counter, chunk) in (1..=u8::MAX).zip(out.chunks_mut(32)) {
        *block = key.sign_parts(&[&block[..previous], info, &[counter]]);
        previous = block.len();
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4231, test cases 1, 2, 6 and 7: short keys and keys longer than a block.
    #[test]
    fn hmac_known_answers() {
        let cases = [
            (
                vec![0x0b; 20],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, data, expected) in cases {
            assert_eq!(hex::encode(hmac_sha256(&key, data)), expected);
        }
    }

    /// RFC 5869, test cases 1 and 3.
    #[test]
    fn hkdf_known_answers() {
        let ikm = [0x0b; 22];
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let cases = [
            (
                &salt[..],
                &info[..],
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (
                &[],
                &[],
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
            ),
        ];
        for (salt, info, expected) in cases {
            let mut out = [0; 42];
            hkdf_sha256(&ikm, salt, info, &mut out);
            assert_eq!(hex::encode(out), expected);
        }
    }

    #[test]
    #[should_panic(expected = "8160")]
    fn hkdf_output_is_bounded() {
        hkdf_sha256(b"", b"", b"", &mut vec![0; 8161]);
    }

    proptest! {
        #[test]
        fn the_prepared_key_gives_the_code_of_the_library(key: Vec<u8>, data: Vec<u8>) {
            let prepared = HmacKey::new(&key);
            prop_assert_eq!(prepared.sign(&data).to_vec(), hmac(Hash::Sha256, &key, &data));
            prop_assert_eq!(prepared.sign(&data), hmac_sha256(&key, &data));
        }

        #[test]
        fn digests_of_parts_are_those_of_the_whole(left: Vec<u8>, right: Vec<u8>) {
            for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                let digest = hash.digest(&[&left[..], &right].concat());
                prop_assert_eq!(digest.len(), hash.digest_len());
                prop_assert_eq!(hash.digest_parts(&[&left, &right]), digest);
            }
        }
    }
}
