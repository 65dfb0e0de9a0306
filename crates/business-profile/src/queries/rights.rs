use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BusinessId, UserId};
use karya_db::schema::{business_members, businesses, users};

use crate::model::{BusinessState, MemberRole};

/// Somebody in a business.
#[derive(Debug, Queryable)]
pub(crate) struct Membership {
    pub(crate) business: BusinessId,
    pub(crate) user: UserId,
    pub(crate) role: MemberRole,
    pub(crate) since: DateTime<Utc>,
    /// Of the account.
    account: String,
}

impl Membership {
    /// Whether the account neither is about to be deleted nor was.
    pub(crate) fn stays(&self) -> bool {
        !matches!(self.account.as_str(), "closing" | "deleted")
    }
}

/// The businesses of a member that were not deleted, locked in the order of their ids.
pub(crate) async fn lock_of_member(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<(BusinessId, BusinessState)>> {
    let theirs = business_members::table
        .filter(business_members::user_id.eq(user))
        .select(business_members::business_id);
    businesses::table
        .filter(
            businesses::id
                .eq_any(theirs)
                .and(businesses::deleted_at.is_null()),
        )
        .select((businesses::id, businesses::state))
        .order(businesses::id)
        .for_update()
        .load(conn)
        .await
}

/// Who is in these businesses.
pub(crate) async fn members_of(
    conn: &AsyncPgConnection,
    ids: &[BusinessId],
) -> QueryResult<Vec<Membership>> {
    business_members::table
        .inner_join(users::table)
        .filter(business_members::business_id.eq_any(ids))
        .select((
            business_members::business_id,
            business_members::user_id,
            business_members::role,
            business_members::created_at,
            users::state,
        ))
        .load(&mut &*conn)
        .await
}

/// Moves those of these businesses that are in the first state to the second.
pub(crate) async fn set_states(
    conn: &mut AsyncPgConnection,
    ids: &[BusinessId],
    (from, to): (BusinessState, BusinessState),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let these = businesses::id
        .eq_any(ids)
        .and(businesses::state.eq(from))
        .and(businesses::deleted_at.is_null());
    diesel::update(businesses::table.filter(these))
        .set((
            businesses::state.eq(to),
            businesses::version.eq(businesses::version + 1),
            businesses::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn make_owner(
    conn: &mut AsyncPgConnection,
    business: BusinessId,
    user: UserId,
) -> QueryResult<usize> {
    diesel::update(business_members::table.find((business, user)))
        .set(business_members::role.eq(MemberRole::Owner))
        .execute(conn)
        .await
}
