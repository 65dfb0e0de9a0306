use crate::{Rule, Words};

const FORM: Rule = Rule::Format(Words {
    id: "bukan kode wilayah Kemendagri, contoh: 33.26 atau 33.26.14.2003",
    en: "is not a Kemendagri region code, for example 33.26 or 33.26.14.2003",
});

/// The level of an administrative region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegionLevel {
    Province,
    /// Kabupaten or kota.
    Regency,
    /// Kecamatan.
    District,
    /// Desa or kelurahan.
    Village,
}

/// A Kemendagri region code (Kepmendagri 300.2.2-2430/2025): `33`, `33.26`, `33.26.14`, `33.26.14.2003`.
///
/// Well formed, not necessarily existing: the reference tables decide that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(String);

impl RegionCode {
    pub fn parse(raw: &str) -> Result<Self, Rule> {
        let raw = raw.trim();
        let lengths: Vec<usize> = raw.split('.').map(str::len).collect();
        let shape = [2, 2, 2, 4]
            .get(..lengths.len())
            .is_some_and(|full| full == lengths);
        if shape && raw.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            Ok(Self(raw.to_owned()))
        } else {
            Err(FORM)
        }
    }

    #[must_use]
    pub fn level(&self) -> RegionLevel {
        match self.0.len() {
            2 => RegionLevel::Province,
            5 => RegionLevel::Regency,
            8 => RegionLevel::District,
            _ => RegionLevel::Village,
        }
    }

    /// The code one level up; a province has none.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0
            .rsplit_once('.')
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{RegionCode, RegionLevel};

    #[test]
    fn knows_its_level_and_parent() {
        let village = RegionCode::parse("33.26.14.2003").unwrap();
        assert_eq!(village.level(), RegionLevel::Village);
        assert_eq!(village.parent().unwrap().as_str(), "33.26.14");
        assert_eq!(RegionCode::parse("33").unwrap().parent(), None);
        for bad in [
            "",
            "3",
            "33.2",
            "33.26.14.200",
            "33.26.14.2003.1",
            "33-26",
            "3a",
            "33.%2",
            "33.",
        ] {
            assert!(RegionCode::parse(bad).is_err(), "{bad}");
        }
    }
}
