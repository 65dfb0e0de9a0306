//! A new password for somebody whose phone is known: a code leads to the same kind of token as the mail holds.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{MasterKey, PhoneNumber, Random};
use karya_db::Db;
use karya_web::ClientIp;
use uuid::Uuid;

use super::phone_codes::{self, Asker, CodeAsked};
use super::sessions::refuse;
use crate::audit::Event;
use crate::model::{CodePurpose, PhoneCode};
use crate::queries::Purpose;
use crate::{AuthError, queries};

/// How long the token works that a code is exchanged for.
const TOKEN_TTL: Duration = Duration::minutes(10);

/// A token that sets a password, once.
pub(crate) struct ResetToken {
    pub(crate) token: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Notes that somebody wants a new password for the account of a number.
pub(crate) async fn ask_for_reset_by_phone(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    number: &PhoneNumber,
    place: ClientIp,
) -> Result<CodeAsked, AuthError> {
    // Older codes stay good, each for its own request: a stranger who asks too must not make the owner's void.
    let what = (CodePurpose::ResetPassword, Asker::Stranger);
    phone_codes::ask(conn, now, what, number, place).await
}

/// Exchanges the code of a request for a token. A wrong code makes the same work whether or not the number has an
/// account.
pub(crate) async fn exchange_reset_code(
    db: &Db,
    (master_key, random): (&MasterKey, &Random),
    now: DateTime<Utc>,
    (request, typed): (Uuid, &str),
) -> Result<ResetToken, AuthError> {
    let mut conn = db.conn().await?;
    let which = (request, CodePurpose::ResetPassword);
    let looked = phone_codes::look_at_request(&mut conn, master_key, now, which, typed).await?;
    let code = match looked {
        Ok(code) => code,
        Err(whose) => {
            drop(conn);
            let reason = "phone_code";
            let event = Event::refused(whose, reason);
            return Err(refuse(db, now, reason, event, AuthError::PhoneCodeInvalid).await);
        }
    };
    let token = random.token();
    let expires_at = now + TOKEN_TTL;
    conn.transaction(async |conn| redeem(conn, now, &code, &token, expires_at).await)
        .await?;
    Ok(ResetToken { token, expires_at })
}

async fn redeem(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    code: &PhoneCode,
    token: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), AuthError> {
    let user = code.user_id.ok_or(AuthError::PhoneCodeInvalid)?;
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::PhoneCodeInvalid)?;
    // It may have changed since the code was sent.
    let phone = queries::find_phone(conn, user).await?;
    if phone.is_none_or(|phone| phone.number != code.number)
        || queries::use_phone_code(conn, code.id, now).await? == 0
    {
        return Err(AuthError::PhoneCodeInvalid);
    }
    phone_codes::forgive(conn, code).await?;
    let hash = sha256(token.as_bytes());
    let token_hash = (hash.as_slice(), Purpose::ResetByPhone);
    queries::insert_token(conn, token_hash, user, now, expires_at).await?;
    Ok(())
}
