//! The COSE_Sign1 structure itself (RFC 9052).

use super::CoseError;
use crate::{Curve, Hash};

/// The signature algorithms in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoseAlg {
    /// ECDSA with SHA-256.
    Es256,
    /// ECDSA with SHA-384.
    Es384,
    /// ECDSA with SHA-512.
    Es512,
}

impl CoseAlg {
    /// The algorithm of a curve.
    pub const fn for_curve(curve: Curve) -> Self {
        match curve {
            Curve::P256 => Self::Es256,
            Curve::P384 => Self::Es384,
            Curve::P521 => Self::Es512,
        }
    }

    /// The number in the header: -7, -35, -36.
    pub const fn id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
        }
    }

    /// The algorithm of a number.
    pub const fn from_id(id: i64) -> Option<Self> {
        match id {
            -7 => Some(Self::Es256),
            -35 => Some(Self::Es384),
            -36 => Some(Self::Es512),
            _ => None,
        }
    }

    /// `ES256`, `ES384`, `ES512`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// Its hash function.
    pub const fn hash(self) -> Hash {
        match self {
            Self::Es256 => Hash::Sha256,
            Self::Es384 => Hash::Sha384,
            Self::Es512 => Hash::Sha512,
        }
    }
}

/// The value of a header parameter, if of a simple type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// An integer that fits.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Anything else, as encoded.
    Other(Vec<u8>),
}

/// A decoded COSE_Sign1 message; strict decoding (tag 18, array of exactly four, definite or not).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign1 {
    /// The bytes of the protected header map, as signed.
    pub protected: Vec<u8>,
    /// The encoded unprotected header map.
    pub unprotected: Vec<u8>,
    /// The payload; `None` when detached (nil).
    pub payload: Option<Vec<u8>>,
    /// The signature.
    pub signature: Vec<u8>,
    /// Header parameter 1.
    pub alg: Option<i64>,
    /// Header parameter 4.
    pub kid: Option<Vec<u8>>,
}

impl Sign1 {
    /// Decodes a whole message.
    pub fn decode(_bytes: &[u8]) -> Result<Self, CoseError> {
        unimplemented!()
    }

    /// Encodes the message with the tag, keeping the bytes of both headers.
    pub fn encode(&self) -> Vec<u8> {
        unimplemented!()
    }

    /// The protected header parameter with a text label.
    pub fn text_header(&self, _label: &str) -> Option<HeaderValue> {
        unimplemented!()
    }

    /// The protected header parameter with an integer label.
    pub fn int_header(&self, _label: i64) -> Option<HeaderValue> {
        unimplemented!()
    }

    /// Whether the signature is by `key` over the headers and `payload` (the attached one, or that given if detached).
    pub fn verify(&self, _key: &crate::EcPublicKey, _detached: Option<&[u8]>) -> bool {
        unimplemented!()
    }
}

/// The bytes that are signed: `["Signature1", protected, h'', payload]`.
pub fn sig_structure(_protected: &[u8], _payload: &[u8]) -> Vec<u8> {
    unimplemented!()
}
