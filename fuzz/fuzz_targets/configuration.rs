//! The operator's configuration file (node-and-operations.md 2).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_config::Config;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        match Config::parse(text) {
            Ok((config, notes)) => {
                assert!(!config.network.rpc_interfaces.is_empty(), "a node has an interface for clients");
                for note in notes {
                    assert!(!note.to_string().is_empty());
                }
            }
            Err(error) => assert!(!error.describe("file").is_empty()),
        }
    }
});
