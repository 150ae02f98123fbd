//! The node's clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970, UTC.
#[must_use]
pub fn unix_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}
