//! One SQL statement per function. Reads take a shared reference, so that they run inside a transaction and on a
//! shared connection alike.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::role::Role;
use karya_core::{EmailAddress, Lang, SessionId, Timezone, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{emails, passwords, phones, refresh_tokens, sessions, user_roles, users};

use crate::model::{Account, Identifier, NewSession, Phone, RefreshToken, Session, User};

mod accounts;
mod api_keys;
mod attempts;
mod consents;
mod credentials;
mod devices;
mod email_changes;
mod events;
mod factors;
mod identities;
mod one_time_tokens;
mod passkeys;
mod phone_codes;
mod phone_numbers;
pub(crate) mod signing_keys;

pub(crate) use accounts::*;
pub(crate) use api_keys::*;
pub(crate) use attempts::*;
pub(crate) use consents::*;
pub(crate) use credentials::*;
pub(crate) use devices::*;
pub(crate) use email_changes::*;
pub(crate) use events::*;
pub(crate) use factors::*;
pub(crate) use identities::*;
pub(crate) use one_time_tokens::*;
pub(crate) use passkeys::*;
pub(crate) use phone_codes::*;
pub(crate) use phone_numbers::*;

/// The account that holds a verified address.
pub async fn find_verified(
    conn: &AsyncPgConnection,
    email: &EmailAddress,
) -> QueryResult<Option<UserId>> {
    emails::table
        .filter(
            emails::address
                .eq(email.as_str())
                .and(emails::verified_at.is_not_null()),
        )
        .select(emails::user_id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Whether the demo seed was here.
pub async fn demo_users_exist(conn: &AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.filter(users::is_demo)))
        .get_result(&mut &*conn)
        .await
}

/// The account that signs in with this address or number, and its password's hash.
pub(crate) async fn find_login(
    conn: &AsyncPgConnection,
    identifier: &Identifier,
) -> QueryResult<Option<(Account, String)>> {
    let accounts = users::table
        .inner_join(emails::table)
        .left_join(phones::table)
        .inner_join(passwords::table)
        .filter(emails::verified_at.is_not_null())
        .select((
            passwords::phc,
            (
                User::as_select(),
                emails::address,
                emails::verified_at,
                Option::<Phone>::as_select(),
                roles_of(users::id),
            ),
        ));
    let mut conn = conn;
    let row: Option<(String, Account)> = match identifier {
        Identifier::Email(email) => {
            let query = accounts.filter(emails::address.eq(email.as_str()));
            query.first(&mut conn).await.optional()?
        }
        Identifier::Phone(number) => {
            let query = accounts.filter(phones::number.eq(number.as_str()));
            query.first(&mut conn).await.optional()?
        }
    };
    Ok(row.map(|(phc, account)| (account, phc)))
}

pub(crate) async fn find_account(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<Account>> {
    users::table
        .inner_join(emails::table)
        .left_join(phones::table)
        .filter(users::id.eq(user))
        .select((
            User::as_select(),
            emails::address,
            emails::verified_at,
            Option::<Phone>::as_select(),
            roles_of(users::id),
        ))
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert_user(conn: &mut AsyncPgConnection, user: &User) -> QueryResult<usize> {
    diesel::insert_into(users::table)
        .values(user)
        .execute(conn)
        .await
}

pub(crate) async fn insert_email(
    conn: &mut AsyncPgConnection,
    user: UserId,
    address: &EmailAddress,
    verified_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(emails::table)
        .values((
            emails::id.eq(uuid::Uuid::now_v7()),
            emails::user_id.eq(user),
            emails::address.eq(address.as_str()),
            emails::verified_at.eq(verified_at),
            emails::created_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn insert_password(
    conn: &mut AsyncPgConnection,
    user: UserId,
    phc: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(passwords::table)
        .values((
            passwords::user_id.eq(user),
            passwords::phc.eq(phc),
            passwords::changed_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Replaces a hash by one of today's cost, unless the password was changed meanwhile.
pub(crate) async fn upgrade_hash(
    conn: &mut AsyncPgConnection,
    user: UserId,
    old: &str,
    new: &str,
) -> QueryResult<usize> {
    diesel::update(passwords::table.filter(passwords::user_id.eq(user).and(passwords::phc.eq(old))))
        .set(passwords::phc.eq(new))
        .execute(conn)
        .await
}

pub(crate) async fn insert_roles(
    conn: &mut AsyncPgConnection,
    user: UserId,
    granted: &[Role],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let rows: Vec<_> = granted
        .iter()
        .map(|role| {
            (
                user_roles::user_id.eq(user),
                user_roles::role.eq(*role),
                user_roles::granted_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(user_roles::table)
        .values(rows)
        .execute(conn)
        .await
}

/// Sets the profile and counts the version up; changes nothing when `expected` is not the version any more.
pub(crate) async fn update_profile(
    conn: &mut AsyncPgConnection,
    user: UserId,
    expected: i32,
    (display_name, locale, timezone): (String, Lang, Timezone),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::id.eq(user).and(users::version.eq(expected))))
        .set((
            users::display_name.eq(display_name),
            users::locale.eq(locale),
            users::timezone.eq(timezone),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn insert_session(
    conn: &mut AsyncPgConnection,
    session: &NewSession,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values(session)
        .execute(conn)
        .await
}

pub(crate) async fn insert_refresh_token(
    conn: &mut AsyncPgConnection,
    token: &RefreshToken,
) -> QueryResult<usize> {
    diesel::insert_into(refresh_tokens::table)
        .values(token)
        .execute(conn)
        .await
}

/// The token and its session. The token's row is locked: of two requests with one token, one goes first.
pub(crate) async fn lock_refresh_token(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<(RefreshToken, Session)>> {
    refresh_tokens::table
        .inner_join(sessions::table)
        .filter(refresh_tokens::token_hash.eq(hash))
        .select((RefreshToken::as_select(), Session::as_select()))
        .for_update()
        .first(conn)
        .await
        .optional()
}

pub(crate) async fn mark_used(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    successor_sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(refresh_tokens::table.find(hash))
        .set((
            refresh_tokens::used_at.eq(now),
            refresh_tokens::successor_sealed.eq(successor_sealed),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn touch_session(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(sessions::table.find(session))
        .set(sessions::last_seen_at.eq(now))
        .execute(conn)
        .await
}

/// Whether the token that replaced this one was used, and until when it lives.
pub(crate) async fn successor_of(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<(Option<DateTime<Utc>>, DateTime<Utc>)>> {
    refresh_tokens::table
        .filter(refresh_tokens::parent_hash.eq(hash))
        .select((refresh_tokens::used_at, refresh_tokens::expires_at))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Ends a session; one that is over stays as it is.
pub(crate) async fn revoke_session(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(
        sessions::table
            .find(session)
            .filter(sessions::revoked_at.is_null()),
    )
    .set((
        sessions::revoked_at.eq(now),
        sessions::revoke_reason.eq(reason),
    ))
    .execute(conn)
    .await
}

pub(crate) async fn find_session(
    conn: &AsyncPgConnection,
    session: SessionId,
) -> QueryResult<Option<Session>> {
    sessions::table
        .find(session)
        .select(Session::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Locks every unproved claim on the address that `user` claims.
pub(crate) async fn lock_claims(conn: &mut AsyncPgConnection, user: UserId) -> QueryResult<usize> {
    let claimed: Option<String> = emails::table
        .filter(emails::user_id.eq(user))
        .select(emails::address)
        .first(conn)
        .await
        .optional()?;
    match claimed {
        Some(address) => lock_claims_on(conn, &address).await,
        None => Ok(0),
    }
}

/// Locks every unproved claim on an address, in one order for all who do.
pub(crate) async fn lock_claims_on(
    conn: &mut AsyncPgConnection,
    address: &str,
) -> QueryResult<usize> {
    let claims: Vec<uuid::Uuid> = emails::table
        .filter(
            emails::address
                .eq(address)
                .and(emails::verified_at.is_null()),
        )
        .select(emails::id)
        .order(emails::id)
        .for_update()
        .load(conn)
        .await?;
    Ok(claims.len())
}

/// Makes a claim the verified one. The database refuses a second verified claim on an address.
pub(crate) async fn verify_claim(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Option<String>> {
    diesel::update(
        emails::table.filter(emails::user_id.eq(user).and(emails::verified_at.is_null())),
    )
    .set(emails::verified_at.eq(now))
    .returning(emails::address)
    .get_result(conn)
    .await
    .optional()
}

/// Forgets the accounts that claimed an address which another has proved to be theirs.
pub(crate) async fn delete_other_claims(
    conn: &mut AsyncPgConnection,
    address: &str,
    keep: UserId,
) -> QueryResult<usize> {
    let claimants = emails::table
        .filter(
            emails::address
                .eq(address)
                .and(emails::verified_at.is_null())
                .and(emails::user_id.ne(keep)),
        )
        .select(emails::user_id);
    diesel::delete(users::table.filter(users::id.eq_any(claimants)))
        .execute(conn)
        .await
}

pub(crate) async fn delete_user(conn: &mut AsyncPgConnection, user: UserId) -> QueryResult<usize> {
    diesel::delete(users::table.find(user)).execute(conn).await
}

/// Accounts that never proved their address, registered before `before`.
pub(crate) async fn delete_unverified(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let claimants = emails::table
        .filter(
            emails::verified_at
                .is_null()
                .and(emails::created_at.lt(before)),
        )
        .select(emails::user_id);
    diesel::delete(users::table.filter(users::id.eq_any(claimants)))
        .execute(conn)
        .await
}

/// Sessions that ended before `before`, with their refresh tokens.
pub(crate) async fn delete_ended_sessions(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let ended = sessions::expires_at
        .lt(before)
        .or(sessions::revoked_at.lt(before).assume_not_null());
    diesel::delete(sessions::table.filter(ended))
        .execute(conn)
        .await
}
