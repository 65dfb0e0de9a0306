use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, put};
use chrono::Days;
use karya_core::{Check, Clock, Rule, Words};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Json, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::hours::{DailyWindow, daily, parse_daily};
use super::{AffectedBooking, affected, date};
use crate::MentoringError;
use crate::model::OverrideRow;
use crate::ops::calendar as ops;
use crate::queries::calendars as queries;

/// The hours of one date, in place of the usual ones, of dated schedules and of holidays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAvailabilityOverride {
    /// Empty: closed on that date.
    #[schema(max_items = 24)]
    windows: Vec<DailyWindow>,
}

/// The hours of one date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailabilityOverride {
    /// On the clock of the calendar.
    #[schema(format = Date, max_length = 10, example = "2026-06-10")]
    date: String,
    /// By time.
    #[schema(max_items = 24)]
    windows: Vec<DailyWindow>,
    /// Without any window.
    closed: bool,
}

impl From<OverrideRow> for AvailabilityOverride {
    fn from(row: OverrideRow) -> Self {
        let windows = daily(&row.windows);
        Self {
            date: row.local_date.to_string(),
            closed: windows.is_empty(),
            windows,
        }
    }
}

/// The hours of one date, and what no longer fits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailabilityOverrideSet {
    #[serde(rename = "override")]
    set: AvailabilityOverride,
    /// Bookings of that date that lie outside the hours, the first hundred by start. None is cancelled by itself.
    #[schema(max_items = 100)]
    affected_bookings: Vec<AffectedBooking>,
}

/// What no longer fits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AffectedBookings {
    /// Bookings of that date that lie outside the hours, the first hundred by start. None is cancelled by itself.
    #[schema(max_items = 100)]
    affected_bookings: Vec<AffectedBooking>,
}

/// The overrides of a span of dates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailabilityOverrideList {
    /// By date.
    #[schema(max_items = 366)]
    items: Vec<AvailabilityOverride>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverrideFilter {
    /// First date.
    #[param(max_length = 10, example = "2026-06-01")]
    from: String,
    /// Last date; at most 366 days.
    #[param(max_length = 10, example = "2026-06-30")]
    to: String,
}

const TOO_LONG: Rule = Rule::Other {
    code: "range_too_long",
    words: Words {
        id: "paling lama 366 hari sejak `from`",
        en: "may be 366 days from `from` at most",
    },
};

/// List my availability overrides
///
/// The dates of a span that have hours of their own.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(OverrideFilter), responses(
    (status = 200, description = "The overrides", body = AvailabilityOverrideList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/availability-overrides")]
pub(crate) async fn list_availability_overrides(
    actor: Actor,
    db: Data<Db>,
    Query(query): Query<OverrideFilter>,
) -> Result<HttpResponse, Problem> {
    let parameter = |name, raw| date(raw).map_err(|rule| Problem::parameter(name, rule));
    let (from, to) = (parameter("from", &query.from)?, parameter("to", &query.to)?);
    if from
        .checked_add_days(Days::new(365))
        .is_none_or(|last| to > last)
    {
        return Err(Problem::parameter("to", TOO_LONG));
    }
    let reader = db.read().await?;
    let rows = queries::overrides(&reader, actor.user_id, (from, to))
        .await
        .map_err(MentoringError::from)?;
    let items = rows.into_iter().map(AvailabilityOverride::from).collect();
    Ok(Reply::ok(&AvailabilityOverrideList { items })?.into())
}

/// Set the hours of a date
///
/// In place of the usual ones, of dated schedules and of holidays; without windows the date is closed. Bookings that
/// no longer fit stay as they are and are listed in `affected_bookings`.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("date" = String, Path, description = "Date on the clock of the calendar", format = Date, max_length = 10, example = "2026-06-10")), responses(
    (status = 200, description = "Set", body = AvailabilityOverrideSet),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[put("/me/availability-overrides/{date}")]
pub(crate) async fn set_availability_override(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    raw: Path<String>,
    body: Json<SetAvailabilityOverride>,
) -> Result<HttpResponse, Problem> {
    let date = date(&raw).map_err(|rule| Problem::parameter("date", rule))?;
    let mut check = Check::new();
    let windows = parse_daily(&mut check, "/windows", &body.windows);
    let windows = check.finish(windows)?;
    let mut conn = db.conn().await?;
    let (row, outside) =
        ops::set_override(&mut conn, clock.now(), actor.user_id, date, windows).await?;
    let view = AvailabilityOverrideSet {
        set: row.into(),
        affected_bookings: affected(outside),
    };
    Ok(Reply::ok(&view)?.into())
}

/// Let the usual hours hold on a date again
///
/// Bookings that no longer fit stay as they are and are listed in `affected_bookings`.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("date" = String, Path, description = "Date on the clock of the calendar", format = Date, max_length = 10, example = "2026-06-10")), responses(
    (status = 200, description = "Deleted", body = AffectedBookings),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.override_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/availability-overrides/{date}")]
pub(crate) async fn delete_availability_override(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    raw: Path<String>,
) -> Result<HttpResponse, Problem> {
    let date = date(&raw).map_err(|rule| Problem::parameter("date", rule))?;
    let mut conn = db.conn().await?;
    let outside = ops::delete_override(&mut conn, clock.now(), actor.user_id, date).await?;
    let view = AffectedBookings {
        affected_bookings: affected(outside),
    };
    Ok(Reply::ok(&view)?.into())
}
