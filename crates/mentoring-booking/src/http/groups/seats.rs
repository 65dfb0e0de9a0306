//! What mentees do with a group session. Asking for the same again is answered with what is already so.

use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{GroupSessionId, UserId};
use karya_db::AsyncPgConnection;
use karya_web::{CommonProblems, Problem, ProblemBody, Reply};

use super::view::GroupSessionView;
use crate::http::Call;
use crate::{MentoringError, ops};

/// Does it, and shows what came of it.
async fn run(
    (actor, idempotency, db, clock, id): Call<GroupSessionId>,
    work: impl AsyncFnOnce(
        &mut AsyncPgConnection,
        DateTime<Utc>,
        UserId,
        GroupSessionId,
    ) -> Result<(), MentoringError>,
) -> Result<HttpResponse, Problem> {
    let (now, user) = (clock.now(), actor.user_id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            work(conn, now, user, *id).await?;
            let standing = ops::groups::view(conn, Some(user), *id).await?;
            let view = GroupSessionView::new(standing, Some(user));
            Ok::<_, Problem>(Reply::ok(&view)?.version(view.version))
        })
        .await
}

/// Join a group session
///
/// Takes a seat at once. Whoever has a seat keeps it; a seat that is offered to the caller is accepted.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Done", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.full`, `group_session.closed`, `group_session.own_session`, `booking.mentee_busy`, `booking.mentor_paused`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`booking.region_blackout`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/join")]
pub(crate) async fn join_group_session(
    call: Call<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    run(call, ops::groups::join).await
}

/// Leave a group session
///
/// Until it starts. The seat goes to the first who waits and is free at that time: as an offer for two hours, or at
/// once within 24 hours of the start.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Done", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/leave")]
pub(crate) async fn leave_group_session(
    call: Call<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    run(call, ops::groups::leave).await
}

/// Wait for a seat
///
/// Only while there is none. The first in line gets the next one that is free, unless they have something else then.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Done", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.seats_free`, `group_session.waitlist_full`, `group_session.closed`, `group_session.own_session`, `booking.mentor_paused`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/waitlist/join")]
pub(crate) async fn join_group_waitlist(
    call: Call<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    run(call, ops::groups::wait).await
}

/// Stop waiting
///
/// An offered seat goes back too.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Done", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.closed`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/waitlist/leave")]
pub(crate) async fn leave_group_waitlist(
    call: Call<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    run(call, ops::groups::leave).await
}

/// Take an offered seat
///
/// Within two hours of the offer; after that it goes to the next in line.
#[utoipa::path(tag = "group sessions", security(("bearer" = [])), params(("group_session_id" = GroupSessionId, Path, description = "Id of the group session")), responses(
    (status = 200, description = "Done", body = GroupSessionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`group_session.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`group_session.no_offer`, `group_session.offer_expired`, `group_session.closed`, `group_session.own_session`, `booking.mentor_paused`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/group-sessions/{group_session_id}/offers/accept")]
pub(crate) async fn accept_group_offer(
    call: Call<GroupSessionId>,
) -> Result<HttpResponse, Problem> {
    run(call, ops::groups::accept).await
}
