//! No-shows that the accused denies.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::policy::{Action, Relation};
use karya_core::{BookingId, Check, Clock, Cursors, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, Paging, Problem, ProblemBody, Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::MentoringError;
use crate::model::{BookingRow, BookingState, DisputeOutcome, DisputeRow, Side};
use crate::ops;
use crate::queries::disputes as queries;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(dispute_no_show)
        .service(get_dispute)
        .service(list_booking_disputes)
        .service(resolve_dispute);
}

fn staff(actor: &Actor) -> Result<(), MentoringError> {
    let by = (Relation::Stranger, Action::SettleDisputes);
    actor.permit(by, MentoringError::DisputeStaffRequired)
}

/// What the accused says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeNoShow {
    #[schema(
        min_length = 10,
        max_length = 2000,
        example = "Saya hadir sejak 09.55; tautan rapatnya tidak bisa dibuka."
    )]
    statement: String,
}

/// A no-show that the accused denies, with what is known about the session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputeView {
    booking_id: BookingId,
    /// Of the booking, to read aloud.
    #[schema(max_length = 8, example = "7F3K9Q2M")]
    booking_code: String,
    booking_state: BookingState,
    mentor_id: UserId,
    mentee_id: UserId,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentor_checked_in_at: Option<DateTime<Utc>>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    mentee_checked_in_at: Option<DateTime<Utc>>,
    /// Who is said to have been missing.
    accused: Side,
    #[schema(max_length = 2000)]
    statement: String,
    #[serde(with = "karya_core::instant")]
    opened_at: DateTime<Utc>,
    /// What staff decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<DisputeOutcome>,
    /// What staff wrote for each other; they alone see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    note: Option<String>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    resolved_at: Option<DateTime<Utc>>,
}

impl From<(DisputeRow, BookingRow)> for DisputeView {
    fn from((row, booking): (DisputeRow, BookingRow)) -> Self {
        Self {
            booking_id: row.booking_id,
            booking_code: booking.code,
            booking_state: booking.state,
            mentor_id: booking.mentor_id,
            mentee_id: booking.mentee_id,
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            mentor_checked_in_at: booking.mentor_checked_in_at,
            mentee_checked_in_at: booking.mentee_checked_in_at,
            accused: row.accused,
            statement: row.statement,
            opened_at: row.opened_at,
            outcome: row.outcome,
            note: row.note,
            resolved_at: row.resolved_at,
        }
    }
}

/// Dispute a no-show
///
/// By the side that is said to have been missing, once, within 72 hours of the report. Staff decide.
#[utoipa::path(tag = "disputes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 201, description = "Taken down", body = DisputeView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `booking.already_disputed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/dispute")]
pub(crate) async fn dispute_no_show(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
    body: Json<DisputeNoShow>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let statement = check.field("/statement", Text::block(&body.statement, 10, 2000));
    let statement = check.finish(statement)?.into_string();
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let made = ops::dispute(conn, now, user, *id, statement).await?;
            let location = format!("/v1/bookings/{id}/dispute");
            Reply::created(location, &DisputeView::from(made))
        })
        .await
}

/// Show the dispute of a booking
///
/// For both sides of the booking: what was said, and what staff decided once they have. Notes of staff are not shown.
#[utoipa::path(tag = "disputes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The dispute", body = DisputeView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`, `booking.dispute_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/dispute")]
pub(crate) async fn get_dispute(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let found = ops::show_dispute(&reader, actor.user_id, *id).await?;
    Ok(Reply::ok(&DisputeView::from(found))?.into())
}

karya_core::text_enum! {
    /// Whether staff have decided.
    pub enum DisputeState {
        Open = "open",
        Resolved = "resolved",
    }
}

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DisputeFilter {
    /// Only those that are `open` or `resolved`.
    #[param(inline, nullable = false)]
    state: Option<DisputeState>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// A page of disputes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputePage {
    #[schema(max_items = 100)]
    items: Vec<DisputeView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List disputes
///
/// For moderators and administrators, the oldest first.
#[utoipa::path(tag = "disputes", security(("bearer" = [])), params(DisputeFilter), responses(
    (status = 200, description = "A page of disputes", body = DisputePage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`booking.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/booking-disputes")]
pub(crate) async fn list_booking_disputes(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<DisputeFilter>,
) -> Result<HttpResponse, Problem> {
    staff(&actor)?;
    let scope = serde_json::to_string(&("booking-disputes", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let resolved = query.state.map(|state| state == DisputeState::Resolved);
    let reader = db.read_list().await?;
    let rows = queries::list(&reader, resolved, paging.size, after)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |(row, _)| (row.opened_at, row.booking_id));
    let page = DisputePage {
        items: rows.into_iter().map(Into::into).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// What staff decide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveDispute {
    outcome: DisputeOutcome,
    /// Why, for other staff.
    #[schema(
        nullable = false,
        max_length = 2000,
        example = "Tangkapan layar menunjukkan mentor hadir."
    )]
    note: Option<String>,
}

/// Decide a dispute
///
/// For moderators and administrators who are not in it themselves. `completed` turns the no-show into a completed session, which counts; `no_show`
/// leaves it, or turns it back where it was decided otherwise before. Deciding the same again changes nothing.
#[utoipa::path(tag = "disputes", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Decided", body = DisputeView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`booking.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`, `booking.dispute_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/resolve-dispute")]
pub(crate) async fn resolve_dispute(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
    body: Json<ResolveDispute>,
) -> Result<HttpResponse, Problem> {
    staff(&actor)?;
    let ResolveDispute { outcome, note } = body.into_inner();
    let mut check = Check::new();
    let note = check.optional("/note", note, |raw| {
        Text::block(&raw, 0, 2000).map(Text::into_string)
    });
    let note = check.finish(note)?.filter(|note| !note.is_empty());
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let decided = ops::resolve_dispute(conn, now, user, *id, (outcome, note)).await?;
            Reply::ok(&DisputeView::from(decided))
        })
        .await
}
