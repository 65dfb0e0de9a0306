//! Instants in JSON: RFC 3339, UTC, exactly three fractional digits.
//!
//! Generated Swift clients parse a fixed number of digits; chrono writes 0, 3, 6 or 9.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serializer};

/// The one text form of an instant. By hand, since lists hold hundreds and chrono's own takes half a microsecond each.
#[must_use]
pub fn format(at: &DateTime<Utc>) -> String {
    let year = at.year();
    if !(0..=9999).contains(&year) {
        return at.to_rfc3339_opts(SecondsFormat::Millis, true);
    }
    let mut text = String::with_capacity(24);
    let mut number = |value: u32, digits: u32, end: char| {
        for place in (0..digits).rev() {
            let digit = value / 10_u32.pow(place) % 10;
            text.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
        text.push(end);
    };
    number(year.unsigned_abs(), 4, '-');
    number(at.month(), 2, '-');
    number(at.day(), 2, 'T');
    number(at.hour(), 2, ':');
    number(at.minute(), 2, ':');
    number(at.second(), 2, '.');
    // A leap second counts on from 999, as chrono has it.
    number(at.timestamp_subsec_millis().min(999), 3, 'Z');
    text
}

pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(at))
}

/// Any offset is taken; an instant without an offset is refused.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    DateTime::parse_from_rfc3339(&text)
        .map(|at| at.to_utc())
        .map_err(serde::de::Error::custom)
}

/// For optional instants; pair with `skip_serializing_if`.
pub mod option {
    use chrono::{DateTime, Utc};
    use serde::Serializer;

    pub fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat, Utc};

    #[test]
    fn writes_what_chrono_writes() {
        for seconds in (-80_000_000_000_i64..90_000_000_000).step_by(987_654_321) {
            for nanos in [0, 1_000_000, 45_678_901, 999_999_999] {
                let at: DateTime<Utc> = DateTime::from_timestamp(seconds, nanos).unwrap();
                let expected = at.to_rfc3339_opts(SecondsFormat::Millis, true);
                assert_eq!(super::format(&at), expected);
            }
        }
    }
}
