//! RSA keys: OAEP, PSS, PKCS#1 v1.5 verification, their DER and PEM forms.

use std::fmt;
use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::Decode;
use der::asn1::AnyRef;
use pkcs8::PrivateKeyInfoRef;
use quorate_awslc::rsa;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

pub(crate) use quorate_awslc::rsa::PrivateComponents;

use crate::ec::{malformed, pkcs8_der, spki_der};
use crate::error::library_broken;
use crate::limits::{RSA_MODULUS_BITS, RSA_MODULUS_BITS_MIN};
use crate::{CryptoError, Hash, pem};

/// The object identifier of RSA keys.
pub(crate) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const PRIVATE: &str = "an RSA private key";
const PUBLIC: &str = "an RSA public key";
const ALGORITHM: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: RSA_ENCRYPTION,
    parameters: Some(AnyRef::NULL),
};

/// An RSA key pair; the private half is wiped on drop.
pub struct RsaKeyPair {
    key: rsa::PrivateKey,
    public: RsaPublicKey,
}

/// An RSA public key. Cheap to clone.
#[derive(Clone)]
pub struct RsaPublicKey(Arc<rsa::PublicKey>);

/// The salt length of an RSA-PSS signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltLength {
    /// That many bytes.
    Bytes(u32),
    /// As long as the digest (OpenSSL -1).
    Digest,
    /// Signing: the longest possible. Verifying: whatever the signature has (OpenSSL -2).
    Auto,
    /// The longest possible (OpenSSL -3).
    Max,
}

impl SaltLength {
    /// The meaning of a number as OpenSSL has it: -1, -2 and -3 are the three special lengths; below is refused.
    pub fn from_openssl(value: i32) -> Result<Self, CryptoError> {
        match value {
            -1 => Ok(Self::Digest),
            -2 => Ok(Self::Auto),
            -3 => Ok(Self::Max),
            _ => u32::try_from(value)
                .map(Self::Bytes)
                .map_err(|_| CryptoError::Parameter {
                    what: "the salt length",
                    expected: "-3 or more",
                    found: value.to_string(),
                }),
        }
    }
}

impl RsaKeyPair {
    /// A fresh key pair with exponent 65537.
    pub fn generate(bits: u32) -> Result<Self, CryptoError> {
        Self::generate_with_exponent(bits, 65537)
    }

    /// A fresh key pair; `bits` from 512 (js-runtime.md 7.1) to 16384, an odd `exponent` from 3. The random bytes are
    /// the library's own.
    pub fn generate_with_exponent(bits: u32, exponent: u32) -> Result<Self, CryptoError> {
        if !(RSA_MODULUS_BITS_MIN..=RSA_MODULUS_BITS).contains(&bits) {
            let expected = "512 to 16384 bits";
            return Err(CryptoError::Parameter {
                what: "an RSA modulus",
                expected,
                found: bits.to_string(),
            });
        }
        if exponent < 3 || exponent.is_multiple_of(2) {
            let expected = "odd and at least 3";
            return Err(CryptoError::Parameter {
                what: "an RSA exponent",
                expected,
                found: exponent.to_string(),
            });
        }
        Self::new(rsa::PrivateKey::generate(bits, exponent)?)
    }

    /// Reads a private key: PKCS#8 or PKCS#1.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        let block = pem::first(text, PRIVATE, &["PRIVATE KEY", "RSA PRIVATE KEY"])?;
        if block.label == "RSA PRIVATE KEY" {
            return Self::new(rsa::PrivateKey::from_pkcs1_der(&block.der)?);
        }
        let info = PrivateKeyInfoRef::from_der(&block.der).map_err(malformed(PRIVATE))?;
        check_algorithm(PRIVATE, &info.algorithm)?;
        Self::new(rsa::PrivateKey::from_pkcs1_der(
            info.private_key.as_bytes(),
        )?)
    }

    /// The PKCS#8 PEM of the private key.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let der = self
            .key
            .to_pkcs1_der()
            .unwrap_or_else(|_| library_broken("writing an RSA private key"));
        pem::encode("PRIVATE KEY", &pkcs8_der(ALGORITHM, &der))
    }

    /// The public half.
    pub fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// RSAES-OAEP decryption with SHA-256 for both hash and MGF1.
    pub fn decrypt_oaep_sha256(
        &self,
        ciphertext: &[u8],
        label: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        Ok(self
            .key
            .decrypt_oaep(quorate_awslc::Hash::Sha256, ciphertext, label)?)
    }

    /// RSASSA-PSS over `message`, MGF1 with the same hash.
    pub fn sign_pss(
        &self,
        hash: Hash,
        salt: SaltLength,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let salt = match salt {
            SaltLength::Bytes(length) => rsa::Salt::Bytes(length),
            SaltLength::Digest => rsa::Salt::Digest,
            SaltLength::Auto | SaltLength::Max => rsa::Salt::Max,
        };
        Ok(self
            .key
            .sign_pss(hash.library(), salt, &hash.digest(message))?)
    }

    /// The key of the given numbers, which are checked against each other.
    pub(crate) fn from_components(parts: &PrivateComponents) -> Result<Self, CryptoError> {
        Self::new(rsa::PrivateKey::from_components(parts)?)
    }

    /// The numbers of the key: only for a private JWK.
    pub(crate) fn raw_components(&self) -> PrivateComponents {
        self.key.components()
    }

    fn new(key: rsa::PrivateKey) -> Result<Self, CryptoError> {
        let public = RsaPublicKey(Arc::new(key.public_key()?));
        Ok(Self { key, public })
    }
}

impl RsaPublicKey {
    /// Reads a `PUBLIC KEY` PEM.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::from_spki_der(&pem::first(text, PUBLIC, &["PUBLIC KEY"])?.der)
    }

    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed(PUBLIC))?;
        check_algorithm(PUBLIC, &info.algorithm)?;
        Ok(Self(Arc::new(rsa::PublicKey::from_pkcs1_der(
            info.subject_public_key.raw_bytes(),
        )?)))
    }

    /// The key of modulus and exponent, big endian.
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<Self, CryptoError> {
        Ok(Self(Arc::new(rsa::PublicKey::from_components(n, e)?)))
    }

    /// Modulus and exponent, big endian, without leading zeros.
    pub fn components(&self) -> (Vec<u8>, Vec<u8>) {
        self.0.components()
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        let der = self
            .0
            .to_pkcs1_der()
            .unwrap_or_else(|_| library_broken("writing an RSA public key"));
        spki_der(ALGORITHM, &der)
    }

    /// The `PUBLIC KEY` PEM, 64 columns, final newline.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.to_spki_der()).to_string()
    }

    /// The number of bytes of the modulus, and of each ciphertext and signature.
    pub fn modulus_bytes(&self) -> usize {
        self.0.modulus_bytes()
    }

    /// RSAES-OAEP encryption with SHA-256 for both hash and MGF1. At most modulus bytes - 66 bytes fit. The random bytes
    /// are the library's own.
    pub fn encrypt_oaep_sha256(
        &self,
        plaintext: &[u8],
        label: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        Ok(self
            .0
            .encrypt_oaep(quorate_awslc::Hash::Sha256, plaintext, label)?)
    }

    /// Whether `signature` is RSASSA-PSS of `message`.
    pub fn verify_pss(
        &self,
        hash: Hash,
        salt: SaltLength,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let salt = match salt {
            SaltLength::Bytes(length) => rsa::Salt::Bytes(length),
            SaltLength::Digest => rsa::Salt::Digest,
            SaltLength::Auto => rsa::Salt::Any,
            SaltLength::Max => rsa::Salt::Max,
        };
        self.0
            .verify_pss(hash.library(), salt, &hash.digest(message), signature)
    }

    /// Whether `signature` is RSASSA-PKCS1-v1_5 of `message`.
    pub fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.0
            .verify_pkcs1(hash.library(), &hash.digest(message), signature)
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.components() == other.components()
    }
}

impl Eq for RsaPublicKey {}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RsaPublicKey({} bits, {})",
            self.modulus_bytes() * 8,
            crate::sha256(&self.to_spki_der())
        )
    }
}

fn check_algorithm(
    what: &'static str,
    algorithm: &AlgorithmIdentifierRef<'_>,
) -> Result<(), CryptoError> {
    if algorithm.oid == RSA_ENCRYPTION {
        Ok(())
    } else {
        Err(CryptoError::KeyKind {
            what,
            expected: "an RSA key",
            found: algorithm.oid.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

    #[test]
    fn keys_of_any_size_and_exponent() {
        for (bits, exponent) in [
            (512, 3),
            (1000, 65537),
            (1024, 65537),
            (1025, 17),
            (2047, 65537),
            (2048, 3),
        ] {
            let pair = RsaKeyPair::generate_with_exponent(bits, exponent).unwrap();
            let (n, e) = pair.public_key().components();
            assert_eq!(n.len() * 8 - n[0].leading_zeros() as usize, bits as usize);
            assert_eq!(
                e,
                exponent
                    .to_be_bytes()
                    .into_iter()
                    .skip_while(|b| *b == 0)
                    .collect::<Vec<_>>()
            );
            let text = pair.to_pkcs8_pem();
            assert_eq!(RsaKeyPair::from_pem(&text).unwrap().to_pkcs8_pem(), text);
            let signature = pair
                .sign_pss(Hash::Sha256, SaltLength::Bytes(0), b"message")
                .unwrap();
            assert!(pair.public_key().verify_pss(
                Hash::Sha256,
                SaltLength::Bytes(0),
                b"message",
                &signature
            ));
        }
    }

    #[test]
    fn sizes_and_exponents_that_make_no_key_are_refused() {
        for (bits, exponent) in [
            (0, 3),
            (511, 3),
            (16385, 3),
            (u32::MAX, 3),
            (2048, 0),
            (2048, 1),
            (2048, 65536),
        ] {
            assert!(RsaKeyPair::generate_with_exponent(bits, exponent).is_err());
        }
    }

    #[test]
    fn oaep_round_trip_with_and_without_label() {
        let pair = RsaKeyPair::generate(2048).unwrap();
        for label in [&b""[..], b"label"] {
            let ciphertext = pair
                .public_key()
                .encrypt_oaep_sha256(b"secret", label)
                .unwrap();
            assert_eq!(ciphertext.len(), 256);
            assert_eq!(
                &**pair.decrypt_oaep_sha256(&ciphertext, label).unwrap(),
                b"secret"
            );
            assert!(pair.decrypt_oaep_sha256(&ciphertext, b"other").is_err());
            assert!(pair.decrypt_oaep_sha256(&ciphertext[1..], label).is_err());
        }
        let longest = vec![1; 256 - 66];
        assert!(pair.public_key().encrypt_oaep_sha256(&longest, b"").is_ok());
        assert!(
            pair.public_key()
                .encrypt_oaep_sha256(&[1; 256 - 65], b"")
                .is_err()
        );
    }

    #[test]
    fn pss_salt_lengths_have_the_meaning_of_openssl() {
        use SaltLength::{Auto, Bytes, Digest, Max};
        let pair = RsaKeyPair::generate(2048).unwrap();
        let key = pair.public_key();
        for hash in HASHES {
            let digest = u32::try_from(hash.digest_len()).unwrap();
            let max = 256 - digest - 2;
            for (made, length) in [
                (Bytes(0), 0),
                (Bytes(7), 7),
                (Digest, digest),
                (Max, max),
                (Auto, max),
            ] {
                let signature = pair.sign_pss(hash, made, b"m").unwrap();
                for (checked, accepted) in [
                    (Bytes(length), true),
                    (Bytes(length + 1), false),
                    (Auto, true),
                    (Digest, length == digest),
                    (Max, length == max),
                ] {
                    assert_eq!(
                        key.verify_pss(hash, checked, b"m", &signature),
                        accepted,
                        "{made:?} {checked:?}"
                    );
                }
                assert!(!key.verify_pss(hash, Auto, b"n", &signature));
                assert!(!key.verify_pkcs1(hash, b"m", &signature));
            }
            assert!(pair.sign_pss(hash, Bytes(max + 1), b"m").is_err());
            assert!(pair.sign_pss(hash, Bytes(u32::MAX), b"m").is_err());
        }
        assert_eq!(SaltLength::from_openssl(-2), Ok(Auto));
        assert!(SaltLength::from_openssl(-4).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert!(RsaPublicKey::from_spki_der(&bytes).is_err());
            prop_assert!(rsa::PrivateKey::from_pkcs1_der(&bytes).is_err());
        }
    }
}
