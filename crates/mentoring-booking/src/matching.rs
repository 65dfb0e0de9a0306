//! How well a mentor fits what somebody looks for. Pure.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use karya_core::{RegionCode, UserId};
use serde::{Deserialize, Serialize};

use crate::model::MentorSummaryRow;

karya_core::text_enum! {
    /// In what a mentor fits.
    pub enum MatchCode {
        Subsector = "subsector",
        Expertise = "expertise",
        Language = "language",
        Region = "region",
    }
}

karya_core::text_enum! {
    /// What stands first.
    pub enum MentorSort {
        /// The best match; among equals, whoever is free soonest.
        Match = "match",
        /// Whoever is free soonest; among equals, the best match.
        Soonest = "soonest",
    }
}

/// What somebody looks for. An empty list: it does not matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) expertise: Vec<String>,
    pub(crate) subsectors: Vec<String>,
    pub(crate) languages: Vec<String>,
    pub(crate) region: Option<RegionCode>,
}

/// A wish and what in the mentor fits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: MatchCode,
    pub(crate) value: String,
}

/// How much each wish weighs when all of it is met.
const EXPERTISE: i32 = 400;
const SUBSECTOR: i32 = 250;
const LANGUAGE: i32 = 150;
const REGION: i32 = 200;
/// How much it weighs that others were content, that the mentor answers fast, and that they have done it before.
const RATING: i32 = 100;
const RESPONSE: i32 = 60;
const EXPERIENCE: i32 = 40;

/// The score of a mentor, higher is better, and what of the wishes they meet.
pub(crate) fn judge(wanted: &Wanted, mentor: &MentorSummaryRow) -> (i32, Vec<Reason>) {
    let mut reasons = Vec::new();
    let mut score = 0;
    for (code, weight, wishes, offers) in [
        (
            MatchCode::Expertise,
            EXPERTISE,
            &wanted.expertise,
            &mentor.expertise,
        ),
        (
            MatchCode::Subsector,
            SUBSECTOR,
            &wanted.subsectors,
            &mentor.subsectors,
        ),
        (
            MatchCode::Language,
            LANGUAGE,
            &wanted.languages,
            &mentor.languages,
        ),
    ] {
        let met: Vec<&String> = wishes.iter().filter(|wish| offers.contains(wish)).collect();
        score += share(weight, met.len(), wishes.len());
        reasons.extend(met.into_iter().map(|value| Reason {
            code,
            value: value.clone(),
        }));
    }
    if let Some((near, value)) = wanted
        .region
        .as_ref()
        .and_then(|region| region_match(region, &mentor.regions))
    {
        score += near;
        reasons.push(Reason {
            code: MatchCode::Region,
            value: value.to_owned(),
        });
    }
    (score + merit(mentor), reasons)
}

fn share(weight: i32, part: usize, whole: usize) -> i32 {
    let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    match number(whole) {
        0 => 0,
        whole => weight * number(part) / whole,
    }
}

/// The region of the mentor that fits best: that very one before one around it before one within it.
pub(crate) fn region_match<'a>(
    region: &RegionCode,
    offers: &'a [String],
) -> Option<(i32, &'a str)> {
    let wish = region.as_str();
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let near = |offer: &str| {
        if offer == wish {
            Some(REGION)
        } else if within(wish, offer) {
            Some(REGION * 3 / 4)
        } else if within(offer, wish) {
            Some(REGION / 2)
        } else {
            None
        }
    };
    offers
        .iter()
        .filter_map(|offer| near(offer).map(|near| (near, offer.as_str())))
        .max_by_key(|(near, _)| *near)
}

/// What speaks for a mentor whatever is looked for. Whoever is new stands in the middle, so that they get a chance.
fn merit(mentor: &MentorSummaryRow) -> i32 {
    // As in the query of the candidates: with ten imagined ratings of four. 100 to 500.
    let rating = (mentor.rating_sum + 40) * 100 / (mentor.rating_count + 10);
    let rating = RATING * (rating - 100).clamp(0, 400) / 400;
    let response = match mentor.response_minutes {
        Some(minutes) if minutes <= 60 => RESPONSE,
        Some(minutes) if minutes <= 6 * 60 => RESPONSE * 3 / 4,
        Some(minutes) if minutes <= 24 * 60 => RESPONSE / 2,
        None => RESPONSE / 2,
        Some(_) => 0,
    };
    let experience = EXPERIENCE * mentor.completed_sessions.clamp(0, 50) / 50;
    rating + response + experience
}

/// The place of a mentor in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rank {
    pub(crate) score: i32,
    /// When they are free; never within the window: none.
    pub(crate) soonest: Option<DateTime<Utc>>,
    pub(crate) id: UserId,
}

impl Rank {
    /// Whoever has no time comes last, whatever the sort.
    pub(crate) fn order(&self, other: &Self, sort: MentorSort) -> Ordering {
        let has_time = self.soonest.is_none().cmp(&other.soonest.is_none());
        let score = other.score.cmp(&self.score);
        let soonest = self.soonest.cmp(&other.soonest);
        let rest = match sort {
            MentorSort::Match => score.then(soonest),
            MentorSort::Soonest => soonest.then(score),
        };
        has_time.then(rest).then(self.id.cmp(&other.id))
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use chrono::{DateTime, TimeDelta, Utc};
    use karya_core::{RegionCode, UserId};

    use super::{MatchCode, MentorSort, Rank, Wanted, judge};
    use crate::model::MentorSummaryRow;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn mentor() -> MentorSummaryRow {
        MentorSummaryRow {
            user_id: UserId::fresh(),
            headline: "Pendamping ekspor".into(),
            expertise: texts(&["ekspor", "pemasaran"]),
            subsectors: texts(&["kriya"]),
            languages: texts(&["id", "jv"]),
            regions: texts(&["33", "33.75.01", "51.71"]),
            response_minutes: None,
            completed_sessions: 0,
            rating_sum: 0,
            rating_count: 0,
        }
    }

    fn score(wanted: &Wanted, mentor: &MentorSummaryRow) -> i32 {
        judge(wanted, mentor).0
    }

    #[test]
    fn says_what_of_the_wishes_is_met() {
        let wanted = Wanted {
            expertise: texts(&["keuangan", "ekspor"]),
            subsectors: texts(&["kriya", "fesyen"]),
            languages: texts(&["jv"]),
            region: Some(RegionCode::parse("33.75").unwrap()),
        };
        let reasons: Vec<_> = judge(&wanted, &mentor())
            .1
            .into_iter()
            .map(|reason| (reason.code, reason.value))
            .collect();
        assert_eq!(
            reasons,
            [
                (MatchCode::Expertise, "ekspor".to_owned()),
                (MatchCode::Subsector, "kriya".to_owned()),
                (MatchCode::Language, "jv".to_owned()),
                (MatchCode::Region, "33".to_owned()),
            ]
        );
        assert_eq!(judge(&Wanted::default(), &mentor()).1, []);
    }

    #[test]
    fn more_of_the_wishes_is_better() {
        let wanted = |tags: &[&str]| Wanted {
            expertise: texts(tags),
            ..Wanted::default()
        };
        let both = score(&wanted(&["ekspor", "pemasaran"]), &mentor());
        let one = score(&wanted(&["ekspor", "keuangan"]), &mentor());
        let none = score(&wanted(&["keuangan"]), &mentor());
        assert!(both > one && one > none, "{both} {one} {none}");
    }

    #[test]
    fn the_very_region_is_better_than_around_it_than_within_it() {
        let at = |code: &str| {
            let wanted = Wanted {
                region: Some(RegionCode::parse(code).unwrap()),
                ..Wanted::default()
            };
            score(&wanted, &mentor())
        };
        let (exact, around, within, elsewhere) = (at("51.71"), at("33.26"), at("51"), at("32"));
        assert!(exact > around && around > within && within > elsewhere);
    }

    #[test]
    fn a_single_five_does_not_beat_many_good_ratings() {
        let rated = |sum, count| MentorSummaryRow {
            rating_sum: sum,
            rating_count: count,
            ..mentor()
        };
        let anything = Wanted::default();
        let (new, one, many, bad) = (
            score(&anything, &rated(0, 0)),
            score(&anything, &rated(5, 1)),
            score(&anything, &rated(470, 100)),
            score(&anything, &rated(100, 100)),
        );
        assert!(
            many > one && one > new && new > bad,
            "{many} {one} {new} {bad}"
        );
    }

    #[test]
    fn whoever_has_no_time_comes_last_and_the_order_is_total() {
        let now: DateTime<Utc> = "2026-06-01T05:00:00Z".parse().unwrap();
        let rank = |score, hours: Option<i64>| Rank {
            score,
            soonest: hours.map(|hours| now + TimeDelta::hours(hours)),
            id: UserId::fresh(),
        };
        let ranks = [
            rank(10, Some(3)),
            rank(20, Some(9)),
            rank(90, None),
            rank(10, Some(3)),
            rank(20, Some(1)),
        ];
        let sorted = |sort| {
            let mut order: Vec<usize> = (0..ranks.len()).collect();
            order.sort_by(|a, b| ranks[*a].order(&ranks[*b], sort));
            order
        };
        assert_eq!(sorted(MentorSort::Match), [4, 1, 0, 3, 2]);
        assert_eq!(sorted(MentorSort::Soonest), [4, 0, 3, 1, 2]);
        for rank in &ranks {
            assert_eq!(rank.order(rank, MentorSort::Match), Ordering::Equal);
        }
    }
}
