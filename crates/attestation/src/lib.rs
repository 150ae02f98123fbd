//! Evidence of a node: what it proves about itself, how that is checked, and what a founding node
//! writes into the join policy. Pure functions; reading the executable and writing the evidence files
//! is the node's work.
//!
//! Built so far: the virtual platform (attestation.md 3), which proves nothing and says so. Evidence of
//! AMD SEV-SNP is refused as not supported by this version.

mod platform;
mod virtual_node;

pub use platform::{Platform, PlatformError};
pub use virtual_node::{Evidence, EvidenceError, VIRTUAL_MEASUREMENT, Verified, verify_virtual};
