//! Accounts as staff sees and changes them.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::role::Role;
use karya_core::{EmailAddress, UserId};
use karya_db::functions::roles_of;
use karya_db::schema::{
    emails, factor_resets, passkeys, recovery_codes, totp_factors, user_roles, users,
};
use uuid::Uuid;

use crate::model::{FactorReset, FactorResetState, LockReason, StaffAccount, User, UserState};

/// Which accounts.
#[derive(Debug, Default)]
pub(crate) struct AccountFilter {
    pub(crate) email: Option<EmailAddress>,
    pub(crate) state: Option<UserState>,
    pub(crate) role: Option<Role>,
    pub(crate) id: Option<UserId>,
}

/// Accounts that fit, the newest first.
pub(crate) async fn staff_accounts(
    conn: &AsyncPgConnection,
    filter: AccountFilter,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<StaffAccount>> {
    let has_totp = exists(
        totp_factors::table.filter(
            totp_factors::user_id
                .eq(users::id)
                .and(totp_factors::confirmed_at.is_not_null()),
        ),
    );
    let has_passkey = exists(passkeys::table.filter(passkeys::user_id.eq(users::id)));
    let mut query = users::table
        .left_join(emails::table)
        .select((
            User::as_select(),
            emails::address.nullable(),
            emails::verified_at.nullable(),
            roles_of(users::id),
            (users::lock_reason, users::lock_note),
            (has_totp, has_passkey),
        ))
        .order(users::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(email) = filter.email {
        query = query.filter(emails::address.eq(email.as_str().to_owned()));
    }
    if let Some(state) = filter.state {
        query = query.filter(users::state.eq(state));
    }
    if let Some(role) = filter.role {
        let holders = user_roles::table
            .filter(user_roles::role.eq(role))
            .select(user_roles::user_id);
        query = query.filter(users::id.eq_any(holders));
    }
    if let Some(id) = filter.id {
        query = query.filter(users::id.eq(id));
    }
    if let Some(after) = after {
        query = query.filter(users::id.lt(UserId::from_uuid(after)));
    }
    query.load(&mut &*conn).await
}

/// Locks the row of an account, in whatever state; its state.
pub(crate) async fn lock_account_row(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<UserState>> {
    users::table
        .find(user)
        .select(users::state)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

/// Sets the state of an account, and why it is locked if it is.
pub(crate) async fn set_state(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (state, by): (UserState, Option<UserId>),
    (reason, note): (Option<LockReason>, Option<&str>),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(users::table.find(user))
        .set((
            users::state.eq(state),
            users::state_by.eq(by),
            users::lock_reason.eq(reason),
            users::lock_note.eq(note),
            users::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Locks the rows of those who are `role`, so that of two who take the last one's role, one comes second; how many
/// there are besides `except` whose accounts are in use.
pub(crate) async fn lock_others_with(
    conn: &mut AsyncPgConnection,
    role: Role,
    except: UserId,
) -> QueryResult<usize> {
    let holders: Vec<(UserId, UserState)> = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::role.eq(role))
        .select((users::id, users::state))
        .order(users::id)
        .for_no_key_update()
        .load(conn)
        .await?;
    Ok(holders
        .iter()
        .filter(|(id, state)| *id != except && *state == UserState::Active)
        .count())
}

pub(crate) async fn insert_factor_reset(
    conn: &mut AsyncPgConnection,
    reset: &FactorReset,
) -> QueryResult<usize> {
    diesel::insert_into(factor_resets::table)
        .values(reset)
        .execute(conn)
        .await
}

/// A request and its account's row, both locked, the account first.
pub(crate) async fn lock_factor_reset(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<FactorReset>> {
    let user: Option<UserId> = factor_resets::table
        .find(id)
        .select(factor_resets::user_id)
        .first(conn)
        .await
        .optional()?;
    let Some(user) = user else { return Ok(None) };
    lock_account_row(conn, user).await?;
    factor_resets::table
        .find(id)
        .select(FactorReset::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// Settles an open request.
pub(crate) async fn settle_factor_reset(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (state, by): (FactorResetState, UserId),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = factor_resets::state.eq(FactorResetState::Open);
    diesel::update(factor_resets::table.find(id).filter(open))
        .set((
            factor_resets::state.eq(state),
            factor_resets::settled_by.eq(by),
            factor_resets::settled_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Refuses the open request of an account, if there is one.
pub(crate) async fn void_factor_reset(
    conn: &mut AsyncPgConnection,
    user: UserId,
    which: Void,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = factor_resets::user_id
        .eq(user)
        .and(factor_resets::state.eq(FactorResetState::Open));
    let settled = (
        factor_resets::state.eq(FactorResetState::Refused),
        factor_resets::settled_at.eq(now),
    );
    match which {
        Void::Any => {
            diesel::update(factor_resets::table.filter(open))
                .set(settled)
                .execute(conn)
                .await
        }
        Void::Expired => {
            let expired = factor_resets::expires_at.le(now);
            diesel::update(factor_resets::table.filter(open.and(expired)))
                .set(settled)
                .execute(conn)
                .await
        }
    }
}

/// Which open request is void.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Void {
    /// Whatever its age: the owner has a factor after all.
    Any,
    Expired,
}

/// Open requests, the oldest first.
pub(crate) async fn open_factor_resets(
    conn: &AsyncPgConnection,
    after: Option<Uuid>,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<FactorReset>> {
    let mut query = factor_resets::table
        .filter(
            factor_resets::state
                .eq(FactorResetState::Open)
                .and(factor_resets::expires_at.gt(now)),
        )
        .select(FactorReset::as_select())
        .order(factor_resets::id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(factor_resets::id.gt(after));
    }
    query.load(&mut &*conn).await
}

/// Removes every second factor of an account, its passkeys and recovery codes too; how many there were.
pub(crate) async fn delete_all_factors(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    let apps = diesel::delete(totp_factors::table.filter(totp_factors::user_id.eq(user)))
        .execute(conn)
        .await?;
    let keys = diesel::delete(passkeys::table.filter(passkeys::user_id.eq(user)))
        .execute(conn)
        .await?;
    let codes = diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(conn)
        .await?;
    Ok(apps + keys + codes)
}
