use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, MasterKey, Rule};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Holder, Idempotency, Json, Problem, ProblemBody, RecentAuth, Reply,
    Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::factors::MAX_CODE;
use super::social::SocialProof;
use crate::model::FactorMethod;
use crate::ops::{self, Offered, TypedCode};
use crate::{AuthError, IdentityProviders, PasswordPool, password};

/// A proof that it is still oneself: a code if the account has a second factor; if it has none, the password or an
/// account at another provider that is linked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    #[schema(nullable = false, min_length = 1, max_length = 128, format = Password, example = "kain-lurik-tujuh-warna")]
    password: Option<String>,
    /// What the code is; `totp` unless given.
    #[schema(nullable = false)]
    method: Option<FactorMethod>,
    #[schema(nullable = false, min_length = 6, max_length = 64, example = "287082")]
    code: Option<String>,
    /// In answer to `POST /v1/me/identities/begin`.
    #[schema(nullable = false)]
    proof: Option<SocialProof>,
}

/// The session is as good as new.
#[derive(Serialize, ToSchema)]
pub(crate) struct SteppedUp {
    /// `auth_time` of the access tokens from the next refresh on.
    #[serde(with = "karya_core::instant")]
    authenticated_at: DateTime<Utc>,
}

/// Prove again that it is you
///
/// For ten minutes, this session may do what is sensitive: what answered 403 `auth.step_up_required` works with the
/// access token that one has. A code is used up by it; wrong passwords and codes are counted as at sign-in.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 200, description = "Proved", body = SteppedUp),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `auth.provider_unavailable`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/step-up")]
#[expect(
    clippy::too_many_arguments,
    reason = "actix hands each part over separately"
)]
pub(crate) async fn step_up(
    Holder(actor): Holder,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    master_key: Data<MasterKey>,
    providers: Data<IdentityProviders>,
    standings: Data<Standings>,
    body: Json<StepUp>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let too_long =
        |text: &Option<String>, max| text.as_ref().is_some_and(|t| t.chars().count() > max);
    for (pointer, text, max) in [
        ("/password", &body.password, password::MAX),
        ("/code", &body.code, MAX_CODE),
    ] {
        if too_long(text, max) {
            check.fail(pointer, Rule::TooLong { max });
        }
    }
    let identity = match &body.proof {
        Some(proof) => proof.parse(&mut check).map(Some),
        None => Some(None),
    };
    let identity = check.finish(identity).map_err(AuthError::from)?;
    let (user, now) = (actor.user_id, clock.now());
    let code = body.code.as_deref().map(|code| TypedCode {
        method: body.method.unwrap_or(FactorMethod::Totp),
        code,
        master_key: &master_key,
    });
    let offered = Offered {
        password: body.password.as_deref(),
        code,
        identity,
    };
    let with = (&**passwords, &**providers);
    let shown = ops::show(&db, with, now, user, offered).await;
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            // Only here: a repeated request gets its reply, though its code is used up.
            ops::step_up(conn, now, (user, actor.session()?), &shown?).await?;
            Reply::ok(&SteppedUp {
                authenticated_at: now,
            })
        })
        .await?;
    // It may have shown a second factor for the first time.
    standings.forget(actor.session_id);
    Ok(reply)
}

/// Refuses an account with a second factor that has not shown it lately, for what asks for the password anyway.
pub(super) async fn require_recent_factor(
    db: &Db,
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<(), Problem> {
    if ops::needs_step_up(db, now, (actor.user_id, actor.session()?)).await? {
        return Err(RecentAuth::required());
    }
    Ok(())
}
