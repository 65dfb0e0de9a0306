//! Free text that people type.

use crate::Rule;

/// Text without surrounding blanks, control characters or direction overrides, and of a bounded length in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// One line: a name, a title.
    pub fn line(raw: &str, min: usize, max: usize) -> Result<Self, Rule> {
        Self::parse(raw, min, max, false)
    }

    /// Several lines: a description. Line feeds and tabs are kept, carriage returns dropped.
    pub fn block(raw: &str, min: usize, max: usize) -> Result<Self, Rule> {
        Self::parse(&raw.replace("\r\n", "\n"), min, max, true)
    }

    fn parse(raw: &str, min: usize, max: usize, lines: bool) -> Result<Self, Rule> {
        let text = raw.trim();
        if text
            .chars()
            .any(|c| is_forbidden(c) && !(lines && matches!(c, '\n' | '\t')))
        {
            return Err(Rule::ForbiddenCharacter);
        }
        match text.chars().count() {
            0 if min > 0 => Err(Rule::Required),
            n if n < min => Err(Rule::TooShort { min }),
            n if n > max => Err(Rule::TooLong { max }),
            _ => Ok(Self(text.to_owned())),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Control characters (NUL among them), bidirectional overrides and isolates (Unicode TR 36 §2.10.2),
/// line and paragraph separators, and the byte-order mark.
#[must_use]
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::Text;
    use crate::Rule;

    #[test]
    fn refuses_what_could_mislead_a_reader() {
        for bad in [
            "a\0b",
            "a\u{202e}b",
            "a\nb",
            "a\u{2028}b",
            "\u{feff}a b",
            "a\u{1b}[31m",
        ] {
            assert_eq!(
                Text::line(bad, 1, 20),
                Err(Rule::ForbiddenCharacter),
                "{bad:?}"
            );
        }
        assert_eq!(
            Text::block(" a\r\nb\t ", 1, 20).map(Text::into_string),
            Ok("a\nb".to_owned())
        );
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert!(Text::line("ééé", 1, 3).is_ok());
        assert_eq!(Text::line("éééé", 1, 3), Err(Rule::TooLong { max: 3 }));
        assert_eq!(Text::line("  ", 2, 3), Err(Rule::Required));
        assert_eq!(Text::line("a", 2, 3), Err(Rule::TooShort { min: 2 }));
    }
}
