//! The two languages of the product.

use chrono::{Datelike, NaiveDate};

use crate::Words;

const fn words(id: &'static str, en: &'static str) -> Words {
    Words { id, en }
}

const MONTHS: [Words; 12] = [
    words("Januari", "January"),
    words("Februari", "February"),
    words("Maret", "March"),
    words("April", "April"),
    words("Mei", "May"),
    words("Juni", "June"),
    words("Juli", "July"),
    words("Agustus", "August"),
    words("September", "September"),
    words("Oktober", "October"),
    words("November", "November"),
    words("Desember", "December"),
];

crate::text_enum! {
    /// A language that Karya speaks (BCP 47).
    pub enum Lang {
        /// Indonesian, the default.
        Id = "id",
        /// English.
        En = "en",
    }
}

impl Lang {
    /// The first language of an `Accept-Language` header that Karya speaks, by weight (RFC 9110 §12.5.4).
    #[must_use]
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let mut best = (Self::Id, 0.0_f32);
        for part in accept_language.unwrap_or_default().split(',').take(16) {
            let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse().ok())
                .unwrap_or(0.0);
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let lang = match primary.to_ascii_lowercase().as_str() {
                "id" | "in" => Self::Id,
                "en" => Self::En,
                _ => continue,
            };
            if weight > best.1 {
                best = (lang, weight);
            }
        }
        best.0
    }

    #[must_use]
    pub const fn pick(self, words: Words) -> &'static str {
        match self {
            Self::Id => words.id,
            Self::En => words.en,
        }
    }

    /// A date in words, such as `28 Maret 2026`.
    #[must_use]
    pub fn date(self, date: NaiveDate) -> String {
        let month = usize::try_from(date.month0()).ok();
        let month = month.and_then(|month| MONTHS.get(month).copied());
        let month = month.map(|month| self.pick(month)).unwrap_or_default();
        format!("{} {month} {}", date.day(), date.year())
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn the_heaviest_known_language_wins() {
        for (header, expected) in [
            (None, Lang::Id),
            (Some("en"), Lang::En),
            (Some("en-US,en;q=0.9,id;q=0.8"), Lang::En),
            (Some("fr, id;q=0.4, en;q=0.5"), Lang::En),
            (Some("jv, su"), Lang::Id),
            (Some("in-ID"), Lang::Id),
            (Some("en;q=0, id"), Lang::Id),
            (Some(";;;,q=,en;q=zzz"), Lang::Id),
        ] {
            assert_eq!(Lang::negotiate(header), expected, "{header:?}");
        }
    }
}
