//! Signed requests of members (governance-api.md 2).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy, cose::decode_request};

static MEMBER: LazyLock<EcKeyPair> =
    LazyLock::new(|| EcKeyPair::generate(Curve::P256, &SystemEntropy));

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = decode_request(data) {
        assert!(
            !request.verify(MEMBER.public_key()),
            "nothing is signed by this member"
        );
    }
});
