//! COSE receipts and their inclusion proofs (ledger.md 6.4), and identity endorsements (ledger.md 6.5).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy, cose::Sign1};
use quorate_ledger::receipt::{
    cose::{self, InclusionProof, Unprotected},
    endorsement::follow_chain,
};

static SERVICE: LazyLock<EcKeyPair> =
    LazyLock::new(|| EcKeyPair::generate(Curve::P256, &SystemEntropy));

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = InclusionProof::decode(data) {
        assert_eq!(InclusionProof::decode(&proof.encode()).as_ref(), Ok(&proof));
    }
    let key = SERVICE.public_key();
    assert!(
        cose::verify(data, key, None).is_err(),
        "nothing is signed by this service"
    );
    assert!(
        follow_chain(key, &[data.to_vec()], None).is_err(),
        "nothing is signed by this service"
    );
    if let Ok(message) = Sign1::decode(data) {
        let edited = cose::set_unprotected(
            data,
            Unprotected::Nested {
                key: 396,
                subkey: -1,
                value: data,
            },
        );
        let edited = Sign1::decode(&edited.expect("it decodes")).expect("own message");
        assert_eq!(
            (edited.protected, edited.payload),
            (message.protected, message.payload)
        );
    }
});
