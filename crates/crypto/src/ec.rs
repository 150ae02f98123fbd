//! Elliptic-curve keys: ECDSA on P-256, P-384 and P-521, their DER and PEM forms.

use std::fmt;
use std::sync::Arc;

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Encode};
use pkcs8::PrivateKeyInfoRef;
use quorate_awslc::ec;
use sec1::{EcParameters, EcPrivateKey};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::cose::CoseAlg;
use crate::error::library_broken;
use crate::{CryptoError, Digest, Entropy, Hash, pem, sha256};

/// The object identifier of EC public keys.
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

const PRIVATE: &str = "an EC private key";
const PUBLIC: &str = "an EC public key";

/// A NIST curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// An ECDSA key pair. The private half is wiped on drop.
pub struct EcKeyPair {
    key: ec::PrivateKey,
    public: EcPublicKey,
}

/// An ECDSA public key. Cheap to clone.
#[derive(Clone)]
pub struct EcPublicKey(Arc<PublicInner>);

struct PublicInner {
    key: ec::PublicKey,
    curve: Curve,
    /// The uncompressed point.
    point: Vec<u8>,
}

impl Curve {
    /// The hash that certificates signed on this curve use: SHA-256, SHA-384, SHA-512.
    pub const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }

    /// The number of bytes of a field element and of each half of a raw signature: 32, 48, 66.
    pub const fn field_bytes(self) -> usize {
        self.library().field_bytes()
    }

    /// `secp256r1`, `secp384r1`, `secp521r1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "secp256r1",
            Self::P384 => "secp384r1",
            Self::P521 => "secp521r1",
        }
    }

    /// The object identifier of the curve.
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P256 => P256,
            Self::P384 => P384,
            Self::P521 => P521,
        }
    }

    fn from_oid(oid: ObjectIdentifier) -> Result<Self, CryptoError> {
        match oid {
            P256 => Ok(Self::P256),
            P384 => Ok(Self::P384),
            P521 => Ok(Self::P521),
            _ => Err(CryptoError::KeyKind {
                what: "the curve of an EC key",
                expected: "secp256r1, secp384r1 or secp521r1",
                found: oid.to_string(),
            }),
        }
    }

    const fn library(self) -> ec::Curve {
        match self {
            Self::P256 => ec::Curve::P256,
            Self::P384 => ec::Curve::P384,
            Self::P521 => ec::Curve::P521,
        }
    }
}

impl EcKeyPair {
    /// A fresh key pair.
    pub fn generate(curve: Curve, entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0; 64]);
        entropy.fill(&mut seed[..]);
        ec::PrivateKey::from_entropy(curve.library(), &seed)
            .map_err(CryptoError::from)
            .and_then(|key| Self::new(curve, key))
            .unwrap_or_else(|_| library_broken("EC key generation"))
    }

    /// Reads a private key: PKCS#8, or SEC 1 with or without an `EC PARAMETERS` block before it.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        let block = pem::first(text, PRIVATE, &["PRIVATE KEY", "EC PRIVATE KEY"])?;
        if block.label == "PRIVATE KEY" {
            return Self::from_pkcs8_der(&block.der);
        }
        let curve = match pem::first(text, PRIVATE, &["EC PARAMETERS"]) {
            Ok(parameters) => {
                let oid =
                    ObjectIdentifier::from_der(&parameters.der).map_err(malformed(PRIVATE))?;
                Some(Curve::from_oid(oid)?)
            }
            Err(_) => None,
        };
        Self::from_sec1_der(curve, &block.der)
    }

    /// Reads a DER PrivateKeyInfo (RFC 5208).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, CryptoError> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(malformed(PRIVATE))?;
        let curve = curve_of(PRIVATE, &info.algorithm)?;
        Self::from_sec1_der(Some(curve), info.private_key.as_bytes())
    }

    /// The key of a private scalar, big endian, as wide as the field.
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, CryptoError> {
        if scalar.len() > curve.field_bytes() {
            let expected = "at most as many as the field of the curve has";
            return Err(CryptoError::Length {
                what: "an EC private scalar",
                expected,
                found: scalar.len(),
            });
        }
        Self::new(curve, ec::PrivateKey::from_scalar(curve.library(), scalar)?)
    }

    /// The private scalar, big endian, as wide as the field: only for a private JWK.
    pub fn raw_scalar(&self) -> Zeroizing<Vec<u8>> {
        self.key.scalar()
    }

    /// The PKCS#8 PEM of the private key, byte for byte as OpenSSL writes it (js-runtime.md 7).
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        pem::encode("PRIVATE KEY", &self.to_pkcs8_der())
    }

    /// The DER inside [`Self::to_pkcs8_pem`], which TLS takes.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let scalar = self.raw_scalar();
        // The inner structure has no parameters, since the outer one names the curve.
        let inner = EcPrivateKey {
            private_key: &scalar,
            parameters: None,
            public_key: Some(self.public.to_sec1()),
        };
        let inner = encode_secret(&inner);
        let oid = self.curve().oid();
        let algorithm = AlgorithmIdentifierRef {
            oid: EC_PUBLIC_KEY,
            parameters: Some(AnyRef::from(&oid)),
        };
        pkcs8_der(algorithm, &inner)
    }

    /// The `EC PARAMETERS` and `EC PRIVATE KEY` blocks that `openssl ecparam -genkey` writes (governance-api.md 12.3).
    pub fn to_sec1_pem(&self) -> Zeroizing<String> {
        let scalar = self.raw_scalar();
        let oid = self.curve().oid();
        let key = EcPrivateKey {
            private_key: &scalar,
            parameters: Some(EcParameters::NamedCurve(oid)),
            public_key: Some(self.public.to_sec1()),
        };
        let key = pem::encode("EC PRIVATE KEY", &encode_secret(&key));
        let parameters = pem::encode("EC PARAMETERS", &encode(&oid));
        let mut text = Zeroizing::new(String::with_capacity(parameters.len() + key.len()));
        text.push_str(&parameters);
        text.push_str(&key);
        text
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.public.curve()
    }

    /// The public half.
    pub fn public_key(&self) -> &EcPublicKey {
        &self.public
    }

    /// Signs `digest` itself, of any length, whatever the curve (ledger.md 4.2). DER.
    pub fn sign_prehash_der(&self, digest: &[u8]) -> Vec<u8> {
        self.key
            .sign_der(digest)
            .unwrap_or_else(|_| library_broken("ECDSA signing"))
    }

    /// Signs `digest` itself, of any length. Raw `r‖s`, each as wide as the field.
    pub fn sign_prehash_raw(&self, digest: &[u8]) -> Vec<u8> {
        self.key
            .sign_raw(digest)
            .unwrap_or_else(|_| library_broken("ECDSA signing"))
    }

    /// Signs `message` with the hash of `alg`, which need not be that of the curve. Raw `r‖s`.
    pub fn sign_cose(&self, alg: CoseAlg, message: &[u8]) -> Vec<u8> {
        self.sign_raw(alg.hash(), message)
    }

    /// Signs `message` hashed with `hash`. Raw `r‖s`, each as wide as the field.
    pub fn sign_raw(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        self.sign_prehash_raw(&hash.digest(message))
    }

    /// Signs `message` hashed with `hash`. DER.
    pub fn sign_der(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        self.sign_prehash_der(&hash.digest(message))
    }

    fn new(curve: Curve, key: ec::PrivateKey) -> Result<Self, CryptoError> {
        let public = EcPublicKey::from_sec1(curve, &key.public_point())?;
        Ok(Self { key, public })
    }

    /// Reads an ECPrivateKey (RFC 5915). The curve stands outside or inside; a public key inside must be the right one.
    fn from_sec1_der(outer: Option<Curve>, der: &[u8]) -> Result<Self, CryptoError> {
        let parsed = EcPrivateKey::from_der(der).map_err(malformed(PRIVATE))?;
        let inner = parsed
            .parameters
            .and_then(EcParameters::named_curve)
            .map(Curve::from_oid)
            .transpose()?;
        let wrong = |reason: &str| CryptoError::Malformed {
            what: PRIVATE,
            reason: reason.to_owned(),
        };
        let curve = match (outer, inner) {
            (Some(outer), Some(inner)) if outer != inner => {
                return Err(wrong("two different curves are named"));
            }
            (outer, inner) => outer.or(inner).ok_or_else(|| wrong("no curve is named"))?,
        };
        let pair = Self::from_scalar(curve, parsed.private_key)?;
        if let Some(point) = parsed.public_key
            && EcPublicKey::from_sec1(curve, point)? != pair.public
        {
            return Err(wrong("the public key in it is that of another private key"));
        }
        Ok(pair)
    }
}

impl EcPublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed(PUBLIC))?;
        let curve = curve_of(PUBLIC, &info.algorithm)?;
        let point = info
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| CryptoError::Malformed {
                what: PUBLIC,
                reason: "the point is not a whole number of bytes".to_owned(),
            })?;
        Self::from_sec1(curve, point)
    }

    /// Reads a `PUBLIC KEY` PEM.
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::from_spki_der(&pem::first(text, PUBLIC, &["PUBLIC KEY"])?.der)
    }

    /// Reads a SEC 1 point, compressed or not.
    pub fn from_sec1(curve: Curve, point: &[u8]) -> Result<Self, CryptoError> {
        let key = ec::PublicKey::from_point(curve.library(), point)?;
        let point = key.point();
        Ok(Self(Arc::new(PublicInner { key, curve, point })))
    }

    /// The uncompressed SEC 1 point.
    pub fn to_sec1(&self) -> &[u8] {
        &self.0.point
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        let oid = self.curve().oid();
        let algorithm = AlgorithmIdentifierRef {
            oid: EC_PUBLIC_KEY,
            parameters: Some(AnyRef::from(&oid)),
        };
        spki_der(algorithm, self.to_sec1())
    }

    /// The `PUBLIC KEY` PEM, 64 columns, final newline.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.to_spki_der()).to_string()
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.0.curve
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the id of the node that has this key.
    pub fn fingerprint(&self) -> Digest {
        sha256(&self.to_spki_der())
    }

    /// Whether `signature` (DER) is of `digest` itself, of any length (ledger.md 4.2).
    pub fn verify_prehash_der(&self, digest: &[u8], signature: &[u8]) -> bool {
        self.0.key.verify_der(digest, signature)
    }

    /// Whether `signature` (raw `r‖s`) is of `digest` itself, of any length.
    pub fn verify_prehash_raw(&self, digest: &[u8], signature: &[u8]) -> bool {
        self.0.key.verify_raw(digest, signature)
    }

    /// Whether `signature` (raw `r‖s`) is of `message` hashed with `hash`.
    pub fn verify_raw(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.verify_prehash_raw(&hash.digest(message), signature)
    }

    /// Whether `signature` (DER) is of `message` hashed with `hash`.
    pub fn verify_der(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.verify_prehash_der(&hash.digest(message), signature)
    }
}

impl PartialEq for EcPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve() == other.curve() && self.to_sec1() == other.to_sec1()
    }
}

impl Eq for EcPublicKey {}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "EcPublicKey({}, {})",
            self.curve().name(),
            self.fingerprint()
        )
    }
}

/// The curve that an algorithm identifier names.
fn curve_of(
    what: &'static str,
    algorithm: &AlgorithmIdentifierRef<'_>,
) -> Result<Curve, CryptoError> {
    if algorithm.oid != EC_PUBLIC_KEY {
        return Err(CryptoError::KeyKind {
            what,
            expected: "an EC key",
            found: algorithm.oid.to_string(),
        });
    }
    Curve::from_oid(algorithm.parameters_oid().map_err(malformed(what))?)
}

/// A PrivateKeyInfo of version 0.
pub(crate) fn pkcs8_der(
    algorithm: AlgorithmIdentifierRef<'_>,
    private_key: &[u8],
) -> Zeroizing<Vec<u8>> {
    let Ok(private_key) = OctetStringRef::new(private_key) else {
        library_broken("writing a private key")
    };
    encode_secret(&PrivateKeyInfoRef::new(algorithm, private_key))
}

/// A SubjectPublicKeyInfo.
pub(crate) fn spki_der(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Vec<u8> {
    let Ok(subject_public_key) = BitStringRef::from_bytes(key) else {
        library_broken("writing a public key")
    };
    encode(&SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key,
    })
}

/// The DER of a secret. The length is computed first, so that no copy stays behind in memory that was outgrown.
pub(crate) fn encode_secret(value: &impl Encode) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(encode(value))
}

/// The DER of a value that is known to have one: its parts are short enough.
pub(crate) fn encode(value: &impl Encode) -> Vec<u8> {
    value
        .to_der()
        .unwrap_or_else(|_| library_broken("writing DER"))
}

/// Turns a DER error into one that names the object.
pub(crate) fn malformed<E: fmt::Display>(what: &'static str) -> impl Fn(E) -> CryptoError {
    move |error| CryptoError::Malformed {
        what,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
