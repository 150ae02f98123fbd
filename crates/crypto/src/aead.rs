//! AES-GCM, and the `tag ‖ iv ‖ ciphertext` blob in which secrets are stored (kv-tables.md 11).

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::library_broken;
use crate::{CryptoError, Entropy};

/// The number of bytes of an AES-GCM tag.
pub const TAG_LEN: usize = 16;
/// The number of bytes of an initialisation vector.
pub const IV_LEN: usize = 12;

/// An AES-128, AES-192 or AES-256 key for GCM, expanded once; wiped on drop.
pub struct AesGcmKey {
    raw: Zeroizing<Vec<u8>>,
    expanded: LessSafeKey,
}

impl AesGcmKey {
    /// A random AES-256 key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut raw = Zeroizing::new([0; 32]);
        entropy.fill(&mut raw[..]);
        Self::from_array(&raw)
    }

    /// Takes 32 bytes as an AES-256 key.
    pub fn from_array(bytes: &[u8; 32]) -> Self {
        // The only error is a wrong length.
        Self::from_bytes(bytes).unwrap_or_else(|_| library_broken("expanding an AES-256 key"))
    }

    /// Takes 16, 24 or 32 bytes as a key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let wrong_length = || CryptoError::Length {
            what: "an AES key",
            expected: "16, 24 or 32",
            found: bytes.len(),
        };
        let algorithm = match bytes.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(wrong_length()),
        };
        let expanded =
            LessSafeKey::new(UnboundKey::new(algorithm, bytes).map_err(|_| wrong_length())?);
        Ok(Self {
            raw: Zeroizing::new(bytes.to_vec()),
            expanded,
        })
    }

    /// The key itself: only for storing it wrapped, or sending it to another node.
    pub fn raw_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Encrypts `plaintext`; returns the tag and as many bytes of ciphertext. An `iv` must not be used twice.
    pub fn seal(
        &self,
        iv: &[u8; IV_LEN],
        aad: &[u8],
        plaintext: &[u8],
    ) -> ([u8; TAG_LEN], Vec<u8>) {
        let mut data = plaintext.to_vec();
        let tag = self.seal_in_place(iv, aad, &mut data);
        (tag, data)
    }

    /// Encrypts `data` where it stands and returns the tag. An `iv` must not be used twice.
    ///
    /// # Panics
    /// If `data` has more than 2^36 - 32 bytes, the limit of GCM.
    pub fn seal_in_place(&self, iv: &[u8; IV_LEN], aad: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        let nonce = Nonce::assume_unique_for_key(*iv);
        self.expanded
            .seal_in_place_separate_tag(nonce, Aad::from(aad), data)
            .ok()
            .and_then(|tag| tag.as_ref().try_into().ok())
            .unwrap_or_else(|| library_broken("AES-GCM encryption"))
    }

    /// Decrypts `ciphertext`, or refuses it ([`CryptoError::Authentication`]).
    pub fn open(
        &self,
        iv: &[u8; IV_LEN],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; ciphertext.len()];
        let nonce = Nonce::assume_unique_for_key(*iv);
        self.expanded
            .open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut out)
            .map_err(|_| CryptoError::Authentication)?;
        Ok(out)
    }

    /// The blob `tag ‖ iv ‖ ciphertext` without associated data (kv-tables.md 11). Which iv:
    /// recovery-and-membership.md 4.3.
    pub fn wrap_blob(&self, iv: &[u8; IV_LEN], plaintext: &[u8]) -> Vec<u8> {
        let mut blob = vec![0; TAG_LEN + IV_LEN];
        blob.extend_from_slice(plaintext);
        let tag = self.seal_in_place(iv, &[], &mut blob[TAG_LEN + IV_LEN..]);
        blob[..TAG_LEN].copy_from_slice(&tag);
        blob[TAG_LEN..TAG_LEN + IV_LEN].copy_from_slice(iv);
        blob
    }

    /// The content of a blob made by [`Self::wrap_blob`]. Too short: [`CryptoError::Length`].
    pub fn unwrap_blob(&self, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let too_short = CryptoError::Length {
            what: "a wrapped blob",
            expected: "28 or more",
            found: blob.len(),
        };
        let Some((tag, rest)) = blob.split_first_chunk::<TAG_LEN>() else {
            return Err(too_short);
        };
        let Some((iv, ciphertext)) = rest.split_first_chunk::<IV_LEN>() else {
            return Err(too_short);
        };
        self.open(iv, &[], ciphertext, tag).map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    /// Test case 4 of the GCM specification (AES-128), and 16 (AES-256).
    #[test]
    fn known_answers() {
        let plaintext = hex::decode(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        )
        .unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let iv: [u8; 12] = hex::decode("cafebabefacedbaddecaf888")
            .unwrap()
            .try_into()
            .unwrap();
        let short = hex::decode("feffe9928665731c6d6a8f9467308308").unwrap();
        let cases = [
            (short.clone(), "5bc94fbc3221a5db94fae95ae7121a47"),
            (
                [short.clone(), short].concat(),
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (key, expected) in cases {
            let key = AesGcmKey::from_bytes(&key).unwrap();
            let (tag, ciphertext) = key.seal(&iv, &aad, &plaintext);
            assert_eq!(hex::encode(tag), expected);
            assert_eq!(key.open(&iv, &aad, &ciphertext, &tag).unwrap(), plaintext);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for len in [0, 15, 17, 31, 33] {
            let error = AesGcmKey::from_bytes(&vec![0; len]).err().unwrap();
            assert_eq!(
                error.to_string(),
                format!("an AES key must be 16, 24 or 32 bytes long, found {len}")
            );
        }
    }

    #[test]
    fn a_blob_is_tag_iv_ciphertext() {
        let key = AesGcmKey::generate(&SystemEntropy);
        let blob = key.wrap_blob(&[7; 12], b"secret");
        let (tag, ciphertext) = key.seal(&[7; 12], &[], b"secret");
        assert_eq!(blob, [&tag[..], &[7; 12], &ciphertext].concat());
        assert_eq!(&**key.unwrap_blob(&blob).unwrap(), b"secret");
        assert!(matches!(
            key.unwrap_blob(&blob[..27]),
            Err(CryptoError::Length { found: 27, .. })
        ));
    }

    proptest! {
        #[test]
        fn any_change_is_noticed(data: Vec<u8>, aad: Vec<u8>, at: prop::sample::Index, bit in 0..8) {
            let key = AesGcmKey::from_bytes(&[9; 24]).unwrap();
            let mut blob = key.wrap_blob(&[1; 12], &data);
            prop_assert_eq!(&*key.unwrap_blob(&blob).unwrap(), &data);
            let at = at.index(blob.len());
            blob[at] ^= 1_u8 << bit;
            prop_assert_eq!(key.unwrap_blob(&blob).err(), Some(CryptoError::Authentication));
            let (tag, ciphertext) = key.seal(&[1; 12], &aad, &data);
            let mut other = aad.clone();
            other.push(0);
            prop_assert!(key.open(&[1; 12], &other, &ciphertext, &tag).is_err());
        }

        #[test]
        fn arbitrary_blobs_are_refused(blob: Vec<u8>) {
            prop_assert!(AesGcmKey::from_array(&[3; 32]).unwrap_blob(&blob).is_err());
        }
    }
}
