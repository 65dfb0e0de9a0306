use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{EmailAddress, SessionId, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{
    emails, identities, passkeys, password_reset_asks, passwords, phones, sessions, users,
};
use uuid::Uuid;

use crate::model::{Account, Phone, User, UserState};

pub(crate) async fn insert_reset_ask(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    address: &EmailAddress,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(password_reset_asks::table)
        .values((
            password_reset_asks::id.eq(id),
            password_reset_asks::address.eq(address.as_str()),
            password_reset_asks::asked_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn find_reset_ask(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<String>> {
    password_reset_asks::table
        .find(id)
        .select(password_reset_asks::address)
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn delete_reset_ask(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<usize> {
    diesel::delete(password_reset_asks::table.find(id))
        .execute(conn)
        .await
}

/// Asks that were made before `before`, and that no worker has seen to.
pub(crate) async fn delete_old_reset_asks(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = password_reset_asks::asked_at.lt(before);
    diesel::delete(password_reset_asks::table.filter(old))
        .execute(conn)
        .await
}

/// The account that has the address or, if nobody has proved it, the newest that claims it.
pub(crate) async fn find_by_address(
    conn: &AsyncPgConnection,
    address: &EmailAddress,
) -> QueryResult<Option<Account>> {
    users::table
        .inner_join(emails::table)
        .left_join(phones::table)
        .filter(emails::address.eq(address.as_str()))
        .order((emails::verified_at.is_null(), emails::created_at.desc()))
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

/// Locks an account that can be signed in to: whoever changes how it signs in goes first here, and then to passwords, tokens, sessions.
pub(crate) async fn lock_usable(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<UserId>> {
    users::table
        .find(user)
        .filter(users::state.eq_any(UserState::USABLE))
        .select(users::id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Ends every access token of the account.
pub(crate) async fn raise_epoch(conn: &mut AsyncPgConnection, user: UserId) -> QueryResult<usize> {
    diesel::update(users::table.find(user))
        .set(users::token_epoch.eq(users::token_epoch + 1))
        .execute(conn)
        .await
}

pub(crate) async fn find_hash(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<String>> {
    passwords::table
        .find(user)
        .select(passwords::phc)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Sets the password, whatever it was, or the first one.
pub(crate) async fn set_password(
    conn: &mut AsyncPgConnection,
    user: UserId,
    phc: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let values = (passwords::phc.eq(phc), passwords::changed_at.eq(now));
    diesel::insert_into(passwords::table)
        .values((passwords::user_id.eq(user), values))
        .on_conflict(passwords::user_id)
        .do_update()
        .set(values)
        .execute(conn)
        .await
}

/// Sets the password unless it has changed since `old` was read.
pub(crate) async fn swap_password(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (old, new): (&str, &str),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(passwords::table.find(user).filter(passwords::phc.eq(old)))
        .set((passwords::phc.eq(new), passwords::changed_at.eq(now)))
        .execute(conn)
        .await
}

/// An account that can be signed in to, which stays so before the transaction ends. Nor does what it signs in with change: whoever
/// changes that goes through [`lock_usable`].
pub(crate) async fn hold_usable(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<UserId>> {
    users::table
        .find(user)
        .filter(users::state.eq_any(UserState::USABLE))
        .select(users::id)
        .for_share()
        .first(conn)
        .await
        .optional()
}

/// The hash of the account's password, if it has one; it does not change before the transaction ends. After
/// [`hold_usable`].
pub(crate) async fn hold_password(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<String>> {
    passwords::table
        .find(user)
        .select(passwords::phc)
        .for_share()
        .first(conn)
        .await
        .optional()
}

/// Whether anything is left to sign in with: a password, a passkey or an account at another provider.
pub(crate) async fn has_way_in(conn: &AsyncPgConnection, user: UserId) -> QueryResult<bool> {
    diesel::select(
        exists(passwords::table.find(user))
            .or(exists(passkeys::table.filter(passkeys::user_id.eq(user))))
            .or(exists(
                identities::table.filter(identities::user_id.eq(user)),
            )),
    )
    .get_result(&mut &*conn)
    .await
}

/// Ends the sessions of an account that are not over, except one; which those were.
pub(crate) async fn revoke_sessions(
    conn: &mut AsyncPgConnection,
    user: UserId,
    keep: Option<SessionId>,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<Vec<SessionId>> {
    diesel::update(
        sessions::table.filter(
            sessions::user_id
                .eq(user)
                .and(sessions::id.ne_all(Vec::from_iter(keep)))
                .and(sessions::revoked_at.is_null())
                .and(sessions::expires_at.gt(now)),
        ),
    )
    .set((
        sessions::revoked_at.eq(now),
        sessions::revoke_reason.eq(reason),
    ))
    .returning(sessions::id)
    .load(conn)
    .await
}
