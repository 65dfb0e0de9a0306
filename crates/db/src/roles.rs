//! What accounts may do: one place for every domain that grants a role or takes it away. It counts within three
//! seconds; a role that is taken away ends the access tokens that name it, and the client refreshes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{Role, UserId};

use crate::schema::{emails, user_roles, users};

// Not generated: a role names two accounts, whose it is and who granted it.
diesel::allow_tables_to_appear_in_same_query!(user_roles, users);
diesel::allow_tables_to_appear_in_same_query!(user_roles, emails);

/// Gives a role to an account; whoever has it keeps it. `by`: who decided so.
pub async fn grant(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    role: Role,
    by: Option<UserId>,
) -> QueryResult<usize> {
    diesel::insert_into(user_roles::table)
        .values((
            user_roles::user_id.eq(user),
            user_roles::role.eq(role),
            user_roles::granted_by.eq(by),
            user_roles::granted_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Takes a role away, and raises the epoch of the account's tokens if it had it.
pub async fn revoke(conn: &mut AsyncPgConnection, user: UserId, role: Role) -> QueryResult<usize> {
    let revoked = diesel::delete(user_roles::table.find((user, role)))
        .execute(conn)
        .await?;
    if revoked == 0 {
        return Ok(0);
    }
    diesel::update(users::table.find(user))
        .set(users::token_epoch.eq(users::token_epoch + 1))
        .execute(conn)
        .await
}
