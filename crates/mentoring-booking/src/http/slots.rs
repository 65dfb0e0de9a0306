use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use karya_core::{Clock, OfferingId, Rule, Words};
use karya_db::{AsyncPgConnection, Db};
use karya_web::{Actor, CommonProblems, MaybeActor, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::availability::{self, Availability, Session};
use crate::model::OfferingRow;
use crate::slots::{Interval, Offering, Slot};
use crate::{MentoringError, ops, queries, zones};

pub(super) const ZONE: Rule = Rule::Format(Words {
    id: "harus nama zona IANA, contoh: Asia/Makassar",
    en: "must be an IANA time zone, such as Asia/Makassar",
});
pub(super) const DATE: Rule = Rule::Format(Words {
    id: "harus tanggal, contoh: 2026-06-01",
    en: "must be a date, such as 2026-06-01",
});
const MONTH: Rule = Rule::Format(Words {
    id: "harus bulan, contoh: 2026-06",
    en: "must be a month, such as 2026-06",
});
const DURATION: Rule = Rule::Other {
    code: "not_offered",
    words: Words {
        id: "tidak termasuk durasi yang ditawarkan",
        en: "is not one of the durations on offer",
    },
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SlotFilter {
    /// First date, in `time_zone`.
    #[param(max_length = 10, example = "2026-06-01")]
    from: String,
    /// Last date, in `time_zone`; at most 35 days.
    #[param(max_length = 10, example = "2026-06-28")]
    to: String,
    /// One of the offering's durations, in minutes; its first unless given.
    #[param(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration: Option<i16>,
    /// IANA zone by whose dates the slots are grouped; the mentor's unless given.
    #[param(nullable = false, max_length = 40, example = "Asia/Makassar")]
    time_zone: Option<String>,
}

/// The slots of a date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotDay {
    #[schema(value_type = String, format = Date, example = "2026-06-02")]
    date: NaiveDate,
    /// When a session may start.
    #[schema(max_items = 300, value_type = Vec<DateTime<Utc>>)]
    starts: Vec<String>,
}

/// When an offering can be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotList {
    /// How long a session is, in minutes.
    #[schema(minimum = 5, maximum = 480, example = 60)]
    duration_min: i16,
    /// IANA zone of the dates.
    #[schema(max_length = 40, example = "Asia/Makassar")]
    time_zone: String,
    /// How people call it: WIB, WITA, WIT.
    #[schema(max_length = 40, example = "WITA")]
    time_zone_label: String,
    /// IANA zone of the mentor.
    #[schema(max_length = 40, example = "Asia/Jakarta")]
    mentor_time_zone: String,
    #[schema(max_length = 40, example = "WIB")]
    mentor_time_zone_label: String,
    /// The server's clock, for phones whose own is wrong.
    #[serde(with = "karya_core::instant")]
    server_time: DateTime<Utc>,
    /// Dates with at least one slot, in order.
    #[schema(max_items = 35)]
    days: Vec<SlotDay>,
}

/// An offering with its mentor's time, as one viewer may book it.
struct Page {
    offering: OfferingRow,
    rules: Offering,
    duration: i16,
    mentor: Availability,
    mentee_region: Option<String>,
    zone: Tz,
}

impl Page {
    async fn load(
        conn: &AsyncPgConnection,
        now: DateTime<Utc>,
        viewer: Option<&Actor>,
        id: OfferingId,
        (duration, zone): (Option<i16>, Option<&str>),
        range: impl FnOnce(Tz) -> Result<Interval, Problem>,
    ) -> Result<(Self, Interval), Problem> {
        let zone = zone
            .map(str::parse::<Tz>)
            .transpose()
            .map_err(|_unknown| Problem::parameter("time_zone", ZONE))?;
        let (offering, calendar) =
            queries::offerings::find_open(conn, id, viewer.map(|viewer| viewer.user_id))
                .await
                .map_err(MentoringError::from)?
                .ok_or(MentoringError::OfferingNotFound)?;
        let duration = duration
            .or(offering.durations.first().copied())
            .filter(|duration| offering.durations.contains(duration))
            .ok_or_else(|| Problem::parameter("duration", DURATION))?;
        let rules = availability::rules(&offering, duration)
            .ok_or_else(|| Problem::parameter("duration", DURATION))?;
        let zone = zone.unwrap_or(calendar.zone.parse().unwrap_or(Tz::Asia__Jakarta));
        let range = range(zone)?;
        let mentee_region = ops::listing_session(conn, viewer).await?;
        let mut people = availability::load(conn, vec![calendar], range, now, None).await?;
        let mentor = people
            .remove(&offering.mentor_id)
            .ok_or(MentoringError::OfferingNotFound)?;
        let page = Self {
            offering,
            rules,
            duration,
            mentor,
            mentee_region,
            zone,
        };
        Ok((page, range))
    }

    fn session(&self) -> Session<'_> {
        Session::of(&self.offering, self.mentee_region.as_deref())
    }

    fn slots(&self, range: Interval, now: DateTime<Utc>) -> Result<Vec<Slot>, MentoringError> {
        Ok(self.mentor.slots(self.session(), &self.rules, range, now)?)
    }

    fn by_date(&self, slots: &[Slot]) -> BTreeMap<NaiveDate, Vec<DateTime<Utc>>> {
        let mut days: BTreeMap<NaiveDate, Vec<DateTime<Utc>>> = BTreeMap::new();
        for slot in slots {
            let date = slot.starts_at.with_timezone(&self.zone).date_naive();
            days.entry(date).or_default().push(slot.starts_at);
        }
        days
    }
}

pub(super) fn date(name: &'static str, raw: &str) -> Result<NaiveDate, Problem> {
    // chrono also takes dates without leading zeros.
    let parsed = (raw.len() == 10).then(|| raw.parse().ok()).flatten();
    parsed.ok_or_else(|| Problem::parameter(name, DATE))
}

fn range(zone: Tz, from: NaiveDate, to: NaiveDate) -> Result<Interval, Problem> {
    if to < from {
        return Err(Problem::parameter("to", DATE));
    }
    if (to - from).num_days() >= 35 {
        return Err(MentoringError::RangeTooLong.into());
    }
    availability::local_range(zone, from, to).ok_or_else(|| Problem::parameter("from", DATE))
}

/// Lists change with every booking, and what one may book depends on who one is.
const CACHE: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, max-age=15");

/// List slots
///
/// The starts at which the offering can be booked. Whatever is listed can be booked, unless somebody is faster or the
/// caller has something else at that time.
#[utoipa::path(tag = "bookings", security((), ("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering"), SlotFilter), responses(
    (status = 200, description = "The slots, by date", body = SlotList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
    (status = 400, description = "`request.invalid_query`, `request.invalid_header`, `booking.range_too_long`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/offerings/{offering_id}/slots")]
pub(crate) async fn list_slots(
    viewer: MaybeActor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<OfferingId>,
    Query(query): Query<SlotFilter>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let (from, to) = (date("from", &query.from)?, date("to", &query.to)?);
    let reader = db.read().await?;
    let wanted = (query.duration, query.time_zone.as_deref());
    let (page, range) = Page::load(&reader, now, viewer.0.as_ref(), *id, wanted, |zone| {
        range(zone, from, to)
    })
    .await?;
    let slots = page.slots(range, now)?;
    let mentor_zone = page.mentor.zone;
    let view = SlotList {
        duration_min: page.duration,
        time_zone: page.zone.name().to_owned(),
        time_zone_label: zones::label(page.zone, range.start()),
        mentor_time_zone: mentor_zone.name().to_owned(),
        mentor_time_zone_label: zones::label(mentor_zone, range.start()),
        server_time: now,
        days: page
            .by_date(&slots)
            .into_iter()
            .map(|(date, starts)| SlotDay {
                date,
                starts: starts.iter().map(karya_core::instant::format).collect(),
            })
            .collect(),
    };
    let zones = (&view.time_zone, &view.mentor_time_zone);
    Ok(Reply::ok(&view)?
        .tagged_by(&(view.duration_min, zones, &view.days))?
        .header(CACHE.0.as_str(), CACHE.1)
        .into())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthFilter {
    /// A month of the time zone that is asked for.
    #[param(max_length = 7, example = "2026-06")]
    month: String,
    /// One of the offering's durations, in minutes; its first unless given.
    #[param(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration: Option<i16>,
    /// IANA zone of the dates; the mentor's unless given.
    #[param(nullable = false, max_length = 40, example = "Asia/Makassar")]
    time_zone: Option<String>,
}

/// How many slots each date of a month has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailableDays {
    #[schema(max_length = 7, example = "2026-06")]
    month: String,
    #[schema(max_length = 40, example = "Asia/Makassar")]
    time_zone: String,
    /// One number for each date, from the first on.
    #[schema(max_items = 31)]
    counts: Vec<usize>,
}

/// Count slots by date
///
/// For a month picker.
#[utoipa::path(tag = "bookings", security((), ("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering"), MonthFilter), responses(
    (status = 200, description = "The counts", body = AvailableDays),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/offerings/{offering_id}/available-days")]
pub(crate) async fn list_available_days(
    viewer: MaybeActor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<OfferingId>,
    Query(query): Query<MonthFilter>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let first = (query.month.len() == 7)
        .then(|| format!("{}-01", query.month).parse::<NaiveDate>().ok())
        .flatten()
        .ok_or_else(|| Problem::parameter("month", MONTH))?;
    let last = first
        .iter_days()
        .take_while(|date| date.month() == first.month())
        .last()
        .unwrap_or(first);
    let reader = db.read().await?;
    let wanted = (query.duration, query.time_zone.as_deref());
    let (page, range) = Page::load(&reader, now, viewer.0.as_ref(), *id, wanted, |zone| {
        range(zone, first, last)
    })
    .await?;
    let days = page.by_date(&page.slots(range, now)?);
    let counts = first
        .iter_days()
        .take_while(|date| *date <= last)
        .map(|date| days.get(&date).map_or(0, Vec::len))
        .collect();
    let view = AvailableDays {
        month: query.month,
        time_zone: page.zone.name().to_owned(),
        counts,
    };
    Ok(Reply::ok(&view)?.header(CACHE.0.as_str(), CACHE.1).into())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StartFilter {
    /// The start in question.
    #[param(max_length = 40, example = "2026-06-02T02:00:00.000Z")]
    start: String,
    /// One of the offering's durations, in minutes; its first unless given.
    #[param(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration: Option<i16>,
}

/// Whether a time can be booked, and if not, why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotExplanation {
    bookable: bool,
    /// `outside_hours`, `holiday`, `busy`, `notice_too_short`, `beyond_horizon`, `limit_reached`, `blackout`,
    /// `paused`, `off_grid`; the mentor also gets `time_off` and `buffer`. Absent when it can be booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40, example = "outside_hours", value_type = Option<String>)]
    reason: Option<&'static str>,
}

/// Explain a slot
///
/// Why a time is not on offer. Others than the mentor get a coarse reason.
#[utoipa::path(tag = "bookings", security((), ("bearer" = [])), params(("offering_id" = OfferingId, Path, description = "Id of the offering"), StartFilter), responses(
    (status = 200, description = "The reason", body = SlotExplanation),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/offerings/{offering_id}/slot-explanation")]
pub(crate) async fn explain_slot(
    viewer: MaybeActor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<OfferingId>,
    Query(query): Query<StartFilter>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let start = super::instant_parameter("start", &query.start)?;
    let reader = db.read().await?;
    let around = |zone: Tz| {
        let date = start.with_timezone(&zone).date_naive();
        range(
            zone,
            date,
            date.checked_add_days(Days::new(1)).unwrap_or(date),
        )
    };
    let wanted = (query.duration, None);
    let (page, _) = Page::load(&reader, now, viewer.0.as_ref(), *id, wanted, around).await?;
    let is_mentor = viewer
        .0
        .is_some_and(|actor| actor.user_id == page.offering.mentor_id);
    let verdict = page
        .mentor
        .bookable(page.session(), &page.rules, start, now);
    let reason = verdict.err().map(|refusal| {
        use crate::slots::Refusal;
        match refusal {
            Refusal::TimeOff if !is_mentor => Refusal::OutsideHours.as_str(),
            Refusal::Buffer if !is_mentor => Refusal::Busy.as_str(),
            refusal => refusal.as_str(),
        }
    });
    let view = SlotExplanation {
        bookable: reason.is_none(),
        reason,
    };
    Ok(Reply::ok(&view)?.header(CACHE.0.as_str(), CACHE.1).into())
}
