//! What a person says about their own time.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, PageSize, UserId};
use karya_db::schema::{
    availability_overrides, availability_schedules, bookings, calendars, time_off,
};
use uuid::Uuid;

use crate::model::{BookingState, CalendarRow, OverrideRow, ScheduleRow, SessionMode, TimeOffRow};

/// Makes a calendar with the usual values, unless there is one. Says whether it made one.
pub(crate) async fn insert_default(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> QueryResult<bool> {
    let made = diesel::insert_into(calendars::table)
        .values((
            calendars::user_id.eq(user),
            calendars::created_at.eq(now),
            calendars::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(made > 0)
}

/// Writes a calendar that the caller has locked.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &CalendarRow) -> QueryResult<usize> {
    diesel::update(calendars::table.find(row.user_id))
        .set(row)
        .execute(conn)
        .await
}

/// The dated schedules of a person, in order.
pub(crate) async fn schedules(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Vec<ScheduleRow>> {
    availability_schedules::table
        .filter(availability_schedules::user_id.eq(user))
        .select(ScheduleRow::as_select())
        .order(availability_schedules::valid_from)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn delete_schedules(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(availability_schedules::table.filter(availability_schedules::user_id.eq(user)))
        .execute(conn)
        .await
}

pub(crate) async fn insert_schedules(
    conn: &mut AsyncPgConnection,
    rows: &[ScheduleRow],
) -> QueryResult<usize> {
    diesel::insert_into(availability_schedules::table)
        .values(rows)
        .execute(conn)
        .await
}

/// A booking that lies ahead, as far as hours go.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct Ahead {
    pub(crate) id: BookingId,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) mode: SessionMode,
}

/// How many bookings are looked at; nobody mentors more within the farthest horizon.
const MAX_AHEAD: i64 = 2000;

/// The live bookings of a mentor that overlap `from..to`, by start.
pub(crate) async fn ahead(
    conn: &AsyncPgConnection,
    mentor: UserId,
    (from, to): (DateTime<Utc>, Option<DateTime<Utc>>),
) -> QueryResult<Vec<Ahead>> {
    let mut query = bookings::table
        .filter(
            bookings::mentor_id
                .eq(mentor)
                .and(bookings::ends_at.gt(from))
                .and(bookings::state.eq_any(BookingState::LIVE)),
        )
        .select((
            bookings::id,
            bookings::starts_at,
            bookings::ends_at,
            bookings::mode,
        ))
        .into_boxed();
    if let Some(to) = to {
        query = query.filter(bookings::starts_at.lt(to));
    }
    query
        .order(bookings::starts_at)
        .limit(MAX_AHEAD)
        .load(&mut &*conn)
        .await
}

/// The overrides of a person from a date to a date, in order.
pub(crate) async fn overrides(
    conn: &AsyncPgConnection,
    user: UserId,
    (from, to): (NaiveDate, NaiveDate),
) -> QueryResult<Vec<OverrideRow>> {
    availability_overrides::table
        .filter(
            availability_overrides::user_id
                .eq(user)
                .and(availability_overrides::local_date.between(from, to)),
        )
        .select(OverrideRow::as_select())
        .order(availability_overrides::local_date)
        .load(&mut &*conn)
        .await
}

/// Sets the hours of a date, whatever they were. Returns them as the database joined them.
pub(crate) async fn set_override(
    conn: &mut AsyncPgConnection,
    row: &OverrideRow,
) -> QueryResult<OverrideRow> {
    diesel::insert_into(availability_overrides::table)
        .values(row)
        .on_conflict((
            availability_overrides::user_id,
            availability_overrides::local_date,
        ))
        .do_update()
        .set(availability_overrides::windows.eq(row.windows.clone()))
        .returning(OverrideRow::as_returning())
        .get_result(conn)
        .await
}

pub(crate) async fn delete_override(
    conn: &mut AsyncPgConnection,
    user: UserId,
    date: NaiveDate,
) -> QueryResult<usize> {
    diesel::delete(availability_overrides::table.find((user, date)))
        .execute(conn)
        .await
}

pub(crate) async fn insert_time_off(
    conn: &mut AsyncPgConnection,
    row: &TimeOffRow,
) -> QueryResult<usize> {
    diesel::insert_into(time_off::table)
        .values(row)
        .execute(conn)
        .await
}

/// How many times off of a person are not over.
pub(crate) async fn count_time_off(
    conn: &AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    time_off::table
        .filter(time_off::user_id.eq(user).and(time_off::ends_at.gt(now)))
        .count()
        .get_result(&mut &*conn)
        .await
}

/// Those that are not over, by start. `after`: start and id of the last one of the page before.
pub(crate) async fn list_time_off(
    conn: &AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
    size: PageSize,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> QueryResult<Vec<TimeOffRow>> {
    let mut query = time_off::table
        .filter(time_off::user_id.eq(user).and(time_off::ends_at.gt(now)))
        .select(TimeOffRow::as_select())
        .into_boxed();
    if let Some((starts_at, id)) = after {
        query = query.filter(
            time_off::starts_at
                .gt(starts_at)
                .or(time_off::starts_at.eq(starts_at).and(time_off::id.gt(id))),
        );
    }
    query
        .order((time_off::starts_at, time_off::id))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn delete_time_off(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: Uuid,
) -> QueryResult<usize> {
    diesel::delete(time_off::table.filter(time_off::id.eq(id).and(time_off::user_id.eq(user))))
        .execute(conn)
        .await
}
