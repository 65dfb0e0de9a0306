use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::role::Role;
use karya_core::{EmailAddress, Lang, Text, Timezone, UserId};
use karya_db::{Db, OnConstraint};
use karya_web::Patch;

use super::consents::accept_at_registration;
use super::hash_of;
use crate::audit::{self, Event, EventKind};
use crate::model::{Account, LegalDocument, User, UserState};
use crate::queries::Purpose;
use crate::{AuthError, PasswordPool, jobs, queries};

/// A registration whose values are in order.
#[derive(Debug)]
pub struct NewAccount {
    pub email: EmailAddress,
    pub display_name: Text,
    pub locale: Lang,
    pub timezone: Timezone,
    /// Documents, where they stand in the request, and the versions that were agreed to.
    pub accepted: Vec<(LegalDocument, &'static str, String)>,
}

/// Registers an account that claims an address.
///
/// It does exactly the same whether or not the address has an account: claims may coexist, and the job decides
/// what the mailbox is told. So neither the answer nor the time it takes says anything about the address.
pub async fn register(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    account: NewAccount,
    password_hash: &str,
) -> Result<UserId, AuthError> {
    conn.transaction(async |conn| {
        let user = new_user(
            &account.display_name,
            account.locale,
            account.timezone,
            false,
            now,
        );
        queries::insert_user(conn, &user).await?;
        queries::insert_email(conn, user.id, &account.email, None, now).await?;
        queries::insert_password(conn, user.id, password_hash, now).await?;
        audit::record(conn, now, Event::of(EventKind::Registered, user.id)).await?;
        accept_at_registration(conn, now, user.id, account.locale, &account.accepted).await?;
        karya_jobs::enqueue(conn, &jobs::SendVerification { user_id: user.id }).await?;
        Ok(user.id)
    })
    .await
}

/// Whether `password` is that of the account which a verification token is for.
///
/// The mailbox alone must not prove an account: a stranger may have registered with the address and a password of
/// theirs, and would have the account once the owner of the mailbox follows the link.
pub async fn check_verification(
    db: &Db,
    passwords: &PasswordPool,
    (token, password): (&str, &str),
) -> Result<(), AuthError> {
    let hash = hash_of(token);
    let conn = db.conn().await?;
    let phc = queries::find_verification(&conn, &hash).await?;
    // Back before the hash is computed.
    drop(conn);
    let phc = phc.ok_or(AuthError::TokenInvalid)?;
    if passwords.verify(password, Some(phc)).await?.matches {
        Ok(())
    } else {
        Err(AuthError::InvalidCredentials)
    }
}

/// Proves an address, after [`check_verification`]. Other claims on it end, together with the accounts that made
/// them: whoever registered with a stranger's address gets nothing of what the stranger builds up later.
pub async fn verify_email(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    token: &str,
) -> Result<(), AuthError> {
    prove_address(conn, now, None, token).await
}

/// The same for an account that is known already, if it is: a token for another is none.
pub(super) async fn prove_address(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    expected: Option<UserId>,
    token: &str,
) -> Result<(), AuthError> {
    let hash = hash_of(token);
    conn.transaction(async |conn| {
        // The claims first: whoever proves another claim on the address deletes this token with its account, and must
        // not meet somebody who holds the token and waits for the claims.
        let claimant = queries::verification_user(conn, &hash)
            .await?
            .filter(|claimant| expected.is_none_or(|expected| expected == *claimant))
            .ok_or(AuthError::TokenInvalid)?;
        queries::lock_claims(conn, claimant).await?;
        let user = queries::consume_token(conn, (&hash, Purpose::VerifyEmail), now)
            .await?
            .ok_or(AuthError::TokenInvalid)?;
        let address = queries::verify_claim(conn, user, now)
            .await
            .on_constraint("emails_verified_address_key", || AuthError::TokenInvalid)?
            .ok_or(AuthError::TokenInvalid)?;
        queries::delete_other_claims(conn, &address, user).await?;
        audit::record(conn, now, Event::of(EventKind::EmailVerified, user)).await?;
        Ok(())
    })
    .await
}

/// How long an account may go without proving its address.
const UNVERIFIED: Duration = Duration::days(7);

/// How long ended sessions and expired tokens stay, to tell a late replay from a stranger.
const ENDED: Duration = Duration::days(30);

/// How long the address that somebody forgot the password of is kept for a worker to come by, and a number that got a
/// code: longer than the day within which codes are counted.
const UNANSWERED: Duration = Duration::days(2);

/// How long wrong passwords are remembered.
const COUNTED: Duration = Duration::days(1);

/// How long a device is known that does not sign in again.
const KNOWN: Duration = Duration::days(365);

/// Deletes what is of no use any more. Safe to run at any time, by several processes.
pub async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize, AuthError> {
    let accounts = queries::delete_unverified(conn, now - UNVERIFIED).await?;
    let sessions = queries::delete_ended_sessions(conn, now - ENDED).await?;
    let tokens = queries::delete_expired_tokens(conn, now - ENDED).await?;
    let asks = queries::delete_old_reset_asks(conn, now - UNANSWERED).await?;
    let attempts = queries::delete_old_attempts(conn, now - COUNTED).await?;
    let devices = queries::delete_old_devices(conn, now - KNOWN).await?;
    let enrolments = queries::delete_old_enrolments(conn, now - super::ENROLMENT_TTL).await?;
    let challenges = queries::delete_old_challenges(conn, now - COUNTED).await?;
    let ceremonies = queries::delete_old_ceremonies(conn, now).await?;
    let requests = queries::delete_old_authorization_requests(conn, now).await?;
    let factors = enrolments + challenges + ceremonies + requests;
    let changes = queries::delete_old_email_changes(conn, now - ENDED).await?;
    let keys = super::api_keys::sweep(conn, now).await?;
    let codes = queries::delete_old_phone_codes(conn, now - UNANSWERED).await?;
    let numbers = queries::delete_old_phone_changes(conn, now - ENDED).await?;
    let of_accounts = accounts + sessions + tokens + asks + attempts + devices + keys;
    Ok(of_accounts + factors + changes + codes + numbers)
}

/// An account made by an operator or by the demo seed.
#[derive(Debug)]
pub struct NewVerifiedUser {
    pub email: EmailAddress,
    pub display_name: Text,
    pub roles: Vec<Role>,
    pub is_demo: bool,
}

/// Creates an account whose address counts as proved. An address that has one is refused.
pub async fn create_verified_user(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    account: NewVerifiedUser,
    password_hash: String,
) -> Result<UserId, AuthError> {
    conn.transaction(async |conn| {
        let user = new_user(
            &account.display_name,
            Lang::Id,
            Timezone::Jakarta,
            account.is_demo,
            now,
        );
        queries::insert_user(conn, &user).await?;
        queries::insert_email(conn, user.id, &account.email, Some(now), now)
            .await
            .on_constraint("emails_verified_address_key", || {
                AuthError::Invalid(karya_core::Invalid::body(
                    "/email",
                    karya_core::Rule::Duplicate,
                ))
            })?;
        queries::insert_password(conn, user.id, &password_hash, now).await?;
        let made = Event::of(EventKind::Registered, user.id).reason("operator");
        audit::record(conn, now, made).await?;
        if !account.roles.is_empty() {
            queries::insert_roles(conn, user.id, &account.roles, now).await?;
        }
        Ok(user.id)
    })
    .await
}

pub(super) fn new_user(
    display_name: &Text,
    locale: Lang,
    timezone: Timezone,
    is_demo: bool,
    now: DateTime<Utc>,
) -> User {
    User {
        id: UserId::fresh(),
        state: UserState::Active,
        display_name: display_name.as_str().to_owned(),
        locale,
        timezone,
        token_epoch: 0,
        is_demo,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// A change of one's own profile, its values in order.
#[derive(Debug)]
pub struct ProfileChange {
    pub display_name: Patch<Text>,
    pub locale: Patch<Lang>,
    pub timezone: Patch<Timezone>,
}

/// Changes the profile; `expected` is the version that the change builds on, if it matters.
pub(crate) async fn update_profile(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    expected: Option<i32>,
    change: ProfileChange,
) -> Result<Account, AuthError> {
    let mut account = queries::find_account(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let current = &mut account.user;
    let version = expected.unwrap_or(current.version);
    if let Patch::Set(name) = change.display_name {
        current.display_name = name.into_string();
    }
    if let Patch::Set(locale) = change.locale {
        current.locale = locale;
    }
    if let Patch::Set(timezone) = change.timezone {
        current.timezone = timezone;
    }
    let profile = (
        current.display_name.clone(),
        current.locale,
        current.timezone,
    );
    if queries::update_profile(conn, user, version, profile, now).await? == 0 {
        return Err(AuthError::StaleVersion);
    }
    current.version = version + 1;
    current.updated_at = now;
    Ok(account)
}
