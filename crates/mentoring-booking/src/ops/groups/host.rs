//! What the mentor does with a group session.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Check, GroupSessionId, Invalid, Rule, UserId};
use karya_db::OnConstraint;
use uuid::Uuid;

use super::floor::{Floor, time};
use crate::availability::{Availability, Session, standing_alerts};
use crate::claims::{self, Claim};
use crate::group_jobs::{self, Notice};
use crate::model::{
    ClaimKind, GroupRow, GroupState, SeatRow, SeatState, SessionMode, WaitlistState,
};
use crate::ops::transition;
use crate::queries::people::Host;
use crate::slots::{Interval, Refusal};
use crate::{MentoringError, queries};

/// How far ahead a group session may be.
const HORIZON: TimeDelta = TimeDelta::days(365);

/// A group session whose values are in order.
#[derive(Debug)]
pub(crate) struct NewGroup {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) mode: SessionMode,
    pub(crate) place: Option<String>,
    pub(crate) meeting_url: Option<String>,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) duration: TimeDelta,
    pub(crate) capacity: i16,
    pub(crate) waitlist_capacity: i16,
}

pub(super) fn refused(refusal: Refusal) -> MentoringError {
    MentoringError::NotOffered {
        refusal,
        alternatives: Vec::new(),
    }
}

/// Opens a group session. The mentor's hours do not matter to it, their other sessions and blackouts do.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
    new: NewGroup,
) -> Result<GroupSessionId, MentoringError> {
    let taken = || MentoringError::SlotTaken {
        alternatives: Vec::new(),
    };
    conn.transaction(async |conn| {
        let host = queries::people::host(conn, mentor).await?;
        if !host.as_ref().is_some_and(Host::is_active) {
            return Err(MentoringError::GroupMentorRequired);
        }
        if new.starts_at <= now {
            return Err(refused(Refusal::NoticeTooShort));
        }
        if new.starts_at > now + HORIZON {
            return Err(refused(Refusal::BeyondHorizon));
        }
        let ends_at = new.starts_at + new.duration;
        let calendars = claims::lock(conn, now, &[mentor]).await?;
        if host.is_some_and(|host| host.pauses_at(new.starts_at)) {
            return Err(refused(Refusal::Paused));
        }
        transition::lapse_due(conn, now, &[mentor]).await?;
        let alerts = standing_alerts(conn, now).await?;
        let session = Session::any(new.mode);
        let interval = Interval::new(new.starts_at, ends_at).ok();
        let blacked_out =
            calendars
                .into_iter()
                .next()
                .zip(interval)
                .is_some_and(|(calendar, interval)| {
                    Availability::of(calendar, &alerts).is_blacked_out(session, interval)
                });
        if blacked_out {
            return Err(refused(Refusal::Blackout));
        }
        let row = GroupRow {
            id: GroupSessionId::fresh(),
            mentor_id: mentor,
            title: new.title,
            description: new.description,
            mode: new.mode,
            place: new.place,
            meeting_url: new.meeting_url,
            starts_at: new.starts_at,
            ends_at,
            capacity: new.capacity,
            waitlist_capacity: new.waitlist_capacity,
            seats_taken: 0,
            next_position: 1,
            state: GroupState::Open,
            attendance_taken_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        if !claims::busy(conn, now, &[mentor], time(&row))
            .await?
            .is_empty()
        {
            return Err(taken());
        }
        queries::groups::insert(conn, &row).await?;
        let claim = Claim {
            kind: ClaimKind::Group,
            ref_id: row.id.as_uuid(),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            before_min: 0,
            after_min: 0,
            expires_at: None,
            held_by: None,
        };
        claims::insert(conn, mentor, claim)
            .await
            .on_constraint("time_claims_no_overlap", taken)?;
        group_jobs::plan(conn, now, &row).await?;
        Ok(row.id)
    })
    .await
}

/// The locked session, for its mentor alone.
async fn lock_own(
    conn: &mut AsyncPgConnection,
    mentor: UserId,
    id: GroupSessionId,
) -> Result<GroupRow, MentoringError> {
    let session = queries::groups::lock(conn, id)
        .await?
        .ok_or(MentoringError::GroupNotFound)?;
    if session.mentor_id == mentor {
        Ok(session)
    } else {
        Err(MentoringError::GroupHostRequired)
    }
}

/// Changes what the mentor says about it, and how many seats it has; new seats go to the line first.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
    (id, expected): (GroupSessionId, Option<i32>),
    change: impl FnOnce(&GroupRow) -> Result<GroupRow, Invalid> + Send,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let current = lock_own(conn, mentor, id).await?;
        MentoringError::unless_fresh(expected, current.version)?;
        if !current.is_open(now) {
            return Err(MentoringError::GroupClosed);
        }
        let mut session = change(&current)?;
        if session.free() < 0 {
            return Err(MentoringError::GroupBelowSeats);
        }
        session.version += 1;
        session.updated_at = now;
        queries::groups::update(conn, &session).await?;
        let is_news = current.title != session.title
            || current.place != session.place
            || current.meeting_url != session.meeting_url;
        if is_news {
            let seats = queries::groups::seats(conn, id).await?;
            let people = seats.iter().map(|(seat, _)| seat.mentee_id).collect();
            group_jobs::tell_all(conn, id, people, Notice::Changed).await?;
        }
        let mut floor = Floor::around(conn, now, session, (None, None), 0).await?;
        floor.settle(conn, now).await
    })
    .await
}

/// Calls it off: everybody's time is free, and everybody hears of it once.
pub(crate) async fn cancel(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let session = lock_own(conn, mentor, id).await?;
        if session.state == GroupState::Cancelled {
            return Ok(());
        }
        if session.ends_at <= now {
            return Err(MentoringError::GroupClosed);
        }
        call_off(conn, now, session).await
    })
    .await
}

/// Cancels a locked session, whoever wants it.
pub(super) async fn call_off(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mut session: GroupRow,
) -> Result<(), MentoringError> {
    let id = session.id;
    let seats = queries::groups::seats(conn, id).await?;
    let line = queries::waitlist::line(conn, id).await?;
    let mut people = vec![session.mentor_id];
    people.extend(seats.iter().map(|(seat, _)| seat.mentee_id));
    claims::lock(conn, now, &people).await?;
    let mut refs: Vec<Uuid> = seats.iter().map(|(seat, _)| seat.id).collect();
    queries::groups::set_seats(conn, now, &refs, SeatState::Released).await?;
    let entries: Vec<Uuid> = line.iter().map(|entry| entry.id).collect();
    queries::waitlist::close(conn, now, &entries, WaitlistState::Lapsed).await?;
    session.state = GroupState::Cancelled;
    session.seats_taken = 0;
    session.version += 1;
    session.updated_at = now;
    queries::groups::update(conn, &session).await?;
    refs.push(id.as_uuid());
    claims::release(conn, &refs).await?;
    people.extend(line.iter().map(|entry| entry.mentee_id));
    people.sort_unstable();
    people.dedup();
    group_jobs::tell_all(conn, id, people, Notice::Cancelled).await
}

/// The live seats, for the mentor.
pub(crate) async fn seats_for_host(
    conn: &AsyncPgConnection,
    mentor: UserId,
    id: GroupSessionId,
) -> Result<Vec<(SeatRow, String)>, MentoringError> {
    let (session, _) = queries::groups::find(conn, id)
        .await?
        .ok_or(MentoringError::GroupNotFound)?;
    if session.mentor_id != mentor {
        return Err(MentoringError::GroupHostRequired);
    }
    Ok(queries::groups::seats(conn, id).await?)
}

/// Notes who came; whoever has a seat and is not named did not. May be done again.
pub(crate) async fn take_attendance(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
    id: GroupSessionId,
    came: &[UserId],
) -> Result<Vec<(SeatRow, String)>, MentoringError> {
    conn.transaction(async |conn| {
        let mut session = lock_own(conn, mentor, id).await?;
        if session.state != GroupState::Open {
            return Err(MentoringError::GroupClosed);
        }
        if now < session.starts_at {
            return Err(MentoringError::GroupNotStarted);
        }
        let seats = queries::groups::seats(conn, id).await?;
        let mut check = Check::new();
        for (at, user) in came.iter().enumerate() {
            let holds = |(seat, _): &(SeatRow, String)| {
                seat.mentee_id == *user && seat.state == SeatState::Confirmed
            };
            if !seats.iter().any(holds) {
                check.fail(format!("/attended/{at}"), Rule::NotFound);
            }
        }
        check.finish(Some(()))?;
        queries::groups::set_attendance(conn, now, id, came).await?;
        session.attendance_taken_at = Some(now);
        session.updated_at = now;
        queries::groups::update(conn, &session).await?;
        Ok(queries::groups::seats(conn, id).await?)
    })
    .await
}
