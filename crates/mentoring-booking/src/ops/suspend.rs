//! What a disaster alert does to sessions: they are held up, nobody is to blame, and moving is free.
//!
//! A session goes on when the last of the alerts that hold it up is lifted. An alert that is lifted stays lifted, so a
//! suspension that comes after its end does nothing. Each step reads under the locks what the others committed:
//! whoever suspends keeps the alert from being lifted meanwhile, and whoever resumes does so after it was.
//!
//! While an alert stands nobody books into its reach: availability counts it as a blackout. A booking that was being
//! made when the alert came may have missed it, so the job looks again a little later.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, UserId};

use super::groups;
use super::transition::{Change, by_system, decide, write_all};
use crate::model::{Action, AlertRow, BookingRow, BookingState, OfferingRow, Party, Reach};
use crate::{MentoringError, claims, queries};

pub(super) const FORCE_MAJEURE: &str = "force_majeure";

/// How many bookings are changed in one transaction: a thousand keep nobody waiting.
const BATCH: usize = 50;

/// How long an alert is remembered when its time is past: no message about it comes that late, and all its sessions
/// are over.
const KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// A booking with its people, who never change.
pub(crate) type Parties = (BookingId, UserId, UserId);

/// Holds up the sessions that an alert reaches. Returns how many that were; again, it is none.
///
/// Group sessions go by where their mentor is, bookings by either side too.
pub(crate) async fn suspend_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: &str,
    reach: &Reach,
) -> Result<usize, MentoringError> {
    queries::alerts::insert(conn, &AlertRow::new(now, id.to_owned(), reach)).await?;
    let mut changed = 0;
    for batch in queries::bookings::reached(conn, reach).await?.chunks(BATCH) {
        changed += hold_up(conn, now, (id, reach), batch).await?;
    }
    for session in queries::groups::reached(conn, reach).await? {
        changed += usize::from(groups::hold_up(conn, now, id, session).await?);
    }
    Ok(changed)
}

/// Lifts an alert. The sessions go on that it held up, that no other one holds up and that have not begun. Returns how
/// many that were.
pub(crate) async fn resume_sessions(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: &str,
    reach: &Reach,
) -> Result<usize, MentoringError> {
    queries::alerts::insert(conn, &AlertRow::new(now, id.to_owned(), reach)).await?;
    queries::alerts::lift(conn, now, id).await?;
    let mut changed = 0;
    for batch in queries::alerts::held_bookings(conn, id)
        .await?
        .chunks(BATCH)
    {
        changed += let_go(conn, now, id, batch).await?;
    }
    for session in queries::alerts::held_groups(conn, id).await? {
        changed += usize::from(groups::let_go(conn, now, id, session).await?);
    }
    Ok(changed)
}

/// Forgets alerts that are long past.
pub(super) async fn sweep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<(), MentoringError> {
    queries::alerts::delete_ended_before(conn, now - KEPT_FOR).await?;
    Ok(())
}

async fn hold_up(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (alert, reach): (&str, &Reach),
    batch: &[Parties],
) -> Result<usize, MentoringError> {
    conn.transaction(async |conn| {
        if !queries::alerts::lock_standing(conn, alert).await? {
            return Ok(0);
        }
        let mut current = lock(conn, now, batch).await?;
        // It may have been moved away while we waited.
        current.retain(|(booking, _)| reach.spans(booking.starts_at, booking.ends_at));
        let turns = turn(now, Action::Suspend, &current);
        let is_held = |(booking, _): &&(BookingRow, _)| booking.state == BookingState::Suspended;
        let held = current
            .iter()
            .filter(is_held)
            .map(|(booking, _)| booking.id);
        let held: Vec<BookingId> = held
            .chain(turns.iter().map(|(_, after)| after.id))
            .collect();
        queries::alerts::hold_bookings(conn, alert, &held).await?;
        carry_out(conn, now, Action::Suspend, &turns).await
    })
    .await
}

async fn let_go(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    alert: &str,
    batch: &[Parties],
) -> Result<usize, MentoringError> {
    conn.transaction(async |conn| {
        let mut current = lock(conn, now, batch).await?;
        let ids: Vec<BookingId> = batch.iter().map(|(id, ..)| *id).collect();
        queries::alerts::free_bookings(conn, Some(alert), &ids).await?;
        let held = queries::alerts::still_held(conn, &ids).await?;
        current.retain(|(booking, _)| !held.contains(&booking.id));
        let turns = turn(now, Action::Resume, &current);
        carry_out(conn, now, Action::Resume, &turns).await
    })
    .await
}

/// The bookings with what was booked, as they are once the calendars of all their people are locked.
async fn lock(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    batch: &[Parties],
) -> Result<Vec<(BookingRow, OfferingRow)>, MentoringError> {
    let people: Vec<UserId> = batch
        .iter()
        .flat_map(|(_, mentor, mentee)| [*mentor, *mentee])
        .collect();
    let ids: Vec<BookingId> = batch.iter().map(|(id, ..)| *id).collect();
    claims::lock(conn, now, &people).await?;
    Ok(queries::bookings::find_with_offerings(conn, &ids).await?)
}

/// What becomes of each of them; those that cannot take part are left out.
fn turn<'a>(
    now: DateTime<Utc>,
    action: Action,
    bookings: &'a [(BookingRow, OfferingRow)],
) -> Vec<(&'a BookingRow, BookingRow)> {
    let change = Change {
        action,
        reason_code: Some(FORCE_MAJEURE.to_owned()),
        starts_at: None,
        expected: None,
    };
    let decide = |(before, offering): &'a (BookingRow, OfferingRow)| {
        let after = decide(now, Party::System, offering, before, &change).ok()?;
        Some((before, after))
    };
    bookings.iter().filter_map(decide).collect()
}

async fn carry_out(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    action: Action,
    turns: &[(&BookingRow, BookingRow)],
) -> Result<usize, MentoringError> {
    let turns: Vec<_> = turns
        .iter()
        .map(|(before, after)| (*before, after))
        .collect();
    write_all(conn, now, (None, action), &turns).await?;
    Ok(turns.len())
}

/// Ends a session that is still held up when it should begin.
pub(crate) async fn close_suspended(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    let held_up = queries::bookings::find(conn, id)
        .await?
        .is_some_and(|booking| {
            booking.state == BookingState::Suspended && booking.starts_at <= now
        });
    if held_up {
        by_system(conn, now, id, (Action::Cancel, Some(FORCE_MAJEURE))).await?;
    }
    Ok(())
}
