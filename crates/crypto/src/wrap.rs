//! Key wrapping (js-runtime.md 7.3): RSA-OAEP, AES-KWP, and the two combined.

use quorate_awslc::keywrap;
use zeroize::Zeroizing;

use crate::{CryptoError, Entropy, RsaKeyPair, RsaPublicKey};

/// `RSA-OAEP`: wraps `key` to `wrapping_key`.
pub fn rsa_oaep_wrap(
    wrapping_key: &RsaPublicKey,
    label: &[u8],
    key: &[u8],
) -> Result<Vec<u8>, CryptoError> {
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

/// `AES-KWP` (RFC 5649): wraps `key`, 1 byte or more, under a raw AES key of 16, 24 or 32 bytes.
pub fn aes_kwp_wrap(wrapping_key: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    check_aes_key(wrapping_key)?;
    Ok(keywrap::wrap(wrapping_key, key)?)
}

/// `AES-KWP`: the reverse of [`aes_kwp_wrap`].
pub fn aes_kwp_unwrap(
    wrapping_key: &[u8],
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    check_aes_key(wrapping_key)?;
    Ok(keywrap::unwrap(wrapping_key, wrapped)?)
}

/// `RSA-OAEP-AES-KWP` (PKCS#11 CKM_RSA_AES_KEY_WRAP): a fresh AES key of `aes_key_bits` (128, 192, 256) wrapped to
/// `wrapping_key`, followed by `key` wrapped under it.
pub fn rsa_oaep_aes_kwp_wrap(
    wrapping_key: &RsaPublicKey,
    aes_key_bits: u32,
    label: &[u8],
    key: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, CryptoError> {
    let length = match aes_key_bits {
        128 => 16,
        192 => 24,
        256 => 32,
        _ => return Err(CryptoError::InvalidKeySize),
    };
    let mut aes_key = Zeroizing::new(vec![0; length]);
    entropy.fill(&mut aes_key);
    let mut wrapped = wrapping_key.encrypt_oaep_sha256(&aes_key, label)?;
    wrapped.extend(aes_kwp_wrap(&aes_key, key)?);
    Ok(wrapped)
}

/// `RSA-OAEP-AES-KWP`: the reverse of [`rsa_oaep_aes_kwp_wrap`].
pub fn rsa_oaep_aes_kwp_unwrap(
    unwrapping_key: &RsaKeyPair,
    label: &[u8],
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    match wrapped.split_at_checked(unwrapping_key.public_key().modulus_bytes()) {
        Some((wrapped_aes_key, wrapped)) if !wrapped.is_empty() => {
            let aes_key = unwrapping_key.decrypt_oaep_sha256(wrapped_aes_key, label)?;
            check_aes_key(&aes_key).map_err(|_| CryptoError::InvalidKeySize)?;
            aes_kwp_unwrap(&aes_key, wrapped)
        }
        _ => Err(CryptoError::NotEnoughCiphertext),
    }
}

fn check_aes_key(key: &[u8]) -> Result<(), CryptoError> {
    match key.len() {
        16 | 24 | 32 => Ok(()),
        found => Err(CryptoError::Length {
            what: "an AES wrapping key",
            expected: "16, 24 or 32",
            found,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    /// RFC 5649, section 6: both examples.
    #[test]
    fn aes_kwp_known_answers() {
        let kek = hex::decode("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8").unwrap();
        let cases = [
            (
                "c37b7e6492584340bed12207808941155068f738",
                "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
            ),
            ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
        ];
        for (key, wrapped) in cases {
            let key = hex::decode(key).unwrap();
            assert_eq!(hex::encode(aes_kwp_wrap(&kek, &key).unwrap()), wrapped);
            assert_eq!(
                *aes_kwp_unwrap(&kek, &hex::decode(wrapped).unwrap()).unwrap(),
                key
            );
        }
    }

    #[test]
    fn the_combined_form_is_rsa_then_aes() {
        let pair = RsaKeyPair::generate(2048).unwrap();
        for (bits, label) in [(128, &b""[..]), (192, b"label"), (256, b"")] {
            let wrapped =
                rsa_oaep_aes_kwp_wrap(pair.public_key(), bits, label, b"secret", &SystemEntropy)
                    .unwrap();
            assert_eq!(wrapped.len(), 256 + 16);
            let aes_key = pair.decrypt_oaep_sha256(&wrapped[..256], label).unwrap();
            assert_eq!(aes_key.len() * 8, bits as usize);
            assert_eq!(
                &**aes_kwp_unwrap(&aes_key, &wrapped[256..]).unwrap(),
                b"secret"
            );
            assert_eq!(
                &**rsa_oaep_aes_kwp_unwrap(&pair, label, &wrapped).unwrap(),
                b"secret"
            );
            assert!(rsa_oaep_aes_kwp_unwrap(&pair, b"other", &wrapped).is_err());
            for short in [0, 100, 256] {
                let error = rsa_oaep_aes_kwp_unwrap(&pair, label, &wrapped[..short]).unwrap_err();
                assert_eq!(error.to_string(), "not enough ciphertext");
            }
        }
        let error =
            rsa_oaep_aes_kwp_wrap(pair.public_key(), 100, b"", b"x", &SystemEntropy).unwrap_err();
        assert_eq!(error.to_string(), "invalid key size");
        let mut odd = pair
            .public_key()
            .encrypt_oaep_sha256(&[1; 20], b"")
            .unwrap();
        odd.extend([0; 16]);
        assert_eq!(
            rsa_oaep_aes_kwp_unwrap(&pair, b"", &odd)
                .unwrap_err()
                .to_string(),
            "invalid key size"
        );
    }

    proptest! {
        #[test]
        fn wrapped_keys_survive_and_changes_are_noticed(
            key in prop::collection::vec(any::<u8>(), 1..100),
            size in 2_usize..5,
            at: prop::sample::Index,
            bit in 0..8,
        ) {
            let kek = vec![5; size * 8];
            let mut wrapped = aes_kwp_wrap(&kek, &key).unwrap();
            prop_assert_eq!(&*aes_kwp_unwrap(&kek, &wrapped).unwrap(), &key);
            let at = at.index(wrapped.len());
            wrapped[at] ^= 1_u8 << bit;
            prop_assert!(aes_kwp_unwrap(&kek, &wrapped).is_err());
        }

        #[test]
        fn arbitrary_bytes_are_refused(kek in prop::collection::vec(any::<u8>(), 0..40), wrapped: Vec<u8>) {
            prop_assert!(aes_kwp_unwrap(&kek, &wrapped).is_err());
        }
    }
}
