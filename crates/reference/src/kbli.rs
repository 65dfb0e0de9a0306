//! KBLI, the Indonesian standard classification of business fields. A code means something only together with its
//! vintage: 74201 is photography in 2020 and aerial photography in 2025.

use std::sync::LazyLock;

const DATA: &str = include_str!("../data/kbli.csv");

karya_core::text_enum! {
    /// The edition of the classification: BPS Regulation 2/2020 or 7/2025.
    pub enum Vintage {
        Y2020 = "2020",
        Y2025 = "2025",
    }
}

/// A code that belongs to a subsector.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Kbli {
    pub vintage: Vintage,
    pub code: String,
    pub subsector: String,
    pub title_id: String,
    pub title_en: String,
}

static ALL: LazyLock<Vec<Kbli>> = LazyLock::new(|| {
    csv::Reader::from_reader(DATA.as_bytes())
        .into_deserialize()
        .filter_map(Result::ok)
        .collect()
});

/// The selection that Karya ships; not the whole classification.
#[must_use]
pub fn all() -> &'static [Kbli] {
    &ALL
}

#[must_use]
pub fn find(vintage: Vintage, code: &str) -> Option<&'static Kbli> {
    ALL.iter()
        .find(|kbli| kbli.vintage == vintage && kbli.code == code)
}
