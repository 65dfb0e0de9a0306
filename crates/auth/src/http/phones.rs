use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, post};
use chrono::{DateTime, Utc};
use karya_core::{Check, Clock, Invalid, MasterKey, PhoneNumber, Rule, Words};
use karya_db::Db;
use karya_web::{
    Actor, ClientIp, CommonProblems, Idempotency, Json, Problem, ProblemBody, RecentAuth, Reply,
    Standings,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::factors::MAX_CODE;
use super::once_by_mail;
use crate::ops::{self, CodeAsked};
use crate::{AuthError, AuthOptions, PasswordPool};

const NOT_SERVED: Rule = Rule::Other {
    code: "country_not_served",
    words: Words {
        id: "dari negara yang belum kami layani",
        en: "is of a country that we do not serve yet",
    },
};

/// Refuses a number that this server sends no codes to.
pub(super) fn reachable(options: &AuthOptions, number: &PhoneNumber) -> Result<(), AuthError> {
    let phones = options.phones.as_ref().ok_or(AuthError::PhonesOff)?;
    if phones.serves(number) {
        Ok(())
    } else {
        Err(Invalid::body("/phone", NOT_SERVED).into())
    }
}

/// A number for one's account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskForPhone {
    /// E.164, or as people write it in Indonesia.
    #[schema(min_length = 5, max_length = 32, example = "0812-3456-7890")]
    phone: String,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct PhoneCodeSent {
    /// Always `code_sent`: whether somebody has the number is for its phone alone to know.
    #[schema(max_length = 40, example = "code_sent", value_type = String)]
    status: &'static str,
    /// Until when the code is good.
    #[serde(with = "karya_core::instant")]
    expires_at: DateTime<Utc>,
    /// When another one may be asked for.
    #[serde(with = "karya_core::instant")]
    resend_at: DateTime<Utc>,
}

impl From<CodeAsked> for PhoneCodeSent {
    fn from(asked: CodeAsked) -> Self {
        Self {
            status: "code_sent",
            expires_at: asked.expires_at,
            resend_at: asked.resend_at,
        }
    }
}

/// Ask for a phone number
///
/// Sends a code of six digits to it by WhatsApp. Until `POST /v1/me/phone/verify`, nothing changes. Asking again sends
/// another code, and the one before is void: after a minute, then after twice as long each time. If somebody else has
/// the number, its phone gets a notice instead, and the answer is the same.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 202, description = "A code is on its way", body = PhoneCodeSent),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`auth.phones_off`, `idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "`auth.too_many_codes`, `request.rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/phone")]
pub(crate) async fn ask_for_phone(
    recent: RecentAuth,
    ip: ClientIp,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    options: Data<AuthOptions>,
    body: Json<AskForPhone>,
) -> Result<HttpResponse, Problem> {
    let mut check = Check::new();
    let number = check.field("/phone", PhoneNumber::parse(&body.phone));
    let number = check.finish(number).map_err(AuthError::from)?;
    reachable(&options, &number)?;
    let (actor, now) = (recent.0, clock.now());
    let who = (actor.user_id, actor.session()?);
    let mut conn = db.conn().await?;
    idempotency
        .once(&mut conn, now, Some(actor.user_id), async |conn| {
            let asked = ops::ask_for_phone(conn, now, who, &number, ip).await?;
            Reply::new(StatusCode::ACCEPTED, &PhoneCodeSent::from(asked))
        })
        .await
}

/// The proof that one has the phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyPhone {
    /// Six digits; blanks and dashes do not matter.
    #[schema(min_length = 6, max_length = 64, example = "287082")]
    code: String,
}

/// The number of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct PhoneVerified {
    /// E.164.
    #[schema(max_length = 16, example = "+6281234567890")]
    phone: String,
    #[serde(with = "karya_core::instant")]
    phone_verified_at: DateTime<Utc>,
}

/// Prove a phone number
///
/// With the code from the message, in the session that asked for it, once and with five tries. From then on, the number
/// and the password sign in, and a lost password can be replaced by a code. If the account had another number, every
/// other session ends, and that number gets a link that undoes the change within seven days.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 200, description = "Proved", body = PhoneVerified),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.phone_code_invalid`, `request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/me/phone/verify")]
pub(crate) async fn verify_phone(
    actor: Actor,
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    master_key: Data<MasterKey>,
    standings: Data<Standings>,
    body: Json<VerifyPhone>,
) -> Result<HttpResponse, Problem> {
    check_code(&body.code)?;
    let (user, now) = (actor.user_id, clock.now());
    let who = (user, actor.session()?);
    let mut conn = db.conn().await?;
    // Counted even if it is refused, so not in the transaction that a refusal rolls back.
    let looked = ops::look_in_session(&mut conn, &master_key, now, who, &body.code).await;
    let reply = idempotency
        .once(&mut conn, now, Some(user), async |conn| {
            // Only here: a repeated request gets its reply, though its code is used up.
            let phone = ops::verify_phone(conn, now, who, &looked?).await?;
            Reply::ok(&PhoneVerified {
                phone: phone.number,
                phone_verified_at: phone.verified_at,
            })
        })
        .await?;
    standings.forget_user(user);
    Ok(reply)
}

/// What is typed is looked at whole, and not if it is longer than any code with blanks in it.
pub(super) fn check_code(code: &str) -> Result<(), AuthError> {
    let mut check = Check::new();
    if code.chars().count() > MAX_CODE {
        check.fail("/code", Rule::TooLong { max: MAX_CODE });
    }
    Ok(check.finish(Some(()))?)
}

/// Remove my phone number
///
/// It signs in no more. It gets a link that undoes that within seven days, and the mailbox gets a notice.
#[utoipa::path(tag = "me", security(("bearer" = [])), responses(
    CommonProblems,
    (status = 204, description = "Removed"),
    (status = 401, description = "`auth.unauthenticated`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "`auth.step_up_required`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "`request.not_found`: the account has none", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/me/phone")]
pub(crate) async fn remove_my_phone(
    recent: RecentAuth,
    db: Data<Db>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let who = (recent.0.user_id, recent.0.session()?);
    let mut conn = db.conn().await?;
    ops::remove_phone(&mut conn, clock.now(), who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The proof that one had the old number, and another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoPhoneChange {
    /// The one in the link that went to the old number.
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

/// The number is the old one again.
#[derive(Serialize, ToSchema)]
pub(crate) struct PhoneRestored {
    #[schema(max_length = 40, example = "phone_restored", value_type = String)]
    status: &'static str,
}

/// Undo a change of phone number
///
/// With the link that went to the old number, within seven days. The account gets that number back and a new password,
/// every session ends, its access tokens too, and later changes of the number cannot be undone.
#[utoipa::path(tag = "auth", responses(
    CommonProblems,
    (status = 200, description = "Restored", body = PhoneRestored),
    (status = 409, description = "`idempotency.in_progress`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "`auth.phone_change_invalid`, `request.validation_failed`, `idempotency.key_reused`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "`auth.busy`, `service.unavailable`, `service.too_slow`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/auth/phone-change/undo")]
pub(crate) async fn undo_phone_change(
    idempotency: Idempotency,
    db: Data<Db>,
    clock: Data<Clock>,
    passwords: Data<PasswordPool>,
    standings: Data<Standings>,
    body: Json<UndoPhoneChange>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let secrets = (body.token.as_str(), body.new_password.as_str());
    let prepared = ops::prepare_phone_undo(&db, &passwords, now, secrets).await;
    let mut conn = db.conn().await?;
    let restored = PhoneRestored {
        status: "phone_restored",
    };
    let once = (idempotency, &mut *conn, now);
    once_by_mail(once, &standings, &restored, async |conn| {
        ops::undo_phone_change(conn, now, &body.token, &prepared?).await
    })
    .await
}
