use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::{BookingId, Cursors, UserId};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Paging, Problem, ProblemBody, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::instant_parameter;
use super::view::{BookingPage, BookingView};
use crate::MentoringError;
use crate::model::{BookingState, Party};
use crate::ops;
use crate::queries::bookings as queries;

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BookingFilter {
    /// Only those in which the caller is this: `mentor` or `mentee`.
    #[param(nullable = false)]
    party: Option<Party>,
    /// Only those in this state.
    #[param(nullable = false)]
    state: Option<BookingState>,
    /// Only those that end after this instant.
    #[param(
        nullable = false,
        max_length = 40,
        example = "2026-06-01T00:00:00.000Z"
    )]
    from: Option<String>,
    /// Only those that start before this instant.
    #[param(
        nullable = false,
        max_length = 40,
        example = "2026-07-01T00:00:00.000Z"
    )]
    to: Option<String>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// List my bookings
///
/// As mentor and as mentee, by start, the earliest first.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(BookingFilter), responses(
    (status = 200, description = "A page of bookings", body = BookingPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings")]
pub(crate) async fn list_bookings(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<BookingFilter>,
) -> Result<HttpResponse, Problem> {
    let user = actor.user_id;
    let instant = |name, raw: Option<&str>| raw.map(|raw| instant_parameter(name, raw)).transpose();
    let filter = queries::Filter {
        user,
        party: query.party,
        state: query.state,
        from: instant("from", query.from.as_deref())?,
        to: instant("to", query.to.as_deref())?,
    };
    let scope = serde_json::to_string(&("bookings", user, &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list(&reader, filter, paging.size, paging.after()?)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| (row.starts_at, row.id));
    let view = |row: crate::model::BookingRow| {
        let party = if row.mentor_id == user {
            Party::Mentor
        } else {
            Party::Mentee
        };
        BookingView::new(row, party)
    };
    let page = BookingPage {
        items: rows.into_iter().map(view).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// Show a booking
///
/// For its mentor and its mentee.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The booking", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}")]
pub(crate) async fn get_booking(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let view = read(&db, actor.user_id, *id).await?;
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// What `user` sees of a booking.
pub(super) async fn read(db: &Db, user: UserId, id: BookingId) -> Result<BookingView, Problem> {
    let reader = db.read().await?;
    let (row, party) = ops::view(&reader, user, id).await?;
    Ok(BookingView::new(row, party))
}
