use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use karya_core::{Clock, Cursors, OfferingId, Rule};
use karya_db::Db;
use karya_reference::subsectors;
use karya_web::{CommonProblems, MaybeActor, Paging, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::apply::{language, region};
use super::view::MentorSummary;
use crate::http::slots::{DATE, ZONE, date};
use crate::matching::{MatchCode, MentorSort, Rank, Wanted};
use crate::model::{SessionMode, tag};
use crate::ops::discovery::{self, Found, Search, Window};
use crate::queries::discovery::Session;
use crate::{MentoringError, availability, zones};

/// How many values a filter takes.
const MAX_VALUES: usize = 10;

const MINUTES: Rule = Rule::OutOfRange {
    min: 5.0,
    max: 480.0,
};

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MentorFilter {
    /// Only mentors with one of these tags, separated by commas; the more of them, the better the match.
    #[param(
        nullable = false,
        max_length = 410,
        example = "ekspor,pemasaran digital"
    )]
    expertise: Option<String>,
    /// Only mentors for one of these subsectors, separated by commas.
    #[param(nullable = false, max_length = 410, example = "kriya")]
    subsector: Option<String>,
    /// Only mentors who speak one of these languages, separated by commas.
    #[param(nullable = false, max_length = 50, example = "jv,id")]
    language: Option<String>,
    /// Only mentors who meet people in person in this region, around it or within it; Kemendagri code of any level.
    #[param(nullable = false, max_length = 13, example = "51.71")]
    region: Option<String>,
    /// Only mentors who offer sessions of this kind.
    #[param(nullable = false)]
    mode: Option<SessionMode>,
    /// First date on which to be free, in `time_zone`; today unless given.
    #[param(nullable = false, max_length = 10, example = "2026-06-01")]
    free_from: Option<String>,
    /// Last date on which to be free, in `time_zone`; 14 days in all unless given, 35 at most.
    #[param(nullable = false, max_length = 10, example = "2026-06-14")]
    free_to: Option<String>,
    /// Only mentors who offer sessions of so many minutes.
    #[param(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration: Option<i16>,
    /// IANA zone of the dates; each mentor's own unless given.
    #[param(nullable = false, max_length = 40, example = "Asia/Makassar")]
    time_zone: Option<String>,
    /// `match` unless given.
    #[param(inline, nullable = false)]
    sort: Option<MentorSort>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// The values of a filter, none twice.
fn values(
    name: &'static str,
    raw: Option<&str>,
    parse: impl Fn(&str) -> Result<String, Rule>,
) -> Result<Vec<String>, Problem> {
    let mut values = Vec::new();
    for part in raw.map(|raw| raw.split(',')).into_iter().flatten() {
        let value = parse(part.trim()).map_err(|rule| Problem::parameter(name, rule))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > MAX_VALUES {
        return Err(Problem::parameter(name, Rule::TooMany { max: MAX_VALUES }));
    }
    Ok(values)
}

impl MentorFilter {
    fn parse(&self, now: DateTime<Utc>) -> Result<Search, Problem> {
        let subsector = |raw: &str| subsectors::parse(raw).map(str::to_owned);
        let region = self.region.as_deref().map(region).transpose();
        let wanted = Wanted {
            expertise: values("expertise", self.expertise.as_deref(), tag)?,
            subsectors: values("subsector", self.subsector.as_deref(), subsector)?,
            languages: values("language", self.language.as_deref(), language)?,
            region: region.map_err(|rule| Problem::parameter("region", rule))?,
        };
        if self
            .duration
            .is_some_and(|minutes| !(5..=480).contains(&minutes))
        {
            return Err(Problem::parameter("duration", MINUTES));
        }
        Ok(Search {
            wanted,
            session: Session {
                mode: self.mode,
                duration: self.duration,
            },
            prefer: None,
            window: self.window(now)?,
            sort: self.sort.unwrap_or(MentorSort::Match),
        })
    }

    fn window(&self, now: DateTime<Utc>) -> Result<Window, Problem> {
        let day = |name, raw: Option<&str>| raw.map(|raw| date(name, raw)).transpose();
        let zone = self.time_zone.as_deref().map(str::parse::<Tz>).transpose();
        let zone = zone.map_err(|_unknown| Problem::parameter("time_zone", ZONE))?;
        let window = Window {
            zone,
            from: day("free_from", self.free_from.as_deref())?,
            to: day("free_to", self.free_to.as_deref())?,
            span: None,
            now,
        };
        // Judged once, so that no mentor's zone makes the difference between a list and a refusal.
        let (from, to) = window.dates(zone.unwrap_or(Tz::Asia__Jakarta));
        if to < from {
            return Err(Problem::parameter("free_to", DATE));
        }
        if (to - from).num_days() >= 35 {
            return Err(MentoringError::RangeTooLong.into());
        }
        let sane = |date: NaiveDate| availability::local_range(Tz::UTC, date, date).is_some();
        if !sane(from) || !sane(to) {
            return Err(Problem::parameter("free_from", DATE));
        }
        Ok(window)
    }
}

/// A wish that a mentor meets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchReason {
    code: MatchCode,
    /// What of the mentor meets it: a tag, a subsector, a language, or a region.
    #[schema(max_length = 40, example = "kriya")]
    value: String,
}

/// A time at which a mentor can be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextSlot {
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    offering_id: OfferingId,
    #[schema(minimum = 5, maximum = 480, example = 60)]
    duration_min: i16,
    mode: SessionMode,
}

/// A mentor, why they fit, and when they are free.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorCard {
    mentor: MentorSummary,
    /// IANA zone of the mentor.
    #[schema(max_length = 40, example = "Asia/Makassar")]
    time_zone: String,
    /// How people call it: WIB, WITA, WIT.
    #[schema(max_length = 40, example = "WITA")]
    time_zone_label: String,
    /// What of the filter the mentor meets; empty without a filter.
    #[schema(max_items = 31)]
    match_reasons: Vec<MatchReason>,
    /// The three soonest starts of the offering that is free soonest; empty when there is none.
    #[schema(max_items = 3)]
    next_slots: Vec<NextSlot>,
}

impl MentorCard {
    pub(crate) fn new(found: Found, now: DateTime<Utc>) -> Self {
        let reasons = found.reasons.into_iter().map(|reason| MatchReason {
            code: reason.code,
            value: reason.value,
        });
        let next_slots = found.next.into_iter().flat_map(|free| {
            let (offering_id, duration_min, mode) = (free.offering, free.duration, free.mode);
            free.slots.into_iter().map(move |slot| NextSlot {
                starts_at: slot.starts_at,
                ends_at: slot.ends_at,
                offering_id,
                duration_min,
                mode,
            })
        });
        Self {
            time_zone: found.zone.name().to_owned(),
            time_zone_label: zones::label(found.zone, now),
            match_reasons: reasons.collect(),
            next_slots: next_slots.collect(),
            mentor: MentorSummary::new(found.mentor, found.display_name),
        }
    }
}

/// A page of mentors as they are found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorCardPage {
    #[schema(max_items = 100)]
    items: Vec<MentorCard>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// Find a mentor
///
/// Approved mentors with an open offering who meet every filter, each with the next times at which they can be booked.
/// The best match first, or whoever is free soonest; whoever has no time in the window comes last. Of many that fit,
/// the 200 with the best ratings are looked at. Times at which the caller has something else are left out.
///
/// A page is a picture of its moment: the next page goes on behind the place of the last mentor, and a mentor whose
/// times changed meanwhile may have moved over that place. A window of more than 35 days is refused with
/// `booking.range_too_long`.
#[utoipa::path(tag = "mentors", security((), ("bearer" = [])), params(MentorFilter), responses(
    (status = 200, description = "A page of mentors", body = MentorCardPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
    (status = 400, description = "`request.invalid_query`, `request.invalid_header`, `cursor.mismatch`, `booking.range_too_long`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/mentors")]
pub(crate) async fn list_mentors(
    viewer: MaybeActor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(query): Query<MentorFilter>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let search = query.parse(now)?;
    let scope = serde_json::to_string(&("mentors", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after: Option<Rank> = paging.after()?;
    let viewer = viewer.0.map(|actor| actor.user_id);
    let conn = db.conn().await?;
    let mut found = discovery::search(&conn, &search, viewer).await?;
    drop(conn);
    if let Some(after) = after {
        found.retain(|found| after.order(&found.rank, search.sort).is_lt());
    }
    let (found, next_cursor) = paging.cut(found, |found| found.rank);
    let page = MentorCardPage {
        items: found
            .into_iter()
            .map(|found| MentorCard::new(found, now))
            .collect(),
        next_cursor,
    };
    let cache = "private, max-age=15";
    Ok(Reply::ok(&page)?
        .header(header::CACHE_CONTROL.as_str(), cache)
        .into())
}
