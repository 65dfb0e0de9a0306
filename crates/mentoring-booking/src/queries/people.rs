use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{Lang, Timezone, UserId};
use karya_db::schema::{calendars, emails, mentors, users};

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

/// What decides whether people may come to a mentor's sessions.
#[derive(Debug, Queryable)]
pub(crate) struct Host {
    state: MentorState,
    account: String,
    paused_until: Option<DateTime<Utc>>,
}

impl Host {
    /// Approved, and with an account that may be used.
    pub(crate) fn is_active(&self) -> bool {
        self.state == MentorState::Approved && self.account == "active"
    }

    /// Whether the mentor takes a break then.
    pub(crate) fn pauses_at(&self, starts_at: DateTime<Utc>) -> bool {
        self.paused_until.is_some_and(|until| starts_at < until)
    }
}

/// A mentor, if they are one.
pub(crate) async fn host(conn: &AsyncPgConnection, mentor: UserId) -> QueryResult<Option<Host>> {
    mentors::table
        .inner_join(users::table.on(users::id.eq(mentors::user_id)))
        .left_join(calendars::table.on(calendars::user_id.eq(mentors::user_id)))
        .filter(mentors::user_id.eq(mentor))
        .select((
            mentors::state,
            users::state,
            calendars::paused_until.nullable(),
        ))
        .first(&mut &*conn)
        .await
        .optional()
}
