//! What the people of a booking do with it. Asking for the same again is answered with what is already so.

use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::BookingId;
use karya_web::{CommonProblems, Json, Problem, ProblemBody, Reply, or_current};
use serde::Deserialize;
use utoipa::ToSchema;

use super::VersionedCall;
use super::view::BookingView;
use crate::model::Action;
use crate::ops::{self, Change};

karya_core::text_enum! {
    /// Why a session is declined or cancelled.
    pub enum CancelReason {
        /// Something else came up.
        ScheduleConflict = "schedule_conflict",
        Sick = "sick",
        Emergency = "emergency",
        /// No connection or power.
        Connectivity = "connectivity",
        /// The mentor does not know the subject well enough.
        NotMyExpertise = "not_my_expertise",
        /// It is not needed any more.
        NoLongerNeeded = "no_longer_needed",
        Other = "other",
    }
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndBooking {
    reason: CancelReason,
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RescheduleBooking {
    /// A start that `GET /v1/offerings/{offering_id}/slots` lists.
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
}

async fn run(
    (actor, idempotency, if_match, db, clock, id): VersionedCall<BookingId>,
    action: Action,
    reason: Option<CancelReason>,
    starts_at: Option<DateTime<Utc>>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let change = Change {
        action,
        reason_code: reason.map(|reason| reason.as_str().to_owned()),
        starts_at,
        expected: if_match.optional(),
    };
    let mut conn = db.conn().await?;
    let done = idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let (booking, party) = ops::transition(conn, now, user, *id, change).await?;
            let view = BookingView::new(booking, party);
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await;
    or_current(done, async || super::bookings::read(&db, user, *id).await).await
}

/// Approve a request
///
/// The mentor says yes, to the time as it now is: one who moved the request approves it after that. The time was kept
/// since the request came.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/approve")]
pub(crate) async fn approve_booking(
    call: VersionedCall<BookingId>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::Approve, None, None).await
}

/// Decline a request
///
/// The mentor says no; the time is free again.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/decline")]
pub(crate) async fn decline_booking(
    call: VersionedCall<BookingId>,
    body: Json<EndBooking>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::Decline, Some(body.reason), None).await
}

/// Cancel a session
///
/// By either side, before it ends. Within the notice that the offering asks for it counts as `late`.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/cancel")]
pub(crate) async fn cancel_booking(
    call: VersionedCall<BookingId>,
    body: Json<EndBooking>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::Cancel, Some(body.reason), None).await
}

/// Move a session
///
/// To a start that the list of slots offers. Id, code and invitation stay. A mentee may do so twice; where the
/// offering wants the mentor's consent, the mentor is asked again. A request that the mentor moves stays one: it waits
/// for the mentor's approval with a new `expires_at`, and the mentee, who gets a mail, may cancel it. A session that a
/// disaster alert holds up is moved freely, by anybody and at any time.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`, `offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.slot_taken`, `booking.mentee_busy`, `booking.limit_reached`, `booking.mentor_paused`, `booking.invalid_transition`, `booking.wrong_time`, `booking.too_many_moves`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `booking.outside_hours`, `booking.off_grid`, `booking.holiday`, `booking.region_blackout`, `booking.notice_too_short`, `booking.beyond_horizon`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/reschedule")]
pub(crate) async fn reschedule_booking(
    call: VersionedCall<BookingId>,
    body: Json<RescheduleBooking>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::Reschedule, None, Some(body.starts_at)).await
}

/// Check in
///
/// Says that the caller is there: from 15 minutes before the start to the end.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/check-in")]
pub(crate) async fn check_in_to_booking(
    call: VersionedCall<BookingId>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::CheckIn, None, None).await
}

/// Report that the other side did not come
///
/// From 10 minutes after the start to 72 hours after the end.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/report-no-show")]
pub(crate) async fn report_no_show(
    call: VersionedCall<BookingId>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::ReportNoShow, None, None).await
}

/// Complete a session
///
/// By the mentor, once half of it is over. Sessions to which somebody checked in are completed by themselves a day
/// later.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Done", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `booking.wrong_time`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/complete")]
pub(crate) async fn complete_booking(
    call: VersionedCall<BookingId>,
) -> Result<HttpResponse, Problem> {
    run(call, Action::Complete, None, None).await
}
