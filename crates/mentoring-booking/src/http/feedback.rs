//! What the two sides say about a session.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{BookingId, Check, Clock, Cursors, Invalid, Rule, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, MaybeActor, PageQuery, Paging, Problem, ProblemBody,
    Query, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::MentoringError;
use crate::model::{FeedbackRow, FeedbackTag, Side};
use crate::ops::{self, NewFeedback};
use crate::queries::feedback as queries;

pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(give_feedback)
        .service(get_booking_feedback)
        .service(list_mentor_feedback);
}

const MAX_TAGS: usize = FeedbackTag::ALL.len();

/// What one side says about a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveFeedback {
    /// 5 is best.
    #[schema(minimum = 1, maximum = 5, example = 5)]
    rating: i16,
    #[schema(
        nullable = false,
        max_length = 2000,
        example = "Penjelasannya jelas dan bisa langsung dipakai."
    )]
    body: Option<String>,
    /// What was good about the other side; each once.
    #[serde(default)]
    #[schema(max_items = 6)]
    tags: Vec<FeedbackTag>,
}

impl GiveFeedback {
    fn parse(self) -> Result<NewFeedback, Invalid> {
        let mut check = Check::new();
        if !(1..=5).contains(&self.rating) {
            check.fail("/rating", Rule::OutOfRange { min: 1.0, max: 5.0 });
        }
        let body = check.optional("/body", self.body, |raw| {
            Text::block(&raw, 0, 2000).map(Text::into_string)
        });
        let mut tags: Vec<String> = Vec::new();
        for (at, tag) in self.tags.iter().take(MAX_TAGS + 1).enumerate() {
            if tags.iter().any(|known| known == tag.as_str()) {
                check.fail(format!("/tags/{at}"), Rule::Duplicate);
            } else {
                tags.push(tag.as_str().to_owned());
            }
        }
        check.finish(body.map(|body| NewFeedback {
            rating: self.rating,
            body: body.filter(|body| !body.is_empty()),
            tags,
        }))
    }
}

/// What one side said about a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackView {
    booking_id: BookingId,
    /// Whose it is.
    author: Side,
    #[schema(minimum = 1, maximum = 5)]
    rating: i16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    body: Option<String>,
    #[schema(max_items = 6)]
    tags: Vec<FeedbackTag>,
    /// From then on the other side reads it.
    #[serde(with = "karya_core::instant")]
    reveal_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

fn tags(texts: &[String]) -> Vec<FeedbackTag> {
    let tag = |text: &String| FeedbackTag::from_text(text);
    texts.iter().filter_map(tag).collect()
}

impl From<FeedbackRow> for FeedbackView {
    fn from(row: FeedbackRow) -> Self {
        Self {
            booking_id: row.booking_id,
            author: row.side,
            rating: row.rating,
            body: row.body,
            tags: tags(&row.tags),
            reveal_at: row.reveal_at,
            created_at: row.created_at,
        }
    }
}

/// The feedback of a session, as one side sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingFeedbackView {
    /// The caller's own, once it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mine: Option<FeedbackView>,
    /// The other side's, once it is revealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    theirs: Option<FeedbackView>,
}

/// Give feedback on a session
///
/// Once, by each side, within 30 days of the completion. Neither side sees the other's until both have written, or for
/// 14 days. What a mentee wrote is then public, under the first name; its rating counts for the mentor.
#[utoipa::path(tag = "feedback", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 201, description = "Given", body = FeedbackView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`feedback.not_open`, `feedback.closed`, `feedback.already_given`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/bookings/{booking_id}/feedback")]
pub(crate) async fn give_feedback(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
    body: Json<GiveFeedback>,
) -> Result<HttpResponse, Problem> {
    let new = body.into_inner().parse()?;
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::give_feedback(conn, now, user, *id, new).await?;
            let location = format!("/v1/bookings/{}/feedback", row.booking_id);
            Reply::created(location, &FeedbackView::from(row))
        })
        .await
}

/// Show the feedback on a session
///
/// The caller's own, and the other side's once it is revealed.
#[utoipa::path(tag = "feedback", security(("bearer" = [])), params(("booking_id" = BookingId, Path, description = "Id of the booking")), responses(
    (status = 200, description = "The feedback so far", body = BookingFeedbackView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`booking.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/bookings/{booking_id}/feedback")]
pub(crate) async fn get_booking_feedback(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    id: Path<BookingId>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let (mine, theirs) = ops::show_feedback(&reader, clock.now(), actor.user_id, *id).await?;
    let view = BookingFeedbackView {
        mine: mine.map(Into::into),
        theirs: theirs.map(Into::into),
    };
    Ok(Reply::ok(&view)?.into())
}

/// What a mentee said about a mentor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorFeedbackView {
    /// First name of the mentee.
    #[schema(max_length = 100, example = "Sari")]
    first_name: String,
    #[schema(minimum = 1, maximum = 5)]
    rating: i16,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    body: Option<String>,
    #[schema(max_items = 6)]
    tags: Vec<FeedbackTag>,
    /// Since when it is public.
    #[serde(with = "karya_core::instant")]
    revealed_at: DateTime<Utc>,
}

/// A page of what mentees said about a mentor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MentorFeedbackPage {
    #[schema(max_items = 100)]
    items: Vec<MentorFeedbackView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List what mentees say about a mentor
///
/// What is revealed and counts for the rating, the newest first.
#[utoipa::path(tag = "feedback", security((), ("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor"), PageQuery), responses(
    (status = 200, description = "A page of feedback", body = MentorFeedbackPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentors/{mentor_id}/feedback")]
pub(crate) async fn list_mentor_feedback(
    viewer: MaybeActor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    mentor: Path<UserId>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("mentor-feedback {mentor}");
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let after = paging.after()?;
    let reader = db.read_list().await?;
    let viewer = viewer.0.map(|actor| actor.user_id);
    let is_hidden = ops::blocks::is_hidden(&reader, viewer, *mentor).await?;
    let is_approved = queries::is_approved(&reader, *mentor).await;
    if is_hidden || !is_approved.map_err(MentoringError::from)? {
        return Err(MentoringError::MentorNotFound.into());
    }
    let rows = queries::list_public(&reader, *mentor, paging.size, after)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |(row, _)| (row.reveal_at, row.id));
    let view = |(row, name): (FeedbackRow, String)| MentorFeedbackView {
        first_name: name
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
        rating: row.rating,
        body: row.body,
        tags: tags(&row.tags),
        revealed_at: row.reveal_at,
    };
    let page = MentorFeedbackPage {
        items: rows.into_iter().map(view).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}
