//! JSON receipts (ledger.md 6.1).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_crypto::{
    Curve, EcKeyPair, SystemEntropy,
    cert::{Certificate, Validity, self_signed},
};
use quorate_ledger::receipt::Receipt;

static SERVICE: LazyLock<Certificate> = LazyLock::new(|| {
    let key = EcKeyPair::generate(Curve::P256, &SystemEntropy);
    self_signed(
        &key,
        "CN=Service",
        &[],
        Validity {
            from: 1_700_000_000,
            days: 1,
        },
        &[1; 16],
    )
    .expect("certificate")
});

fuzz_target!(|text: &str| {
    let Ok(receipt) = Receipt::parse(text) else {
        return;
    };
    assert_eq!(
        Receipt::from_json(&receipt.to_json()).as_ref(),
        Ok(&receipt)
    );
    assert!(
        receipt.verify(&SERVICE).is_err(),
        "nothing is signed by this service"
    );
});
