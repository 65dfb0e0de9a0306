//! Requests of staff to remove the factors of somebody who lost them all.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Cursors, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, PageQuery, Paging, Problem, ProblemBody, Query,
    RecentAuth, Reply, Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{FactorReset, FactorResetState};
use crate::{AuthError, ops, queries};

/// How somebody who lost every factor proved who they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskForFactorReset {
    #[schema(
        min_length = 10,
        max_length = 1000,
        example = "Panggilan video 26-11-2026: KTP asli dan wajah cocok dengan NIK usaha miliknya"
    )]
    evidence: String,
}

/// A request to remove all second factors of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorResetView {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    account_id: UserId,
    state: FactorResetState,
    #[schema(
        max_length = 1000,
        example = "Panggilan video 26-11-2026: KTP asli dan wajah cocok dengan NIK usaha miliknya"
    )]
    evidence: String,
    /// Absent once the account of that member of staff is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    asked_by: Option<UserId>,
    #[serde(with = "karya_core::instant")]
    asked_at: DateTime<Utc>,
    /// From when it can be approved.
    #[serde(with = "karya_core::instant")]
    not_before: DateTime<Utc>,
    /// Until when.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// Absent while it is open, and if the owner showed a factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    settled_by: Option<UserId>,
}

impl From<FactorReset> for FactorResetView {
    fn from(reset: FactorReset) -> Self {
        Self {
            id: reset.id,
            account_id: reset.user_id,
            state: reset.state,
            evidence: reset.evidence,
            asked_by: reset.asked_by,
            asked_at: reset.asked_at,
            not_before: reset.not_before,
            expires_at: reset.expires_at,
            settled_by: reset.settled_by,
        }
    }
}

/// A page of such requests.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorResetPage {
    #[schema(max_items = 100)]
    items: Vec<FactorResetView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List open requests to remove factors
///
/// For staff with the role `admin`, the oldest first.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of requests", body = FactorResetPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/factor-resets")]
pub(crate) async fn list_factor_resets(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    ops::require_account_staff(&actor)?;
    let paging = Paging::new(
        &cursors,
        "factor-resets".into(),
        page.limit,
        page.cursor.as_deref(),
    )?;
    let reader = db.read_list().await?;
    let (after, limit) = (paging.after()?, paging.size.and_one());
    let rows = queries::open_factor_resets(&reader, after, clock.now(), limit)
        .await
        .map_err(AuthError::from)?;
    drop(reader);
    let (rows, next_cursor) = paging.cut(rows, |reset| reset.id);
    let items = rows.into_iter().map(FactorResetView::from).collect();
    Ok(Reply::ok(&FactorResetPage { items, next_cursor })?.into())
}

/// Ask to remove all second factors of an account
///
/// For somebody who lost them and proved otherwise who they are. The owner is told at once and has a day to object, by signing in with a factor; then another member of staff decides.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 201, description = "Asked", body = FactorResetView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.own`, `account.factor_reset_open`, `auth.no_factor`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/accounts/{account_id}/factor-resets")]
pub(crate) async fn ask_for_factor_reset(
    recent: RecentAuth,
    id: Path<UserId>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<AskForFactorReset>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let mut check = Check::new();
    let evidence = check.field("/evidence", Text::block(&body.evidence, 10, 1000));
    let evidence = check.finish(evidence).map_err(AuthError::from)?;
    let (by, now, user) = (actor.user_id, clock.now(), *id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let reset = ops::ask_for_factor_reset(conn, now, by, user, evidence).await?;
            Reply::new(StatusCode::CREATED, &FactorResetView::from(reset))
        })
        .await
}

/// Approve the removal of all second factors
///
/// By another member of staff than the one who asked, a day later at the earliest. Every session ends, and the owner signs in with the password.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("factor_reset_id" = Uuid, Path, description = "From the list of requests"),
), responses(
    (status = 200, description = "Approved", body = FactorResetView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.own`, `account.four_eyes`, `account.factor_reset_early`, `account.factor_reset_over`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/factor-resets/{factor_reset_id}/approve")]
pub(crate) async fn approve_factor_reset(
    recent: RecentAuth,
    id: Path<Uuid>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (by, now, verdict) = (actor.user_id, clock.now(), FactorResetState::Approved);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let reset = ops::settle_factor_reset(conn, now, by, *id, verdict).await?;
            standings.forget_user(reset.user_id);
            Reply::ok(&FactorResetView::from(reset))
        })
        .await
}

/// Refuse the removal of all second factors
///
/// The factors stay.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("factor_reset_id" = Uuid, Path, description = "From the list of requests"),
), responses(
    (status = 200, description = "Refused", body = FactorResetView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.own`, `account.factor_reset_over`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/factor-resets/{factor_reset_id}/refuse")]
pub(crate) async fn refuse_factor_reset(
    recent: RecentAuth,
    id: Path<Uuid>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (by, now, verdict) = (actor.user_id, clock.now(), FactorResetState::Refused);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let reset = ops::settle_factor_reset(conn, now, by, *id, verdict).await?;
            Reply::ok(&FactorResetView::from(reset))
        })
        .await
}
