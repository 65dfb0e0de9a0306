//! The 17 subsectors of the Indonesian creative economy.

use std::sync::LazyLock;

use karya_core::Rule;

pub(crate) const DATA: &str = include_str!("../data/subsectors.csv");

/// A subsector.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Subsector {
    pub code: String,
    /// Place in lists, from 1.
    pub position: i16,
    pub name_id: String,
    pub name_en: String,
}

static ALL: LazyLock<Vec<Subsector>> = LazyLock::new(|| {
    csv::Reader::from_reader(DATA.as_bytes())
        .into_deserialize()
        .filter_map(Result::ok)
        .collect()
});

/// In the order of their positions.
#[must_use]
pub fn all() -> &'static [Subsector] {
    &ALL
}

#[must_use]
pub fn find(code: &str) -> Option<&'static Subsector> {
    ALL.iter().find(|subsector| subsector.code == code)
}

/// The code, if it is one.
pub fn parse(code: &str) -> Result<&'static str, Rule> {
    find(code)
        .map(|subsector| subsector.code.as_str())
        .ok_or(Rule::NotFound)
}
