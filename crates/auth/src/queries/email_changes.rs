use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{email_changes, emails};
use uuid::Uuid;

use crate::model::EmailChange;

pub(crate) async fn insert_email_change(
    conn: &mut AsyncPgConnection,
    change: &EmailChange,
) -> QueryResult<usize> {
    diesel::insert_into(email_changes::table)
        .values(change)
        .execute(conn)
        .await
}

/// Ends what was asked for and not confirmed.
pub(crate) async fn void_email_changes(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = email_changes::user_id
        .eq(user)
        .and(email_changes::confirmed_at.is_null())
        .and(email_changes::expires_at.gt(now));
    diesel::update(email_changes::table.filter(open))
        .set(email_changes::expires_at.eq(now))
        .execute(conn)
        .await
}

pub(crate) async fn find_email_change(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<EmailChange>> {
    email_changes::table
        .find(id)
        .select(EmailChange::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The change that a token from the new address is for, in whatever state.
pub(crate) async fn change_by_confirm(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<EmailChange>> {
    email_changes::table
        .filter(email_changes::confirm_hash.eq(hash))
        .select(EmailChange::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The change that a token from the old address is for, in whatever state.
pub(crate) async fn change_by_undo(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<EmailChange>> {
    email_changes::table
        .filter(email_changes::undo_hash.eq(hash))
        .select(EmailChange::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// How many mails such changes have caused since `since`, to the address or for the account.
pub(crate) async fn count_change_mails(
    conn: &AsyncPgConnection,
    change: &EmailChange,
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    let alike = email_changes::new_address
        .eq(&change.new_address)
        .or(email_changes::user_id.eq(change.user_id));
    email_changes::table
        .filter(email_changes::mailed_at.gt(since).and(alike))
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn set_confirm_hash(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    hash: &[u8],
) -> QueryResult<usize> {
    diesel::update(email_changes::table.find(id))
        .set(email_changes::confirm_hash.eq(hash))
        .execute(conn)
        .await
}

pub(crate) async fn set_undo_hash(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    hash: &[u8],
) -> QueryResult<usize> {
    diesel::update(email_changes::table.find(id))
        .set(email_changes::undo_hash.eq(hash))
        .execute(conn)
        .await
}

pub(crate) async fn set_change_mailed(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(email_changes::table.find(id))
        .set(email_changes::mailed_at.eq(now))
        .execute(conn)
        .await
}

/// Confirms a change; of many callers, one does.
pub(crate) async fn confirm_change(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
    undo_until: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = email_changes::table.find(id).filter(
        email_changes::confirmed_at
            .is_null()
            .and(email_changes::expires_at.gt(now)),
    );
    diesel::update(open)
        .set((
            email_changes::confirmed_at.eq(now),
            email_changes::undo_until.eq(undo_until),
        ))
        .execute(conn)
        .await
}

/// Undoes a change; of many callers, one does.
pub(crate) async fn undo_change(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = email_changes::table.find(id).filter(
        email_changes::undone_at
            .is_null()
            .and(email_changes::undo_until.gt(now)),
    );
    diesel::update(open)
        .set(email_changes::undone_at.eq(now))
        .execute(conn)
        .await
}

/// Nothing that was asked for after `change` can be undone any more: whoever took the account may have done so twice.
pub(crate) async fn void_later_undos(
    conn: &mut AsyncPgConnection,
    user: UserId,
    change: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let later = email_changes::user_id
        .eq(user)
        .and(email_changes::id.gt(change))
        .and(email_changes::undo_until.gt(now));
    diesel::update(email_changes::table.filter(later))
        .set(email_changes::undo_until.eq(now))
        .execute(conn)
        .await
}

/// Gives an account another address, which it has proved. The database refuses one that somebody else has.
pub(crate) async fn set_address(
    conn: &mut AsyncPgConnection,
    user: UserId,
    address: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(emails::table.filter(emails::user_id.eq(user)))
        .set((emails::address.eq(address), emails::verified_at.eq(now)))
        .execute(conn)
        .await
}

/// Changes that were asked for before `before`.
pub(crate) async fn delete_old_email_changes(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(email_changes::table.filter(email_changes::asked_at.lt(before)))
        .execute(conn)
        .await
}
