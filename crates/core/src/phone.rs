use crate::{Rule, Words};

const FORM: Rule = Rule::Format(Words {
    id: "bukan nomor telepon yang sah, contoh: 0812-3456-7890",
    en: "is not a valid telephone number, for example 0812-3456-7890 or +6281234567890",
});

/// A telephone number in E.164. Local Indonesian writing (`0812…`, `62812…`, `812…`) is understood.
///
/// Written by hand rather than taken from a metadata library: the rule is one country's, and the metadata costs
/// more memory than the rest of the server. Numbers of other countries need `+` and are checked for length only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Without most digits: what is debugged ends up in logs.
impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

impl PhoneNumber {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(Rule::Required);
        }
        if raw.len() > 32
            || raw
                .chars()
                .any(|c| !c.is_ascii_digit() && !matches!(c, '+' | ' ' | '-' | '.' | '(' | ')'))
        {
            return Err(FORM);
        }
        if raw.chars().skip(1).any(|c| c == '+') {
            return Err(FORM);
        }
        let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
        let national = if let Some(rest) = digits.strip_prefix("62") {
            rest
        } else if raw.starts_with('+') {
            let plausible = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
            return if plausible {
                Ok(Self(format!("+{digits}")))
            } else {
                Err(FORM)
            };
        } else {
            digits.strip_prefix('0').unwrap_or(&digits)
        };
        // People also write the trunk zero after the country code: +62 (0)812.
        let national = national.strip_prefix('0').unwrap_or(national);
        let length = national.len();
        let mobile = national.starts_with('8') && (9..=12).contains(&length);
        let landline =
            national.starts_with(['2', '3', '4', '5', '6', '7', '9']) && (7..=11).contains(&length);
        if mobile || landline {
            Ok(Self(format!("+62{national}")))
        } else {
            Err(FORM)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first three characters and its last three digits: enough for its owner to know it by.
    #[must_use]
    pub fn masked(&self) -> String {
        let start = self.0.get(..3).unwrap_or_default();
        let end = self.0.get(self.0.len() - 3..).unwrap_or_default();
        format!("{start}\u{2026}{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::PhoneNumber;

    #[test]
    fn one_form_for_all_writings() {
        for raw in [
            "0812-3456-7890",
            "62 812 3456 7890",
            "+62 (0)812.3456.7890",
            "81234567890",
            "+6281234567890",
        ] {
            assert_eq!(
                PhoneNumber::parse(raw).unwrap().as_str(),
                "+6281234567890",
                "{raw}"
            );
        }
        assert_eq!(
            PhoneNumber::parse("(0285) 421234").unwrap().as_str(),
            "+62285421234"
        );
        assert_eq!(
            PhoneNumber::parse("+65 6123 4567").unwrap().as_str(),
            "+6561234567"
        );
        let number = PhoneNumber::parse("0812-3456-7890").unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(+62\u{2026}890)");
        for bad in [
            "",
            "0812",
            "abc",
            "08123456789012345",
            "+1",
            "0812+34567890",
            "٠٨١٢٣٤٥٦٧٨٩٠",
            "0012345678",
        ] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
