//! Texts of times and sizes (node-and-operations.md 2.2).

use std::time::Duration;

/// Why a text is no time or size. The texts are those of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// The text is empty.
    #[error("Cannot convert empty unit string")]
    Empty,
    /// There is no number before the unit (22), or it is too large (34).
    #[error("Could not convert value from size string \"{number}\": {code}")]
    Number {
        /// The text before the unit.
        number: String,
        /// POSIX error number: `EINVAL` or `ERANGE`.
        code: u8,
    },
    /// The unit is not known.
    #[error("Unit {unit} is invalid. Allowed: {allowed}")]
    Unit {
        /// The unit, in lower case.
        unit: String,
        /// The known ones.
        allowed: &'static str,
    },
}

const EINVAL: u8 = 22;
const ERANGE: u8 = 34;

/// What was read from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity<'a> {
    /// In microseconds or bytes.
    pub amount: u64,
    /// The leading digits.
    pub digits: &'a str,
    /// Whether all characters before the unit were digits.
    pub whole: bool,
    /// The unit, empty if there is none.
    pub unit: &'a str,
}

/// Reads a time such as `10ms`. Without unit it is in microseconds.
///
/// # Errors
/// The text is empty, does not begin with a digit, has an unknown unit, or is beyond 2^64 microseconds.
pub fn parse_time(text: &str) -> Result<Duration, UnitError> {
    time(text).map(|quantity| Duration::from_micros(quantity.amount))
}

/// Reads a size such as `5MB`, in bytes; units are powers of 1024. Without unit it is in bytes.
///
/// # Errors
/// As [`parse_time`].
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    size(text).map(|quantity| quantity.amount)
}

pub(crate) fn time(text: &str) -> Result<Quantity<'_>, UnitError> {
    read(text, ", h, min, ms, s, us", |unit| match unit {
        "" | "us" => Some(1),
        "ms" => Some(1_000),
        "s" => Some(1_000_000),
        "min" => Some(60_000_000),
        "h" => Some(3_600_000_000),
        _ => None,
    })
}

pub(crate) fn size(text: &str) -> Result<Quantity<'_>, UnitError> {
    read(text, "b, gb, kb, mb, pb, tb", |unit| match unit {
        "" | "b" => Some(1),
        "kb" => Some(1 << 10),
        "mb" => Some(1 << 20),
        "gb" => Some(1 << 30),
        "tb" => Some(1 << 40),
        "pb" => Some(1 << 50),
        _ => None,
    })
}

fn read<'a>(
    text: &'a str,
    allowed: &'static str,
    factor: impl Fn(&str) -> Option<u64>,
) -> Result<Quantity<'a>, UnitError> {
    if text.is_empty() {
        return Err(UnitError::Empty);
    }
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &number[..number.len() - rest.len()];

    let failed = |code| UnitError::Number {
        number: number.to_owned(),
        code,
    };
    if digits.is_empty() {
        return Err(failed(EINVAL));
    }
    let value: u64 = digits.parse().map_err(|_| failed(ERANGE))?;
    let lower = unit.to_ascii_lowercase();
    let factor = factor(&lower).ok_or(UnitError::Unit {
        unit: lower,
        allowed,
    })?;
    let amount = value.checked_mul(factor).ok_or_else(|| failed(ERANGE))?;
    Ok(Quantity {
        amount,
        digits,
        whole: rest.is_empty(),
        unit,
    })
}
