//! Which platform this process runs on (attestation.md 2). Decided from inputs, not from global state.

/// A platform that can produce evidence of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// No hardware protection: evidence proves nothing.
    Virtual,
    /// AMD SEV-SNP.
    Snp,
}

/// The platform cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// `CCF_PLATFORM_OVERRIDE` has an unknown value.
    #[error("CCF_PLATFORM_OVERRIDE is '{0}'; valid values are SNP, Virtual, SGX and Unknown")]
    UnknownOverride(String),
    /// A value that is valid, but for which there is no evidence.
    #[error("platform {0} cannot produce evidence of a node; this version supports Virtual")]
    Unsupported(&'static str),
}

impl Platform {
    /// The platform from the environment override (if set) and from whether `/dev/sev-guest` can be
    /// opened for reading and writing.
    ///
    /// # Errors
    /// An unknown override, or one that names a platform without evidence.
    pub fn detect(
        override_value: Option<&str>,
        has_sev_guest: bool,
    ) -> Result<Self, PlatformError> {
        match override_value {
            Some("Virtual") => Ok(Self::Virtual),
            Some("SNP") => Ok(Self::Snp),
            Some("SGX") => Err(PlatformError::Unsupported("SGX")),
            Some("Unknown") => Err(PlatformError::Unsupported("Unknown")),
            Some(other) => Err(PlatformError::UnknownOverride(other.to_owned())),
            None if has_sev_guest => Ok(Self::Snp),
            None => Ok(Self::Virtual),
        }
    }

    /// The name that `--version` prints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Virtual => "Virtual",
            Self::Snp => "SNP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestation_2_the_override_wins_and_is_case_sensitive() {
        assert_eq!(
            Platform::detect(Some("Virtual"), true),
            Ok(Platform::Virtual)
        );
        assert_eq!(Platform::detect(Some("SNP"), false), Ok(Platform::Snp));
        assert_eq!(
            Platform::detect(Some("virtual"), false),
            Err(PlatformError::UnknownOverride("virtual".to_owned()))
        );
        assert_eq!(
            Platform::detect(Some("SGX"), false),
            Err(PlatformError::Unsupported("SGX"))
        );
    }

    #[test]
    fn attestation_2_without_override_the_device_decides() {
        assert_eq!(Platform::detect(None, true), Ok(Platform::Snp));
        assert_eq!(Platform::detect(None, false), Ok(Platform::Virtual));
    }
}
