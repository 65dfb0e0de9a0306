//! Administrative regions by Kemendagri code, from province down to village.

use std::sync::LazyLock;

use karya_core::{RegionCode, Timezone};

pub(crate) const PROVINCES: &str = include_str!("../data/regions-provinces.csv");
pub(crate) const REGENCIES: &str = include_str!("../data/regions-regencies.csv");
pub(crate) const DISTRICTS: &str = include_str!("../data/regions-districts.csv");
pub(crate) const VILLAGES: &str = include_str!("../data/regions-villages.csv");

/// A region. Both parts point into the program's own data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    pub code: &'static str,
    pub name: &'static str,
}

/// Each level sorted by code, so that a region is found by bisection and the children of one are neighbours.
struct Index {
    levels: [Vec<Region>; 4],
    /// The codes of each level as numbers, in the same order: lists look up four regions for each item, and comparing
    /// texts that lie all over the data took a tenth of their time.
    keys: [Vec<u64>; 4],
    /// Time zones of the regencies, in the order of `levels[1]`.
    zones: Vec<Timezone>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut regencies: Vec<(Region, Timezone)> = rows(REGENCIES)
        .map(|line| {
            let zone = line
                .split(',')
                .find_map(Timezone::from_text)
                .unwrap_or(Timezone::Jakarta);
            (region(line), zone)
        })
        .collect();
    regencies.sort_unstable_by_key(|(region, _)| region.code);
    let (regencies, zones) = regencies.into_iter().unzip();
    let levels = [
        sorted(PROVINCES),
        regencies,
        sorted(DISTRICTS),
        sorted(VILLAGES),
    ];
    let keys = levels
        .each_ref()
        .map(|level| level.iter().map(|region| key(region.code)).collect());
    Index {
        levels,
        keys,
        zones,
    }
});

/// The digits of a code as a number. Within a level numbers are in the order of the codes.
fn key(code: &str) -> u64 {
    code.bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |key, digit| key * 10 + u64::from(digit - b'0'))
}

/// The lines after the header. The csv crate would copy 92,000 names; these stay where they are.
pub(crate) fn rows(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().skip(1).filter(|line| !line.is_empty())
}

/// Code and name: the first two fields. A name that holds a comma stands in quotes.
pub(crate) fn region(line: &'static str) -> Region {
    let (code, rest) = line.split_once(',').unwrap_or((line, ""));
    let name = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(',').next(),
    };
    Region {
        code,
        name: name.unwrap_or_default(),
    }
}

fn sorted(data: &'static str) -> Vec<Region> {
    let mut regions: Vec<Region> = rows(data).map(region).collect();
    regions.sort_unstable_by_key(|region| region.code);
    regions.shrink_to_fit();
    regions
}

/// Builds the index now rather than at the first request.
pub fn warm_up() {
    LazyLock::force(&INDEX);
}

fn position(code: &str) -> Option<(&'static Vec<Region>, usize)> {
    let level = match code.len() {
        2 => 0,
        5 => 1,
        8 => 2,
        13 => 3,
        _ => return None,
    };
    let at = INDEX.keys.get(level)?.binary_search(&key(code)).ok()?;
    let level = INDEX.levels.get(level)?;
    // The dots count too.
    (level.get(at)?.code == code).then_some((level, at))
}

/// The region with this code.
#[must_use]
pub fn find(code: &str) -> Option<Region> {
    position(code).and_then(|(level, at)| level.get(at).copied())
}

/// The regions right below this one, by code; the provinces for `None`. A village has none.
#[must_use]
pub fn children(parent: Option<&RegionCode>) -> &'static [Region] {
    let Some(parent) = parent else {
        return INDEX.levels.first().map_or(&[], Vec::as_slice);
    };
    let prefix = format!("{}.", parent.as_str());
    let Some(level) = INDEX.levels.get(prefix.matches('.').count()) else {
        return &[];
    };
    let start = level.partition_point(|region| region.code < prefix.as_str());
    let rest = level.get(start..).unwrap_or_default();
    let count = rest.partition_point(|region| region.code.starts_with(&prefix));
    rest.get(..count).unwrap_or_default()
}

/// The region and those above it, province first.
pub fn path(code: &str) -> impl Iterator<Item = Region> + '_ {
    // The lengths of the codes of the four levels.
    [2, 5, 8, 13]
        .into_iter()
        .filter_map(|length| code.get(..length))
        .filter_map(find)
}

/// The time zone of a regency or of anything in one; for a province, that of its first regency.
#[must_use]
pub fn timezone(code: &RegionCode) -> Option<Timezone> {
    let regency = code
        .as_str()
        .get(..5)
        .unwrap_or_else(|| children(Some(code)).first().map_or("", |first| first.code));
    position(regency).and_then(|(_, at)| INDEX.zones.get(at).copied())
}

#[cfg(test)]
mod tests {
    use karya_core::{RegionCode, Timezone};

    use super::{INDEX, children, find, path, timezone};

    fn code(text: &str) -> RegionCode {
        RegionCode::parse(text).unwrap()
    }

    #[test]
    fn the_whole_country_is_there() {
        assert_eq!(
            INDEX.levels.each_ref().map(Vec::len),
            [38, 514, 7285, 83762]
        );
        for level in &INDEX.levels {
            for region in level {
                assert!(
                    !region.name.is_empty() && !region.name.contains('"'),
                    "{region:?}"
                );
                let parent = code(region.code).parent();
                assert_eq!(find(region.code), Some(*region));
                assert!(
                    parent.is_none_or(|parent| find(parent.as_str()).is_some()),
                    "{region:?}"
                );
            }
        }
    }

    #[test]
    fn finds_names_children_and_zones() {
        assert_eq!(find("33.75").unwrap().name, "Kota Pekalongan");
        assert_eq!(find("33.99"), None);
        for nonsense in [
            "nonsense..",
            "337.5",
            "3.3.7.5",
            "33.7x",
            "",
            "33.75.",
            "３３",
        ] {
            assert_eq!(find(nonsense), None, "{nonsense}");
        }
        assert_eq!(children(None).len(), 38);
        assert_eq!(children(Some(&code("33"))).len(), 35);
        assert!(
            children(Some(&code("33.75")))
                .iter()
                .all(|region| region.code.starts_with("33.75."))
        );
        let village = children(
            children(Some(&code("33.75")))
                .first()
                .map(|r| code(r.code))
                .as_ref(),
        )[0];
        assert!(children(Some(&code(village.code))).is_empty());
        let names: Vec<_> = path(village.code).map(|region| region.name).collect();
        assert_eq!(
            (names.len(), names[0], names[1]),
            (4, "Jawa Tengah", "Kota Pekalongan")
        );
        assert_eq!(timezone(&code("33.75")), Some(Timezone::Jakarta));
        assert_eq!(timezone(&code("51.71")), Some(Timezone::Makassar));
        assert_eq!(timezone(&code("91.71")), Some(Timezone::Jayapura));
    }

    #[test]
    fn every_kbli_code_has_a_subsector() {
        assert_eq!(crate::subsectors::all().len(), 17);
        assert_eq!(crate::kbli::all().len(), 49);
        for kbli in crate::kbli::all() {
            assert!(
                kbli.code.len() == 5 && kbli.code.bytes().all(|b| b.is_ascii_digit()),
                "{kbli:?}"
            );
            assert!(
                crate::subsectors::find(&kbli.subsector).is_some(),
                "{kbli:?}"
            );
        }
    }
}
