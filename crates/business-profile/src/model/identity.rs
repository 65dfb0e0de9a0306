//! Indonesian identity numbers. What can be checked without asking the authority is checked; what may be wrong in
//! good faith (an old region code, an unusual check digit) is not refused.

use chrono::NaiveDate;
use karya_core::{Rule, Words};

const NIB_FORM: Rule = Rule::Format(Words {
    id: "NIB terdiri dari 13 angka",
    en: "must be a NIB: 13 digits",
});
const NPWP_FORM: Rule = Rule::Format(Words {
    id: "NPWP terdiri dari 15 angka, atau 16 angka (NIK, atau 0 diikuti NPWP lama)",
    en: "must be an NPWP: 15 digits, or 16 (a NIK, or 0 followed by the old NPWP)",
});
const NIK_FORM: Rule = Rule::Format(Words {
    id: "NIK terdiri dari 16 angka dengan tanggal lahir yang sah",
    en: "must be a NIK: 16 digits with a valid date of birth",
});

/// The digits of what people type with blanks, dots and dashes.
fn digits(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let plausible = raw.len() <= 40
        && raw
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '/'));
    plausible.then(|| raw.chars().filter(char::is_ascii_digit).collect())
}

/// Nomor Induk Berusaha (PP 5/2021, OSS): 13 digits without a public check digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nib(String);

impl Nib {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let digits = digits(raw)
            .filter(|digits| digits.len() == 13)
            .ok_or(NIB_FORM)?;
        let all_equal = digits
            .bytes()
            .all(|digit| digits.bytes().next() == Some(digit));
        if all_equal {
            Err(NIB_FORM)
        } else {
            Ok(Self(digits))
        }
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Nomor Induk Kependudukan: PPKKCC DDMMYY SSSS; for women 40 is added to the day.
#[derive(Clone, PartialEq, Eq)]
pub struct Nik(String);

impl Nik {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let digits = digits(raw)
            .filter(|digits| digits.len() == 16)
            .ok_or(NIK_FORM)?;
        let part = |range: std::ops::Range<usize>| {
            digits
                .get(range)
                .and_then(|part| part.parse::<u32>().ok())
                .unwrap_or(0)
        };
        let (province, regency, district) = (part(0..2), part(2..4), part(4..6));
        let (day, month, year, serial) = (part(6..8), part(8..10), part(10..12), part(12..16));
        let day = if day > 40 { day - 40 } else { day };
        // The century is not written; 2000 and 1900 agree on every date but 29 February 1900.
        let real_date =
            NaiveDate::from_ymd_opt(2000 + i32::try_from(year).unwrap_or_default(), month, day)
                .is_some()
                || NaiveDate::from_ymd_opt(
                    1900 + i32::try_from(year).unwrap_or_default(),
                    month,
                    day,
                )
                .is_some();
        // A NIK keeps its code of birth, so a regency that was split since is no fault.
        let known_province = karya_reference::regions::find(&format!("{province:02}")).is_some();
        if known_province && regency != 0 && district != 0 && real_date && serial != 0 {
            Ok(Self(digits))
        } else {
            Err(NIK_FORM)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nomor Pokok Wajib Pajak in its 16-digit form (PMK 112/2022): a NIK, or 0 and the 15 digits of old.
#[derive(Clone, PartialEq, Eq)]
pub struct Npwp {
    digits: String,
    /// Of an entity rather than a person.
    pub is_entity: bool,
}

impl Npwp {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let digits = digits(raw).ok_or(NPWP_FORM)?;
        let digits = match digits.len() {
            15 => format!("0{digits}"),
            16 => digits,
            _ => return Err(NPWP_FORM),
        };
        if let Some(old) = digits.strip_prefix('0') {
            if old.bytes().all(|digit| digit == b'0') {
                return Err(NPWP_FORM);
            }
            // 04 to 09 and above 40 in the old form are persons; the first three kinds are entities.
            let is_entity = matches!(old.get(..2), Some("01" | "02" | "03" | "21" | "31"));
            return Ok(Self { digits, is_entity });
        }
        Nik::parse(&digits).map_err(|_not_a_nik| NPWP_FORM)?;
        Ok(Self {
            digits,
            is_entity: false,
        })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Whether the check digit (Luhn over the first nine digits of the old form) is as expected.
    /// Not a rule written down anywhere official, so a mismatch is a hint for the reviewer, not a refusal.
    #[must_use]
    pub fn check_digit_fits(&self) -> bool {
        let Some(old) = self.digits.strip_prefix('0') else {
            return true;
        };
        let sum: u32 = old
            .chars()
            .take(9)
            .filter_map(|c| c.to_digit(10))
            .enumerate()
            .map(|(at, digit)| {
                if at % 2 == 1 {
                    (digit * 2) / 10 + (digit * 2) % 10
                } else {
                    digit
                }
            })
            .sum();
        sum.is_multiple_of(10)
    }
}

/// The last four digits: all that is shown of a NIK or NPWP.
#[must_use]
pub(crate) fn last4(digits: &str) -> String {
    digits
        .get(digits.len().saturating_sub(4)..)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Nib, Nik, Npwp};

    #[test]
    fn nib_is_13_digits() {
        for good in ["8120001234567", "8120 0012 34567", "812.000.123.4567"] {
            assert_eq!(
                Nib::parse(good).unwrap().into_string(),
                "8120001234567",
                "{good}"
            );
        }
        for bad in [
            "",
            "812000123456",
            "81200012345678",
            "1111111111111",
            "812000123456a",
            "８１２０００１２３４５６７",
        ] {
            assert!(Nib::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nik_holds_a_date_of_birth() {
        for good in [
            "3375010101900001",
            "3375016902000001",
            "33.75.01.010190.0001",
            "3375012902000001",
        ] {
            assert!(Nik::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "337501010190000",
            "0075010101900001",
            "3300010101900001",
            "3375000101900001",
            "3375013202900001",
            "3375017302900001",
            "3375010113900001",
            "3375010101900000",
            "3375013002900001",
            "9975010101900001",
        ] {
            assert!(Nik::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn npwp_has_two_forms() {
        let old = Npwp::parse("01.312.166.0-091.000").unwrap();
        assert_eq!(
            (old.as_str(), old.is_entity, old.check_digit_fits()),
            ("0013121660091000", true, true)
        );
        assert!(old == Npwp::parse("0013121660091000").unwrap());
        assert!(
            !Npwp::parse("21.609.052.4-017.001")
                .unwrap()
                .check_digit_fits()
        );
        let person = Npwp::parse("3375010101900001").unwrap();
        assert!(!person.is_entity && person.check_digit_fits());
        for bad in [
            "",
            "01.312.166.0-091.00",
            "1013121660091000",
            "000000000000000",
            "0000000000000000",
        ] {
            assert!(Npwp::parse(bad).is_err(), "{bad}");
        }
    }
}
