use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{Lang, Timezone, UserId};
use karya_db::schema::{emails, users};

/// How to reach somebody.
#[derive(Debug, Queryable)]
pub(crate) struct Contact {
    pub(crate) user_id: UserId,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) locale: Lang,
    pub(crate) timezone: Timezone,
}

/// How to reach these people; those without a proved address are left out.
pub(crate) async fn contacts(
    conn: &AsyncPgConnection,
    people: &[UserId],
) -> QueryResult<Vec<Contact>> {
    users::table
        .inner_join(emails::table)
        .filter(
            users::id
                .eq_any(people)
                .and(emails::verified_at.is_not_null()),
        )
        .select((
            users::id,
            users::display_name,
            emails::address,
            users::locale,
            users::timezone,
        ))
        .load(&mut &*conn)
        .await
}
