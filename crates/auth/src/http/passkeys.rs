use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Random, Rule, Text};
use karya_db::Db;
use karya_web::{
    Actor, ClientIp, CommonProblems, Idempotency, Json, Problem, ProblemBody, RecentAuth, Reply,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::session::{TokenPair, signed_in_reply};
use crate::model::{PasskeyRow, Platform};
use crate::ops::{self, Ceremony, Device, Tools};
use crate::{AuthError, AuthOptions, Issuer, queries};

/// The longest answer of an authenticator.
const MAX_JSON: usize = 20_000;

/// A challenge for an authenticator.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyCeremony {
    /// Opaque; send it back with the answer. It is good for one.
    #[schema(max_length = 100)]
    ceremony_token: String,
    /// JSON, to be handed on as it is: `requestJson` of Android's Credential Manager, or the argument of
    /// `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` in browsers.
    #[schema(max_length = 20000)]
    options_json: String,
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
}

impl PasskeyCeremony {
    fn reply(ceremony: Ceremony) -> Result<HttpResponse, Problem> {
        let view = Self {
            ceremony_token: ceremony.token,
            options_json: ceremony.options_json,
            expires_at: ceremony.expires_at,
        };
        Ok(Reply::new(StatusCode::CREATED, &view)?
            .header(header::CACHE_CONTROL.as_str(), "no-store")
            .into())
    }
}

/// Begin to add a passkey
///
/// The device makes a key for it and answers to `POST /v1/me/passkeys` within five minutes. At most five.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 201, description = "Begun", body = PasskeyCeremony),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.too_many_factors`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/passkeys/begin")]
pub(crate) async fn begin_passkey(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    options: Data<AuthOptions>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let tools = (&**random, &**options);
    let begun = ops::begin_passkey(&mut conn, clock.now(), tools, recent.0.user_id).await?;
    PasskeyCeremony::reply(begun)
}

/// A passkey that a device has made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPasskey {
    #[schema(min_length = 1, max_length = 100)]
    ceremony_token: String,
    /// What the list of passkeys calls it.
    #[schema(min_length = 1, max_length = 60, example = "Redmi Note 12")]
    label: String,
    /// JSON, as the device gave it: `registrationResponseJson` on Android, `JSON.stringify(credential)` in browsers.
    #[schema(min_length = 2, max_length = 20000)]
    credential_json: String,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyView {
    id: Uuid,
    #[schema(max_length = 60, example = "Redmi Note 12")]
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

impl From<PasskeyRow> for PasskeyView {
    fn from(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            label: row.label,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// Add a passkey
///
/// From now on it signs in by itself. The owner gets a mail.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 201, description = "Added", body = PasskeyView),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.too_many_factors`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/me/passkeys")]
pub(crate) async fn add_passkey(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    options: Data<AuthOptions>,
    body: Json<AddPasskey>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let label = check.field("/label", Text::line(&body.label, 1, 60));
    if body.credential_json.len() > MAX_JSON {
        check.fail("/credential_json", Rule::TooLong { max: MAX_JSON });
    }
    let label = check.finish(label).map_err(AuthError::from)?;
    let (user, now) = (actor.user_id, clock.now());
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let made = (
                body.ceremony_token.as_str(),
                label,
                body.credential_json.as_str(),
            );
            let row = ops::add_passkey(conn, now, &options, user, made).await?;
            Reply::new(StatusCode::CREATED, &PasskeyView::from(row))
        })
        .await
}

/// The passkeys of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyList {
    #[schema(max_items = 5)]
    items: Vec<PasskeyView>,
}

/// List my passkeys
///
/// The oldest first.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    (status = 200, description = "The passkeys", body = PasskeyList),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[get("/me/passkeys")]
pub(crate) async fn list_my_passkeys(actor: Actor, db: Data<Db>) -> Result<HttpResponse, Problem> {
    let reader = db.read().await?;
    let rows = queries::passkeys(&reader, actor.user_id)
        .await
        .map_err(AuthError::from)?;
    let items = rows.into_iter().map(PasskeyView::from).collect();
    Ok(Reply::ok(&PasskeyList { items })?.into())
}

/// Remove a passkey
///
/// It does not sign in any more; sessions that it began go on. Refused where nothing else signs in. The owner gets a
/// mail.
#[utoipa::path(tag = "me", security(("bearer" = [])), params(
    ("passkey_id" = Uuid, Path, description = "From the list of passkeys"),
), responses(
    (status = 204, description = "Removed"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.last_sign_in_method`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[delete("/me/passkeys/{passkey_id:[0-9a-fA-F-]+}")]
pub(crate) async fn remove_my_passkey(
    recent: RecentAuth,
    passkey: Path<Uuid>,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::remove_passkey(&mut conn, clock.now(), recent.0.user_id, *passkey).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Begin to sign in with a passkey
///
/// It takes no name: the device shows which passkeys it has for Karya. Its answer goes to
/// `POST /v1/auth/passkey/verify` within five minutes.
#[utoipa::path(tag = "auth", responses(
    (status = 201, description = "Begun", body = PasskeyCeremony),
    CommonProblems,
))]
#[post("/auth/passkey/begin")]
pub(crate) async fn begin_passkey_sign_in(
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    options: Data<AuthOptions>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let tools = (&**random, &**options);
    PasskeyCeremony::reply(ops::begin_passkey_sign_in(&mut conn, clock.now(), tools).await?)
}

/// What a device answered, and what the session list will call it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyPasskey {
    #[schema(min_length = 1, max_length = 100)]
    ceremony_token: String,
    /// JSON, as the device gave it: `authenticationResponseJson` on Android, `JSON.stringify(credential)` in browsers.
    #[schema(min_length = 2, max_length = 20000)]
    credential_json: String,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        example = "Redmi Note 12"
    )]
    device_name: Option<String>,
    #[schema(nullable = false)]
    platform: Option<Platform>,
    /// From the last sign-in on this device.
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    device_token: Option<String>,
}

impl VerifyPasskey {
    fn device(&self, ip: ClientIp) -> Result<Device, AuthError> {
        let mut check = Check::new();
        let told = (self.device_name.as_deref(), self.device_token.as_deref());
        let device = Device::parse(&mut check, told, self.platform, ip);
        if self.credential_json.len() > MAX_JSON {
            check.fail("/credential_json", Rule::TooLong { max: MAX_JSON });
        }
        Ok(check.finish(device)?)
    }
}

/// Sign in with a passkey
///
/// It stands for the password and for a second factor, for the device has asked for a finger, a face or a PIN.
/// Whatever is wrong, the refusal is the same. It takes no `Idempotency-Key`: credentials are never kept.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "Signed in", body = TokenPair),
    (status = 401, description = "`auth.passkey_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/passkey/verify")]
pub(crate) async fn verify_passkey(
    ip: ClientIp,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    issuer: Data<Issuer>,
    options: Data<AuthOptions>,
    body: Json<VerifyPasskey>,
) -> Result<HttpResponse, Problem> {
    let device = body.device(ip)?;
    let tools = Tools {
        random: &random,
        issuer: &issuer,
        options: &options,
    };
    let answer = (body.ceremony_token.as_str(), body.credential_json.as_str());
    let signed_in = ops::verify_passkey(&db, &tools, clock.now(), answer, device).await?;
    Ok(signed_in_reply(signed_in, &options))
}
