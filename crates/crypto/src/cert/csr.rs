//! Certificate signing requests (PKCS#10).

use super::San;
use crate::{CryptoError, EcKeyPair};

/// Makes a signing request, signed with ECDSA-SHA512 whatever the curve (recovery-and-membership.md 2.1). PEM.
pub fn create_csr(_key: &EcKeyPair, _subject: &str, _sans: &[San]) -> Result<String, CryptoError> {
    unimplemented!()
}

/// A signing request.
#[derive(Clone)]
pub struct Csr(());

impl Csr {
    /// Reads a `CERTIFICATE REQUEST` PEM.
    pub fn from_pem(_text: &str) -> Result<Self, CryptoError> {
        unimplemented!()
    }

    /// Whether its self-signature holds, with any hash.
    pub fn verify(&self) -> bool {
        unimplemented!()
    }

    /// The DER SubjectPublicKeyInfo of the requester.
    pub fn public_key_spki(&self) -> &[u8] {
        unimplemented!()
    }

    /// The subject, as [`super::Certificate::subject`] shows it.
    pub fn subject(&self) -> String {
        unimplemented!()
    }

    /// The subject alternative names.
    pub fn sans(&self) -> Vec<San> {
        unimplemented!()
    }
}
