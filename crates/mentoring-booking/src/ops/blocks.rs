//! Blocking: neither of two people can book, hold, join or propose anything with the other any more.
//!
//! To either it looks as if the other offered nothing. What is called off looks as if it had been called off without a
//! block, and nobody is told why.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, GroupSessionId, Invalid, PageSize, Rule, UserId};
use karya_jobs::enqueue_all;
use uuid::Uuid;

use super::mentorship::YOURSELF;
use super::transition::{cancel_all, view};
use crate::group_jobs;
use crate::jobs::{self, Notice};
use crate::model::{
    BlockId, BlockRow, BookingRow, GroupRow, MentorshipRow, MentorshipState, Party, SeatState,
    WaitlistState,
};
use crate::queries::blocks as queries;
use crate::{MentoringError, claims, growth_jobs};

/// Why sessions are off, for both to read: as anybody may say who cancels.
const REASON: &str = "other";

/// Who is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Person(UserId),
    /// The other side of a booking of one's own.
    Booking(BookingId),
}

/// A block, how the blocked one is called, and whether it is new.
#[derive(Debug)]
pub(crate) struct Blocked {
    pub(crate) row: BlockRow,
    pub(crate) name: String,
    pub(crate) is_new: bool,
}

/// Blocks somebody, and calls off what the two have ahead. Doing it again changes nothing.
///
/// Under the lock of both calendars, and of the group sessions of both before it: whoever books, joins or proposes
/// looks for a block under the lock of a calendar of these, so that nothing slips by.
pub(crate) async fn block(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    target: Target,
) -> Result<Blocked, MentoringError> {
    conn.transaction(async |conn| {
        let (other, pointer) = match target {
            Target::Person(other) => (other, "/user_id"),
            Target::Booking(id) => match view(conn, user, id).await? {
                (booking, Party::Mentor) => (booking.mentee_id, "/booking_id"),
                (booking, _) => (booking.mentor_id, "/booking_id"),
            },
        };
        if other == user {
            return Err(Invalid::body(pointer, YOURSELF).into());
        }
        let name = queries::name(conn, other)
            .await?
            .ok_or_else(|| Invalid::body(pointer, Rule::NotFound))?;
        let pair = [user, other];
        let sessions = queries::lock_groups(conn, pair, now).await?;
        claims::lock(conn, now, &pair).await?;
        let row = BlockRow {
            id: BlockId::fresh(),
            blocker_id: user,
            blocked_id: other,
            created_at: now,
        };
        if queries::insert(conn, &row).await? == 0 {
            let row = queries::find(conn, user, other).await?;
            let is_new = false;
            return Ok(Blocked { row, name, is_new });
        }
        let ahead = queries::bookings_ahead(conn, pair, now).await?;
        let (given, taken): (Vec<_>, Vec<_>) =
            ahead.into_iter().partition(|one| one.mentor_id == user);
        for (party, ahead) in [(Party::Mentor, given), (Party::Mentee, taken)] {
            call_off(conn, now, (user, party), &ahead).await?;
        }
        let holds = queries::holds(conn, pair).await?;
        claims::release(conn, &holds).await?;
        leave_groups(conn, now, &sessions, pair).await?;
        for mentorship in queries::lock_mentorships(conn, pair).await? {
            part(conn, now, mentorship, user).await?;
        }
        let is_new = true;
        Ok(Blocked { row, name, is_new })
    })
    .await
}

/// Cancels sessions in the name of whoever blocks, who is never late with that.
async fn call_off(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: (UserId, Party),
    ahead: &[BookingRow],
) -> Result<(), MentoringError> {
    let off = cancel_all(conn, now, by, ahead, REASON).await?;
    let ids: Vec<BookingId> = off.iter().map(|booking| booking.id).collect();
    queries::excuse(conn, &ids).await?;
    let mut mails = Vec::new();
    for booking in &off {
        mails.extend(jobs::announcements(booking, Notice::Cancelled)?);
    }
    Ok(enqueue_all(conn, mails).await?)
}

/// Takes both out of the group sessions of the other. Wants the sessions and both calendars locked.
async fn leave_groups(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    sessions: &[GroupRow],
    pair: [UserId; 2],
) -> Result<(), MentoringError> {
    use crate::queries::{groups, waitlist};
    let ids: Vec<GroupSessionId> = sessions.iter().map(|session| session.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let places = queries::places(conn, &ids, pair).await?;
    let places: Vec<Uuid> = places.iter().map(|entry| entry.id).collect();
    waitlist::close(conn, now, &places, WaitlistState::Left).await?;
    let seats = queries::seats(conn, &ids, pair).await?;
    let refs: Vec<Uuid> = seats.iter().map(|seat| seat.id).collect();
    groups::set_seats(conn, now, &refs, SeatState::Released).await?;
    claims::release(conn, &refs).await?;
    for seat in seats {
        groups::count_out(conn, seat.session_id, 1).await?;
        let notice = group_jobs::Notice::Released;
        group_jobs::tell(conn, seat.session_id, seat.mentee_id, notice).await?;
        // Who is next in line is asked once this is over: their calendars are not locked.
        group_jobs::tend_soon(conn, seat.session_id).await?;
    }
    Ok(())
}

/// Declines or ends a mentorship of the two in the name of whoever blocks.
async fn part(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mut row: MentorshipRow,
    blocker: UserId,
) -> Result<(), MentoringError> {
    let side = row.side(blocker);
    if row.state == MentorshipState::Proposed && side != Some(row.proposed_by) {
        row.state = MentorshipState::Declined;
    } else {
        row.state = MentorshipState::Ended;
        row.ended_by = side.map(Party::from);
    }
    row.version += 1;
    row.updated_at = now;
    crate::queries::mentorships::update(conn, &row).await?;
    growth_jobs::announce_mentorship(conn, &row).await
}

/// Whom somebody has blocked, with their names. `after`: the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    user: UserId,
    (size, after): (PageSize, Option<BlockId>),
) -> Result<Vec<(BlockRow, String)>, MentoringError> {
    Ok(queries::list(conn, user, size, after).await?)
}

/// Ends a block. What was called off stays off.
pub(crate) async fn unblock(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: BlockId,
) -> Result<(), MentoringError> {
    match queries::delete(conn, user, id).await? {
        0 => Err(MentoringError::BlockNotFound),
        _ => Ok(()),
    }
}

/// Whether the viewer is to see somebody: not where one of the two has blocked the other.
pub(crate) async fn is_hidden(
    conn: &AsyncPgConnection,
    viewer: Option<UserId>,
    person: UserId,
) -> Result<bool, MentoringError> {
    match viewer {
        Some(viewer) if viewer != person => Ok(queries::between(conn, viewer, person).await?),
        _ => Ok(false),
    }
}
