use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, TimeDelta, Utc};
use karya_core::{Check, Clock, Cursors, Rule, Text, Words};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, PageQuery, Paging, Problem, ProblemBody, Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AffectedBooking, affected, date};
use crate::MentoringError;
use crate::model::TimeOffRow;
use crate::ops::calendar as ops;
use crate::queries::calendars as queries;
use crate::slots::Interval;

const ORDER: Rule = Rule::Other {
    code: "ends_before_start",
    words: Words {
        id: "harus sesudah `starts_at`",
        en: "must be after `starts_at`",
    },
};
const TOO_LONG: Rule = Rule::Other {
    code: "too_long_off",
    words: Words {
        id: "paling lama 400 hari sejak `starts_at`",
        en: "may be 400 days after `starts_at` at most",
    },
};
const PAST: Rule = Rule::Other {
    code: "in_the_past",
    words: Words {
        id: "sudah lewat",
        en: "is in the past",
    },
};

/// A time in which the caller takes no sessions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTimeOff {
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// At most 400 days later.
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    /// For the caller alone.
    #[schema(nullable = false, max_length = 200, example = "Pameran di Jakarta")]
    reason: Option<String>,
}

/// A time in which the caller takes no sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOff {
    id: Uuid,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    /// For the caller alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    reason: Option<String>,
}

impl From<TimeOffRow> for TimeOff {
    fn from(row: TimeOffRow) -> Self {
        Self {
            id: row.id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            reason: row.reason,
        }
    }
}

/// A time off, and what does not fit it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOffTaken {
    time_off: TimeOff,
    /// Bookings in that time that lie outside the hours, the first hundred by start. None is cancelled by itself.
    #[schema(max_items = 100)]
    affected_bookings: Vec<AffectedBooking>,
}

/// A page of times off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOffPage {
    #[schema(max_items = 100)]
    items: Vec<TimeOff>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// Take time off
///
/// No session is offered in that time. Bookings in it stay as they are and are listed in `affected_bookings`.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 201, description = "Taken", body = TimeOffTaken),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`calendar.too_many`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/time-off")]
pub(crate) async fn create_time_off(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateTimeOff>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let CreateTimeOff {
        starts_at,
        ends_at,
        reason,
    } = body.into_inner();
    let mut check = Check::new();
    let reason = check.optional("/reason", reason, |raw| Text::line(&raw, 0, 200));
    for (pointer, at) in [("/starts_at", starts_at), ("/ends_at", ends_at)] {
        let year = at.format("%Y-%m-%d").to_string();
        check.field(pointer, date(&year).map(drop));
    }
    let interval = Interval::new(starts_at, ends_at).map_err(|_order| ORDER);
    if ends_at - starts_at > TimeDelta::days(400) {
        check.fail("/ends_at", TOO_LONG);
    } else if starts_at < ends_at && ends_at <= now {
        check.fail("/ends_at", PAST);
    }
    let interval = check.field("/ends_at", interval);
    let (interval, reason) = check.finish(interval.zip(reason))?;
    let reason = reason
        .map(Text::into_string)
        .filter(|text| !text.is_empty());
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let (row, outside) =
                ops::take_time_off(conn, now, actor.user_id, interval, reason).await?;
            let view = TimeOffTaken {
                time_off: row.into(),
                affected_bookings: affected(outside),
            };
            let location = format!("/v1/me/time-off/{}", view.time_off.id);
            Reply::created(location, &view)
        })
        .await
}

/// List my times off
///
/// Those that are not over, by start.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of times off", body = TimeOffPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/time-off")]
pub(crate) async fn list_time_off(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = actor.user_id;
    let scope = format!("time-off {user}");
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let reader = db.read().await?;
    let rows = queries::list_time_off(&reader, user, clock.now(), paging.size, after)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| (row.starts_at, row.id));
    let page = TimeOffPage {
        items: rows.into_iter().map(TimeOff::from).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// Delete a time off
///
/// Sessions are offered in that time again.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("time_off_id" = Uuid, Path, description = "Id of the time off")), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.time_off_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/time-off/{time_off_id}")]
pub(crate) async fn delete_time_off(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::end_time_off(&mut conn, clock.now(), actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
