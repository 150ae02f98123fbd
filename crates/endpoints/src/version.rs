//! `api-version` of the governance API (governance-api.md 1.2).

use crate::{
    error::{ApiError, code},
    query::Query,
};

/// A version of the governance API. Ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiVersion {
    /// `2023-06-01-preview`
    Preview20230601,
    /// `2024-07-01`
    V20240701,
}

impl ApiVersion {
    /// All versions, oldest first.
    pub const ALL: [Self; 2] = [Self::Preview20230601, Self::V20240701];

    /// As clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview20230601 => "2023-06-01-preview",
            Self::V20240701 => "2024-07-01",
        }
    }

    /// The version that a request asks for, for an endpoint that exists since `minimum`.
    ///
    /// # Errors
    /// 400 `MissingApiVersionParameter` or `UnsupportedApiVersionValue`.
    pub fn of(query: &Query<'_>, minimum: Self) -> Result<Self, ApiError> {
        let supported = Self::ALL.into_iter().filter(|version| *version >= minimum);
        let Some(value) = query.text("api-version") else {
            return Err(ApiError::new(
                400,
                code::MISSING_API_VERSION_PARAMETER,
                format!(
                    "The api-version query parameter (?api-version=) is required for all requests. The supported api-versions are: {}",
                    listed(supported)
                ),
            ));
        };
        supported
            .clone()
            .find(|version| version.as_str() == value)
            .ok_or_else(|| {
                ApiError::new(
                    400,
                    code::UNSUPPORTED_API_VERSION_VALUE,
                    format!(
                        "Unsupported api-version '{value}'. The supported api-versions are: {}",
                        listed(supported)
                    ),
                )
            })
    }
}

fn listed(versions: impl Iterator<Item = ApiVersion>) -> String {
    versions
        .map(ApiVersion::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str, minimum: ApiVersion) -> Result<ApiVersion, (String, String)> {
        ApiVersion::of(&Query::new(Some(raw)), minimum).map_err(|error| {
            assert_eq!(error.status, 400);
            (error.code.into_owned(), error.message)
        })
    }

    #[test]
    fn gov_1_2_both_versions_are_accepted_exactly() {
        let oldest = ApiVersion::Preview20230601;
        assert_eq!(of("api-version=2023-06-01-preview", oldest), Ok(oldest));
        assert_eq!(
            of("x=1&api-version=2024-07-01&api-version=z", oldest),
            Ok(ApiVersion::V20240701)
        );
        assert_eq!(
            of("api-version%3D2024-07-01", oldest),
            Ok(ApiVersion::V20240701)
        );
        for other in ["2024-07-02", "2023-06-01-Preview", "", "2024-07-01 "] {
            assert_eq!(
                of(
                    &format!("api-version={}", other.replace(' ', "%20")),
                    oldest
                ),
                Err((
                    "UnsupportedApiVersionValue".to_owned(),
                    format!(
                        "Unsupported api-version '{other}'. The supported api-versions are: 2023-06-01-preview, 2024-07-01"
                    ),
                ))
            );
        }
    }

    #[test]
    fn gov_1_2_a_missing_version_is_named() {
        assert_eq!(
            of("", ApiVersion::Preview20230601),
            Err((
                "MissingApiVersionParameter".to_owned(),
                "The api-version query parameter (?api-version=) is required for all requests. The supported api-versions are: 2023-06-01-preview, 2024-07-01".to_owned(),
            ))
        );
    }

    #[test]
    fn gov_1_2_only_versions_that_the_handler_has_are_listed() {
        assert_eq!(
            of("api-version=2023-06-01-preview", ApiVersion::V20240701)
                .unwrap_err()
                .1,
            "Unsupported api-version '2023-06-01-preview'. The supported api-versions are: 2024-07-01"
        );
    }
}
