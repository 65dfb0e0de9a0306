use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, MasterKey, Random, Rule, SessionId};
use karya_db::Db;
use karya_web::{ClientIp, CommonProblems, Holder, Json, Problem, ProblemBody, Standings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::identifier;
use super::me::MeView;
use crate::model::{FactorMethod, Identifier, Platform};
use crate::ops::{self, Device, IssuedSession, SignedIn, Tools, TypedCode};
use crate::{AuthError, AuthOptions, Issuer, PasswordPool, password};

/// Credentials, and what the session list will call the device. `email` or `phone`, one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(nullable = false, min_length = 3, max_length = 254, format = Email, example = "sari@demo.karya.test")]
    email: Option<String>,
    /// One that the account has proved. E.164, or as people write it in Indonesia.
    #[schema(
        nullable = false,
        min_length = 5,
        max_length = 32,
        example = "0812-3456-7890"
    )]
    phone: Option<String>,
    #[schema(min_length = 1, max_length = 128, format = Password, example = "kain-lurik-tujuh-warna")]
    password: String,
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        example = "Redmi Note 12"
    )]
    device_name: Option<String>,
    #[schema(nullable = false)]
    platform: Option<Platform>,
    /// From the last sign-in on this device: other people's wrong passwords do not delay it. One that is not ours counts
    /// as none.
    #[schema(nullable = false, max_length = 100)]
    device_token: Option<String>,
}

impl Login {
    fn parse(&self, ip: ClientIp) -> Result<(Identifier, Device), AuthError> {
        let mut check = Check::new();
        let identifier = identifier(&mut check, self.email.as_deref(), self.phone.as_deref());
        let told = (self.device_name.as_deref(), self.device_token.as_deref());
        let device = Device::parse(&mut check, told, self.platform, ip);
        if self.password.chars().count() > password::MAX {
            check.fail("/password", Rule::TooLong { max: password::MAX });
        }
        Ok(check.finish(identifier.zip(device))?)
    }
}

/// Tokens of a new session.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPair {
    #[serde(flatten)]
    tokens: RefreshedTokens,
    /// Keep it on the device, beyond the session, and send it with the next sign-in.
    #[schema(max_length = 100)]
    device_token: String,
    user: MeView,
}

/// Tokens of a session that goes on.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshedTokens {
    /// JWT; send it as `Authorization: Bearer …`.
    #[schema(max_length = 4000)]
    access_token: String,
    #[schema(max_length = 10, example = "Bearer", value_type = String)]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 1, maximum = 86400, example = 600)]
    expires_in: i64,
    /// Opaque; exchange it before it expires. It works once: keep the newest.
    #[schema(max_length = 100)]
    refresh_token: String,
    #[serde(with = "karya_core::instant")]
    refresh_expires_at: DateTime<Utc>,
    session_id: SessionId,
}

impl RefreshedTokens {
    fn new(issued: IssuedSession, options: &AuthOptions) -> Self {
        Self {
            access_token: issued.access_token,
            token_type: "Bearer",
            expires_in: options.access_ttl.num_seconds(),
            refresh_token: issued.refresh_token,
            refresh_expires_at: issued.refresh_expires_at,
            session_id: issued.session_id,
        }
    }
}

/// Sign in
///
/// Opens a session on this device, with an address or a phone number that the account has proved. An account with a
/// second factor answers 401 `auth.factor_required` instead, and its `challenge` says how to go on:
/// `POST /v1/auth/login/verify-factor`. Repeating the request opens another one, so it takes no `Idempotency-Key`:
/// credentials are never kept. After ten wrong passwords for an address or a number within 15 minutes, the next try has
/// to wait: a second, then twice as long each time, up to 15 minutes. Devices that signed in before are counted apart.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Signed in", body = TokenPair),
    (status = 401, description = "`auth.invalid_credentials`, `auth.factor_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.account_locked`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/login")]
#[expect(
    clippy::too_many_arguments,
    reason = "actix hands each part over separately"
)]
pub(crate) async fn login(
    ip: ClientIp,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    issuer: Data<Issuer>,
    options: Data<AuthOptions>,
    passwords: Data<PasswordPool>,
    body: Json<Login>,
) -> Result<HttpResponse, Problem> {
    let (identifier, device) = body.parse(ip)?;
    let tools = Tools {
        random: &random,
        issuer: &issuer,
        options: &options,
    };
    let credentials = (identifier, body.password.as_str());
    let signed_in = ops::login(&db, &passwords, &tools, clock.now(), credentials, device).await?;
    Ok(signed_in_reply(signed_in, &options))
}

/// The second half of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyFactor {
    /// `challenge.token` of the first half.
    #[schema(min_length = 1, max_length = 100)]
    challenge_token: String,
    method: FactorMethod,
    /// Six digits of the app, or a recovery code; blanks and dashes do not matter.
    #[schema(min_length = 6, max_length = 64, example = "287082")]
    code: String,
    /// The same as in the first half.
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    device_token: Option<String>,
}

/// Sign in with a second factor
///
/// Finishes a sign-in that was answered with 401 `auth.factor_required`: within five minutes, once, with five codes at
/// most, and with the `device_token` of the first half if that had one. A code works once. After five wrong codes for
/// an account, wherever they were tried, the next has to wait: 30 seconds, then twice as long each time, up to four
/// hours; devices that signed in before are counted apart. It takes no `Idempotency-Key`: credentials are never kept.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Signed in", body = TokenPair),
    (status = 401, description = "`auth.factor_invalid`, `auth.challenge_invalid`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/login/verify-factor")]
#[expect(
    clippy::too_many_arguments,
    reason = "actix hands each part over separately"
)]
pub(crate) async fn verify_factor(
    ip: ClientIp,
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    issuer: Data<Issuer>,
    options: Data<AuthOptions>,
    master_key: Data<MasterKey>,
    body: Json<VerifyFactor>,
) -> Result<HttpResponse, Problem> {
    let tools = Tools {
        random: &random,
        issuer: &issuer,
        options: &options,
    };
    let code = TypedCode {
        method: body.method,
        code: &body.code,
        master_key: &master_key,
    };
    let answer = (body.challenge_token.as_str(), code);
    let device = body.device_token.as_deref();
    let signed_in =
        ops::verify_factor(&db, &tools, clock.now(), answer, device, ip.prefix()).await?;
    Ok(signed_in_reply(signed_in, &options))
}

pub(super) fn signed_in_reply(signed_in: SignedIn, options: &AuthOptions) -> HttpResponse {
    let view = TokenPair {
        tokens: RefreshedTokens::new(signed_in.issued, options),
        device_token: signed_in.device_token,
        user: signed_in.account.into(),
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(view)
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshTokens {
    #[schema(min_length = 1, max_length = 100)]
    refresh_token: String,
}

/// Exchange a refresh token
///
/// The old token is used up. A client that lost the reply may ask again within 30 seconds and gets the same new
/// token; a token that turns up later than that was copied, and the session ends.
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "The next tokens", body = RefreshedTokens),
    (status = 401, description = "`auth.refresh_invalid`, `auth.refresh_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/refresh")]
pub(crate) async fn refresh_tokens(
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    issuer: Data<Issuer>,
    options: Data<AuthOptions>,
    body: Json<RefreshTokens>,
) -> Result<HttpResponse, Problem> {
    let tools = Tools {
        random: &random,
        issuer: &issuer,
        options: &options,
    };
    let mut conn = db.conn().await?;
    let issued = ops::refresh(&mut conn, &tools, clock.now(), &body.refresh_token).await?;
    let view = RefreshedTokens::new(issued, &options);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(view))
}

/// Sign out
///
/// Ends the session of the access token, and the token with it.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    (status = 204, description = "Signed out"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/logout")]
pub(crate) async fn logout(
    Holder(actor): Holder,
    db: Data<Db>,
    clock: Data<Clock>,
    standings: Data<Standings>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    ops::logout(&mut conn, clock.now(), actor.user_id, actor.session()?).await?;
    standings.forget(actor.session()?);
    Ok(HttpResponse::NoContent().finish())
}
