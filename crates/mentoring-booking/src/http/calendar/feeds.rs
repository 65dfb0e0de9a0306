use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Random, Text};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Json, Problem, ProblemBody, PublicUrl, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ics::emit::Method;
use crate::model::FeedRow;
use crate::ops::feeds as ops;
use crate::queries::feeds as queries;
use crate::{Invitations, MentoringError};

/// A feed to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCalendarFeed {
    /// Calendar programs show it.
    #[schema(min_length = 1, max_length = 80, example = "Sesi Karya di HP")]
    name: String,
}

/// A feed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarFeed {
    id: Uuid,
    #[schema(max_length = 80, example = "Sesi Karya di HP")]
    name: String,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    /// When it got its present address, if that is not the first.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    rotated_at: Option<DateTime<Utc>>,
}

impl From<FeedRow> for CalendarFeed {
    fn from(row: FeedRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            rotated_at: row.rotated_at,
        }
    }
}

/// A feed with its address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarFeedAddress {
    id: Uuid,
    /// Whoever has it can read the feed. It is shown this once.
    #[schema(
        max_length = 300,
        example = "https://karya.example/v1/calendar-feeds/cvZ0….ics"
    )]
    url: String,
}

impl CalendarFeedAddress {
    fn new(public_url: &PublicUrl, id: Uuid, token: &str) -> Self {
        let base = &public_url.0;
        Self {
            id,
            url: format!("{base}/v1/calendar-feeds/{token}.ics"),
        }
    }
}

/// The feeds of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarFeedList {
    #[schema(max_items = 5)]
    items: Vec<CalendarFeed>,
}

const SECRET: (&str, &str) = ("cache-control", "no-store");

/// Make a calendar feed
///
/// An address for calendar programs, with the caller's sessions in it. It holds a secret and is shown this once, so
/// the reply is never kept and takes no `Idempotency-Key`: after a lost reply, delete the feed and make another. At
/// most five.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 201, description = "Made", body = CalendarFeedAddress),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`calendar.too_many`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/calendar-feeds")]
pub(crate) async fn create_calendar_feed(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    public_url: Data<PublicUrl>,
    body: Json<CreateCalendarFeed>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let name = check.field("/name", Text::line(&body.name, 1, 80));
    let name = check.finish(name)?.into_string();
    let mut conn = db.conn().await?;
    let (feed, token) = ops::create(&mut conn, clock.now(), &random, actor.user_id, name).await?;
    let view = CalendarFeedAddress::new(&public_url, feed.id, &token);
    let location = format!("/v1/me/calendar-feeds/{}", view.id);
    Ok(Reply::created(location, &view)?
        .header(SECRET.0, SECRET.1)
        .into())
}

/// List my calendar feeds
///
/// Without their addresses, which nobody can read again.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), responses(
    (status = 200, description = "The feeds", body = CalendarFeedList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/calendar-feeds")]
pub(crate) async fn list_calendar_feeds(
    actor: Actor,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let rows = queries::list(&reader, actor.user_id)
        .await
        .map_err(MentoringError::from)?;
    let items = rows.into_iter().map(CalendarFeed::from).collect();
    Ok(Reply::ok(&CalendarFeedList { items })?.into())
}

/// Give a calendar feed another address
///
/// The old one leads nowhere from then on. The reply is never kept: after a lost one, do it again.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("feed_id" = Uuid, Path, description = "Id of the feed")), responses(
    (status = 200, description = "The new address", body = CalendarFeedAddress),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.feed_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/calendar-feeds/{feed_id}/rotate")]
pub(crate) async fn rotate_calendar_feed(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    public_url: Data<PublicUrl>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let (feed, token) = ops::rotate(&mut conn, clock.now(), &random, actor.user_id, *id).await?;
    let view = CalendarFeedAddress::new(&public_url, feed.id, &token);
    Ok(Reply::ok(&view)?.header(SECRET.0, SECRET.1).into())
}

/// Delete a calendar feed
///
/// Its address leads nowhere from then on.
#[utoipa::path(tag = "calendar", security(("bearer" = [])), params(("feed_id" = Uuid, Path, description = "Id of the feed")), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`calendar.feed_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/calendar-feeds/{feed_id}")]
pub(crate) async fn delete_calendar_feed(
    actor: Actor,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::delete(&mut conn, actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Read a calendar feed
///
/// For calendar programs: the sessions of its owner, as mentor and as mentee, from 30 days ago to a year ahead, and
/// those that were cancelled in the last 30 days. Whoever has the address can read it, so it tells no more than what,
/// with whom, when, and the code.
#[utoipa::path(tag = "calendar", params(("token" = String, Path, description = "The secret of the feed", max_length = 100)), responses(
    (status = 200, description = "iCalendar (RFC 5545)", body = String, content_type = "text/calendar"),
    (status = 404, description = "`calendar.feed_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/calendar-feeds/{token}.ics")]
pub(crate) async fn read_calendar_feed(
    db: Data<Db>,
    clock: Data<Clock>,
    invitations: Data<Invitations>,
    token: Path<String>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read_list().await?;
    let text = ops::read(&reader, clock.now(), &invitations, &token).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, Method::Publish.content_type()))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .insert_header(("x-robots-tag", "noindex"))
        .body(text))
}
