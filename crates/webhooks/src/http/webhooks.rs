use std::collections::BTreeSet;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Duration, Utc};
use karya_core::{BusinessId, Check, Clock, MasterKey, Random, Rule, Text, Words};
use karya_db::Db;
use karya_fetch::{Fetcher, Url};
use karya_web::{
    Actor, CommonProblems, IfMatch, Json, MergePatch, Patch, Problem, ProblemBody, Query,
    RecentAuth, Reply, or_current,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::model::{DisabledReason, EventType, WebhookRow, WebhookState};
use crate::ops::{self, MAX_OVERLAP, Wanted};
use crate::{WebhookError, queries};

/// Where events are sent, without the secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookView {
    id: Uuid,
    /// Absent: it is one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    business_id: Option<BusinessId>,
    #[schema(max_length = 500, example = "https://toko.contoh.id/karya")]
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200, example = "Kasir")]
    description: Option<String>,
    #[schema(max_items = 100)]
    event_types: Vec<EventType>,
    state: WebhookState,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    disabled_reason: Option<DisabledReason>,
    /// Since when nothing got through.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before signs too.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    previous_secret_until: Option<DateTime<Utc>>,
    #[schema(minimum = 1, maximum = 2_147_483_647, example = 1)]
    version: i32,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(with = "karya_core::instant")]
    updated_at: DateTime<Utc>,
}

impl WebhookView {
    fn new(row: WebhookRow, now: DateTime<Utc>) -> Self {
        Self {
            id: row.id,
            business_id: row.business_id,
            event_types: row.event_types(),
            url: row.url,
            description: row.description,
            state: row.state,
            disabled_reason: row.disabled_reason,
            failing_since: row.failing_since,
            previous_secret_until: row.old_secret_until.filter(|until| *until > now),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    #[schema(max_items = 20)]
    items: Vec<WebhookView>,
}

/// A webhook with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownWebhook {
    /// What the requests are signed with, as Standard Webhooks writes it. It is shown this once.
    #[schema(max_length = 80, example = "whsec_…")]
    secret: String,
    webhook: WebhookView,
}

impl ShownWebhook {
    fn reply(row: WebhookRow, secret: &str, now: DateTime<Utc>) -> Result<HttpResponse, Problem> {
        let view = Self {
            secret: secret.to_owned(),
            webhook: WebhookView::new(row, now),
        };
        Ok(Reply::new(StatusCode::CREATED, &view)?
            .header(header::CACHE_CONTROL.as_str(), "no-store")
            .into())
    }
}

/// A webhook to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhook {
    /// https, on port 443.
    #[schema(
        min_length = 9,
        max_length = 500,
        example = "https://toko.contoh.id/karya"
    )]
    url: String,
    #[schema(nullable = false, min_length = 1, max_length = 200, example = "Kasir")]
    description: Option<String>,
    #[schema(min_items = 1, max_items = 100)]
    event_types: Vec<EventType>,
    /// For the events of a business, of which one is an owner or manager. Absent: for one's own bookings, and for all
    /// businesses of which one is a member.
    #[schema(nullable = false)]
    business_id: Option<BusinessId>,
}

/// The values of a webhook, checked.
fn wanted(
    fetcher: &Fetcher,
    (url, description): (&str, Option<&str>),
    event_types: &[EventType],
    state: WebhookState,
) -> Result<Wanted, WebhookError> {
    let mut check = Check::new();
    let url = if url.chars().count() > 500 {
        Err(Rule::TooLong { max: 500 })
    } else {
        let words = Words {
            id: "harus alamat https publik di port 443, tanpa nama pengguna",
            en: "must be a public https address on port 443, without a user name",
        };
        let parsed = Url::parse(url).ok();
        let parsed = parsed.filter(|url| fetcher.check(url).is_ok());
        parsed.ok_or(Rule::Format(words))
    };
    let url = check.field("/url", url);
    let description = check.optional("/description", description, |text| Text::line(text, 1, 200));
    let types: BTreeSet<EventType> = event_types.iter().copied().collect();
    if types.is_empty() {
        check.fail("/event_types", Rule::Required);
    }
    if types.len() < event_types.len() {
        check.fail("/event_types", Rule::Duplicate);
    }
    let wanted = url.zip(description).map(|(url, description)| Wanted {
        url: url.into(),
        description: description.map(Text::into_string),
        event_types: types.into_iter().collect(),
        state,
    });
    Ok(check.finish(wanted)?)
}

/// Make a webhook
///
/// Whenever something of those types happens, its address gets a signed request: `openapi/karya-webhooks.json` says
/// how each looks. The secret is shown this once, so the reply is never kept and takes no `Idempotency-Key`: after a
/// lost reply delete it and make another. At most 20.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), responses(
    (status = 201, description = "Made", body = ShownWebhook),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`, `webhook.manager_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`webhook.too_many`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/webhooks")]
pub(crate) async fn create_webhook(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    master_key: Data<MasterKey>,
    fetcher: Data<Fetcher>,
    body: Json<CreateWebhook>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (recent.0.user_id, clock.now());
    let where_to = (body.url.as_str(), body.description.as_deref());
    let wanted = wanted(&fetcher, where_to, &body.event_types, WebhookState::Active)?;
    let mut conn = db.conn().await?;
    let tools = (&**master_key, &**random);
    let whose = (user, body.business_id);
    let (row, secret) = ops::create(&mut conn, now, tools, whose, wanted).await?;
    ShownWebhook::reply(row, &secret, now)
}

/// Whose webhooks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhookFilter {
    /// Those of a business; one's own unless given.
    #[param(nullable = false, value_type = Option<BusinessId>)]
    business_id: Option<Uuid>,
}

/// List webhooks
///
/// The newest first, without their secrets, which nobody can read again.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(WebhookFilter), responses(
    (status = 200, description = "The webhooks", body = WebhookList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`webhook.manager_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    Query(filter): Query<WebhookFilter>,
) -> Result<HttpResponse, Problem> {
    let business = filter.business_id.map(BusinessId::from_uuid);
    let reader = db.read().await?;
    if let Some(business) = business {
        ops::require_manager(&reader, actor.user_id, business).await?;
    }
    let rows = queries::list(&reader, (actor.user_id, business))
        .await
        .map_err(WebhookError::from)?;
    drop(reader);
    let now = clock.now();
    let items = rows.into_iter().map(|row| WebhookView::new(row, now));
    let items = items.collect();
    Ok(Reply::ok(&WebhookList { items })?.into())
}

/// Show a webhook
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
), description = "Without its secret.", responses(
    (status = 200, description = "The webhook", body = WebhookView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/webhooks/{webhook_id}")]
pub(crate) async fn get_webhook(
    actor: Actor,
    webhook: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let row = ops::find(&*db.read().await?, (actor.user_id, *webhook)).await?;
    let view = WebhookView::new(row, clock.now());
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// A change of a webhook. What is not mentioned stays; `null` clears. Lists are replaced as wholes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWebhook {
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 9, max_length = 500)]
    url: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<EventType>, required = false, min_items = 1, max_items = 100)]
    event_types: Patch<Vec<EventType>>,
    /// `active` or `paused`.
    #[serde(default)]
    #[schema(value_type = WebhookState, required = false)]
    state: Patch<WebhookState>,
}

impl UpdateWebhook {
    fn apply(self, fetcher: &Fetcher, row: &WebhookRow) -> Result<Wanted, WebhookError> {
        let mut check = Check::new();
        if self.state == Patch::Set(WebhookState::Disabled) {
            let words = Words {
                id: "hanya `active` atau `paused`",
                en: "takes `active` or `paused`",
            };
            check.fail("/state", Rule::Format(words));
        }
        let url = self.url.required(&mut check, "/url", row.url.clone());
        let description = self.description.apply(row.description.clone());
        let types = row.event_types();
        let types = self.event_types.required(&mut check, "/event_types", types);
        let state = self.state.required(&mut check, "/state", row.state);
        check.finish(Some(()))?;
        wanted(fetcher, (&url, description.as_deref()), &types, state)
    }
}

/// Change a webhook
///
/// Needs `If-Match`. With `state: active` one that was disabled gets events again.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
), request_body = UpdateWebhook, responses(
    (status = 200, description = "The changed webhook", body = WebhookView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "`request.stale_version`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "`request.version_required`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[patch("/webhooks/{webhook_id}")]
pub(crate) async fn update_webhook(
    actor: Actor,
    if_match: IfMatch,
    webhook: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
    fetcher: Data<Fetcher>,
    body: MergePatch<UpdateWebhook>,
) -> Result<HttpResponse, Problem> {
    let expected = if_match.required()?;
    let (user, now) = (actor.user_id, clock.now());
    let mut conn = db.conn().await?;
    let change = |row: &WebhookRow| body.0.apply(&fetcher, row);
    let done = ops::update(&mut conn, now, (user, *webhook, expected), change).await;
    drop(conn);
    let read = async || {
        let row = ops::find(&*db.read().await?, (user, *webhook)).await?;
        Ok(WebhookView::new(row, now))
    };
    let view = WebhookView::new(or_current(done, read).await?, now);
    Ok(Reply::ok(&view)?.version(view.version).into())
}

/// Delete a webhook
///
/// With the log of its deliveries. What was on its way to it is not sent any more.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
), responses(
    (status = 204, description = "Deleted"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/webhooks/{webhook_id}")]
pub(crate) async fn delete_webhook(
    actor: Actor,
    webhook: Path<Uuid>,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::delete(&mut conn, (actor.user_id, *webhook)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How to rotate a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateWebhookSecret {
    /// For how many hours the old one signs too; 24 unless told.
    #[schema(nullable = false, minimum = 0, maximum = 168, example = 24)]
    overlap_hours: Option<i32>,
}

impl RotateWebhookSecret {
    fn parse(&self) -> Result<Duration, WebhookError> {
        let mut check = Check::new();
        let hours = self.overlap_hours.unwrap_or(24);
        let max = i32::try_from(MAX_OVERLAP.num_hours()).unwrap_or(i32::MAX);
        if !(0..=max).contains(&hours) {
            let (min, max) = (0.0, f64::from(max));
            check.fail("/overlap_hours", Rule::OutOfRange { min, max });
        }
        Ok(check.finish(Duration::try_hours(hours.into()))?)
    }
}

/// Rotate the secret of a webhook
///
/// Requests have two signatures until the old one is over, so that receivers can change over. The new secret is shown
/// this once; after a lost reply rotate again.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(
    ("webhook_id" = Uuid, Path, description = "From the list of webhooks"),
), responses(
    (status = 201, description = "Made", body = ShownWebhook),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/webhooks/{webhook_id}/rotate-secret")]
pub(crate) async fn rotate_webhook_secret(
    recent: RecentAuth,
    webhook: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    master_key: Data<MasterKey>,
    body: Json<RotateWebhookSecret>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (recent.0.user_id, clock.now());
    let overlap = body.parse()?;
    let mut conn = db.conn().await?;
    let tools = (&**master_key, &**random);
    let (row, secret) = ops::rotate(&mut conn, now, tools, (user, *webhook), overlap).await?;
    ShownWebhook::reply(row, &secret, now)
}
