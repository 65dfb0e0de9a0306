use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{Lang, Timezone, UserId};
use karya_db::schema::{emails, mentors, users};

use crate::model::MentorState;

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

/// Whether this person may offer sessions.
pub(crate) async fn is_approved_mentor(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<bool> {
    let approved = mentors::table.filter(
        mentors::user_id
            .eq(user)
            .and(mentors::state.eq(MentorState::Approved)),
    );
    diesel::select(diesel::dsl::exists(approved))
        .get_result(&mut &*conn)
        .await
}
