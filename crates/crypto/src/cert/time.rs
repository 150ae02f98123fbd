//! Validity periods, their encoding, and the formats of `valid_from` (governance-api.md 8.6).

use der::asn1::AnyRef;
use der::{Tag, Tagged};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::CryptoError;

const DAY: i64 = 86_400;

/// A validity period that begins at a time and lasts for days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second, unix seconds.
    pub from: i64,
    /// The length in days; the last second is `from + days * 86400 - 1`.
    pub days: u64,
}

/// A validity period by its ends, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first second, unix seconds.
    pub not_before: i64,
    /// The last second, unix seconds.
    pub not_after: i64,
}

impl Validity {
    /// The last second, unix seconds. No days, or an end outside of the years 1950 to 9999, is an error.
    pub fn not_after(&self) -> Result<i64, CryptoError> {
        let error = |reason| CryptoError::Validity {
            from: self.from,
            days: self.days,
            reason,
        };
        if self.days == 0 {
            return Err(error("ends before it begins"));
        }
        let end = i64::try_from(self.days).ok().and_then(|days| {
            days.checked_mul(DAY)?
                .checked_add(self.from)?
                .checked_sub(1)
        });
        match end {
            Some(end) if is_encodable(self.from) && is_encodable(end) => Ok(end),
            _ => Err(error("must lie between the years 1950 and 9999")),
        }
    }

    /// Both ends.
    pub fn period(&self) -> Result<Period, CryptoError> {
        Ok(Period {
            not_before: self.from,
            not_after: self.not_after()?,
        })
    }
}

/// Reads a time in any of the accepted formats; the result is in unix seconds. An offset is applied, a fraction cut off.
pub fn parse_valid_from(text: &str) -> Result<i64, CryptoError> {
    compact(text)
        .or_else(|| iso(text))
        .ok_or_else(|| CryptoError::TimeFormat(text.to_owned()))
}

/// `YYMMDDhhmmss` or `YYYYMMDDhhmmss`, with `Z` or an offset.
fn compact(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (date, zone) = text.split_at(digits);
    let mut fields = Fields(date);
    let year = match digits {
        12 => {
            // `Z` is read as strptime does, an offset as ASN.1 does.
            let pivot = if zone == "Z" { 69 } else { 50 };
            let year = fields.number(2)?;
            if year >= pivot {
                1900 + year
            } else {
                2000 + year
            }
        }
        14 => fields.number(4)?,
        _ => return None,
    };
    let month = fields.number(2)?;
    let day = fields.number(2)?;
    let seconds = seconds(
        year,
        month,
        day,
        fields.number(2)?,
        fields.number(2)?,
        fields.number(2)?,
    )?;
    Some(seconds - offset(zone)?)
}

/// `YYYY-MM-DD hh:mm:ss` with a blank or `T`, an optional fraction and an optional offset or `Z`.
fn iso(text: &str) -> Option<i64> {
    let mut fields = Fields(text);
    let year = fields.number(4)?;
    fields.literal("-")?;
    let month = fields.number(2)?;
    fields.literal("-")?;
    let day = fields.number(2)?;
    fields.literal(" ").or_else(|| fields.literal("T"))?;
    let hour = fields.number(2)?;
    fields.literal(":")?;
    let minute = fields.number(2)?;
    fields.literal(":")?;
    let second = fields.number(2)?;
    let mut rest = fields.0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let after = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if after.len() == fraction.len() {
            return None;
        }
        rest = after;
    }
    let zone = rest.strip_prefix(' ').unwrap_or(rest);
    let offset = if rest.is_empty() { 0 } else { offset(zone)? };
    Some(seconds(year, month, day, hour, minute, second)? - offset)
}

/// Seconds east of UTC of `Z`, `±hh:mm`, `±hhmm` or `±hh mm`.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let mut fields = Fields(digits);
    let hours = fields.number(2)?;
    let _ = fields.literal(":").or_else(|| fields.literal(" "));
    let minutes = fields.number(2)?;
    if !fields.0.is_empty() || hours > 23 || minutes > 59 {
        return None;
    }
    Some(sign * (hours * 3600 + minutes * 60))
}

/// A text from which fields are taken off.
struct Fields<'a>(&'a str);

impl Fields<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        if !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }
}

/// Unix seconds of a date and time of day, `None` if there is no such date. A leap second counts as the next second.
fn seconds(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let small = |value: i64| u8::try_from(value).ok();
    let date = Date::from_calendar_date(
        i32::try_from(year).ok()?,
        Month::try_from(small(month)?).ok()?,
        small(day)?,
    )
    .ok()?;
    let time = Time::from_hms(small(hour)?, small(minute)?, small(second.min(59))?).ok()?;
    if second > 60 {
        return None;
    }
    let whole = PrimitiveDateTime::new(date, time)
        .assume_utc()
        .unix_timestamp();
    Some(whole + i64::from(second == 60))
}

fn is_encodable(time: i64) -> bool {
    year_of(time).is_some_and(|year| (1950..=9999).contains(&year))
}

fn year_of(time: i64) -> Option<i32> {
    OffsetDateTime::from_unix_timestamp(time)
        .ok()
        .map(OffsetDateTime::year)
}

/// The ASN.1 time: UTCTime to the year 2049, then GeneralizedTime (RFC 5280, 4.1.2.5).
pub(super) fn encode(time: i64) -> Result<(Tag, String), CryptoError> {
    let moment = OffsetDateTime::from_unix_timestamp(time)
        .ok()
        .filter(|_| is_encodable(time));
    let reason = "must lie between the years 1950 and 9999";
    let moment = moment.ok_or(CryptoError::Validity {
        from: time,
        days: 0,
        reason,
    })?;
    let (month, day) = (u8::from(moment.month()), moment.day());
    let rest = format!(
        "{month:02}{day:02}{:02}{:02}{:02}Z",
        moment.hour(),
        moment.minute(),
        moment.second()
    );
    Ok(match moment.year() {
        year @ ..2050 => (Tag::UtcTime, format!("{:02}{rest}", year % 100)),
        year => (Tag::GeneralizedTime, format!("{year:04}{rest}")),
    })
}

/// Unix seconds of an ASN.1 time, which must be of the form that RFC 5280 demands.
pub(super) fn decode(time: AnyRef<'_>) -> Option<i64> {
    let text = std::str::from_utf8(time.value()).ok()?.strip_suffix('Z')?;
    let mut fields = Fields(text);
    let year = match time.tag() {
        Tag::UtcTime => match fields.number(2)? {
            year @ 50.. => 1900 + year,
            year => 2000 + year,
        },
        Tag::GeneralizedTime => fields.number(4)?,
        _ => return None,
    };
    let month = fields.number(2)?;
    let day = fields.number(2)?;
    let seconds = seconds(
        year,
        month,
        day,
        fields.number(2)?,
        fields.number(2)?,
        fields.number(2)?,
    )?;
    fields.0.is_empty().then_some(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_accepted_format_of_valid_from() {
        // 2026-11-22 08:34:13 UTC.
        let expected = 1_795_336_453;
        for text in [
            "261122083413Z",
            "20261122083413Z",
            "2026-11-22 08:34:13",
            "2026-11-22T08:34:13",
            "2026-11-22T08:34:13Z",
            "2026-11-22 08:34:13.123456",
            "2026-11-22T08:34:13.999999",
            "2026-11-22 08:34:13.123456+00:00",
            "2026-11-22T08:34:13.123456+00:00",
            "2026-11-22 08:34:13 +00:00",
            "2026-11-22 10:34:13+02:00",
            "2026-11-22T03:04:13-05:30",
            "2026-11-22 08:34:13 +0000",
            "261122103413+0200",
            "20261122033413-0500",
        ] {
            assert_eq!(parse_valid_from(text), Ok(expected), "{text}");
        }
        assert_eq!(parse_valid_from("500101000000+0000"), Ok(-631_152_000));
        assert_eq!(parse_valid_from("500101000000Z"), Ok(2_524_608_000));
        assert_eq!(parse_valid_from("2024-02-29 00:00:00"), Ok(1_709_164_800));
    }

    #[test]
    fn any_other_time_is_refused_with_the_text_of_the_specification() {
        for text in [
            "",
            "now",
            "2026",
            "2026-11-22",
            "2026-13-22 08:34:13",
            "2026-02-30 08:34:13",
            "2026-11-22 24:34:13",
            "2026-11-22 08:34:13+25:00",
            "2026-11-22 08:34:13.",
            "2026-11-22 08:34:13 tomorrow",
            "261122083413",
            "2611220834131Z",
            "2026-11-22 08:34:61",
            " 2026-11-22 08:34:13",
        ] {
            let error = parse_valid_from(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("'{text}' does not match any accepted time format")
            );
        }
    }

    #[test]
    fn the_last_second_is_one_before_the_days_are_over() {
        assert_eq!(
            Validity {
                from: 1000,
                days: 1
            }
            .not_after(),
            Ok(1000 + 86_400 - 1)
        );
        assert_eq!(
            Validity { from: 0, days: 365 }.not_after(),
            Ok(365 * 86_400 - 1)
        );
        assert!(Validity { from: 0, days: 0 }.not_after().is_err());
        assert!(
            Validity {
                from: 0,
                days: u64::MAX
            }
            .not_after()
            .is_err()
        );
        assert!(
            Validity {
                from: 0,
                days: 4_000_000
            }
            .not_after()
            .is_err()
        );
        assert!(
            Validity {
                from: i64::MAX,
                days: 1
            }
            .not_after()
            .is_err()
        );
        assert!(
            Validity {
                from: i64::MIN,
                days: 1
            }
            .not_after()
            .is_err()
        );
    }

    #[test]
    fn times_from_2050_are_generalized() {
        assert_eq!(
            encode(2_524_607_999),
            Ok((Tag::UtcTime, "491231235959Z".to_owned()))
        );
        assert_eq!(
            encode(2_524_608_000),
            Ok((Tag::GeneralizedTime, "20500101000000Z".to_owned()))
        );
        assert_eq!(
            encode(-631_152_000),
            Ok((Tag::UtcTime, "500101000000Z".to_owned()))
        );
        assert!(encode(-631_152_001).is_err());
    }

    proptest! {
        #[test]
        fn encoded_times_survive(time in -631_152_000_i64..253_402_300_800) {
            let (tag, text) = encode(time).unwrap();
            prop_assert_eq!(decode(AnyRef::new(tag, text.as_bytes()).unwrap()), Some(time));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = parse_valid_from(&text);
        }
    }
}
