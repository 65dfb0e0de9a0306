use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, MasterKey, Random};
use karya_db::Db;
use karya_web::{
    Actor, ClientIp, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply, Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::phones::{check_code, reachable};
use super::step_up::require_recent_factor;
use super::{identifier, once_by_mail};
use crate::captcha::Person;
use crate::model::Identifier;
use crate::{AuthError, AuthOptions, PasswordPool, ops, password};

/// Which account has lost its password: by `email` or by `phone`, one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskForPasswordReset {
    #[schema(nullable = false, min_length = 3, max_length = 254, format = Email, example = "sari@demo.karya.test")]
    email: Option<String>,
    /// E.164, or as people write it in Indonesia.
    #[schema(
        nullable = false,
        min_length = 5,
        max_length = 32,
        example = "0812-3456-7890"
    )]
    phone: Option<String>,
}

/// What comes next.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordResetAccepted {
    /// `mail_sent` or, to a phone, `code_sent`: whether there is an account is for mailbox or phone alone to know.
    #[schema(max_length = 40, example = "mail_sent", value_type = String)]
    status: &'static str,
    /// To a phone: names this request, for `POST /v1/auth/password-reset/verify-code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<Uuid>,
    /// To a phone: until when the code is good.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    expires_at: Option<DateTime<Utc>>,
    /// To a phone: when another one may be asked for.
    #[serde(
        with = "karya_core::instant::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    resend_at: Option<DateTime<Utc>>,
}

impl PasswordResetAccepted {
    pub(super) const SENT: Self = Self {
        status: "mail_sent",
        request_id: None,
        expires_at: None,
        resend_at: None,
    };
}

/// Ask for a new password
///
/// Sends a link to the address if it has an account, three times an hour at most; or a code of six digits to the phone,
/// by WhatsApp, after a minute another one, then after twice as long each time. The answer is the same if there is no
/// account.
#[utoipa::path(tag = "auth", params(
    ("Captcha-Token" = Option<String>, Header, nullable = false, description = "What the captcha gave the app, where the server asks for one", max_length = 4096),
), responses(
    CommonProblems,
    (status = 202, description = "A mail or a message is on its way, if there is an account", body = PasswordResetAccepted),
    (status = 403, description = "`auth.captcha_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.phones_off`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_codes`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/password-reset")]
pub(crate) async fn ask_for_password_reset(
    _person: Person,
    ip: ClientIp,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    options: Data<AuthOptions>,
    body: Json<AskForPasswordReset>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let whose = identifier(&mut check, body.email.as_deref(), body.phone.as_deref());
    let whose = check.finish(whose).map_err(AuthError::from)?;
    if let Identifier::Phone(number) = &whose {
        reachable(&options, number)?;
    }
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, None, async |conn| {
            let accepted = match &whose {
                Identifier::Email(email) => {
                    ops::ask_for_reset(conn, now, email).await?;
                    PasswordResetAccepted::SENT
                }
                Identifier::Phone(number) => {
                    let asked = ops::ask_for_reset_by_phone(conn, now, number, ip).await?;
                    PasswordResetAccepted {
                        status: "code_sent",
                        request_id: Some(asked.request_id),
                        expires_at: Some(asked.expires_at),
                        resend_at: Some(asked.resend_at),
                    }
                }
            };
            Reply::new(StatusCode::ACCEPTED, &accepted)
        })
        .await
}

/// The code that came to a phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeResetCode {
    /// That of the reply to `POST /v1/auth/password-reset`.
    request_id: Uuid,
    /// Six digits; blanks and dashes do not matter.
    #[schema(min_length = 6, max_length = 64, example = "287082")]
    code: String,
}

/// What the code was good for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetTokenView {
    /// For `POST /v1/auth/password-reset/confirm`, once.
    #[schema(max_length = 100)]
    token: String,
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
}

/// Exchange the code from a phone for a token
///
/// The token sets a new password, as the one in the mail does. The code is good for ten minutes, five tries and one use,
/// and for the request that asked for it alone. It takes no `Idempotency-Key`: credentials are never kept.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "The token", body = ResetTokenView),
    (status = 422, description = "`auth.phone_code_invalid`, `request.validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/password-reset/verify-code")]
pub(crate) async fn exchange_reset_code(
    db: Data<Db>,
    clock: Data<Clock>,
    random: Data<Random>,
    master_key: Data<MasterKey>,
    body: Json<ExchangeResetCode>,
) -> Result<HttpResponse, Problem> {
    check_code(&body.code)?;
    let secrets = (&**master_key, &**random);
    let answer = (body.request_id, body.code.as_str());
    let reset = ops::exchange_reset_code(&db, secrets, clock.now(), answer).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(ResetTokenView {
            token: reset.token,
            expires_at: reset.expires_at,
        }))
}

/// A new password, and the proof that one may set it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmPasswordReset {
    /// The code in the mail, or the token that the code from a phone was exchanged for.
    #[schema(
        min_length = 1,
        max_length = 100,
        example = "pL3hQd0cJ8sVY2nXw5rT7uK1bM4aZ6eG9fC0iO3jS8k"
    )]
    token: String,
    /// At least 12 characters; spaces count; easily guessed ones are refused.
    #[schema(min_length = 12, max_length = 128, format = Password, example = "perahu-kuning-di-teluk")]
    new_password: String,
}

/// The password is another one now.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordChanged {
    #[schema(max_length = 40, example = "password_changed", value_type = String)]
    status: &'static str,
}

impl PasswordChanged {
    const fn new() -> Self {
        Self {
            status: "password_changed",
        }
    }
}

/// Set a new password with the code from the mail
///
/// It works once and for 30 minutes; so does, for ten, the token for a code to the phone. Every session of the account
/// ends, its access tokens too, and the owner gets a mail; it does not sign in. An address that was not proved is proved
/// by the code from the mail.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Changed", body = PasswordChanged),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.reset_invalid`, `request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/password-reset/confirm")]
pub(crate) async fn confirm_password_reset(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    standings: Data<Standings>,
    body: Json<ConfirmPasswordReset>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let secrets = (body.token.as_str(), body.new_password.as_str());
    let prepared = ops::prepare_reset(&db, &passwords, now, secrets).await;
    let mut conn = db.conn().await?;
    let once = (idempotency, &mut *conn, now);
    once_by_mail(once, &standings, &PasswordChanged::new(), async |conn| {
        // Only here: a repeated request gets its reply, though its token is used up.
        ops::reset_password(conn, now, &body.token, &prepared?).await
    })
    .await
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(min_length = 1, max_length = 128, format = Password, example = "kain-lurik-tujuh-warna")]
    current_password: String,
    /// At least 12 characters; spaces count; easily guessed ones are refused.
    #[schema(min_length = 12, max_length = 128, format = Password, example = "perahu-kuning-di-teluk")]
    new_password: String,
}

/// Change my password
///
/// Every other session ends, with its access tokens; this one goes on. The owner gets a mail. An account with a second
/// factor needs a sign-in or a step-up within the last ten minutes as well.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 200, description = "Changed", body = PasswordChanged),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/password")]
pub(crate) async fn change_my_password(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    standings: Data<Standings>,
    body: Json<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    password::check_given(&mut check, "/current_password", &body.current_password);
    check.finish(Some(())).map_err(AuthError::from)?;
    let now = clock.now();
    require_recent_factor(&db, now, &actor).await?;
    let secrets = (body.current_password.as_str(), body.new_password.as_str());
    let prepared = ops::prepare_change(&db, &passwords, now, actor.user_id, secrets).await;
    let mut conn = db.conn().await?;
    let reply = idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let who = (actor.user_id, actor.session()?);
            ops::change_password(conn, now, who, &prepared?).await?;
            Reply::ok(&PasswordChanged::new())
        })
        .await?;
    standings.forget_user(actor.user_id);
    Ok(reply)
}
