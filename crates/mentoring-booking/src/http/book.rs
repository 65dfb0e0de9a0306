use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{BusinessId, Check, Clock, Invalid, OfferingId, Random, Rule, Text};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Json, Problem, ProblemBody, Reply, RequiredIdempotency};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::BookingView;
use crate::model::Party;
use crate::ops::{self, NewBooking, Wish};

/// An answer to a question of the offering.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAnswer {
    #[schema(max_length = 40, example = "omzet")]
    key: String,
    #[schema(min_length = 1, max_length = 2000, example = "Sekitar 30 juta rupiah")]
    text: String,
}

/// A session to book.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBooking {
    offering_id: OfferingId,
    /// A start that `GET /v1/offerings/{offering_id}/slots` lists.
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// One of the offering's durations; its first unless given.
    #[schema(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration_min: Option<i16>,
    /// The business that it is about; the caller must be a member.
    #[schema(nullable = false)]
    business_id: Option<BusinessId>,
    /// What to talk about.
    #[schema(
        nullable = false,
        max_length = 2000,
        example = "Cara ekspor batik ke Jepang"
    )]
    topic: Option<String>,
    #[serde(default)]
    #[schema(max_items = 10)]
    answers: Vec<NewAnswer>,
    /// Whether to ask other mentors who fit, up to three one after the other, if this one declines or does not answer:
    /// at the same start, or else at the soonest one within 48 hours after it. Each is a new booking with
    /// `cascaded_from`. Only for offerings that want the mentor's consent; other mentors may confirm at once. It ends
    /// with `DELETE /v1/bookings/{booking_id}/cascade`, or when the caller cancels or has something else at that time.
    #[serde(default)]
    cascade: bool,
}

const MAX_ANSWERS: usize = 10;

/// What to talk about; an empty text is none.
#[expect(
    clippy::option_option,
    reason = "outer: is it in order; inner: is there one"
)]
pub(super) fn topic(check: &mut Check, raw: Option<String>) -> Option<Option<String>> {
    let block = |raw: String| Text::block(&raw, 0, 2000).map(Text::into_string);
    let topic = check.optional("/topic", raw, block);
    topic.map(|topic| topic.filter(|topic| !topic.is_empty()))
}

/// Key and text of each.
pub(super) fn answers(check: &mut Check, raw: Vec<NewAnswer>) -> Option<Vec<(String, String)>> {
    if raw.len() > MAX_ANSWERS {
        check.fail("/answers", Rule::TooMany { max: MAX_ANSWERS });
    }
    let answers: Vec<Option<(String, String)>> = raw
        .into_iter()
        .enumerate()
        .map(|(at, NewAnswer { key, text })| {
            let text = Text::block(&text, 1, 2000).map(Text::into_string);
            let text = check.field(format!("/answers/{at}/text"), text);
            text.map(|text| (key, text))
        })
        .collect();
    answers.into_iter().collect()
}

impl CreateBooking {
    fn parse(self) -> Result<NewBooking, Invalid> {
        let mut check = Check::new();
        let topic = topic(&mut check, self.topic);
        let answers = answers(&mut check, self.answers);
        let parsed = topic.zip(answers).map(|(topic, answers)| NewBooking {
            wish: Wish {
                offering: self.offering_id,
                starts_at: self.starts_at,
                duration_min: self.duration_min,
            },
            business: self.business_id,
            topic,
            answers,
            cascade: self.cascade,
        });
        check.finish(parsed)
    }
}

/// Book a session
///
/// At a start that the list of slots offers. It is confirmed at once, or `requested` where the offering wants the
/// mentor's consent. Of all who book the same time one gets it; the others get `booking.slot_taken` with other times.
/// A hold of the caller's on that time is used up. While a disaster alert stands, sessions of the kinds and at the times
/// that it names are refused where either side is in its region (`booking.region_blackout`), and not listed either.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 503, description = "`booking.calendar_busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 201, description = "Booked", body = BookingView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.slot_taken`, `booking.mentee_busy`, `booking.limit_reached`, `booking.mentor_paused`, `booking.too_many_active`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `booking.outside_hours`, `booking.off_grid`, `booking.holiday`, `booking.region_blackout`, `booking.notice_too_short`, `booking.beyond_horizon`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/bookings")]
pub(crate) async fn create_booking(
    actor: Actor,
    RequiredIdempotency(idempotency): RequiredIdempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    body: Json<CreateBooking>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let new = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let booking = ops::book(conn, now, &random, actor.user_id, new).await?;
            let view = BookingView::new(booking, Party::Mentee);
            let location = format!("/v1/bookings/{}", view.id);
            Ok::<_, Problem>(Reply::created(location, &view)?.version(view.version))
        })
        .await
}
