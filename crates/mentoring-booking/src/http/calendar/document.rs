use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use karya_core::{Check, Clock, Invalid, RegionCode, Rule, Text, UserId, Words};
use karya_db::Db;
use karya_reference::regions;
use karya_web::{Actor, CommonProblems, IfMatch, Json, Problem, ProblemBody, Reply, or_current};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hours::{MAX_WEEKLY, WeeklyWindow, parse_weekly, weekly};
use super::{AffectedBooking, affected, date};
use crate::model::HolidayPolicy;
use crate::ops::calendar::{self as ops, Document, NewCalendar, NewSchedule, OVERLAP};

const ZONE: Rule = Rule::Format(Words {
    id: "harus nama zona IANA, contoh: Asia/Makassar",
    en: "must be an IANA time zone, such as Asia/Makassar",
});
const ENDS_BEFORE_START: Rule = Rule::Other {
    code: "ends_before_start",
    words: Words {
        id: "harus tidak lebih awal dari `valid_from`",
        en: "must not be before `valid_from`",
    },
};

const MAX_SCHEDULES: usize = 10;

/// Weekly hours that replace the usual ones on some dates, such as in Ramadan. A day without a window is closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarSchedule {
    #[schema(min_length = 1, max_length = 80, example = "Ramadan 2027")]
    name: String,
    /// First date.
    #[schema(format = Date, max_length = 10, example = "2027-02-08")]
    valid_from: String,
    /// Last date.
    #[schema(format = Date, max_length = 10, example = "2027-03-09")]
    valid_to: String,
    #[schema(max_items = 84)]
    weekly: Vec<WeeklyWindow>,
}

/// When a person takes sessions. It replaces what was there: what is absent gets its usual value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceCalendar {
    /// IANA zone: in it hours and caps are meant.
    #[schema(max_length = 40, example = "Asia/Makassar")]
    zone: String,
    /// Kemendagri code of where the person is: it decides about regional holidays.
    #[schema(nullable = false, max_length = 13, example = "51.71")]
    region_code: Option<String>,
    /// Windows that touch or overlap are joined; hours over midnight are two entries.
    #[schema(max_items = 84)]
    weekly: Vec<WeeklyWindow>,
    /// `closed` unless given.
    #[schema(nullable = false)]
    holiday_policy: Option<HolidayPolicy>,
    /// The most sessions that may start on a date; any number unless given.
    #[schema(nullable = false, minimum = 1, maximum = 50, example = 4)]
    daily_cap: Option<i16>,
    /// The most sessions that may start in a week from Monday to Sunday.
    #[schema(nullable = false, minimum = 1, maximum = 200, example = 12)]
    weekly_cap: Option<i16>,
    /// No session starts before it.
    #[serde(default, deserialize_with = "super::optional_instant")]
    #[schema(nullable = false)]
    paused_until: Option<DateTime<Utc>>,
    /// Their dates must not overlap.
    #[serde(default)]
    #[schema(max_items = 10)]
    schedules: Vec<CalendarSchedule>,
}

/// When a person takes sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarView {
    #[schema(max_length = 40, example = "Asia/Makassar")]
    zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 13, example = "51.71")]
    region_code: Option<String>,
    /// By day and time.
    #[schema(max_items = 84)]
    weekly: Vec<WeeklyWindow>,
    holiday_policy: HolidayPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 50)]
    daily_cap: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 200)]
    weekly_cap: Option<i16>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    paused_until: Option<DateTime<Utc>>,
    /// By date.
    #[schema(max_items = 10)]
    schedules: Vec<CalendarSchedule>,
    /// Bookings ahead that lie outside these hours, the first hundred by start. None is cancelled by itself.
    #[schema(max_items = 100)]
    affected_bookings: Vec<AffectedBooking>,
    /// Goes up with every change; the `ETag` too. 0: the calendar does not exist yet.
    #[schema(minimum = 0)]
    version: i32,
}

impl From<Document> for CalendarView {
    fn from(document: Document) -> Self {
        let row = document.calendar;
        Self {
            zone: row.zone,
            region_code: row.region_code,
            weekly: weekly(&row.weekly),
            holiday_policy: row.holiday_policy,
            daily_cap: row.daily_cap,
            weekly_cap: row.weekly_cap,
            paused_until: row.paused_until,
            schedules: document
                .schedules
                .into_iter()
                .map(|schedule| CalendarSchedule {
                    name: schedule.name,
                    valid_from: schedule.valid_from.to_string(),
                    valid_to: schedule.valid_to.to_string(),
                    weekly: weekly(&schedule.weekly),
                })
                .collect(),
            affected_bookings: affected(document.affected),
            version: row.version,
        }
    }
}

impl ReplaceCalendar {
    fn parse(self) -> Result<NewCalendar, Invalid> {
        let mut check = Check::new();
        // The database holds 40 characters; the longest name of tzdb has 32.
        let zone = check.field("/zone", self.zone.parse::<Tz>().map_err(|_unknown| ZONE));
        let region = check.optional("/region_code", self.region_code, |raw| {
            let code = RegionCode::parse(&raw)?;
            let known = regions::find(code.as_str()).ok_or(Rule::NotFound)?;
            Ok(known.code.to_owned())
        });
        let weekly = parse_weekly(&mut check, "/weekly", &self.weekly);
        let mut cap = |pointer, value: Option<i16>, max: i16| {
            if value.is_some_and(|value| !(1..=max).contains(&value)) {
                let max = f64::from(max);
                check.fail(pointer, Rule::OutOfRange { min: 1.0, max });
            }
        };
        cap("/daily_cap", self.daily_cap, 50);
        cap("/weekly_cap", self.weekly_cap, 200);
        if self
            .paused_until
            .is_some_and(|until| date(&until.format("%Y-%m-%d").to_string()).is_err())
        {
            check.fail("/paused_until", super::DATE);
        }
        let schedules = schedules(&mut check, self.schedules);
        let new = zone.zip(region).zip(weekly).zip(schedules).map(
            |(((zone, region_code), weekly), schedules)| NewCalendar {
                zone,
                region_code,
                weekly,
                holiday_policy: self.holiday_policy.unwrap_or(HolidayPolicy::Closed),
                daily_cap: self.daily_cap,
                weekly_cap: self.weekly_cap,
                paused_until: self.paused_until,
                schedules,
            },
        );
        check.finish(new)
    }
}

fn schedules(check: &mut Check, given: Vec<CalendarSchedule>) -> Option<Vec<NewSchedule>> {
    if given.len() > MAX_SCHEDULES {
        check.fail("/schedules", Rule::TooMany { max: MAX_SCHEDULES });
        return None;
    }
    let mut taken: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    let parsed: Vec<Option<NewSchedule>> = given
        .into_iter()
        .enumerate()
        .map(|(at, schedule)| {
            let pointer = |member: &str| format!("/schedules/{at}/{member}");
            let name = check.field(pointer("name"), Text::line(&schedule.name, 1, 80));
            let from = check.field(pointer("valid_from"), date(&schedule.valid_from));
            let to = check.field(pointer("valid_to"), date(&schedule.valid_to));
            let weekly = parse_weekly(check, &pointer("weekly"), &schedule.weekly);
            let (from, to) = from.zip(to)?;
            if to < from {
                check.fail(pointer("valid_to"), ENDS_BEFORE_START);
                return None;
            }
            if taken.iter().any(|other| from <= other.1 && other.0 <= to) {
                check.fail(pointer("valid_from"), OVERLAP);
                return None;
            }
            taken.push((from, to));
            Some(NewSchedule {
                name: name?.into_string(),
                valid_from: from,
                valid_to: to,
                weekly: weekly?,
            })
        })
        .collect();
    parsed.into_iter().collect()
}

const _: () = assert!(MAX_WEEKLY == 84, "the document says so");

/// Show my calendar
///
/// When the caller takes sessions, as mentor. Somebody without a calendar gets the usual values with version 0.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 200, description = "The calendar", body = CalendarView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/calendar")]
pub(crate) async fn get_calendar(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let view = read(&db, clock.now(), actor.user_id).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

async fn read(db: &Db, now: DateTime<Utc>, user: UserId) -> Result<CalendarView, Problem> {
    let reader = db.read().await?;
    Ok(ops::show(&reader, now, user).await?.into())
}

/// Replace my calendar
///
/// As a whole; `GET /v1/reference/calendar-presets` has ready-made hours, for Ramadan too. The first time with
/// `If-Match: "0"`, or `*`. Bookings that no longer fit stay as they are and are listed in `affected_bookings`.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 200, description = "Replaced", body = CalendarView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[put("/me/calendar")]
pub(crate) async fn replace_calendar(
    actor: Actor,
    if_match: IfMatch,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<ReplaceCalendar>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let new = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    let (now, user) = (clock.now(), actor.user_id);
    let done = ops::replace(&mut conn, now, user, new, expected).await;
    let document = or_current(done, async || read(&db, now, user).await).await?;
    let view = CalendarView::from(document);
    Ok(Reply::ok(&view)?.version(view.version).into())
}
