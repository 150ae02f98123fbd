//! Certificates, signing requests and keys in PEM, from members, users, nodes and proposals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_crypto::cert::{Certificate, Csr, is_valid_bundle, is_valid_chain, parse_valid_from};
use quorate_crypto::{EcKeyPair, EcPublicKey};

fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.der(), data, "what is read is what was given");
        let again = Certificate::from_pem(&certificate.to_pem());
        assert!(again.is_ok_and(|again| again.der() == data));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(request) = Csr::from_pem(text) {
            let _ = request.verify();
        }
        let _ = (is_valid_bundle(text), is_valid_chain(text, text, 0), parse_valid_from(text));
        let _ = (EcKeyPair::from_pem(text).is_ok(), EcPublicKey::from_pem(text).is_ok());
    }
});
