//! Other mentors, for somebody whose request came to nothing.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::{BookingId, Clock};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Problem, ProblemBody, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::mentors::MentorCard;
use crate::ops::cascade as ops;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_booking_alternatives);
}

/// Other mentors who fit, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingAlternatives {
    #[schema(max_items = 3)]
    items: Vec<MentorCard>,
}

/// List other mentors for a booking
///
/// For its mentee: up to three other mentors with the expertise and the subsectors of the booked one, with their next
/// starts over 14 days; those who meet people in the same way come first. Mentors who were asked before are left out.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The other mentors", body = BookingAlternatives),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/alternatives")]
pub(crate) async fn list_booking_alternatives(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let conn = db.search().await?;
    let found = ops::alternatives(&conn, now, actor.user_id, *id).await?;
    drop(conn);
    let items = found
        .into_iter()
        .map(|found| MentorCard::new(found, now))
        .collect();
    let cache = ("cache-control", "private, max-age=15");
    let reply = Reply::ok(&BookingAlternatives { items })?;
    Ok(reply.header(cache.0, cache.1).into())
}
