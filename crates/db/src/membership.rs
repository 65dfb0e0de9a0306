//! Who may act for a business: one answer for every domain.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BusinessId, MemberRole, UserId};

use crate::schema::{business_members, businesses};

/// What `user` is in a business; nothing for strangers, and in a business that is deleted.
pub async fn role(
    conn: &AsyncPgConnection,
    business: BusinessId,
    user: UserId,
) -> QueryResult<Option<MemberRole>> {
    business_members::table
        .inner_join(businesses::table)
        .filter(
            business_members::business_id
                .eq(business)
                .and(business_members::user_id.eq(user))
                .and(businesses::deleted_at.is_null()),
        )
        .select(business_members::role)
        .first(&mut &*conn)
        .await
        .optional()
}
