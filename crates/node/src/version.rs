//! Version texts. Tools made for CCF read the first two lines of `--version` and `ccf_version`.

use quorate_attestation::Platform;

/// The contract that is spoken, in the form that tools parse (node-and-operations.md 1.1).
pub const CONTRACT: &str = "ccf-7.0.0-dev5";

/// Language level of the JavaScript engine, as the contract names it (js-runtime.md 1.1).
pub const JAVASCRIPT_LEVEL: &str = "2024-01-13";

/// Quorate's own version.
pub const QUORATE: &str = env!("CARGO_PKG_VERSION");

/// What `--version` prints.
#[must_use]
pub fn text(platform: Platform, application: &str) -> String {
    format!(
        "CCF host: {CONTRACT}\nPlatform: {}\nQuorate {QUORATE} ({application})\n",
        platform.name()
    )
}
