use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Clock, Cursors};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, PageQuery, Paging, Problem, ProblemBody, Query, Reply,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{AttemptError, AttemptRow, DeliveryRow, DeliveryState, EventType};
use crate::{WebhookError, ops, queries};

/// How many attempts of a delivery are shown: the last ones.
const SHOWN: usize = 20;

/// One attempt at a delivery.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptView {
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    number: i32,
    #[serde(with = "karya_core::instant")]
    at: DateTime<Utc>,
    #[schema(minimum = 0, maximum = 2_147_483_647, example = 84)]
    duration_ms: i32,
    /// What the other side answered. Absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 100, maximum = 999, example = 204)]
    status: Option<i32>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<AttemptError>,
    /// The beginning of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500, example = "ok")]
    answer: Option<String>,
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        Self {
            number: row.number,
            at: row.at,
            duration_ms: row.duration_ms,
            status: row.status,
            error: row.error,
            answer: row.answer,
        }
    }
}

/// An event on its way to a webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    id: Uuid,
    /// The `webhook-id` of every attempt.
    event_id: Uuid,
    event_type: EventType,
    /// When it happened.
    #[serde(with = "karya_core::instant")]
    occurred_at: DateTime<Utc>,
    state: DeliveryState,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    finished_at: Option<DateTime<Utc>>,
    /// The last twenty at most, the oldest first.
    #[schema(max_items = 20)]
    attempts: Vec<AttemptView>,
}

impl DeliveryView {
    fn new(row: DeliveryRow, attempts: Vec<AttemptRow>) -> Self {
        let skipped = attempts.len().saturating_sub(SHOWN);
        Self {
            id: row.id,
            event_id: row.event_id,
            event_type: row.event_type,
            occurred_at: row.occurred_at,
            state: row.state,
            finished_at: row.finished_at,
            attempts: attempts
                .into_iter()
                .skip(skipped)
                .map(AttemptView::from)
                .collect(),
        }
    }
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    #[schema(max_items = 100)]
    items: Vec<DeliveryView>,
    /// Send it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 500)]
    next_cursor: Option<String>,
}

/// List the deliveries of a webhook
///
/// The newest event first, for 30 days.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
    PageQuery,
), responses(
    (status = 200, description = "A page of deliveries", body = DeliveryPage),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/webhooks/{webhook_id}/deliveries")]
pub(crate) async fn list_webhook_deliveries(
    actor: Actor,
    webhook: Path<Uuid>,
    db: Data<Db>,
    cursors: Data<Cursors>,
    Query(page): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let scope = format!("webhook-deliveries {webhook}");
    let paging = Paging::new(&cursors, scope, page.limit, page.cursor.as_deref())?;
    let reader = db.read_list().await?;
    let webhook = ops::find(&reader, (actor.user_id, *webhook)).await?;
    let rows = queries::deliveries(&reader, webhook.id, paging.after()?, paging.size.and_one())
        .await
        .map_err(WebhookError::from)?;
    let (rows, next_cursor) = paging.cut(rows, |row| row.id);
    let ids = rows.iter().map(|row| row.id).collect();
    let mut attempts = queries::attempts(&reader, ids)
        .await
        .map_err(WebhookError::from)?;
    drop(reader);
    let items = rows
        .into_iter()
        .map(|row| {
            let (own, others) = attempts
                .drain(..)
                .partition(|attempt| attempt.delivery_id == row.id);
            attempts = others;
            DeliveryView::new(row, own)
        })
        .collect();
    Ok(Reply::ok(&DeliveryPage { items, next_cursor })?.into())
}

/// Try a webhook
///
/// Sends it a `webhook.test`, whatever it wants to know. How it went is in the list of deliveries.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
), responses(
    (status = 202, description = "On its way", body = DeliveryView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`webhook.not_active`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/webhooks/{webhook_id}/test")]
pub(crate) async fn test_webhook(
    actor: Actor,
    webhook: Path<Uuid>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (actor.user_id, clock.now());
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::test(conn, now, (user, *webhook)).await?;
            Reply::new(StatusCode::ACCEPTED, &DeliveryView::new(row, Vec::new()))
        })
        .await
}

/// Send an event again
///
/// Under the same `webhook-id`, at once; if that fails, by the whole schedule again. One that waits for its next
/// attempt is tried now.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
    ("delivery_id" = Uuid, Path, description = "From the list of its deliveries"),
), responses(
    (status = 202, description = "On its way", body = DeliveryView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`webhook.not_active`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/webhooks/{webhook_id}/deliveries/{delivery_id}/retry")]
pub(crate) async fn retry_webhook_delivery(
    actor: Actor,
    path: Path<(Uuid, Uuid)>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (actor.user_id, clock.now());
    let (webhook, delivery) = path.into_inner();
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let row = ops::retry(conn, (user, webhook), delivery).await?;
            let attempts = queries::attempts(conn, vec![delivery]).await;
            let attempts = attempts.map_err(WebhookError::from)?;
            Reply::new(StatusCode::ACCEPTED, &DeliveryView::new(row, attempts))
        })
        .await
}
