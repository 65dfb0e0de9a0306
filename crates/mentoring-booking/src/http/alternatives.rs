//! Other mentors, for somebody whose request came to nothing.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get};
use karya_core::{BookingId, Clock};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Problem, ProblemBody, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::mentors::MentorCard;
use crate::ops::cascade as ops;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_booking_alternatives)
        .service(get_booking_cascade)
        .service(stop_cascade);
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

/// Whether a request is passed on to other mentors when this one cannot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingCascade {
    /// Not where the mentee never wanted it or does no more, nor where it has happened: see the booking whose
    /// `cascaded_from` is this one.
    is_on: bool,
    /// How many mentors would still be asked, one after the other.
    #[schema(minimum = 0, maximum = 3)]
    hops_left: i16,
}

/// Say whether a request is passed on
///
/// For its mentee.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "Whether it is passed on", body = BookingCascade),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/cascade")]
pub(crate) async fn get_booking_cascade(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let hops_left = ops::hops_left(&*db.read().await?, actor.user_id, *id).await?;
    let view = BookingCascade {
        is_on: hops_left > 0,
        hops_left,
    };
    Ok(Reply::ok(&view)?.into())
}

/// Pass a request on no more
///
/// For its mentee: no other mentor is asked any more if this one declines or does not answer. What was booked in its
/// place already stays, and has an address of its own for this. Where nothing is passed on it changes nothing.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 204, description = "It is passed on no more"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/bookings/{booking_id}/cascade")]
pub(crate) async fn stop_cascade(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::stop(&mut conn, clock.now(), actor.user_id, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
