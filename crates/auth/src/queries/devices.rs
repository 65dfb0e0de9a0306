use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::sealing::sha256;
use karya_core::{SessionId, UserId};
use karya_db::functions::{pg_advisory_xact_lock, roles_of};
use karya_db::schema::{emails, phones, sessions, users};

use crate::model::{Account, NewSession, Phone, Session, User};

/// Whether the account was signed in before, and whether on a device like this one. Devices without a name are alike
/// if they are of one network.
pub(crate) async fn knows_device(
    conn: &AsyncPgConnection,
    new: &NewSession,
) -> QueryResult<(bool, bool)> {
    let network = sessions::device_name
        .is_not_null()
        .or(sessions::ip_prefix.is_not_distinct_from(&new.ip_prefix));
    let alike = sessions::user_id
        .eq(new.user_id)
        .and(sessions::device_name.is_not_distinct_from(&new.device_name))
        .and(sessions::platform.is_not_distinct_from(new.platform))
        .and(network);
    let any = sessions::user_id.eq(new.user_id);
    diesel::select((
        exists(sessions::table.filter(any)),
        exists(sessions::table.filter(alike)),
    ))
    .get_result(&mut &*conn)
    .await
}

/// A session and its account.
pub(crate) async fn find_owner(
    conn: &AsyncPgConnection,
    session: SessionId,
) -> QueryResult<Option<(Session, Account)>> {
    sessions::table
        .inner_join(
            users::table
                .inner_join(emails::table)
                .left_join(phones::table),
        )
        .filter(sessions::id.eq(session))
        .select((
            Session::as_select(),
            (
                User::as_select(),
                emails::address,
                emails::verified_at,
                Option::<Phone>::as_select(),
                roles_of(users::id),
            ),
        ))
        .first(&mut &*conn)
        .await
        .optional()
}

/// A page of the sessions of an account that go on, the newest first.
pub(crate) async fn open_sessions(
    conn: &AsyncPgConnection,
    user: UserId,
    (now, idle_since): (DateTime<Utc>, DateTime<Utc>),
    after: Option<SessionId>,
    limit: i64,
) -> QueryResult<Vec<Session>> {
    let mut query = sessions::table
        .filter(
            sessions::user_id
                .eq(user)
                .and(sessions::revoked_at.is_null())
                .and(sessions::expires_at.gt(now))
                .and(sessions::last_seen_at.gt(idle_since)),
        )
        .select(Session::as_select())
        .order(sessions::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(sessions::id.lt(after));
    }
    query.load(&mut &*conn).await
}

/// Makes the sign-ins of an account wait for each other until the transaction ends, so that each counts the sessions of
/// those before it.
pub(crate) async fn lock_sign_ins(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let digest = sha256(&[b"sign-in\0", user.as_uuid().as_bytes().as_slice()].concat());
    let lock = digest.first_chunk::<8>();
    let lock = lock.map_or(0, |bytes| i64::from_be_bytes(*bytes));
    diesel::select(pg_advisory_xact_lock(lock))
        .execute(conn)
        .await
}

/// The sessions of an account that go on beside `keep`, but for the `count` that were used last.
pub(crate) async fn sessions_beyond(
    conn: &AsyncPgConnection,
    user: UserId,
    (now, idle_since): (DateTime<Utc>, DateTime<Utc>),
    keep: SessionId,
    count: i64,
) -> QueryResult<Vec<SessionId>> {
    sessions::table
        .filter(
            sessions::user_id
                .eq(user)
                .and(sessions::id.ne(keep))
                .and(sessions::revoked_at.is_null())
                .and(sessions::expires_at.gt(now))
                .and(sessions::last_seen_at.gt(idle_since)),
        )
        .select(sessions::id)
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .offset(count)
        .load(&mut &*conn)
        .await
}

/// Accounts with sessions that go on.
pub(crate) async fn signed_in(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<UserId>> {
    sessions::table
        .filter(
            sessions::revoked_at
                .is_null()
                .and(sessions::expires_at.gt(now)),
        )
        .select(sessions::user_id)
        .distinct()
        .load(&mut &*conn)
        .await
}
