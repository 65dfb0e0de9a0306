//! Accounts of others, for staff with the role `admin`. Every change wants a recent proof of who asks.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use karya_core::role::Role;
use karya_core::{Check, Clock, Cursors, EmailAddress, Lang, Text, UserId};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, PageQuery, Paging, Problem, ProblemBody, Query,
    RecentAuth, Reply, Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::password::PasswordResetAccepted;
use super::security_events::{SecurityEventPage, page_of_events};
use super::sessions::SessionsEnded;
use crate::model::{LockReason, StaffAccount, UserState};
use crate::queries::AccountFilter;
use crate::{AuthError, ops, queries};

/// An account, as staff sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
    id: UserId,
    state: UserState,
    #[schema(max_length = 100, example = "Sari Wulandari")]
    display_name: String,
    /// Absent once the account is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 254, format = Email, example = "sari@contoh.id")]
    email: Option<String>,
    email_verified: bool,
    #[schema(max_items = 5)]
    roles: Vec<Role>,
    locale: Lang,
    /// Why it is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lock_reason: Option<LockReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        max_length = 1000,
        example = "Tiket 4711: pemilik melapor ponselnya dicuri"
    )]
    lock_note: Option<String>,
    /// Whether it has an authenticator app.
    has_totp: bool,
    has_passkey: bool,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
}

impl From<StaffAccount> for AccountView {
    fn from(account: StaffAccount) -> Self {
        let (lock_reason, lock_note) = account.lock;
        let (has_totp, has_passkey) = account.factors;
        Self {
            id: account.user.id,
            state: account.user.state,
            display_name: account.user.display_name,
            email: account.email,
            email_verified: account.email_verified_at.is_some(),
            roles: account.roles,
            locale: account.user.locale,
            lock_reason,
            lock_note,
            has_totp,
            has_passkey,
            created_at: account.user.created_at,
        }
    }
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPage {
    #[schema(max_items = 100)]
    items: Vec<AccountView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountQuery {
    /// Only those that have this address or claim it.
    #[param(nullable = false, max_length = 254, example = "sari@contoh.id")]
    email: Option<String>,
    /// Only those in this state.
    #[param(nullable = false)]
    state: Option<UserState>,
    /// Only those with this role.
    #[param(nullable = false)]
    role: Option<Role>,
    /// Items on a page; 20 unless given.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "karya_web::paging::is_no_filter")]
    #[param(nullable = false, max_length = 500)]
    cursor: Option<String>,
}

/// List accounts
///
/// For staff with the role `admin`, the newest first.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(AccountQuery), responses(
    (status = 200, description = "A page of accounts", body = AccountPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/accounts")]
pub(crate) async fn list_accounts(
    actor: Actor,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(query): Query<AccountQuery>,
) -> Result<HttpResponse, Problem> {
    ops::require_account_staff(&actor)?;
    let scope = serde_json::to_string(&("accounts", &query)).unwrap_or_default();
    let paging = Paging::new(&cursors, scope, query.limit, query.cursor.as_deref())?;
    let email = match query.email.as_deref().map(EmailAddress::parse) {
        None => None,
        Some(Ok(email)) => Some(email),
        Some(Err(rule)) => return Err(Problem::parameter("email", rule)),
    };
    let filter = AccountFilter {
        email,
        state: query.state,
        role: query.role,
        id: None,
    };
    let reader = db.read_list().await?;
    let rows = queries::staff_accounts(&reader, filter, paging.after()?, paging.size.and_one())
        .await
        .map_err(AuthError::from)?;
    drop(reader);
    let (rows, next_cursor) = paging.cut(rows, |account| account.user.id);
    let items = rows.into_iter().map(AccountView::from).collect();
    Ok(Reply::ok(&AccountPage { items, next_cursor })?.into())
}

/// Show an account
///
/// For staff with the role `admin`.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 200, description = "The account", body = AccountView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/accounts/{account_id}")]
pub(crate) async fn get_account(
    actor: Actor,
    id: Path<UserId>,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    ops::require_account_staff(&actor)?;
    let reader = db.read().await?;
    let account = ops::staff_account(&reader, *id).await?;
    Ok(Reply::ok(&AccountView::from(account))?.into())
}

/// List what happened to an account
///
/// For staff with the role `admin`: what its owner sees of it, the newest first.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
    PageQuery,
), responses(
    (status = 200, description = "A page of security events", body = SecurityEventPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/accounts/{account_id}/security-events")]
pub(crate) async fn list_account_security_events(
    actor: Actor,
    id: Path<UserId>,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    ops::require_account_staff(&actor)?;
    let events = page_of_events(&db, &cursors, *id, &page).await?;
    let reader = db.read().await?;
    ops::staff_account(&reader, *id).await?;
    Ok(events)
}

/// Why an account is locked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockAccount {
    reason: LockReason,
    /// For staff: a ticket, what was seen.
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 1000,
        example = "Tiket 4711: pemilik melapor ponselnya dicuri"
    )]
    note: Option<String>,
}

/// Lock an account
///
/// Every session ends at once, nothing signs in, and its owner is told by mail. A locked one gets the new reason.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 200, description = "Locked", body = AccountView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.own`, `account.last_admin`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/accounts/{account_id}/lock")]
pub(crate) async fn lock_account(
    recent: RecentAuth,
    id: Path<UserId>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
    body: Json<LockAccount>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let mut check = Check::new();
    let note = body.note.as_deref();
    let note = check.optional("/note", note, |note| Text::block(note, 1, 1000));
    let note = check.finish(note).map_err(AuthError::from)?;
    let (by, now, user) = (actor.user_id, clock.now(), *id);
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let account = ops::lock_account(conn, now, Some(by), user, (body.reason, note)).await?;
            Reply::ok(&AccountView::from(account))
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}

/// Unlock an account
///
/// Its owner is told by mail. One that is not locked stays as it is.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 200, description = "Unlocked", body = AccountView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/accounts/{account_id}/unlock")]
pub(crate) async fn unlock_account(
    recent: RecentAuth,
    id: Path<UserId>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (by, now, user) = (actor.user_id, clock.now(), *id);
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let account = ops::unlock_account(conn, now, Some(by), user).await?;
            Reply::ok(&AccountView::from(account))
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}

/// End all sessions of an account
///
/// Every device is signed out at once. Its owner may sign in again.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 200, description = "Ended", body = SessionsEnded),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/accounts/{account_id}/end-sessions")]
pub(crate) async fn end_account_sessions(
    recent: RecentAuth,
    id: Path<UserId>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (by, now, user) = (actor.user_id, clock.now(), *id);
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            let ended = ops::end_sessions_of(conn, now, user).await?;
            Reply::ok(&SessionsEnded { ended })
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}

/// Send the mail of a forgotten password
///
/// To the address of the account, as if its owner had asked. Staff neither sees nor sets a password.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
), responses(
    (status = 202, description = "The mail is on its way", body = PasswordResetAccepted),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/accounts/{account_id}/send-password-reset")]
pub(crate) async fn send_account_password_reset(
    recent: RecentAuth,
    id: Path<UserId>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (by, now, user) = (actor.user_id, clock.now(), *id);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(by), async |conn| {
            ops::send_reset(conn, now, user).await?;
            Reply::new(StatusCode::ACCEPTED, &PasswordResetAccepted::SENT)
        })
        .await
}

/// Grant a role
///
/// Whoever has it keeps it. The role of mentors comes with the approval of their application.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
    ("role" = Role, Path, description = "The role"),
), responses(
    (status = 200, description = "It has the role", body = AccountView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.mentor_role`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[put("/accounts/{account_id}/roles/{role}")]
pub(crate) async fn grant_role(
    recent: RecentAuth,
    path: Path<(UserId, Role)>,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (user, role) = path.into_inner();
    let mut conn = db.conn().await?;
    let by = Some(actor.user_id);
    let account = ops::grant_role(&mut conn, clock.now(), by, user, role).await?;
    standings.forget_user(user);
    Ok(Reply::ok(&AccountView::from(account))?.into())
}

/// Take a role away
///
/// It counts within three seconds. Nobody takes a role from themselves, and the last admin stays one.
#[utoipa::path(tag = "accounts", security(("bearer" = [])), params(
    ("account_id" = UserId, Path, description = "The account"),
    ("role" = Role, Path, description = "The role"),
), responses(
    (status = 200, description = "It does not have the role", body = AccountView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`account.staff_required`, `auth.staff_factor_required`, `auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`account.own`, `account.last_admin`, `account.mentor_role`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/accounts/{account_id}/roles/{role}")]
pub(crate) async fn revoke_role(
    recent: RecentAuth,
    path: Path<(UserId, Role)>,
    db: Data<Db>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let actor = recent.0;
    ops::require_account_staff(&actor)?;
    let (user, role) = path.into_inner();
    let mut conn = db.conn().await?;
    let account = ops::revoke_role(&mut conn, Some(actor.user_id), user, role).await?;
    standings.forget_user(user);
    Ok(Reply::ok(&AccountView::from(account))?.into())
}
