use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, post};
use chrono::{DateTime, Utc};
use karya_core::{Clock, OfferingId};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ops::{self, Wish};

/// A time to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSlotHold {
    offering_id: OfferingId,
    /// A start that `GET /v1/offerings/{offering_id}/slots` lists.
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// One of the offering's durations; its first unless given.
    #[schema(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration_min: Option<i16>,
}

/// A time that is kept for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotHoldView {
    id: Uuid,
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    ends_at: DateTime<Utc>,
    /// After this anybody may book the time.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
}

/// Keep a time
///
/// For ten minutes, while a form is filled in; at most two at once, never extended. `POST /v1/bookings` uses it up.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), responses(
    (status = 201, description = "Kept", body = SlotHoldView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.slot_taken`, `booking.mentee_busy`, `booking.limit_reached`, `booking.mentor_paused`, `booking.too_many_holds`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `booking.outside_hours`, `booking.off_grid`, `booking.holiday`, `booking.region_blackout`, `booking.notice_too_short`, `booking.beyond_horizon`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/slot-holds")]
pub(crate) async fn create_slot_hold(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<CreateSlotHold>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let CreateSlotHold {
        offering_id,
        starts_at,
        duration_min,
    } = body.into_inner();
    let wish = Wish {
        offering: offering_id,
        starts_at,
        duration_min,
    };
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let hold = ops::hold(conn, now, actor.user_id, wish).await?;
            let view = SlotHoldView {
                id: hold.id,
                starts_at: hold.starts_at,
                ends_at: hold.ends_at,
                expires_at: hold.expires_at,
            };
            Reply::created(format!("/v1/slot-holds/{}", view.id), &view)
        })
        .await
}

/// Let a time go
///
/// It can be booked by anybody again.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("hold_id" = Uuid, Path, description = "Id of the hold")), responses(
    (status = 204, description = "Let go"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.hold_not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/slot-holds/{hold_id}")]
pub(crate) async fn delete_slot_hold(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::release_hold(&mut conn, clock.now(), actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
