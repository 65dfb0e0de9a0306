use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, MasterKey, Random, Text};
use karya_db::Db;
use karya_web::{
    Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, RecentAuth, Reply, Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{FactorMethod, TotpFactor};
use crate::{AuthError, ops, queries};

/// The longest code that anybody types: a recovery code, with room for blanks.
pub(super) const MAX_CODE: usize = 64;

/// A second factor.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorView {
    id: Uuid,
    /// Always `totp` today.
    method: FactorMethod,
    #[schema(max_length = 60, example = "HP Sari")]
    label: String,
    #[serde(with = "karya_core::instant")]
    created_at: DateTime<Utc>,
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<TotpFactor> for FactorView {
    fn from(factor: TotpFactor) -> Self {
        Self {
            id: factor.id,
            method: FactorMethod::Totp,
            label: factor.label,
            created_at: factor.created_at,
            last_used_at: factor.last_used_at,
        }
    }
}

/// The second factors of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorList {
    #[schema(max_items = 5)]
    items: Vec<FactorView>,
    /// How many recovery codes are good. None: make some, or a lost phone is a lost account.
    #[schema(minimum = 0, maximum = 10, example = 10)]
    recovery_codes_left: i64,
}

/// List my second factors
///
/// Without their secrets, which nobody can read again. An account without any signs in with the password alone.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The factors", body = FactorList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/factors")]
pub(crate) async fn list_my_factors(actor: Actor, db: Data<Db>) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let (factors, recovery_codes_left) = futures_util::future::try_join(
        queries::totp_factors(&reader, actor.user_id),
        queries::count_recovery_codes(&reader, actor.user_id),
    )
    .await
    .map_err(AuthError::from)?;
    let items = factors.into_iter().map(FactorView::from).collect();
    let view = FactorList {
        items,
        recovery_codes_left,
    };
    Ok(Reply::ok(&view)?.into())
}

/// An authenticator app to enrol.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolTotp {
    /// What the list of factors calls it.
    #[schema(min_length = 1, max_length = 60, example = "HP Sari")]
    label: String,
}

/// What an authenticator app needs to know.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpEnrolment {
    factor_id: Uuid,
    /// For people who type it: base32. It is shown this once.
    #[schema(max_length = 64, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// To show as a QR code, or to open on the same phone.
    #[schema(
        max_length = 1000,
        example = "otpauth://totp/Karya:sari%40contoh%2Eid?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Karya&algorithm=SHA1&digits=6&period=30"
    )]
    otpauth_uri: String,
    /// Until when a code of the app can confirm it.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
}

/// Begin to enrol an authenticator app
///
/// TOTP (RFC 6238) with SHA-1, six digits and 30 seconds. It protects nothing before it is confirmed. The secret is
/// shown this once, so the reply is never kept and takes no `Idempotency-Key`: after a lost reply begin again, which
/// forgets the one begun before. At most five.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 201, description = "Begun", body = TotpEnrolment),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.too_many_factors`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/factors/totp")]
pub(crate) async fn enrol_totp(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    master_key: Data<MasterKey>,
    body: Json<EnrolTotp>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let label = check.field("/label", Text::line(&body.label, 1, 60));
    let label = check.finish(label).map_err(AuthError::from)?;
    let mut conn = db.conn().await?;
    let (now, tools) = (clock.now(), (&**master_key, &**random));
    let enrolment = ops::enrol_totp(&mut conn, now, tools, recent.0.user_id, label).await?;
    let view = TotpEnrolment {
        factor_id: enrolment.id,
        secret: enrolment.secret.to_string(),
        otpauth_uri: enrolment.uri.to_string(),
        expires_at: enrolment.expires_at,
    };
    Ok(Reply::new(StatusCode::CREATED, &view)?
        .header(header::CACHE_CONTROL.as_str(), "no-store")
        .into())
}

/// A code of the app that is being enrolled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmFactor {
    #[schema(min_length = 6, max_length = 64, example = "287082")]
    code: String,
}

/// Confirm an authenticator app
///
/// With its first code, within 15 minutes; the code is used up. From now on signing in takes a code. With the first
/// factor every other session ends, and devices that signed in before are strangers again. The owner gets a mail.
/// Recovery codes are made next: `POST /v1/me/recovery-codes`.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("factor_id" = Uuid, Path, description = "From the beginning of the enrolment"),
), responses(
    CommonProblems,
    (status = 200, description = "Confirmed", body = FactorView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.too_many_factors`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/factors/{factor_id}/confirm")]
#[expect(
    clippy::too_many_arguments,
    reason = "actix hands each part over separately"
)]
pub(crate) async fn confirm_factor(
    actor: Actor,
    factor: Path<Uuid>,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    master_key: Data<MasterKey>,
    standings: Data<Standings>,
    body: Json<ConfirmFactor>,
) -> Result<HttpResponse, Problem> {
    let (user, now) = (actor.user_id, clock.now());
    let mut conn = db.conn().await?;
    let counter = ops::code_counter(user, None);
    let admitted = ops::admit_code(&mut conn, now, user, &counter).await;
    let reply = idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            // Only here: a repeated request gets its reply, though its code is used up.
            admitted?;
            let (who, shown) = ((user, actor.session()?), (*factor, body.code.as_str()));
            let factor = ops::confirm_totp(conn, now, &master_key, who, shown).await?;
            Reply::ok(&FactorView::from(factor))
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}

/// Remove a second factor
///
/// One that was not confirmed, too. With the last one the recovery codes go, and the password alone signs in again. The
/// owner gets a mail.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("factor_id" = Uuid, Path, description = "From the list of factors"),
), responses(
    (status = 204, description = "Removed"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/factors/{factor_id:[0-9a-fA-F-]+}")]
pub(crate) async fn remove_my_factor(
    recent: RecentAuth,
    factor: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::remove_factor(&mut conn, clock.now(), recent.0.user_id, *factor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Codes for when the second factor is lost.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Ten; each stands in for a second factor, once. They are shown this once.
    #[schema(max_items = 10, example = json!(["MFZW-IZTH-NBUG-U23M-NVXH-A4LS"]))]
    codes: Vec<String>,
}

/// Make recovery codes
///
/// Ten of them; those made before are good for nothing any more. They are shown this once, so the reply is never kept
/// and takes no `Idempotency-Key`: after a lost reply make others. Each replaces a code of an app, once, never the
/// password. The owner gets a mail, and another whenever one is used.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 201, description = "Made", body = RecoveryCodes),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.no_factor`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/recovery-codes")]
pub(crate) async fn make_recovery_codes(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    master_key: Data<MasterKey>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let (now, tools) = (clock.now(), (&**master_key, &**random));
    let codes = ops::regenerate_recovery_codes(&mut conn, now, tools, recent.0.user_id).await?;
    Ok(Reply::new(StatusCode::CREATED, &RecoveryCodes { codes })?
        .header(header::CACHE_CONTROL.as_str(), "no-store")
        .into())
}
