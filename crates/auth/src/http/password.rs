use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use karya_core::{Check, Clock, EmailAddress};
use karya_db::Db;
use karya_web::{Actor, CommonProblems, Idempotency, Json, Problem, ProblemBody, Reply, Standings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::once_by_mail;
use super::step_up::require_recent_factor;
use crate::captcha::Person;
use crate::{AuthError, PasswordPool, ops, password};

/// Which account has lost its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskForPasswordReset {
    #[schema(min_length = 3, max_length = 254, format = Email, example = "sari@demo.karya.test")]
    email: String,
}

/// What comes next.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordResetAccepted {
    /// Always `mail_sent`: whether the address has an account is for its mailbox alone to know.
    #[schema(max_length = 40, example = "mail_sent", value_type = String)]
    status: &'static str,
}

impl PasswordResetAccepted {
    pub(super) const SENT: Self = Self {
        status: "mail_sent",
    };
}

/// Ask for a new password
///
/// Sends a link to the address if it has an account, three times an hour at most. The answer is the same if not.
#[utoipa::path(tag = "auth", params(
    ("Captcha-Token" = Option<String>, Header, description = "What the captcha gave the app, where the server asks for one", max_length = 4096),
), responses(
    (status = 202, description = "A mail is on its way, if the address has an account", body = PasswordResetAccepted),
    (status = 403, description = "`auth.captcha_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    CommonProblems,
))]
#[post("/auth/password-reset")]
pub(crate) async fn ask_for_password_reset(
    _person: Person,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    body: Json<AskForPasswordReset>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let email = check.field("/email", EmailAddress::parse(&body.email));
    let email = check.finish(email).map_err(AuthError::from)?;
    let mut conn = db.conn().await?;
    let now = clock.now();
    idempotency
        .once(&mut conn, now, None, async |conn| {
            ops::ask_for_reset(conn, now, &email).await?;
            Reply::new(StatusCode::ACCEPTED, &PasswordResetAccepted::SENT)
        })
        .await
}

/// A new password, and the proof that one may set it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmPasswordReset {
    /// The code in the mail.
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
/// It works once and for 30 minutes. Every session of the account ends, its access tokens too, and the owner gets a
/// mail; it does not sign in. An address that was not proved is proved by it.
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
