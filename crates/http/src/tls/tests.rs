//! The way to the public key of a certificate.

use proptest::{collection::vec, prelude::*};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::client::{public_key, public_key_info};

fn certificate(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/certs/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

/// AlgorithmIdentifier of P-256 (RFC 5480 2.1.1).
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

#[test]
fn the_key_is_found_whatever_the_certificate_is() {
    for name in ["p256", "expired", "version1", "critical"] {
        let der = certificate(name);
        let info = public_key_info(&der).unwrap();
        let (identifier, key) = public_key(info).unwrap();
        assert_eq!(identifier, P256, "{name}");
        assert_eq!((key.len(), key[0]), (65, 4), "{name}");
    }
    for name in ["p384", "p521", "rsa", "ed25519"] {
        assert!(
            public_key_info(&certificate(name))
                .and_then(public_key)
                .is_some(),
            "{name}"
        );
    }
}

#[test]
fn a_truncated_certificate_has_no_key() {
    let der = certificate("rsa");
    for length in 0..der.len() {
        assert_eq!(public_key_info(&der[..length]), None, "{length}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in vec(any::<u8>(), 0..200)) {
        let _ = public_key_info(&bytes).map(public_key);
        let _ = public_key(&bytes);
        // The same inside of what looks like a certificate.
        let length = bytes.len() as u8;
        bytes.splice(0..0, [0x30, 0x81, length.saturating_add(3), 0x30, 0x81, length]);
        let _ = public_key_info(&bytes).map(public_key);
    }

    #[test]
    fn changed_certificates_never_panic(at in 0_usize..300, byte in any::<u8>()) {
        let mut der = certificate("p256");
        let at = at % der.len();
        der[at] = byte;
        let _ = public_key_info(&der).map(public_key);
    }
}
