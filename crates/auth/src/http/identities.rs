use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Random};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, RecentAuth, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::social::{BeginSocial, SocialBegun, SocialProof};
use crate::model::{Identity, IdentityProvider};
use crate::{AuthError, IdentityProviders, ops, queries};

/// An account at another provider that signs in.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityView {
    id: Uuid,
    provider: IdentityProvider,
    /// How the provider called it when it was linked, such as an address: to recognise it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 254, example = "ibu.sari@gmail.com")]
    label: Option<String>,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Identity> for IdentityView {
    fn from(row: Identity) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            label: row.label,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// The accounts at other providers that are linked.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityList {
    #[schema(max_items = 20)]
    items: Vec<IdentityView>,
}

/// List my accounts at other providers
///
/// The oldest first; at most one of each provider.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The identities", body = IdentityList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/identities")]
pub(crate) async fn list_my_identities(
    actor: Actor,
    db: Data<Db>,
) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let rows = queries::identities(&reader, actor.user_id)
        .await
        .map_err(AuthError::from)?;
    let items = rows.into_iter().map(IdentityView::from).collect();
    Ok(Reply::ok(&IdentityList { items })?.into())
}

/// Begin to show an account at another provider
///
/// Like `POST /v1/auth/social/begin`, for somebody who is signed in. The answer goes to `POST /v1/me/identities`, which
/// links it, or to `POST /v1/auth/step-up`, if it is linked; within ten minutes.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 201, description = "Begun", body = SocialBegun),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/identities/begin")]
pub(crate) async fn begin_identity(
    actor: Actor,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    providers: Data<IdentityProviders>,
    body: Json<BeginSocial>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let tools = (&**random, &**providers);
    let user = Some(actor.user_id);
    let begun = ops::begin_social(&mut conn, clock.now(), tools, user, body.question()).await?;
    SocialBegun::reply(begun)
}

/// What a provider answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddIdentity {
    proof: SocialProof,
}

/// Link an account at another provider
///
/// From now on it signs in by itself. The owner gets a mail. One that is linked already stays so.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 201, description = "Linked", body = IdentityView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.identity_in_use`, `auth.provider_linked`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.provider_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/identities")]
pub(crate) async fn add_identity(
    recent: RecentAuth,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    providers: Data<IdentityProviders>,
    body: Json<AddIdentity>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let answer = body.proof.parse(&mut check);
    let answer = check.finish(answer).map_err(AuthError::from)?;
    let (user, now) = (recent.0.user_id, clock.now());
    let proven = ops::prove_own(&db, &providers, now, user, answer).await;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            // Only here: a repeated request gets its reply, though its proof is used up.
            let who = (user, recent.0.session()?);
            let linked = ops::link_identity(conn, now, who, &proven?).await?;
            Reply::new(StatusCode::CREATED, &IdentityView::from(linked))
        })
        .await
}

/// Unlink an account at another provider
///
/// It does not sign in any more; sessions that it began go on. Refused where nothing else signs in. The owner gets a
/// mail.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("identity_id" = Uuid, Path, description = "From the list of identities"),
), responses(
    (status = 204, description = "Unlinked"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.last_sign_in_method`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/identities/{identity_id:[0-9a-fA-F-]+}")]
pub(crate) async fn remove_my_identity(
    recent: RecentAuth,
    identity: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let who = (recent.0.user_id, recent.0.session()?);
    ops::unlink_identity(&mut conn, clock.now(), who, *identity).await?;
    Ok(HttpResponse::NoContent().finish())
}
