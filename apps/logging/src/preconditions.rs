//! Entity tags of public records, and `if-match` / `if-none-match` (apps-and-endpoints.md 11.3).

use quorate_crypto::sha256;
use quorate_endpoints::{ApiError, Context, code};

/// The tag of a message: lower-case hex of its SHA-256.
pub fn etag(message: &str) -> String {
    sha256(message.as_bytes()).to_string()
}

/// The request's precondition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// None.
    None,
    /// `if-match`
    Match(String),
    /// `if-none-match`
    NoneMatch(String),
}

/// What the precondition says of a record that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Holds,
    /// `if-match` named other tags.
    Changed,
    /// `if-none-match` named this tag.
    NotModified,
}

impl Precondition {
    /// Reads the two headers, of which only one may be there.
    pub fn of(context: &Context<'_>) -> Result<Self, ApiError> {
        let value = |name| match context.request.headers.get(name) {
            None => Ok(None),
            Some(value) => match std::str::from_utf8(value) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(invalid()),
            },
        };
        match (value("if-match")?, value("if-none-match")?) {
            (Some(_), Some(_)) => Err(ApiError::new(
                400,
                code::INVALID_HEADER_VALUE,
                "Cannot have both If-Match and If-None-Match headers.",
            )),
            (Some(tags), None) => Ok(Self::Match(tags)),
            (None, Some(tags)) => Ok(Self::NoneMatch(tags)),
            (None, None) => Ok(Self::None),
        }
    }

    /// Compares with the tag of the record as it is.
    pub fn check(&self, current: &str) -> Result<Verdict, ApiError> {
        Ok(match self {
            Self::None => Verdict::Holds,
            Self::Match(tags) if names(tags, current)? => Verdict::Holds,
            Self::Match(_) => Verdict::Changed,
            Self::NoneMatch(tags) if names(tags, current)? => Verdict::NotModified,
            Self::NoneMatch(_) => Verdict::Holds,
        })
    }
}

/// 412
pub fn changed() -> ApiError {
    ApiError::new(412, code::PRECONDITION_FAILED, "Resource has changed.")
}

/// Whether a header names a tag: `*`, or a list of quoted lower-case hex tags, each followed by an
/// optional comma and white space.
fn names(header: &str, tag: &str) -> Result<bool, ApiError> {
    if header == "*" {
        return Ok(true);
    }
    let mut found = false;
    let mut rest = header;
    loop {
        let (listed, after) = rest
            .strip_prefix('"')
            .and_then(|rest| rest.split_once('"'))
            .filter(|(listed, _)| is_lower_hex(listed))
            .ok_or_else(invalid)?;
        found |= listed == tag;
        rest = after.strip_prefix(',').unwrap_or(after).trim_ascii_start();
        if rest.is_empty() {
            return Ok(found);
        }
    }
}

fn is_lower_hex(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The same text for both headers.
fn invalid() -> ApiError {
    ApiError::internal("Invalid If-Match header")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(header: &str) -> Result<bool, String> {
        names(header, "ab12").map_err(|error| {
            assert_eq!(error.status, 500);
            error.message
        })
    }

    #[test]
    fn apps_11_3_tags_are_quoted_lower_case_hex() {
        assert_eq!(matches("*"), Ok(true));
        assert_eq!(matches("\"ab12\""), Ok(true));
        assert_eq!(matches("\"00\", \"ab12\",\"ff\""), Ok(true));
        assert_eq!(matches("\"00\"\"ab12\""), Ok(true));
        assert_eq!(matches("\"00\",   "), Ok(false));
        for bad in [
            "",
            "ab12",
            "W/\"ab12\"",
            "\"AB12\"",
            "\"\"",
            "\"ab12",
            "\"ab12\";",
            " \"ab12\"",
            "*,",
        ] {
            assert_eq!(
                matches(bad),
                Err("Invalid If-Match header".to_owned()),
                "{bad}"
            );
        }
    }

    #[test]
    fn apps_11_3_verdicts() {
        let header = || "\"ab12\"".to_owned();
        assert_eq!(Precondition::None.check("x").unwrap(), Verdict::Holds);
        assert_eq!(
            Precondition::Match(header()).check("ab12").unwrap(),
            Verdict::Holds
        );
        assert_eq!(
            Precondition::Match(header()).check("ab13").unwrap(),
            Verdict::Changed
        );
        assert_eq!(
            Precondition::NoneMatch(header()).check("ab12").unwrap(),
            Verdict::NotModified
        );
        assert_eq!(
            Precondition::NoneMatch(header()).check("ab13").unwrap(),
            Verdict::Holds
        );
    }

    #[test]
    fn apps_11_3_the_tag_is_the_sha256_of_the_message() {
        assert_eq!(
            etag("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
