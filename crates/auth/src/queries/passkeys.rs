use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{passkey_ceremonies, passkeys};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{CeremonyRow, PasskeyRow};

pub(crate) async fn insert_ceremony(
    conn: &mut AsyncPgConnection,
    ceremony: &CeremonyRow,
) -> QueryResult<usize> {
    diesel::insert_into(passkey_ceremonies::table)
        .values(ceremony)
        .execute(conn)
        .await
}

/// Takes the state of a ceremony away; of many callers, one gets it. `user`: who adds a passkey; none signs in.
pub(crate) async fn take_ceremony(
    conn: &mut AsyncPgConnection,
    hash: &[u8],
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<Option<Value>> {
    let open = passkey_ceremonies::table.find(hash).filter(
        passkey_ceremonies::user_id
            .is_not_distinct_from(user)
            .and(passkey_ceremonies::expires_at.gt(now)),
    );
    diesel::delete(open)
        .returning(passkey_ceremonies::state)
        .get_result(conn)
        .await
        .optional()
}

/// Ceremonies that expired before `before`.
pub(crate) async fn delete_old_ceremonies(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let old = passkey_ceremonies::expires_at.lt(before);
    diesel::delete(passkey_ceremonies::table.filter(old))
        .execute(conn)
        .await
}

pub(crate) async fn insert_passkey(
    conn: &mut AsyncPgConnection,
    passkey: &PasskeyRow,
) -> QueryResult<usize> {
    diesel::insert_into(passkeys::table)
        .values(passkey)
        .execute(conn)
        .await
}

/// The passkeys of an account, the oldest first.
pub(crate) async fn passkeys(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<PasskeyRow>> {
    passkeys::table
        .filter(passkeys::user_id.eq(user))
        .select(PasskeyRow::as_select())
        .order(passkeys::id)
        .load(&mut &*conn)
        .await
}

/// A passkey of an account, locked: its counter is compared and set by one at a time.
pub(crate) async fn lock_passkey(
    conn: &mut AsyncPgConnection,
    user: UserId,
    credential_id: &[u8],
) -> QueryResult<Option<PasskeyRow>> {
    passkeys::table
        .filter(
            passkeys::credential_id
                .eq(credential_id)
                .and(passkeys::user_id.eq(user)),
        )
        .select(PasskeyRow::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// Notes that a passkey signed in, with its new counter.
pub(crate) async fn use_passkey(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    credential: Value,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(passkeys::table.find(id))
        .set((
            passkeys::credential.eq(credential),
            passkeys::last_used_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Removes a passkey: its label.
pub(crate) async fn delete_passkey(
    conn: &mut AsyncPgConnection,
    (user, id): (UserId, Uuid),
) -> QueryResult<Option<String>> {
    diesel::delete(passkeys::table.find(id).filter(passkeys::user_id.eq(user)))
        .returning(passkeys::label)
        .get_result(conn)
        .await
        .optional()
}
