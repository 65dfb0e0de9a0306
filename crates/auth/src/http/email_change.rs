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
use crate::{AuthError, PasswordPool, ops, password};

/// Another address for one's account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskForEmailChange {
    #[schema(min_length = 1, max_length = 128, format = Password, example = "kain-lurik-tujuh-warna")]
    current_password: String,
    #[schema(min_length = 3, max_length = 254, format = Email, example = "sari.baru@contoh.id")]
    new_email: String,
}

/// How far a change of address is.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmailChangeState {
    /// `mail_sent`: whether somebody has the address is for its mailbox alone to know. `email_changed`, `email_restored`.
    #[schema(max_length = 40, example = "mail_sent", value_type = String)]
    status: &'static str,
}

/// Ask for another e-mail address
///
/// Sends a link to the new address, three times an hour at most; it works for an hour. Until it is confirmed, nothing
/// changes. If somebody has the address, its mailbox gets a notice, and the answer is the same.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 202, description = "A mail is on its way", body = EmailChangeState),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`: the account has a second factor", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/email-change")]
pub(crate) async fn ask_for_email_change(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    body: Json<AskForEmailChange>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let email = check.field("/new_email", EmailAddress::parse(&body.new_email));
    password::check_given(&mut check, "/current_password", &body.current_password);
    let email = check.finish(email).map_err(AuthError::from)?;
    let (user, now) = (actor.user_id, clock.now());
    require_recent_factor(&db, now, &actor).await?;
    let proof =
        ops::check_current_password(&db, &passwords, now, user, &body.current_password).await;
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            let who = (user, actor.session()?);
            // Only here: a repeated request gets its reply, though its password may be another one by now.
            ops::ask_for_email_change(conn, now, who, &email, &proof?).await?;
            Reply::new(
                StatusCode::ACCEPTED,
                &EmailChangeState {
                    status: "mail_sent",
                },
            )
        })
        .await
}

/// The proof that one has the new address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmEmailChange {
    /// The code in the mail to the new address.
    #[schema(
        min_length = 1,
        max_length = 100,
        example = "pL3hQd0cJ8sVY2nXw5rT7uK1bM4aZ6eG9fC0iO3jS8k"
    )]
    token: String,
    /// That of the account: whoever can read the mailbox has not necessarily asked.
    #[schema(max_length = 128, format = Password, example = "kain-lurik-tujuh-warna")]
    password: String,
}

/// Confirm another e-mail address
///
/// With the code from the mail and the password of the account. Every session but the one that asked ends, and links
/// in older mails are void. The old address gets a link that undoes the change within seven days.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Changed", body = EmailChangeState),
    (status = 401, description = "`auth.invalid_credentials`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.email_change_invalid`, `request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_attempts`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/email-change/confirm")]
pub(crate) async fn confirm_email_change(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    standings: Data<Standings>,
    body: Json<ConfirmEmailChange>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    password::check_given(&mut check, "/password", &body.password);
    check.finish(Some(())).map_err(AuthError::from)?;
    let now = clock.now();
    let secrets = (body.token.as_str(), body.password.as_str());
    let checked = ops::check_email_change(&db, &passwords, now, secrets).await;
    let mut conn = db.conn().await?;
    let changed = EmailChangeState {
        status: "email_changed",
    };
    let once = (idempotency, &mut *conn, now);
    once_by_mail(once, &standings, &changed, async |conn| {
        checked?;
        ops::confirm_email_change(conn, now, &body.token).await
    })
    .await
}

/// The proof that one had the old address, and another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoEmailChange {
    /// The code in the mail to the old address.
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

/// Undo a change of e-mail address
///
/// With the code from the mail to the old address, within seven days. The account gets that address back and a new
/// password, every session ends, its access tokens too, and later changes of the address cannot be undone.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Restored", body = EmailChangeState),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.email_change_invalid`, `request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/email-change/undo")]
pub(crate) async fn undo_email_change(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    standings: Data<Standings>,
    body: Json<UndoEmailChange>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let secrets = (body.token.as_str(), body.new_password.as_str());
    let prepared = ops::prepare_undo(&db, &passwords, now, secrets).await;
    let mut conn = db.conn().await?;
    let restored = EmailChangeState {
        status: "email_restored",
    };
    let once = (idempotency, &mut *conn, now);
    once_by_mail(once, &standings, &restored, async |conn| {
        ops::undo_email_change(conn, now, &body.token, &prepared?).await
    })
    .await
}
