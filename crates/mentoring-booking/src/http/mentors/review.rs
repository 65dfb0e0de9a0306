//! What staff do with mentors. Deciding the same again is answered with what is already so.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use karya_core::{Check, Cursors, Invalid, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Json, Paging, Problem, ProblemBody, Query, Reply, or_current,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{MentorPage, MentorView};
use crate::MentoringError;
use crate::http::VersionedCall;
use crate::model::{MentorState, Review};
use crate::ops::mentors::{self as ops, Verdict};
use crate::queries::mentors as queries;

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplicationFilter {
    /// Only those in this state; `applied` waits for review.
    #[param(nullable = false)]
    state: Option<MentorState>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// List mentor applications
///
/// For staff with the role `verifier` or `admin`: everybody who applied, in any state, oldest first.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(ApplicationFilter), responses(
    (status = 200, description = "A page of mentors", body = MentorPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/mentor-applications")]
pub(crate) async fn list_mentor_applications(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<ApplicationFilter>,
) -> Result<HttpResponse, Problem> {
    ops::require_staff(&actor)?;
    let scope = serde_json::to_string(&("mentor-applications", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::list_applications(&reader, query.state, paging.size, paging.after()?)
        .await
        .map_err(MentoringError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |(row, _, _)| (row.created_at, row.user_id));
    let page = MentorPage {
        items: rows.into_iter().map(MentorView::full).collect(),
        next_cursor,
    };
    Ok(Reply::ok(&page)?.into())
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewNote {
    /// For the mentor, who gets it by mail.
    #[schema(
        min_length = 3,
        max_length = 1000,
        example = "Tolong sebutkan pengalaman Anda."
    )]
    note: String,
}

impl ReviewNote {
    fn parse(self) -> Result<String, Invalid> {
        let mut check = Check::new();
        let note = Text::block(&self.note, 3, 1000).map(Text::into_string);
        let note = check.field("/note", note);
        check.finish(note)
    }
}

async fn run(
    (actor, idempotency, if_match, db, clock, id): VersionedCall<UserId>,
    review: Review,
    note: Option<ReviewNote>,
) -> Result<HttpResponse, Problem> {
    ops::require_staff(&actor)?;
    let verdict = Verdict {
        review,
        note: note.map(ReviewNote::parse).transpose()?,
        expected: if_match.optional(),
    };
    let now = clock.now();
    let mut conn = db.conn().await?;
    let done = idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let found = ops::review(conn, now, &actor, *id, verdict).await?;
            let view = MentorView::full(found);
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await;
    or_current(done, async || super::show::read(&db, *id).await).await
}

/// Approve a mentor
///
/// The mentor is shown to everybody and can be booked. For staff; also for somebody who was rejected before.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor")), responses(
    (status = 200, description = "Done", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.staff_required`, `auth.staff_factor_required`, `mentor.own_review`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentor.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentors/{mentor_id}/approve")]
pub(crate) async fn approve_mentor(call: VersionedCall<UserId>) -> Result<HttpResponse, Problem> {
    run(call, Review::Approve, None).await
}

/// Reject a mentor
///
/// An application, with a note that the applicant gets by mail. For staff. The applicant may improve the profile, which
/// makes it an application again.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor")), responses(
    (status = 200, description = "Done", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.staff_required`, `auth.staff_factor_required`, `mentor.own_review`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentor.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentors/{mentor_id}/reject")]
pub(crate) async fn reject_mentor(
    call: VersionedCall<UserId>,
    body: Json<ReviewNote>,
) -> Result<HttpResponse, Problem> {
    run(call, Review::Reject, Some(body.into_inner())).await
}

/// Suspend a mentor
///
/// An approved mentor is no longer shown and cannot be booked; sessions that are booked stay. For staff.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor")), responses(
    (status = 200, description = "Done", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.staff_required`, `auth.staff_factor_required`, `mentor.own_review`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentor.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentors/{mentor_id}/suspend")]
pub(crate) async fn suspend_mentor(
    call: VersionedCall<UserId>,
    body: Json<ReviewNote>,
) -> Result<HttpResponse, Problem> {
    run(call, Review::Suspend, Some(body.into_inner())).await
}

/// Reinstate a mentor
///
/// Ends a suspension. For staff.
#[utoipa::path(tag = "mentors", security(("bearer" = [])), params(("mentor_id" = UserId, Path, description = "Id of the mentor")), responses(
    (status = 200, description = "Done", body = MentorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`mentor.staff_required`, `auth.staff_factor_required`, `mentor.own_review`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`mentor.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`mentor.invalid_transition`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/mentors/{mentor_id}/reinstate")]
pub(crate) async fn reinstate_mentor(call: VersionedCall<UserId>) -> Result<HttpResponse, Problem> {
    run(call, Review::Reinstate, None).await
}
