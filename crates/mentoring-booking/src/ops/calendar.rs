//! What a person says about their own time. No booking is ever cancelled by it: those that no longer fit are named.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, Rule, UserId, Words};
use karya_db::OnConstraint;
use uuid::Uuid;

use crate::availability::{self, Session};
use crate::model::{CalendarRow, HolidayPolicy, Minutes, OverrideRow, ScheduleRow, TimeOffRow};
use crate::queries::calendars as queries;
use crate::slots::{Interval, Refusal};
use crate::{MentoringError, claims};

/// How many bookings an answer names.
const MAX_AFFECTED: usize = 100;

/// How many times off that are not over one person may have.
const MAX_TIME_OFF: i64 = 200;

pub(crate) const OVERLAP: Rule = Rule::Other {
    code: "overlap",
    words: Words {
        id: "bertumpang tindih dengan jadwal lain",
        en: "overlaps another schedule",
    },
};

/// A calendar with all that holds at all times or over many dates.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) calendar: CalendarRow,
    pub(crate) schedules: Vec<ScheduleRow>,
    pub(crate) affected: Vec<Affected>,
}

/// A booking that lies outside the hours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affected {
    pub(crate) booking: karya_core::BookingId,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) reason: Refusal,
}

/// A calendar whose values are in order.
#[derive(Debug)]
pub(crate) struct NewCalendar {
    pub(crate) zone: Tz,
    pub(crate) region_code: Option<String>,
    pub(crate) weekly: Minutes,
    pub(crate) holiday_policy: HolidayPolicy,
    pub(crate) daily_cap: Option<i16>,
    pub(crate) weekly_cap: Option<i16>,
    pub(crate) paused_until: Option<DateTime<Utc>>,
    pub(crate) schedules: Vec<NewSchedule>,
}

/// A dated schedule whose values are in order.
#[derive(Debug)]
pub(crate) struct NewSchedule {
    pub(crate) name: String,
    pub(crate) valid_from: NaiveDate,
    pub(crate) valid_to: NaiveDate,
    pub(crate) weekly: Minutes,
}

/// The calendar of somebody who has none: never open. It is not stored.
fn none_yet(user: UserId, now: DateTime<Utc>) -> CalendarRow {
    CalendarRow {
        user_id: user,
        zone: Tz::Asia__Jakarta.name().to_owned(),
        region_code: None,
        weekly: Minutes::new(),
        holiday_policy: HolidayPolicy::Closed,
        daily_cap: None,
        weekly_cap: None,
        paused_until: None,
        version: 0,
        created_at: now,
        updated_at: now,
    }
}

/// The calendar of a person; version 0 if they have none.
pub(crate) async fn show(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<Document, MentoringError> {
    let found = crate::queries::availability::calendars(conn, &[user]).await?;
    let Some(calendar) = found.into_iter().next() else {
        return Ok(Document {
            calendar: none_yet(user, now),
            schedules: Vec::new(),
            affected: Vec::new(),
        });
    };
    document(conn, now, calendar).await
}

async fn document(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    calendar: CalendarRow,
) -> Result<Document, MentoringError> {
    let schedules = queries::schedules(conn, calendar.user_id).await?;
    let affected = affected(conn, now, &calendar, None).await?;
    Ok(Document {
        calendar,
        schedules,
        affected,
    })
}

/// Replaces a calendar as a whole, or makes it. `expected`: the version that the caller has seen, 0 for none.
pub(crate) async fn replace(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    new: NewCalendar,
    expected: Option<i32>,
) -> Result<Document, MentoringError> {
    conn.transaction(async |conn| {
        let is_new = queries::insert_default(conn, now, user).await?;
        let current = lock(conn, now, user).await?;
        let version = if is_new { 0 } else { current.version };
        MentoringError::unless_fresh(expected, version)?;
        let paused_until = current.paused_until;
        let calendar = CalendarRow {
            zone: new.zone.name().to_owned(),
            region_code: new.region_code,
            weekly: new.weekly,
            holiday_policy: new.holiday_policy,
            daily_cap: new.daily_cap,
            weekly_cap: new.weekly_cap,
            paused_until: new.paused_until,
            version: version + 1,
            updated_at: now,
            ..current
        };
        queries::update(conn, &calendar).await?;
        if calendar.paused_until < paused_until {
            super::groups::tend_ahead(conn, now, user).await?;
        }
        queries::delete_schedules(conn, user).await?;
        let rows: Vec<ScheduleRow> = new
            .schedules
            .into_iter()
            .map(|schedule| ScheduleRow {
                id: Uuid::now_v7(),
                user_id: user,
                name: schedule.name,
                valid_from: schedule.valid_from,
                valid_to: schedule.valid_to,
                weekly: schedule.weekly,
            })
            .collect();
        if !rows.is_empty() {
            queries::insert_schedules(conn, &rows)
                .await
                .on_constraint("availability_schedules_no_overlap", || {
                    MentoringError::from(Invalid::body("/schedules", OVERLAP))
                })?;
        }
        // Read again: the database has joined the hours.
        show(conn, now, user).await
    })
    .await
}

async fn lock(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<CalendarRow, MentoringError> {
    let locked = claims::lock(conn, now, &[user]).await?;
    locked
        .into_iter()
        .next()
        .ok_or(MentoringError::StaleVersion)
}

/// The live bookings of a mentor that start after now, overlap `within`, and lie outside the hours; by start.
async fn affected(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    calendar: &CalendarRow,
    within: Option<Interval>,
) -> Result<Vec<Affected>, MentoringError> {
    let mentor = calendar.user_id;
    let from = within.map_or(now, |within| within.start().max(now));
    let to = within.map(Interval::end);
    let mut ahead = queries::ahead(conn, mentor, (from, to)).await?;
    ahead.retain(|booking| booking.starts_at > now);
    let (Some(first), Some(last)) = (ahead.first(), ahead.iter().map(|one| one.ends_at).max())
    else {
        return Ok(Vec::new());
    };
    let Ok(range) = Interval::new(first.starts_at, last) else {
        return Ok(Vec::new());
    };
    let mut people = availability::load(conn, vec![calendar.clone()], range, now, None).await?;
    let Some(person) = people.remove(&mentor) else {
        return Ok(Vec::new());
    };
    let outside = ahead.into_iter().filter_map(|booking| {
        let session = Session::any(booking.mode);
        let reason = person.left_out(session, (booking.starts_at, booking.ends_at))?;
        Some(Affected {
            booking: booking.id,
            starts_at: booking.starts_at,
            reason,
        })
    });
    Ok(outside.take(MAX_AFFECTED).collect())
}

/// The instants of a date, with the whole of sessions that reach into it.
fn day(calendar: &CalendarRow, date: NaiveDate) -> Option<Interval> {
    let zone = calendar.zone.parse().unwrap_or(Tz::Asia__Jakarta);
    availability::local_range(zone, date, date)
}

/// Sets the hours of a date.
pub(crate) async fn set_override(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    date: NaiveDate,
    windows: Minutes,
) -> Result<(OverrideRow, Vec<Affected>), MentoringError> {
    conn.transaction(async |conn| {
        let calendar = lock(conn, now, user).await?;
        let row = OverrideRow {
            user_id: user,
            local_date: date,
            windows,
        };
        let row = queries::set_override(conn, &row).await?;
        let affected = affected(conn, now, &calendar, day(&calendar, date)).await?;
        Ok((row, affected))
    })
    .await
}

/// Lets the usual hours hold on a date again.
pub(crate) async fn delete_override(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    date: NaiveDate,
) -> Result<Vec<Affected>, MentoringError> {
    conn.transaction(async |conn| {
        let calendar = lock(conn, now, user).await?;
        if queries::delete_override(conn, user, date).await? == 0 {
            return Err(MentoringError::OverrideNotFound);
        }
        affected(conn, now, &calendar, day(&calendar, date)).await
    })
    .await
}

/// Takes no sessions for a while.
pub(crate) async fn take_time_off(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    interval: Interval,
    reason: Option<String>,
) -> Result<(TimeOffRow, Vec<Affected>), MentoringError> {
    conn.transaction(async |conn| {
        let calendar = lock(conn, now, user).await?;
        // Counted under the lock.
        if queries::count_time_off(conn, user, now).await? >= MAX_TIME_OFF {
            return Err(MentoringError::TooManyEntries);
        }
        let row = TimeOffRow {
            id: Uuid::now_v7(),
            user_id: user,
            starts_at: interval.start(),
            ends_at: interval.end(),
            reason,
        };
        queries::insert_time_off(conn, &row).await?;
        let affected = affected(conn, now, &calendar, Some(interval)).await?;
        Ok((row, affected))
    })
    .await
}

/// Takes sessions in that time again.
pub(crate) async fn end_time_off(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: Uuid,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        lock(conn, now, user).await?;
        if queries::delete_time_off(conn, user, id).await? == 0 {
            return Err(MentoringError::TimeOffNotFound);
        }
        Ok(())
    })
    .await
}
