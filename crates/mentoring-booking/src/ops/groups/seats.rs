//! What mentees do: come, go, wait, and take what they are offered.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{GroupSessionId, UserId};
use uuid::Uuid;

use super::floor::{Floor, time};
use super::host::refused;
use crate::availability::{Availability, Session, standing_alerts};
use crate::group_jobs::{self, Notice};
use crate::model::{GroupRow, SeatState, WaitlistRow, WaitlistState};
use crate::slots::{Interval, Refusal};
use crate::{MentoringError, claims, queries};

async fn lock(
    conn: &mut AsyncPgConnection,
    id: GroupSessionId,
) -> Result<GroupRow, MentoringError> {
    queries::groups::lock(conn, id)
        .await?
        .ok_or(MentoringError::GroupNotFound)
}

/// The locked session with the mentee's part in it; refused to its own mentor.
async fn enter(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GroupSessionId,
) -> Result<Floor, MentoringError> {
    let session = lock(conn, id).await?;
    if session.mentor_id == user {
        return Err(MentoringError::GroupOwn);
    }
    let seat = queries::groups::seat_of(conn, id, user).await?;
    let mentor = session.mentor_id;
    let floor = Floor::around(conn, now, session, (Some(user), seat), 0).await?;
    // Under the lock of the mentee's calendar, which whoever blocks somebody holds too.
    if queries::blocks::between(conn, mentor, user).await? {
        return Err(MentoringError::GroupNotFound);
    }
    Ok(floor)
}

/// Takes a seat, at once. Whoever has one keeps it; an offered one is accepted.
pub(crate) async fn join(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let mut floor = enter(conn, now, user, id).await?;
        if has_seat(&floor) {
            return Ok(());
        }
        floor.check_open(now)?;
        floor.settle(conn, now).await?;
        if has_seat(&floor) {
            return Ok(());
        }
        if floor.seat.is_some() {
            return confirm(conn, now, user, &mut floor).await;
        }
        if floor.session.free() <= 0 {
            return Err(MentoringError::GroupFull);
        }
        let interval = time(&floor.session);
        if !claims::busy(conn, now, &[user], interval).await?.is_empty() {
            return Err(MentoringError::MenteeBusy);
        }
        if is_blacked_out(conn, now, &floor).await? {
            return Err(refused(Refusal::Blackout));
        }
        let seat = floor.take(conn, now, user, SeatState::Confirmed).await?;
        if let Some(entry) = floor.entry.take() {
            accepted(conn, now, entry, seat.id).await?;
        }
        group_jobs::tell(conn, id, user, Notice::Joined).await?;
        Ok(())
    })
    .await
}

fn has_seat(floor: &Floor) -> bool {
    let seat = floor.seat.as_ref();
    seat.is_some_and(|seat| seat.state == SeatState::Confirmed)
}

async fn is_blacked_out(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    floor: &Floor,
) -> Result<bool, MentoringError> {
    let alerts = standing_alerts(conn, now).await?;
    let (starts_at, ends_at) = time(&floor.session);
    let session = Session::any(floor.session.mode);
    let interval = Interval::new(starts_at, ends_at).ok();
    let blacked_out = floor
        .calendar()
        .zip(interval)
        .is_some_and(|(calendar, interval)| {
            Availability::of(calendar.clone(), &alerts).is_blacked_out(session, interval)
        });
    Ok(blacked_out)
}

async fn accepted(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    entry: WaitlistRow,
    seat: Uuid,
) -> Result<(), MentoringError> {
    let entry = WaitlistRow {
        state: WaitlistState::Accepted,
        seat_id: Some(seat),
        offer_expires_at: None,
        updated_at: now,
        ..entry
    };
    queries::waitlist::update(conn, &entry).await?;
    Ok(())
}

/// Makes the held seat theirs.
async fn confirm(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    floor: &mut Floor,
) -> Result<(), MentoringError> {
    let held = floor.seat.take().zip(floor.entry.take());
    let (seat, entry) = held.ok_or(MentoringError::GroupNoOffer)?;
    queries::groups::set_seats(conn, now, &[seat.id], SeatState::Confirmed).await?;
    accepted(conn, now, entry, seat.id).await?;
    group_jobs::tell(conn, floor.session.id, user, Notice::Joined).await
}

/// Takes the seat that is held for them.
pub(crate) async fn accept(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let mut floor = enter(conn, now, user, id).await?;
        if has_seat(&floor) {
            return Ok(());
        }
        floor.check_open(now)?;
        if floor.is_too_late() {
            return Err(MentoringError::GroupOfferExpired);
        }
        confirm(conn, now, user, &mut floor).await?;
        floor.settle(conn, now).await
    })
    .await
}

/// Gives up a seat, an offer or a place in the line, whichever they have; what is free goes to the next in line.
pub(crate) async fn leave(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let session = lock(conn, id).await?;
        let seat = queries::groups::seat_of(conn, id, user).await?;
        if seat.is_some() && session.starts_at <= now {
            return Err(MentoringError::GroupClosed);
        }
        let freeing = i16::from(seat.is_some());
        let mut floor = Floor::around(conn, now, session, (Some(user), seat), freeing).await?;
        // A lapsed offer goes back by itself.
        if !floor.is_too_late() {
            if let Some(seat) = floor.seat.take() {
                floor.give_back(conn, now, &[seat.id]).await?;
            }
            if let Some(entry) = floor.entry.take() {
                queries::waitlist::close(conn, now, &[entry.id], WaitlistState::Left).await?;
                floor.forget(entry.id);
            }
        }
        floor.settle(conn, now).await
    })
    .await
}

/// Joins the end of the line.
pub(crate) async fn wait(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let mut floor = enter(conn, now, user, id).await?;
        floor.check_open(now)?;
        floor.settle(conn, now).await?;
        if floor.seat.is_some() || floor.entry.is_some() {
            return Ok(());
        }
        if floor.session.free() > 0 {
            return Err(MentoringError::GroupSeatsFree);
        }
        let most = usize::try_from(floor.session.waitlist_capacity).unwrap_or_default();
        if floor.waiting >= most {
            return Err(MentoringError::GroupWaitlistFull);
        }
        let position = floor.session.next_position;
        let entry = WaitlistRow {
            id: Uuid::now_v7(),
            session_id: id,
            mentee_id: user,
            position,
            state: WaitlistState::Waiting,
            seat_id: None,
            offer_expires_at: None,
            created_at: now,
            updated_at: now,
        };
        queries::waitlist::insert(conn, &entry).await?;
        floor.session.next_position = position + 1;
        queries::groups::update(conn, &floor.session).await?;
        Ok(())
    })
    .await
}

/// Takes lapsed offers back and fills what is free. Changes nothing where nothing is due.
pub(crate) async fn tend(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: GroupSessionId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let Some(session) = queries::groups::lock(conn, id).await? else {
            return Ok(());
        };
        let mut floor = Floor::around(conn, now, session, (None, None), 0).await?;
        floor.settle(conn, now).await
    })
    .await
}
