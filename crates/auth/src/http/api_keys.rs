use std::collections::BTreeSet;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Duration, Utc};
use karya_core::{ApiKeyId, Check, Clock, Random, Rule, Scope, Text, Words};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Json, Problem, ProblemBody, RecentAuth, Reply, Standings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::{ApiKey, KeyToMake, MAX_KEY_LIFE, MAX_KEY_OVERLAP, ShownKey};
use crate::{AuthError, ops, queries};

const MAX_PER_MINUTE: i32 = 10_000;

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    id: ApiKeyId,
    #[schema(max_length = 60, example = "Toko daring")]
    name: String,
    #[schema(max_items = 40)]
    scopes: Vec<Scope>,
    /// How the key begins, to tell keys apart.
    #[schema(max_length = 20, example = "kry_live_4fK9Xb2Q")]
    prefix: String,
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// How the key begins that was rotated and is still good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20, example = "kry_live_b2Q4fK9X")]
    previous_prefix: Option<String>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    previous_expires_at: Option<DateTime<Utc>>,
    /// Absent: only the limit of the client holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 10_000, example = 60)]
    requests_per_minute: Option<i32>,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    /// To the hour. Absent: never.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    last_used_at: Option<DateTime<Utc>>,
    /// From where: an IPv4 /24 or an IPv6 /48.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64, example = "36.81.12.0/24")]
    last_used_from: Option<String>,
}

impl ApiKeyView {
    fn new(key: ApiKey, now: DateTime<Utc>) -> Option<Self> {
        let begins = |prefix: &str| format!("{}{prefix}", karya_web::api_key::LEAD);
        let (superseded, current): (Vec<_>, Vec<_>) = key
            .secrets
            .into_iter()
            .partition(|secret| secret.superseded_at.is_some());
        let current = current.into_iter().next()?;
        let previous = superseded
            .into_iter()
            .find(|secret| secret.expires_at > now);
        Some(Self {
            id: key.row.id,
            name: key.row.name,
            // Another replica may be newer and know more.
            scopes: key
                .row
                .scopes
                .iter()
                .filter_map(|scope| Scope::from_text(scope))
                .collect(),
            prefix: begins(&current.prefix),
            expires_at: current.expires_at,
            previous_prefix: previous.as_ref().map(|secret| begins(&secret.prefix)),
            previous_expires_at: previous.map(|secret| secret.expires_at),
            requests_per_minute: key.row.requests_per_minute,
            created_at: key.row.created_at,
            last_used_at: key.row.last_used_at,
            last_used_from: key.row.last_used_from,
        })
    }
}

/// The API keys of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyList {
    #[schema(max_items = 20)]
    items: Vec<ApiKeyView>,
}

/// An API key with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownApiKey {
    /// The key itself, to send as `Authorization: Bearer …`. It is shown this once.
    #[schema(max_length = 80, example = "kry_live_…")]
    key: String,
    api_key: ApiKeyView,
}

impl ShownApiKey {
    fn reply(shown: ShownKey, now: DateTime<Utc>) -> Result<HttpResponse, Problem> {
        let api_key = ApiKeyView::new(shown.key, now).ok_or(AuthError::ApiKeyNotFound)?;
        let view = Self {
            key: shown.text.to_string(),
            api_key,
        };
        Ok(Reply::new(StatusCode::CREATED, &view)?
            .header(header::CACHE_CONTROL.as_str(), "no-store")
            .into())
    }
}

/// List my API keys
///
/// The newest first, without their secrets, which nobody can read again. Those that expired stay for 30 days.
#[utoipa::path(tag = "api keys", security(("bearer" = [])), responses(
    (status = 200, description = "The keys", body = ApiKeyList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/api-keys")]
pub(crate) async fn list_my_api_keys(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    actor.session()?;
    let reader = db.read().await?;
    let (rows, mut secrets) = futures_util::future::try_join(
        queries::api_keys(&reader, actor.user_id),
        queries::api_key_secrets(&reader, actor.user_id),
    )
    .await
    .map_err(AuthError::from)?;
    drop(reader);
    let now = clock.now();
    let items = rows
        .into_iter()
        .filter_map(|row| {
            let (own, others) = secrets
                .drain(..)
                .partition(|secret| secret.key_id == row.id);
            secrets = others;
            let key = ApiKey { row, secrets: own };
            ApiKeyView::new(key, now)
        })
        .collect();
    Ok(Reply::ok(&ApiKeyList { items })?.into())
}

/// An API key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKey {
    /// What the list of keys calls it.
    #[schema(min_length = 1, max_length = 60, example = "Toko daring")]
    name: String,
    /// What it may be used for; as little as will do.
    #[schema(min_items = 1, max_items = 40)]
    scopes: Vec<Scope>,
    /// Within a year.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// A limit of its own, beside that of the client.
    #[schema(nullable = false, minimum = 1, maximum = 10_000, example = 60)]
    requests_per_minute: Option<i32>,
}

/// Not before now, and not longer than a key may live.
fn expiry(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Rule> {
    if at > now && at <= now + MAX_KEY_LIFE {
        return Ok(at);
    }
    let words = Words {
        id: "harus di masa depan dan paling lama 365 hari dari sekarang",
        en: "must be in the future and at most 365 days from now",
    };
    Err(Rule::Other {
        code: "out_of_time",
        words,
    })
}

impl CreateApiKey {
    fn parse(&self, now: DateTime<Utc>) -> Result<KeyToMake, AuthError> {
        let mut check = Check::new();
        let name = check.field("/name", Text::line(&self.name, 1, 60));
        let scopes: BTreeSet<Scope> = self.scopes.iter().copied().collect();
        if scopes.is_empty() {
            check.fail("/scopes", Rule::Required);
        }
        if scopes.len() < self.scopes.len() {
            check.fail("/scopes", Rule::Duplicate);
        }
        let expires_at = check.field("/expires_at", expiry(self.expires_at, now));
        let limit = check.optional("/requests_per_minute", self.requests_per_minute, |limit| {
            if (1..=MAX_PER_MINUTE).contains(&limit) {
                return Ok(limit);
            }
            Err(Rule::OutOfRange {
                min: 1.0,
                max: MAX_PER_MINUTE.into(),
            })
        });
        let key = (|| {
            Some(KeyToMake {
                name: name?,
                scopes: scopes.into_iter().collect(),
                expires_at: expires_at?,
                requests_per_minute: limit?,
            })
        })();
        Ok(check.finish(key)?)
    }
}

/// Make an API key
///
/// With it a program acts for this account, within the scopes that it gets: see `api_key` among the security schemes.
/// The key is shown this once, so the reply is never kept and takes no `Idempotency-Key`: after a lost reply revoke it
/// and make another. At most 20. The owner gets a mail.
#[utoipa::path(tag = "api keys", security(("bearer" = [])), responses(
    (status = 201, description = "Made", body = ShownApiKey),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.too_many_api_keys`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/api-keys")]
pub(crate) async fn create_api_key(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    body: Json<CreateApiKey>,
) -> Result<HttpResponse, Problem> {
    let (actor, now) = (recent.0, clock.now());
    let wanted = body.parse(now)?;
    let who = (actor.user_id, actor.session()?);
    let mut conn = db.conn().await?;
    let shown = ops::create_api_key(&mut conn, now, &random, who, wanted).await?;
    ShownApiKey::reply(shown, now)
}

/// How to rotate an API key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateApiKey {
    /// Until when the new key is good: within a year.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// For how many hours the old one stays good, if it does not expire before; 24 unless told.
    #[schema(nullable = false, minimum = 0, maximum = 168, example = 24)]
    overlap_hours: Option<i32>,
}

impl RotateApiKey {
    fn parse(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Duration), AuthError> {
        let mut check = Check::new();
        let expires_at = check.field("/expires_at", expiry(self.expires_at, now));
        let hours = i64::from(self.overlap_hours.unwrap_or(24));
        let max = MAX_KEY_OVERLAP.num_hours();
        if !(0..=max).contains(&hours) {
            let (min, max) = (0.0, f64::from(i32::try_from(max).unwrap_or(i32::MAX)));
            check.fail("/overlap_hours", Rule::OutOfRange { min, max });
        }
        let overlap = Duration::try_hours(hours).unwrap_or_default();
        Ok(check.finish(expires_at.map(|at| (at, overlap)))?)
    }
}

/// Rotate an API key
///
/// Makes another secret for it, with the same scopes; both are good while programs change over. It is shown this once;
/// after a lost reply rotate again. Only the newest two are ever good. The owner gets a mail.
#[utoipa::path(tag = "api keys", security(("bearer" = [])), params(
    ("api_key_id" = ApiKeyId, Path, description = "From the list of keys"),
), responses(
    (status = 201, description = "Made", body = ShownApiKey),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/api-keys/{api_key_id}/rotate")]
pub(crate) async fn rotate_api_key(
    recent: RecentAuth,
    key: Path<ApiKeyId>,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    standings: Data<Standings>,
    body: Json<RotateApiKey>,
) -> Result<HttpResponse, Problem> {
    let (actor, now) = (recent.0, clock.now());
    let times = body.parse(now)?;
    let which = (actor.user_id, actor.session()?, *key);
    let mut conn = db.conn().await?;
    let shown = ops::rotate_api_key(&mut conn, now, &random, which, times).await?;
    standings.forget_key(*key);
    ShownApiKey::reply(shown, now)
}

/// Revoke an API key
///
/// With all its secrets, within three seconds everywhere. The owner gets a mail.
#[utoipa::path(tag = "api keys", security(("bearer" = [])), params(
    ("api_key_id" = ApiKeyId, Path, description = "From the list of keys"),
), responses(
    (status = 204, description = "Revoked"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/api-keys/{api_key_id}")]
pub(crate) async fn revoke_api_key(
    actor: Actor,
    key: Path<ApiKeyId>,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let which = (actor.user_id, actor.session()?, *key);
    let mut conn = db.conn().await?;
    ops::revoke_api_key(&mut conn, clock.now(), which).await?;
    standings.forget_key(*key);
    Ok(HttpResponse::NoContent().finish())
}
