use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::Clock;
use karya_db::Db;
use karya_web::{
    CommonProblems, Holder, Idempotency, Problem, ProblemBody, RecentAuth, Reply, Standings,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rights::queries::{Deletion, DeletionState};
use crate::rights::{PrivacyOptions, deletion};

/// The deletion of an account.
#[derive(Serialize, ToSchema)]
struct DeletionView {
    state: DeletionState,
    #[serde(with = "karya_core::instant")]
    asked_at: DateTime<Utc>,
    /// When everything personal is erased. Until then it can be taken back.
    #[serde(with = "karya_core::instant")]
    effective_at: DateTime<Utc>,
    /// When it was taken back.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    ended_at: Option<DateTime<Utc>>,
}

impl From<Deletion> for DeletionView {
    fn from(deletion: Deletion) -> Self {
        Self {
            state: deletion.state,
            asked_at: deletion.asked_at,
            effective_at: deletion.effective_at,
            ended_at: deletion.ended_at,
        }
    }
}

/// Ask for the deletion of my account
///
/// Closes the account at once: others no longer see it, sessions with others that are still to come are cancelled with a
/// notice to the other side, businesses without other members are hidden, and every session but this one ends. Until
/// `effective_at` its owner can still sign in, to fetch a copy of their data or to take it back; everything else answers 403
/// `auth.account_closing`. Then everything personal is erased, and what others or the books need no longer names anybody.
/// Asking again changes nothing.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 202, description = "The account is closed, and will be erased", body = DeletionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`privacy.last_admin`, `business.last_owner`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/deletion")]
pub(in crate::rights) async fn ask_for_deletion(
    RecentAuth(Holder(actor)): RecentAuth<Holder>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    options: Data<PrivacyOptions>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let (now, grace) = (clock.now(), options.deletion_grace);
    let reply = idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            let asked = deletion::ask(conn, now, who, grace).await?;
            Reply::new(StatusCode::ACCEPTED, &DeletionView::from(asked))
        })
        .await;
    standings.forget_user(actor.user_id);
    reply
}

/// Show the deletion of my account
///
/// The last one that was asked for: whether it is pending, and when it takes effect.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The deletion", body = DeletionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`: none was ever asked for", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/deletion")]
pub(in crate::rights) async fn get_my_deletion(
    Holder(actor): Holder,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let last = deletion::show(&reader, actor.user_id).await?;
    Ok(Reply::ok(&DeletionView::from(last))?.into())
}

/// Take the deletion of my account back
///
/// Until `effective_at`, and as long as nothing is erased. The account can be used again, and what was hidden with it is
/// shown again; sessions that were cancelled stay cancelled. Doing it again changes nothing.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 200, description = "Taken back", body = DeletionView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`: none was ever asked for", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/deletion/cancel")]
pub(in crate::rights) async fn cancel_my_deletion(
    Holder(actor): Holder,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let now = clock.now();
    let reply = idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            let cancelled = deletion::cancel(conn, now, who).await?;
            Reply::ok(&DeletionView::from(cancelled))
        })
        .await;
    standings.forget_user(actor.user_id);
    reply
}
