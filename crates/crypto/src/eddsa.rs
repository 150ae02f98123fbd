//! Ed25519 and X25519 key pairs (js-runtime.md 7.1: `generateEddsaKeyPair`), their DER and PEM forms.

use aws_lc_rs::agreement::{PrivateKey as AgreementKey, X25519 as X25519_AGREEMENT};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use const_oid::ObjectIdentifier;
use der::Decode;
use der::asn1::OctetStringRef;
use pkcs8::PrivateKeyInfoRef;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::ec::{encode_secret, malformed, pkcs8_der, spki_der};
use crate::error::library_broken;
use crate::{CryptoError, Entropy, pem};

const PRIVATE: &str = "an EdDSA private key";
const PUBLIC: &str = "an EdDSA public key";
const X25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Which of the two curves of RFC 8410.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OkpCurve {
    /// Signatures.
    Ed25519,
    /// Key agreement.
    X25519,
}

/// An Ed25519 or X25519 key pair; the private half is wiped on drop.
pub struct OkpKeyPair {
    seed: Zeroizing<[u8; 32]>,
    public: OkpPublicKey,
}

/// An Ed25519 or X25519 public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OkpPublicKey {
    curve: OkpCurve,
    bytes: [u8; 32],
}

impl OkpCurve {
    /// `Ed25519`, `X25519`: the names of RFC 8037.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }

    /// The curve of a name of RFC 8037.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::X25519]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    const fn algorithm(self) -> AlgorithmIdentifierRef<'static> {
        let oid = match self {
            Self::Ed25519 => ED25519_OID,
            Self::X25519 => X25519_OID,
        };
        AlgorithmIdentifierRef {
            oid,
            parameters: None,
        }
    }

    fn of(what: &'static str, algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, CryptoError> {
        match algorithm.oid {
            ED25519_OID => Ok(Self::Ed25519),
            X25519_OID => Ok(Self::X25519),
            other => Err(CryptoError::KeyKind {
                what,
                expected: "an Ed25519 or X25519 key",
                found: other.to_string(),
            }),
        }
    }
}

impl OkpKeyPair {
    /// A fresh key pair.
    pub fn generate(curve: OkpCurve, entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(&mut seed[..]);
        Self::from_seed(curve, &seed)
    }

    /// The key pair of 32 private bytes (RFC 8032, RFC 7748): any bytes are a key.
    pub fn from_seed(curve: OkpCurve, seed: &[u8; 32]) -> Self {
        let public = match curve {
            OkpCurve::Ed25519 => {
                signing_key(seed).and_then(|key| key.public_key().as_ref().try_into().ok())
            }
            OkpCurve::X25519 => AgreementKey::from_private_key(&X25519_AGREEMENT, seed)
                .ok()
                .and_then(|key| key.compute_public_key().ok())
                .and_then(|key| key.as_ref().try_into().ok()),
        };
        let Some(bytes) = public else {
            library_broken("computing a public key of curve 25519")
        };
        Self {
            seed: Zeroizing::new(*seed),
            public: OkpPublicKey { curve, bytes },
        }
    }

    /// Reads a PKCS#8 PEM (RFC 8410), with or without the public key in it.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        let block = pem::first(text, PRIVATE, &["PRIVATE KEY"])?;
        let info = PrivateKeyInfoRef::from_der(&block.der).map_err(malformed(PRIVATE))?;
        let curve = OkpCurve::of(PRIVATE, &info.algorithm)?;
        let seed =
            <&OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(malformed(PRIVATE))?;
        let pair = Self::from_seed(curve, &array(PRIVATE, seed.as_bytes())?);
        let given = info
            .public_key
            .map(|key| key.raw_bytes() == pair.public.bytes);
        if given == Some(false) {
            let reason = "the public key in it is that of another private key".to_owned();
            return Err(CryptoError::Malformed {
                what: PRIVATE,
                reason,
            });
        }
        Ok(pair)
    }

    /// PKCS#8 version 0, without the public key, as OpenSSL writes it.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        // The key is an OCTET STRING within the OCTET STRING (RFC 8410, 7).
        let Ok(inner) = OctetStringRef::new(&self.seed[..]) else {
            library_broken("writing a private key")
        };
        pem::encode(
            "PRIVATE KEY",
            &pkcs8_der(self.curve().algorithm(), &encode_secret(&inner)),
        )
    }

    /// The 32 private bytes: only for a private JWK.
    pub fn raw_seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Which curve.
    pub fn curve(&self) -> OkpCurve {
        self.public.curve
    }

    /// The public half.
    pub fn public_key(&self) -> &OkpPublicKey {
        &self.public
    }

    /// The 64-byte Ed25519 signature of `message`; refused on an X25519 key.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], CryptoError> {
        self.public.check_signing("the signing key")?;
        let signature = signing_key(&self.seed)
            .and_then(|key| key.try_sign(message).ok())
            .and_then(|signature| signature.as_ref().try_into().ok());
        Ok(signature.unwrap_or_else(|| library_broken("Ed25519 signing")))
    }
}

impl OkpPublicKey {
    /// Takes the 32 bytes of a public key.
    pub fn from_bytes(curve: OkpCurve, bytes: &[u8]) -> Result<Self, CryptoError> {
        Ok(Self {
            curve,
            bytes: array(PUBLIC, bytes)?,
        })
    }

    /// Reads a `PUBLIC KEY` PEM.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::from_spki_der(&pem::first(text, PUBLIC, &["PUBLIC KEY"])?.der)
    }

    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed(PUBLIC))?;
        let curve = OkpCurve::of(PUBLIC, &info.algorithm)?;
        Self::from_bytes(curve, info.subject_public_key.raw_bytes())
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        spki_der(self.curve.algorithm(), &self.bytes)
    }

    /// The `PUBLIC KEY` PEM.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.to_spki_der()).to_string()
    }

    /// The 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Which curve.
    pub fn curve(&self) -> OkpCurve {
        self.curve
    }

    /// Whether `signature` is the Ed25519 signature of `message`; refused on an X25519 key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
        self.check_signing("the verifying key")?;
        Ok(UnparsedPublicKey::new(&ED25519, &self.bytes)
            .verify(message, signature)
            .is_ok())
    }

    fn check_signing(&self, what: &'static str) -> Result<(), CryptoError> {
        match self.curve {
            OkpCurve::Ed25519 => Ok(()),
            OkpCurve::X25519 => Err(CryptoError::KeyKind {
                what,
                expected: "Ed25519",
                found: "X25519".to_owned(),
            }),
        }
    }
}

fn signing_key(seed: &[u8; 32]) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed).ok()
}

fn array(what: &'static str, bytes: &[u8]) -> Result<[u8; 32], CryptoError> {
    bytes.try_into().map_err(|_| CryptoError::Length {
        what,
        expected: "32",
        found: bytes.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn seed(text: &str) -> [u8; 32] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn ed25519_known_answer() {
        let seed = seed("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let pair = OkpKeyPair::from_seed(OkpCurve::Ed25519, &seed);
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(hex::encode(pair.public_key().as_bytes()), public);
        let signature = pair.sign(&[0x72]).unwrap();
        assert_eq!(
            hex::encode(&signature[..16]),
            "92a009a9f0d4cab8720e820b5f642540"
        );
        assert_eq!(pair.public_key().verify(&[0x72], &signature), Ok(true));
        assert_eq!(pair.public_key().verify(&[0x73], &signature), Ok(false));
        assert_eq!(
            pair.public_key().verify(&[0x72], &signature[1..]),
            Ok(false)
        );
    }

    /// RFC 7748, 5.2: one iteration from the base point.
    #[test]
    fn x25519_known_answer() {
        let seed = seed("0900000000000000000000000000000000000000000000000000000000000000");
        let pair = OkpKeyPair::from_seed(OkpCurve::X25519, &seed);
        let public = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
        assert_eq!(hex::encode(pair.public_key().as_bytes()), public);
        assert!(pair.sign(b"x").is_err());
        assert!(pair.public_key().verify(b"x", &[0; 64]).is_err());
    }

    /// RFC 8410, 10.1 and 10.3: the public key and the version 0 private key are written as there.
    #[test]
    fn text_forms_of_rfc_8410() {
        let private = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let pair = OkpKeyPair::from_pem(private).unwrap();
        assert_eq!(pair.to_pkcs8_pem().as_str(), private);
        assert_eq!(pair.public_key().to_pem(), public);
        assert_eq!(&OkpPublicKey::from_pem(public).unwrap(), pair.public_key());
    }

    #[test]
    fn fresh_keys_survive_their_text_forms() {
        for curve in [OkpCurve::Ed25519, OkpCurve::X25519] {
            let pair = OkpKeyPair::generate(curve, &SystemEntropy);
            let again = OkpKeyPair::from_pem(&pair.to_pkcs8_pem()).unwrap();
            assert_eq!(again.public_key(), pair.public_key());
            assert_eq!(again.curve(), curve);
        }
    }
}
