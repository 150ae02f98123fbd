//! Query strings and percent decoding (apps-and-endpoints.md 4.5).

use std::{borrow::Cow, str::FromStr};

use crate::error::ApiError;

/// A decoded query string. Parameters are looked up in place: queries are short.
#[derive(Clone, Debug, Default)]
pub struct Query<'a> {
    decoded: Cow<'a, [u8]>,
}

impl<'a> Query<'a> {
    /// Decodes a raw query: as a whole, once, before it is split.
    pub fn new(raw: Option<&'a str>) -> Self {
        Self {
            decoded: percent_decode(raw.unwrap_or_default().as_bytes()),
        }
    }

    /// All decoded bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.decoded
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.decoded
            .split(|byte| *byte == b'&')
            .filter(|item| !item.is_empty())
            .map(|item| match item.iter().position(|byte| *byte == b'=') {
                Some(at) => (&item[..at], &item[at + 1..]),
                None => (item, &item[item.len()..]),
            })
    }

    /// Value of the first parameter of this name. Without `=` it is empty.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// The value as text, invalid UTF-8 replaced.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value(name).map(String::from_utf8_lossy)
    }

    /// The value as text; the parameter must be there.
    ///
    /// # Errors
    /// 400 `InvalidQueryParameterValue`.
    pub fn required(&self, name: &str) -> Result<Cow<'_, str>, ApiError> {
        self.text(name)
            .ok_or_else(|| ApiError::invalid_query(format!("Missing query parameter '{name}'")))
    }

    /// The value as an unsigned number; the parameter must be there.
    ///
    /// # Errors
    /// 400 `InvalidQueryParameterValue`.
    pub fn required_number<N: FromStr>(&self, name: &str) -> Result<N, ApiError> {
        let text = self.required(name)?;
        number(&text).ok_or_else(|| {
            ApiError::invalid_query(format!(
                "Unable to parse value '{text}' in parameter '{name}'"
            ))
        })
    }

    /// The value as an unsigned number; a value that is none counts as absent.
    pub fn optional_number<N: FromStr>(&self, name: &str) -> Option<N> {
        number(&self.text(name)?)
    }

    /// The value as `true` or `false`; absent is allowed.
    ///
    /// # Errors
    /// 400 `InvalidQueryParameterValue`.
    pub fn optional_bool(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(b"true") => Ok(Some(true)),
            Some(b"false") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid_query(format!(
                "Unable to parse value '{}' as bool in parameter '{name}'",
                String::from_utf8_lossy(other)
            ))),
        }
    }
}

/// Decimal digits only, the whole text, in range.
fn number<N: FromStr>(text: &str) -> Option<N> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Decodes `%xx` and `+` (a space); an invalid escape stays as it is.
pub fn percent_decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(raw);
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        rest = after;
        decoded.push(match (first, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (other, _) => *other,
        });
    }
    Cow::Owned(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
