use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use karya_core::{Cursors, SessionId, UserId};
use karya_db::Db;
use karya_web::{CommonProblems, Holder, PageQuery, Paging, Problem, ProblemBody, Query, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::audit::EventKind;
use crate::model::SecurityEvent;
use crate::{AuthError, queries};

/// Something that happened to the account.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityEventView {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    kind: EventKind,
    /// More of it, in one word: by which credential, why, which role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40, example = "password")]
    reason: Option<String>,
    #[serde(with = "karya_core::instant")]
    at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_id: Option<SessionId>,
    /// How the device called itself; absent once its session is long over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100, example = "Redmi Note 12")]
    device_name: Option<String>,
    /// From where: an IPv4 /24 or an IPv6 /48.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64, example = "36.81.12.0/24")]
    ip_prefix: Option<String>,
    /// Whether staff did it.
    by_staff: bool,
}

impl SecurityEventView {
    fn new(event: SecurityEvent, device_names: &HashMap<SessionId, Option<String>>) -> Self {
        let session = event.session_id.as_ref();
        Self {
            id: event.id,
            kind: event.kind,
            reason: event.reason,
            at: event.at,
            device_name: session.and_then(|id| device_names.get(id).cloned().flatten()),
            session_id: event.session_id,
            ip_prefix: event.ip_prefix,
            by_staff: event.actor_id.is_some(),
        }
    }
}

/// A page of security events.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecurityEventPage {
    #[schema(max_items = 100)]
    items: Vec<SecurityEventView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List what happened to my account
///
/// Sign-ins, also those that were refused, ended sessions, changed credentials and roles, the newest first. Nothing
/// in this list is ever changed or removed.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page of security events", body = SecurityEventPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/security-events")]
pub(crate) async fn list_my_security_events(
    Holder(actor): Holder,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    page_of_events(&db, &cursors, actor.user_id, &page).await
}

/// A page of what happened to an account.
pub(super) async fn page_of_events(
    db: &Db,
    cursors: &Cursors,
    user: UserId,
    page: &PageQuery,
) -> Result<HttpResponse, Problem> {
    let scope = format!("security-events {user}");
    let paging = Paging::new(cursors, scope, page.limit, page.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let rows = queries::events_of(&reader, user, paging.after()?, paging.size.and_one())
        .await
        .map_err(AuthError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |event| event.id);
    let sessions = rows.iter().filter_map(|event| event.session_id).collect();
    let names = queries::device_names(&reader, user, sessions)
        .await
        .map_err(AuthError::from)?;
    drop(reader);
    let names = names.into_iter().collect();
    let items = rows
        .into_iter()
        .map(|event| SecurityEventView::new(event, &names))
        .collect();
    Ok(Reply::ok(&SecurityEventPage { items, next_cursor })?.into())
}
