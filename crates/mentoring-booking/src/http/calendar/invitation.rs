use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use karya_core::BookingId;
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Problem, ProblemBody, etag};

use crate::Invitations;
use crate::ics::emit::{self, Method};
use crate::ops;

/// Download an invitation
///
/// The booking as a calendar event (RFC 5545), for its mentor and its mentee: an invitation, or a cancellation when it
/// is off. Tentative while it waits for the mentor. Its `UID` stays, its `SEQUENCE` goes up.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The event", body = String, content_type = "text/calendar"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/invitation.ics")]
pub(crate) async fn get_booking_invitation(
    actor: Actor,
    db: Data<Db>,
    invitations: Data<Invitations>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let (booking, party) = ops::view(&reader, actor.user_id, *id).await?;
    let event = ops::feeds::invitation(&reader, &invitations, &booking, party).await?;
    let (method, text) = if event.status == emit::Status::Cancelled {
        (Method::Cancel, emit::cancellation(&event))
    } else {
        (Method::Request, emit::invitation(&event))
    };
    let file = format!("attachment; filename=\"karya-{}.ics\"", booking.code);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, method.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::ETAG, etag(booking.version)))
        .body(text))
}
