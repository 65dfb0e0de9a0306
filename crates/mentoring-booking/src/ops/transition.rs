//! What happens to a booking after it was made.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, UserId};
use karya_jobs::enqueue_all;
use uuid::Uuid;

use super::book::{answer_by, claim_kind};
use super::place::{Room, Wish};
use crate::jobs::{self, Notice};
use crate::model::{
    Action, BookingEvent, BookingRow, BookingState, ClaimKind, Facts, NoShowParty, OfferingRow,
    Party, Refused, step,
};
use crate::{MentoringError, claims, queries};

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) action: Action,
    /// Why, by a code; for declining and cancelling.
    pub(crate) reason_code: Option<String>,
    /// When to, for moving.
    pub(crate) starts_at: Option<DateTime<Utc>>,
    /// The version that the caller has seen, if it matters.
    pub(crate) expected: Option<i32>,
}

/// A booking and what `user` is in it; for others it does not exist.
pub(crate) async fn view(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<(BookingRow, Party), MentoringError> {
    let booking = queries::bookings::find(conn, id)
        .await?
        .ok_or(MentoringError::BookingNotFound)?;
    let party = party(&booking, user).ok_or(MentoringError::BookingNotFound)?;
    Ok((booking, party))
}

/// What `user` is in a booking.
pub(crate) fn party(booking: &BookingRow, user: UserId) -> Option<Party> {
    if booking.mentor_id == user {
        Some(Party::Mentor)
    } else if booking.mentee_id == user {
        Some(Party::Mentee)
    } else {
        None
    }
}

/// Carries out what a participant asks for.
pub(crate) async fn transition(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
    change: Change,
) -> Result<(BookingRow, Party), MentoringError> {
    conn.transaction(async |conn| {
        let (seen, party) = view(conn, user, id).await?;
        let people = [seen.mentor_id, seen.mentee_id];
        if change.action == Action::Reschedule {
            // Finding room locks these again: nobody new may come after the others.
            let owners = with_lapsed(conn, now, people).await?;
            claims::lock(conn, now, &owners).await?;
        } else {
            claims::lock(conn, now, &people).await?;
        }
        // Who is in it never changes; everything else may have, while we waited.
        let (current, _) = view(conn, user, id).await?;
        let changed = apply(conn, now, (Some(user), party), current, change).await?;
        Ok((changed, party))
    })
    .await
}

/// Carries out what a deadline or an alert asks for. What no longer fits changes nothing; says whether it did.
pub(super) async fn by_system(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
    (action, reason_code): (Action, Option<&str>),
) -> Result<bool, MentoringError> {
    conn.transaction(async |conn| {
        let Some(seen) = queries::bookings::find(conn, id).await? else {
            return Ok(false);
        };
        claims::lock(conn, now, &[seen.mentor_id, seen.mentee_id]).await?;
        let Some(current) = queries::bookings::find(conn, id).await? else {
            return Ok(false);
        };
        let change = Change {
            action,
            reason_code: reason_code.map(str::to_owned),
            starts_at: None,
            expected: None,
        };
        match apply(conn, now, (None, Party::System), current, change).await {
            Ok(_) => Ok(true),
            Err(MentoringError::InvalidTransition | MentoringError::WrongTime) => Ok(false),
            Err(error) => Err(error),
        }
    })
    .await
}

/// Ends a request that nobody answered.
pub(crate) async fn lapse(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    by_system(conn, now, id, (Action::Expire, None)).await?;
    Ok(())
}

/// Closes a session that took place and that the mentor did not close.
pub(crate) async fn finish(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: BookingId,
) -> Result<(), MentoringError> {
    by_system(conn, now, id, (Action::Complete, None)).await?;
    Ok(())
}

/// These people, and the other sides of their requests that lapsed: whose calendars [`lapse_due`] wants.
pub(super) async fn with_lapsed(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    people: [UserId; 2],
) -> Result<Vec<UserId>, MentoringError> {
    let lapsed = queries::bookings::lapsed(conn, &people, now).await?;
    let sides = lapsed
        .iter()
        .flat_map(|booking| [booking.mentor_id, booking.mentee_id]);
    let mut owners: Vec<UserId> = people.into_iter().chain(sides).collect();
    owners.sort_unstable();
    owners.dedup();
    Ok(owners)
}

/// Ends the holds and requests of these people that lapsed, before their jobs come round. Wants all their calendars
/// locked.
pub(super) async fn lapse_due(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    owners: &[UserId],
) -> Result<(), MentoringError> {
    let (holds, lapsed) = tokio::try_join!(
        claims::lapsed_holds(conn, now, owners),
        queries::bookings::lapsed(conn, owners, now),
    )?;
    if !holds.is_empty() {
        // Both sides of a hold: the other side's owner need not be locked to lose a claim.
        claims::release(conn, &holds).await?;
    }
    let is_locked = |booking: &BookingRow| {
        owners.contains(&booking.mentor_id) && owners.contains(&booking.mentee_id)
    };
    for current in lapsed.into_iter().filter(is_locked) {
        let expired = BookingRow {
            state: BookingState::Expired,
            expires_at: None,
            version: current.version + 1,
            updated_at: now,
            ..current.clone()
        };
        match write(conn, now, (None, Action::Expire), &current, &expired).await {
            // Its own job was faster.
            Ok(()) | Err(MentoringError::StaleVersion) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Applies the rules. Wants the calendars locked.
async fn apply(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (actor, party): (Option<UserId>, Party),
    current: BookingRow,
    change: Change,
) -> Result<BookingRow, MentoringError> {
    if is_repetition(&current, party, &change) {
        return Ok(current);
    }
    MentoringError::unless_fresh(change.expected, current.version)?;
    let offering = queries::offerings::find(conn, current.offering_id)
        .await?
        .ok_or(MentoringError::OfferingNotFound)?;
    let mut booking = decide(now, party, &offering, &current, &change)?;
    if change.action == Action::Reschedule {
        move_booking(conn, now, &mut booking, &change).await?;
    }
    write(conn, now, (actor, change.action), &current, &booking).await?;
    Ok(booking)
}

/// What becomes of a booking by the rules alone; where it moves to is found out later.
pub(super) fn decide(
    now: DateTime<Utc>,
    party: Party,
    offering: &OfferingRow,
    current: &BookingRow,
    change: &Change,
) -> Result<BookingRow, MentoringError> {
    let facts = Facts {
        now,
        starts_at: current.starts_at,
        ends_at: current.ends_at,
        expires_at: current.expires_at,
        suspended_from: current.suspended_from,
        reschedule_count: current.reschedule_count,
        needs_approval: offering.needs_approval,
        checked_in: current.mentor_checked_in_at.is_some()
            || current.mentee_checked_in_at.is_some(),
    };
    let next = step(current.state, change.action, party, &facts)?;
    let mut booking = BookingRow {
        state: next,
        suspended_from: (next == BookingState::Suspended).then_some(current.state),
        expires_at: (next == BookingState::Requested).then(|| {
            let answer_by = || answer_by(now, current.starts_at);
            // A session that was held up has none.
            current.expires_at.unwrap_or_else(answer_by)
        }),
        reason_code: change.reason_code.clone(),
        version: current.version + 1,
        updated_at: now,
        ..current.clone()
    };
    match change.action {
        Action::Cancel => {
            booking.cancelled_by = Some(party);
            let notice = TimeDelta::minutes(offering.cancel_notice_min.into());
            // Nobody is late where a disaster held the session up.
            booking.late = current.state == BookingState::Confirmed
                && matches!(party, Party::Mentor | Party::Mentee)
                && current.starts_at - notice < now;
            booking.sequence += 1;
        }
        Action::ReportNoShow => {
            booking.no_show_party = Some(NoShowParty::accused_by(party));
        }
        Action::CheckIn if party == Party::Mentor => booking.mentor_checked_in_at = Some(now),
        Action::CheckIn => booking.mentee_checked_in_at = Some(now),
        Action::Reschedule => {
            if party == Party::Mentee && current.state != BookingState::Suspended {
                booking.reschedule_count += 1;
            }
            // Nobody has come to the new time yet.
            booking.mentor_checked_in_at = None;
            booking.mentee_checked_in_at = None;
        }
        Action::Suspend | Action::Resume => booking.sequence += 1,
        Action::Approve | Action::Decline | Action::Expire | Action::Complete => {}
        // They have an operation of their own.
        Action::Acquit | Action::Convict => return Err(MentoringError::InvalidTransition),
    }
    Ok(booking)
}

/// Cancels several bookings of the same two people, and tells nobody. Those that can no longer be cancelled are left
/// out. Wants the calendars locked; returns what was cancelled.
pub(super) async fn cancel_all(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, party): (UserId, Party),
    bookings: &[BookingRow],
    reason_code: &str,
) -> Result<Vec<BookingRow>, MentoringError> {
    let Some(first) = bookings.first() else {
        return Ok(Vec::new());
    };
    let offering = queries::offerings::find(conn, first.offering_id)
        .await?
        .ok_or(MentoringError::OfferingNotFound)?;
    let change = Change {
        action: Action::Cancel,
        reason_code: Some(reason_code.to_owned()),
        starts_at: None,
        expected: None,
    };
    let (mut cancelled, mut events) = (Vec::new(), Vec::new());
    for current in bookings {
        let Ok(after) = decide(now, party, &offering, current, &change) else {
            continue;
        };
        if queries::bookings::update(conn, &after).await? == 0 {
            return Err(MentoringError::StaleVersion);
        }
        events.push(event(now, Some(user), Some(current.state), &after));
        cancelled.push(after);
    }
    if cancelled.is_empty() {
        return Ok(cancelled);
    }
    let refs: Vec<Uuid> = cancelled.iter().map(|row| row.id.as_uuid()).collect();
    claims::release(conn, &refs).await?;
    queries::bookings::insert_events(conn, &events).await?;
    Ok(cancelled)
}

/// Writes the booking, its claims, its history, its mails and its deadlines.
pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: (Option<UserId>, Action),
    before: &BookingRow,
    after: &BookingRow,
) -> Result<(), MentoringError> {
    write_all(conn, now, by, &[(before, after)]).await
}

/// The same for several bookings, each as it was and as it is from now on.
pub(super) async fn write_all(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (actor, action): (Option<UserId>, Action),
    turns: &[(&BookingRow, &BookingRow)],
) -> Result<(), MentoringError> {
    if turns.is_empty() {
        return Ok(());
    }
    for (_, after) in turns {
        if queries::bookings::update(conn, after).await? == 0 {
            return Err(MentoringError::StaleVersion);
        }
    }
    settle_claims(conn, turns).await?;
    let_go(conn, turns).await?;
    let events: Vec<BookingEvent> = turns
        .iter()
        .map(|(before, after)| event(now, actor, Some(before.state), after))
        .collect();
    queries::bookings::insert_events(conn, &events).await?;
    let mut jobs = Vec::new();
    for (before, after) in turns {
        super::mentors::update_response_time(conn, action, after.mentor_id).await?;
        super::tally::settle(conn, now, before, after).await?;
        if matches!(action, Action::Decline | Action::Expire) {
            super::cascade::pass_on(conn, after.id).await?;
        }
        if let Some(notice) = notice(actor, action, after) {
            jobs.extend(jobs::announcements(after, notice)?);
        }
        if after.state.is_live() && has_moved(before, after) {
            jobs.extend(jobs::deadlines(now, after)?);
        }
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// Forgets which alerts held those up that no longer are.
async fn let_go(
    conn: &mut AsyncPgConnection,
    turns: &[(&BookingRow, &BookingRow)],
) -> Result<(), MentoringError> {
    let is_freed = |(before, after): &&(&BookingRow, &BookingRow)| {
        before.state == BookingState::Suspended && after.state != BookingState::Suspended
    };
    let freed: Vec<BookingId> = turns
        .iter()
        .filter(is_freed)
        .map(|(_, after)| after.id)
        .collect();
    if !freed.is_empty() {
        queries::alerts::free_bookings(conn, None, &freed).await?;
    }
    Ok(())
}

/// Whether the same party already did the same: the reply got lost, and the client asks again.
fn is_repetition(booking: &BookingRow, party: Party, change: &Change) -> bool {
    match change.action {
        Action::Approve => booking.state == BookingState::Confirmed && party == Party::Mentor,
        Action::Decline => booking.state == BookingState::Declined && party == Party::Mentor,
        Action::Cancel => booking.cancelled_by == Some(party),
        Action::CheckIn => match party {
            Party::Mentor => booking.mentor_checked_in_at.is_some(),
            _ => booking.mentee_checked_in_at.is_some(),
        },
        Action::Complete => booking.state == BookingState::Completed,
        Action::Reschedule => {
            booking.sequence > 0
                && change.starts_at == Some(booking.starts_at)
                && booking.state.is_live()
        }
        Action::ReportNoShow => {
            let accused = NoShowParty::accused_by(party);
            booking.no_show_party == Some(accused)
        }
        Action::Expire | Action::Suspend | Action::Resume | Action::Acquit | Action::Convict => {
            false
        }
    }
}

/// Finds room at the new time, and moves the booking there. Id and UID of the invitation stay.
async fn move_booking(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    booking: &mut BookingRow,
    change: &Change,
) -> Result<(), MentoringError> {
    let minutes = (booking.ends_at - booking.starts_at).num_minutes();
    let wish = Wish {
        offering: booking.offering_id,
        starts_at: change.starts_at.unwrap_or(booking.starts_at),
        duration_min: i16::try_from(minutes).ok(),
    };
    let own = booking.id.as_uuid();
    let room = Room::find(conn, now, booking.mentee_id, wish, Some(own)).await?;
    booking.starts_at = room.starts_at;
    booking.ends_at = room.ends_at;
    booking.sequence += 1;
    if booking.state == BookingState::Requested {
        booking.expires_at = Some(answer_by(now, room.starts_at));
    }
    Ok(())
}

/// Whether its time, its state or its deadline changed: what deadlines follow from.
fn has_moved(before: &BookingRow, after: &BookingRow) -> bool {
    (before.starts_at, before.state, before.expires_at)
        != (after.starts_at, after.state, after.expires_at)
}

/// The time that a booking keeps, and how; none if it keeps none.
fn claimed(booking: &BookingRow) -> Option<((DateTime<Utc>, DateTime<Utc>), ClaimKind)> {
    // What took place, or should have, keeps its time: it counts towards the mentor's caps.
    let keeps = booking.state.is_live()
        || matches!(
            booking.state,
            BookingState::Completed | BookingState::NoShow
        );
    let time = (booking.starts_at, booking.ends_at);
    keeps.then_some((time, claim_kind(booking)))
}

/// Makes the claims say what the bookings say.
async fn settle_claims(
    conn: &mut AsyncPgConnection,
    turns: &[(&BookingRow, &BookingRow)],
) -> Result<(), MentoringError> {
    let mut gone = Vec::new();
    for (before, after) in turns {
        let claim = claimed(after);
        if claim == claimed(before) && before.expires_at == after.expires_at {
            continue;
        }
        let ref_id: Uuid = after.id.as_uuid();
        match claim {
            Some((time, kind)) => {
                claims::move_to(conn, ref_id, time, (kind, after.expires_at)).await?;
            }
            None => gone.push(ref_id),
        }
    }
    if !gone.is_empty() {
        claims::release(conn, &gone).await?;
    }
    Ok(())
}

/// Writes the history.
pub(super) async fn record(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    actor: Option<UserId>,
    from: Option<BookingState>,
    booking: &BookingRow,
) -> Result<(), MentoringError> {
    queries::bookings::insert_event(conn, &event(now, actor, from, booking)).await?;
    Ok(())
}

pub(super) fn event(
    now: DateTime<Utc>,
    actor: Option<UserId>,
    from: Option<BookingState>,
    booking: &BookingRow,
) -> BookingEvent {
    BookingEvent {
        id: Uuid::now_v7(),
        booking_id: booking.id,
        at: now,
        actor_id: actor,
        from_state: from,
        to_state: booking.state,
        reason_code: booking.reason_code.clone(),
    }
}

/// What the people are told, if anything.
fn notice(actor: Option<UserId>, action: Action, booking: &BookingRow) -> Option<Notice> {
    let is_asked = booking.state == BookingState::Requested && actor != Some(booking.mentor_id);
    Some(match action {
        Action::Approve => Notice::Confirmed,
        Action::Reschedule | Action::Resume if is_asked => Notice::Requested,
        Action::Resume => Notice::Resumed,
        Action::Decline => Notice::Declined,
        Action::Expire => Notice::Expired,
        Action::Cancel => Notice::Cancelled,
        Action::Reschedule => Notice::Moved,
        Action::Suspend => Notice::Suspended,
        Action::CheckIn
        | Action::ReportNoShow
        | Action::Complete
        | Action::Acquit
        | Action::Convict => return None,
    })
}

impl From<Refused> for MentoringError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Transition => Self::InvalidTransition,
            Refused::Timing => Self::WrongTime,
            Refused::TooManyMoves => Self::TooManyMoves,
        }
    }
}
