//! Evidence of a virtual node (attestation.md 3.3).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_attestation::verify_virtual;

fuzz_target!(|data: &[u8]| {
    if let Ok(verified) = verify_virtual(data) {
        assert_eq!(verified.host_data.len(), 64);
    }
});
