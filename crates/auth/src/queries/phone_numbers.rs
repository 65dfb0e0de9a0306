use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{PhoneNumber, UserId};
use karya_db::schema::{phone_changes, phones, users};
use uuid::Uuid;

use crate::model::{Phone, PhoneChange};

pub(crate) async fn find_phone(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<Phone>> {
    phones::table
        .find(user)
        .select(Phone::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The account that has proved a number.
pub(crate) async fn find_holder(
    conn: &AsyncPgConnection,
    number: &PhoneNumber,
) -> QueryResult<Option<UserId>> {
    phones::table
        .filter(phones::number.eq(number.as_str()))
        .select(phones::user_id)
        .first(&mut &*conn)
        .await
        .optional()
}

/// Gives an account a number, which it has proved. The database refuses one that somebody else has.
pub(crate) async fn set_phone(conn: &mut AsyncPgConnection, phone: &Phone) -> QueryResult<usize> {
    diesel::insert_into(phones::table)
        .values(phone)
        .on_conflict(phones::user_id)
        .do_update()
        .set((
            phones::number.eq(excluded(phones::number)),
            phones::verified_at.eq(excluded(phones::verified_at)),
        ))
        .execute(conn)
        .await
}

/// Takes the number from an account; which it was.
pub(crate) async fn delete_phone(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<String>> {
    diesel::delete(phones::table.find(user))
        .returning(phones::number)
        .get_result(conn)
        .await
        .optional()
}

/// What the account looks like has changed, though its own row has not.
pub(crate) async fn touch_user(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(users::table.find(user))
        .set((
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn insert_phone_change(
    conn: &mut AsyncPgConnection,
    change: &PhoneChange,
) -> QueryResult<usize> {
    diesel::insert_into(phone_changes::table)
        .values(change)
        .execute(conn)
        .await
}

pub(crate) async fn find_phone_change(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<PhoneChange>> {
    phone_changes::table
        .find(id)
        .select(PhoneChange::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The change that a token from the old number is for, in whatever state.
pub(crate) async fn phone_change_by_undo(
    conn: &AsyncPgConnection,
    hash: &[u8],
) -> QueryResult<Option<PhoneChange>> {
    phone_changes::table
        .filter(phone_changes::undo_hash.eq(hash))
        .select(PhoneChange::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn set_phone_undo_hash(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    hash: &[u8],
) -> QueryResult<usize> {
    diesel::update(phone_changes::table.find(id))
        .set(phone_changes::undo_hash.eq(hash))
        .execute(conn)
        .await
}

/// Undoes a change; of many callers, one does. Nothing that was changed after it can be undone any more: whoever took
/// the account may have done so twice.
pub(crate) async fn undo_phone_change(
    conn: &mut AsyncPgConnection,
    change: &PhoneChange,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = phone_changes::undone_at
        .is_null()
        .and(phone_changes::undo_until.gt(now));
    let undone = diesel::update(phone_changes::table.find(change.id).filter(open))
        .set(phone_changes::undone_at.eq(now))
        .execute(conn)
        .await?;
    let later = phone_changes::user_id
        .eq(change.user_id)
        .and(phone_changes::id.gt(change.id))
        .and(phone_changes::undo_until.gt(now));
    diesel::update(phone_changes::table.filter(later))
        .set(phone_changes::undo_until.eq(now))
        .execute(conn)
        .await?;
    Ok(undone)
}

/// Changes that were made before `before`.
pub(crate) async fn delete_old_phone_changes(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(phone_changes::table.filter(phone_changes::changed_at.lt(before)))
        .execute(conn)
        .await
}
