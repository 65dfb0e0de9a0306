use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::IntoSql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, SmallInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::UserId;
use karya_db::schema::{
    availability_overrides, availability_schedules, calendars, external_busy, time_claims, time_off,
};
use uuid::Uuid;

use crate::model::{CalendarRow, Minutes};

/// Hours that hold on certain dates: a dated schedule, or an override of one date.
#[derive(Debug, Queryable)]
pub(crate) struct DatedHours {
    pub(crate) user_id: UserId,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: NaiveDate,
    pub(crate) minutes: Minutes,
    pub(crate) is_override: bool,
}

pub(crate) async fn dated_hours(
    conn: &AsyncPgConnection,
    owners: &[UserId],
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<DatedHours>> {
    let schedules = availability_schedules::table
        .filter(
            availability_schedules::user_id
                .eq_any(owners)
                .and(availability_schedules::valid_from.le(to))
                .and(availability_schedules::valid_to.ge(from)),
        )
        .select((
            availability_schedules::user_id,
            availability_schedules::valid_from,
            availability_schedules::valid_to,
            availability_schedules::weekly,
            false.into_sql::<Bool>(),
        ));
    let overrides = availability_overrides::table
        .filter(
            availability_overrides::user_id
                .eq_any(owners)
                .and(availability_overrides::local_date.between(from, to)),
        )
        .select((
            availability_overrides::user_id,
            availability_overrides::local_date,
            availability_overrides::local_date,
            availability_overrides::windows,
            true.into_sql::<Bool>(),
        ));
    schedules.union_all(overrides).load(&mut &*conn).await
}

/// Time of somebody that is taken: claimed, off, or busy in an imported calendar.
#[derive(Debug, Queryable)]
pub(crate) struct Taken {
    pub(crate) owner_id: UserId,
    /// What it is claimed for, or the imported calendar; none: time off.
    pub(crate) ref_id: Option<Uuid>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) before_min: i16,
    pub(crate) after_min: i16,
    /// Whether it is a session on this platform: those count towards caps, and keep their owner from booking elsewhere.
    pub(crate) counts: bool,
}

/// The longest claim, by the constraint on the table: a claim that reaches into a range starts no earlier before it.
const LONGEST: TimeDelta = TimeDelta::hours(8);

pub(crate) async fn taken(
    conn: &AsyncPgConnection,
    owners: &[UserId],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> QueryResult<Vec<Taken>> {
    // Bounded on `starts_at` from both sides, so that the B-tree serves it: twenty times faster than the GiST index.
    let live = time_claims::expires_at
        .is_null()
        .or(time_claims::expires_at.gt(now).assume_not_null());
    let claims = time_claims::table
        .filter(
            time_claims::owner_id
                .eq_any(owners)
                .and(time_claims::starts_at.ge(from - LONGEST))
                .and(time_claims::starts_at.lt(to))
                .and(time_claims::ends_at.gt(from))
                .and(live),
        )
        .select((
            time_claims::owner_id,
            time_claims::ref_id.nullable(),
            time_claims::starts_at,
            time_claims::ends_at,
            time_claims::before_min,
            time_claims::after_min,
            true.into_sql::<Bool>(),
        ));
    let off = time_off::table
        .filter(
            time_off::user_id
                .eq_any(owners)
                .and(time_off::ends_at.gt(from))
                .and(time_off::starts_at.lt(to)),
        )
        .select((
            time_off::user_id,
            None::<Uuid>.into_sql::<Nullable<SqlUuid>>(),
            time_off::starts_at,
            time_off::ends_at,
            0_i16.into_sql::<SmallInt>(),
            0_i16.into_sql::<SmallInt>(),
            false.into_sql::<Bool>(),
        ));
    let imported = external_busy::table
        .filter(
            external_busy::owner_id
                .eq_any(owners)
                .and(external_busy::ends_at.gt(from))
                .and(external_busy::starts_at.lt(to)),
        )
        .select((
            external_busy::owner_id,
            external_busy::calendar_id.nullable(),
            external_busy::starts_at,
            external_busy::ends_at,
            0_i16.into_sql::<SmallInt>(),
            0_i16.into_sql::<SmallInt>(),
            false.into_sql::<Bool>(),
        ));
    let taken = claims.union_all(off).union_all(imported);
    taken.load(&mut &*conn).await
}

/// The calendars of these people; those without one are left out.
pub(crate) async fn calendars(
    conn: &AsyncPgConnection,
    owners: &[UserId],
) -> QueryResult<Vec<CalendarRow>> {
    calendars::table
        .filter(calendars::user_id.eq_any(owners))
        .select(CalendarRow::as_select())
        .load(&mut &*conn)
        .await
}
