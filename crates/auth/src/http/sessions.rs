use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Clock, Cursors, SessionId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Holder, Idempotency, PageQuery, Paging, Problem, ProblemBody, Query,
    RecentAuth, Reply, Standings,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Platform, Session};
use crate::{AuthError, AuthOptions, ops, queries};

/// A device on which the account is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    id: SessionId,
    /// How the device called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100, example = "Redmi Note 12")]
    device_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    platform: Option<Platform>,
    /// Where it signed in: an IPv4 /24 or an IPv6 /48.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64, example = "36.81.12.0/24")]
    ip_prefix: Option<String>,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    /// Its last refresh.
    #[serde(with = "karya_core::instant")]
    last_seen_at: DateTime<Utc>,
    /// Its end, whatever its use.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            device_name: session.device_name,
            platform: session.platform,
            ip_prefix: session.ip_prefix,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            current: session.id == current,
        }
    }
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionPage {
    #[schema(max_items = 100)]
    items: Vec<SessionView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List my sessions
///
/// The devices on which the account is signed in, the newest sign-in first.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of sessions", body = SessionPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/sessions")]
pub(crate) async fn list_my_sessions(
    Holder(actor): Holder,
    db: Data<Db>,
    clock: Data<Clock>,
    options: Data<AuthOptions>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (user, current, now) = (actor.user_id, actor.session()?, clock.now());
    let scope = format!("sessions {user}");
    let paging = Paging::new(&cursors, scope, page.limit, page.cursor.as_deref())?;
    let times = (now, now - options.refresh_idle);
    let rows = {
        let reader = db.read_list().await?;
        queries::open_sessions(&reader, user, times, paging.after()?, paging.size.and_one())
            .await
            .map_err(AuthError::from)?
    };
    let (rows, next_cursor) = paging.cut(rows, |session| session.id);
    let items = rows
        .into_iter()
        .map(|session| SessionView::new(session, current))
        .collect();
    Ok(Reply::ok(&SessionPage { items, next_cursor })?.into())
}

/// End one of my sessions
///
/// The device is signed out at once. A second time changes nothing.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("session_id" = SessionId, Path, description = "From the list of sessions"),
), responses(
    (status = 204, description = "Ended"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/sessions/{session_id}")]
pub(crate) async fn end_my_session(
    Holder(actor): Holder,
    session: Path<SessionId>,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::end_session(&mut conn, clock.now(), actor.user_id, *session).await?;
    standings.forget(*session);
    Ok(HttpResponse::NoContent().finish())
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsEnded {
    #[schema(minimum = 0, maximum = 1_000_000, example = 2)]
    pub(super) ended: usize,
}

/// End my other sessions
///
/// Every device but this one is signed out at once.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "Ended", body = SessionsEnded),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/sessions/revoke-others")]
pub(crate) async fn end_my_other_sessions(
    recent: RecentAuth<Holder>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let RecentAuth(Holder(actor)) = recent;
    let keep = Some(actor.session()?);
    end_many(&actor, keep, idempotency, &db, &clock, &standings).await
}

/// End all my sessions
///
/// Every device is signed out at once, this one too.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "Ended", body = SessionsEnded),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/sessions/revoke-all")]
pub(crate) async fn end_all_my_sessions(
    recent: RecentAuth<Holder>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    end_many(&recent.0.0, None, idempotency, &db, &clock, &standings).await
}

async fn end_many(
    actor: &Actor,
    keep: Option<SessionId>,
    idempotency: Idempotency,
    db: &Db,
    clock: &Clock,
    standings: &Standings,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (actor.user_id, clock.now());
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let ended = ops::end_sessions(conn, now, user, keep).await?;
            Reply::ok(&SessionsEnded { ended })
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}
