use karya_core::{Rule, Words};

const FORM: Rule = Rule::Format(Words {
    id: "3 sampai 80 huruf kecil a-z, angka, dan tanda hubung di antaranya",
    en: "must be 3 to 80 lower-case letters a-z, digits, and hyphens between them",
});

/// Words that are, or may become, part of an address.
const RESERVED: [&str; 14] = [
    "admin", "api", "baru", "by-slug", "dev", "docs", "help", "inbox", "karya", "login", "new",
    "official", "root", "support",
];

/// The readable name of a business in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let well_formed = (3..=80).contains(&raw.len())
            && raw
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !raw.starts_with('-')
            && !raw.ends_with('-')
            && !raw.contains("--");
        match (well_formed, RESERVED.contains(&raw)) {
            (true, false) => Ok(Self(raw.to_owned())),
            (true, true) => Err(Rule::Other {
                code: "reserved",
                words: Words {
                    id: "adalah kata yang dipesan",
                    en: "is a reserved word",
                },
            }),
            _ => Err(FORM),
        }
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A slug made from a name: `Batik Pesisir Ibu Sari` becomes `batik-pesisir-ibu-sari`.
#[must_use]
pub fn from_name(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'a'..='z' | '0'..='9' => c,
            'à'..='å' | 'ā' => 'a',
            'è'..='ë' | 'ē' => 'e',
            'ì'..='ï' => 'i',
            'ò'..='ö' => 'o',
            'ù'..='ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            '\'' | '\u{2019}' => continue,
            _ => '-',
        };
        if plain != '-' || !(slug.is_empty() || slug.ends_with('-')) {
            slug.push(plain);
        }
    }
    // Room for a suffix that tells namesakes apart.
    slug.truncate(70);
    let slug = slug.trim_end_matches('-');
    if Slug::parse(slug).is_ok() {
        slug.to_owned()
    } else {
        format!("usaha-{slug}").trim_end_matches('-').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Slug, from_name};

    #[test]
    fn names_become_slugs() {
        for (name, slug) in [
            ("Batik Pesisir Ibu Sari", "batik-pesisir-ibu-sari"),
            ("  Café & Rôti!! ", "cafe-roti"),
            ("Jum'at Berkah", "jumat-berkah"),
            ("木", "usaha"),
            ("API", "usaha-api"),
            ("X", "usaha-x"),
        ] {
            assert_eq!(from_name(name), slug);
            assert!(Slug::parse(slug).is_ok(), "{slug}");
        }
        assert!(Slug::parse(&from_name(&"panjang sekali ".repeat(20))).is_ok());
    }

    #[test]
    fn odd_slugs_are_refused() {
        for bad in [
            "",
            "ab",
            "-abc",
            "abc-",
            "a--b",
            "Abc",
            "a b c",
            "admin",
            "by-slug",
            &"a".repeat(81),
            "a/../b",
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }
}
