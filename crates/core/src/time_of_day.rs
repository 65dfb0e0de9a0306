//! Times of a day as people type them.

use crate::{Rule, Words};

const FORM: Rule = Rule::Format(Words {
    id: "jam ditulis HH:MM, contoh: 08:00",
    en: "must be a time as HH:MM, such as 08:00",
});

const DAY: u16 = 24 * 60;

/// Minutes since midnight of `HH:MM`; `24:00` only where the end of the day will do.
pub fn minute_of_day(text: &str, end_of_day: bool) -> Result<u16, Rule> {
    let two = |part: &str| -> Option<u16> {
        let is_number = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    let (hours, minutes) = text.split_once(':').ok_or(FORM)?;
    let (hours, minutes) = two(hours).zip(two(minutes)).ok_or(FORM)?;
    let total = hours * 60 + minutes;
    if minutes < 60 && (total < DAY || (end_of_day && total == DAY)) {
        Ok(total)
    } else {
        Err(FORM)
    }
}

#[cfg(test)]
mod tests {
    use super::minute_of_day;

    #[test]
    fn times_have_two_digits_each() {
        for (text, end, expected) in [
            ("00:00", false, Some(0)),
            ("09:30", false, Some(570)),
            ("24:00", true, Some(1440)),
            ("24:00", false, None),
            ("24:01", true, None),
            ("09:60", false, None),
            ("9:30", false, None),
            ("+9:30", false, None),
            ("0９:30", false, None),
            ("", false, None),
        ] {
            assert_eq!(minute_of_day(text, end).ok(), expected, "{text}");
        }
    }
}
