//! Tests.

use std::{fs::File, io};

/// Placeholder until below.
#[derive(Default)]
pub(super) struct Faults;

impl Faults {
    pub(super) fn before(&self, _action: &'static str) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn before_write<'a>(
        &self,
        _file: &File,
        bytes: &'a [u8],
        _offset: u64,
    ) -> io::Result<&'a [u8]> {
        Ok(bytes)
    }
}
