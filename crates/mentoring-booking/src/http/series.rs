//! Series of bookings over HTTP.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{
    BookingId, BookingSeriesId, BusinessId, Check, Clock, Invalid, OfferingId, Random, Rule, UserId,
};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply, RequiredIdempotency,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::book::{NewAnswer, answers, topic};
use super::transitions::CancelReason;
use super::view::BookingView;
use crate::model::Party;
use crate::ops::series::{self as ops, NewSeries, OnConflict, Series, SeriesScope};
use crate::ops::{NewBooking, Wish};
use crate::series::Rhythm;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_booking_series)
        .service(get_booking_series)
        .service(cancel_booking_series);
}

/// A series of sessions to book.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBookingSeries {
    offering_id: OfferingId,
    /// The first start, one that `GET /v1/offerings/{offering_id}/slots` lists. The others are at the same time of
    /// day in the zone of the mentor, also when clocks change.
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// One of the offering's durations; its first unless given.
    #[schema(nullable = false, minimum = 5, maximum = 480, example = 60)]
    duration_min: Option<i16>,
    /// `monthly`: on the same weekday of the month, such as its second Tuesday; a fifth one stands for the last.
    every: Rhythm,
    #[schema(minimum = 2, maximum = 12, example = 4)]
    count: u8,
    on_conflict: OnConflict,
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
}

impl CreateBookingSeries {
    fn parse(self) -> Result<NewSeries, Invalid> {
        let mut check = Check::new();
        let topic = topic(&mut check, self.topic);
        let answers = answers(&mut check, self.answers);
        if !(2..=12).contains(&self.count) {
            let (min, max) = (2.0, 12.0);
            check.fail("/count", Rule::OutOfRange { min, max });
        }
        let parsed = topic.zip(answers).map(|(topic, answers)| NewSeries {
            booking: NewBooking {
                wish: Wish {
                    offering: self.offering_id,
                    starts_at: self.starts_at,
                    duration_min: self.duration_min,
                },
                business: self.business_id,
                topic,
                answers,
                cascade: false,
            },
            rhythm: self.every,
            count: self.count,
            on_conflict: self.on_conflict,
        });
        check.finish(parsed)
    }
}

/// A time of a series that was not booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkippedSession {
    #[serde(with = "karya_core::instant")]
    starts_at: DateTime<Utc>,
    /// Why: a code of the catalogue.
    #[schema(max_length = 80, value_type = String, example = "booking.slot_taken")]
    code: &'static str,
}

/// Bookings of one rhythm.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingSeriesView {
    id: BookingSeriesId,
    /// What the caller is in it: `mentor` or `mentee`.
    my_party: Party,
    /// In the order of the series, whatever their state.
    #[schema(max_items = 12)]
    bookings: Vec<BookingView>,
    /// What could not be booked; only in the reply to `POST /v1/booking-series`.
    #[schema(max_items = 12)]
    skipped: Vec<SkippedSession>,
}

impl From<Series> for BookingSeriesView {
    fn from(series: Series) -> Self {
        let my_party = series.party;
        let skipped = series.skipped.into_iter();
        Self {
            id: series.id,
            my_party,
            bookings: series
                .bookings
                .into_iter()
                .map(|row| BookingView::new(row, my_party))
                .collect(),
            skipped: skipped
                .map(|(starts_at, code)| SkippedSession {
                    starts_at,
                    code: code.code,
                })
                .collect(),
        }
    }
}

/// Book a series
///
/// All sessions at once, or those that can be had. With `refuse` a time that cannot be had refuses all: `conflicts`
/// says which and why, `alternatives` other times for the first. Each session is a booking of its own. Somebody who
/// has a series may have 24 sessions ahead, others 10.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), responses(
    (status = 201, description = "Booked", body = BookingSeriesView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`offering.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking_series.conflict`, `booking.too_many_active`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `booking.beyond_horizon`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/booking-series")]
pub(crate) async fn create_booking_series(
    actor: Actor,
    RequiredIdempotency(idempotency): RequiredIdempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    body: Json<CreateBookingSeries>,
) -> Result<HttpResponse, Problem> {
    let (now, user): (_, UserId) = (clock.now(), actor.user_id);
    let new = body.into_inner().parse()?;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let series = ops::create(conn, now, &random, user, new).await?;
            let location = format!("/v1/booking-series/{}", series.id);
            Reply::created(location, &BookingSeriesView::from(series))
        })
        .await
}

/// Show a series
///
/// For its mentor and its mentee.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("series_id" = BookingSeriesId, Path, description = "Id of the series")), responses(
    (status = 200, description = "The series", body = BookingSeriesView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking_series.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/booking-series/{series_id}")]
pub(crate) async fn get_booking_series(
    actor: Actor,
    db: Data<Db>,
    id: Path<BookingSeriesId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let series = ops::view(&reader, actor.user_id, *id).await?;
    Ok(Reply::ok(&BookingSeriesView::from(series))?.into())
}

/// Which sessions to cancel, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBookingSeries {
    scope: SeriesScope,
    /// The one that `one` and `following` mean.
    #[schema(nullable = false)]
    booking_id: Option<BookingId>,
    reason: CancelReason,
}

/// Cancel sessions of a series
///
/// One, one and those after it, or all. Those that are over stay as they are. Each side gets one mail with all dates.
#[utoipa::path(tag = "bookings", security(("bearer" = [])), params(("series_id" = BookingSeriesId, Path, description = "Id of the series")), responses(
    (status = 200, description = "Cancelled", body = BookingSeriesView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking_series.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`booking.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/booking-series/{series_id}/cancel")]
pub(crate) async fn cancel_booking_series(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingSeriesId>,
    body: Json<CancelBookingSeries>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let CancelBookingSeries {
        scope,
        booking_id,
        reason,
    } = body.into_inner();
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let which = (scope, booking_id);
            let series = ops::cancel(conn, now, user, *id, which, reason.as_str()).await?;
            Reply::ok(&BookingSeriesView::from(series))
        })
        .await
}
