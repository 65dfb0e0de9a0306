use std::str::FromStr;

use crate::{Rule, Words};

const FORM: Rule = Rule::Format(Words {
    id: "bukan alamat email yang sah, contoh: nama@contoh.id",
    en: "is not a valid e-mail address, for example nama@contoh.id",
});

/// An e-mail address (RFC 5321 mailbox), in lower case so that it compares as people expect.
///
/// Quoted local parts, comments, address literals and addresses beyond ASCII are refused: hardly anyone has one,
/// and they are the usual way to smuggle something into a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    pub const MAX: usize = 254;

    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let text = raw.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(Rule::Required);
        }
        if text.len() > Self::MAX {
            return Err(Rule::TooLong { max: Self::MAX });
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(c);
        let domain = text
            .rsplit_once('@')
            .map(|(_, domain)| domain)
            .unwrap_or_default();
        let dotted = domain.contains('.') && !domain.ends_with(|c: char| c.is_ascii_digit());
        if !text.chars().all(plain)
            || !dotted
            || email_address::EmailAddress::from_str(&text).is_err()
        {
            return Err(FORM);
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::EmailAddress;

    #[test]
    fn takes_ordinary_addresses_only() {
        assert_eq!(
            EmailAddress::parse(" Siti@Contoh.ID ").unwrap().as_str(),
            "siti@contoh.id"
        );
        for bad in [
            "",
            "siti",
            "siti@",
            "@contoh.id",
            "siti@contoh",
            "a b@contoh.id",
            "\"a b\"@contoh.id",
            "siti@[127.0.0.1]",
            "siti@127.0.0.1",
            "siti@contoh.id\r\nBcc: x@y.id",
            "siti@contöh.id",
            "a@b@contoh.id",
            "siti@contoh..id",
            "siti<x>@contoh.id",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@contoh.id", "a".repeat(250))).is_err());
    }
}
