use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{PageSize, UserId};
use karya_db::schema::{calendars, mentors, users};

use crate::model::{Decision, MentorProfile, MentorRow, MentorState, Minutes};

/// A mentor, how they are called, and whether their account may be used.
pub(crate) type Found = (MentorRow, String, String);

pub(crate) async fn find(conn: &AsyncPgConnection, id: UserId) -> QueryResult<Option<Found>> {
    mentors::table
        .inner_join(users::table.on(users::id.eq(mentors::user_id)))
        .filter(mentors::user_id.eq(id))
        .select((MentorRow::as_select(), users::display_name, users::state))
        .first(&mut &*conn)
        .await
        .optional()
}

/// Keeps others from changing the mentor until the transaction ends.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: UserId,
) -> QueryResult<Option<MentorRow>> {
    mentors::table
        .find(id)
        .select(MentorRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &MentorRow) -> QueryResult<usize> {
    diesel::insert_into(mentors::table)
        .values(row)
        .execute(conn)
        .await
}

/// Writes what mentors write; what is counted about them stays out of it.
pub(crate) async fn update_profile(
    conn: &mut AsyncPgConnection,
    id: UserId,
    profile: &MentorProfile,
    (state, version, now): (MentorState, i32, DateTime<Utc>),
) -> QueryResult<usize> {
    diesel::update(mentors::table.find(id))
        .set((
            profile,
            mentors::state.eq(state),
            mentors::version.eq(version),
            mentors::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn decide(
    conn: &mut AsyncPgConnection,
    id: UserId,
    decision: &Decision,
) -> QueryResult<usize> {
    diesel::update(mentors::table.find(id))
        .set(decision)
        .execute(conn)
        .await
}

/// Oldest first. `after`: time and id of the last one of the page before.
pub(crate) async fn list_applications(
    conn: &AsyncPgConnection,
    state: Option<MentorState>,
    size: PageSize,
    after: Option<(DateTime<Utc>, UserId)>,
) -> QueryResult<Vec<Found>> {
    let mut query = mentors::table
        .inner_join(users::table.on(users::id.eq(mentors::user_id)))
        .select((MentorRow::as_select(), users::display_name, users::state))
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(mentors::state.eq(state));
    }
    if let Some((created_at, id)) = after {
        query = query.filter(
            mentors::created_at.gt(created_at).or(mentors::created_at
                .eq(created_at)
                .and(mentors::user_id.gt(id))),
        );
    }
    query
        .order((mentors::created_at, mentors::user_id))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// Sets the published response time: the median, in minutes, over the last fifty requests that were answered or lapsed.
///
/// Each is counted from when the mentee last asked for that time. SQL text, since the query builder knows no
/// percentiles.
pub(crate) async fn update_response_time(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
) -> QueryResult<usize> {
    diesel::sql_query(
        "UPDATE mentors SET response_minutes = (
             SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM last.at - last.asked_at)) / 60)::integer
               FROM (SELECT answer.at, (SELECT max(asked.at) FROM booking_events asked
                         WHERE asked.booking_id = answer.booking_id AND asked.to_state = 'requested' AND asked.at <= answer.at
                           AND asked.actor_id IS DISTINCT FROM b.mentor_id) AS asked_at
                       FROM bookings b JOIN booking_events answer ON answer.booking_id = b.id
                      WHERE b.mentor_id = $1 AND answer.from_state = 'requested'
                        AND answer.to_state IN ('confirmed', 'declined', 'expired')
                      ORDER BY answer.at DESC, answer.id DESC LIMIT 50) AS last)
          WHERE user_id = $1",
    )
    .bind::<SqlUuid, _>(mentor.as_uuid())
    .execute(conn)
    .await
}

/// Gives a calendar its zone, place and weekly hours.
pub(crate) async fn set_hours(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    (zone, region): (&str, &str),
    weekly: &Minutes,
) -> QueryResult<usize> {
    diesel::update(calendars::table.find(owner))
        .set((
            calendars::zone.eq(zone),
            calendars::region_code.eq(region),
            calendars::weekly.eq(weekly),
        ))
        .execute(conn)
        .await
}
