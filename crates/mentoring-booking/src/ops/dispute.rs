//! No-shows that the accused denies, and what staff decide.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, UserId};
use karya_db::OnConstraint;

use super::feedback::participant;
use super::transition::{record, view, write};
use crate::model::{
    Action, BookingRow, BookingState, DisputeOutcome, DisputeRow, Facts, NoShowParty, Party, step,
};
use crate::{MentoringError, claims, growth_jobs, queries};

/// How long after the report the accused may deny it.
const DISPUTED_WITHIN: TimeDelta = TimeDelta::hours(72);

/// Denies a no-show, as the side that is said to have been missing.
pub(crate) async fn dispute(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
    statement: String,
) -> Result<(DisputeRow, BookingRow), MentoringError> {
    conn.transaction(async |conn| {
        let (_, side) = participant(conn, user, id).await?;
        let booking = queries::feedback::lock_booking(conn, id)
            .await?
            .ok_or(MentoringError::BookingNotFound)?;
        if queries::disputes::find(conn, id).await?.is_some() {
            return Err(MentoringError::DisputeMade);
        }
        let accused = NoShowParty::from(side);
        if !matches!(booking.no_show_party, Some(party) if party == accused || party == NoShowParty::Both)
        {
            return Err(MentoringError::InvalidTransition);
        }
        let reported_at = queries::feedback::since(conn, id, BookingState::NoShow)
            .await?
            .unwrap_or(booking.updated_at);
        if reported_at + DISPUTED_WITHIN < now {
            return Err(MentoringError::WrongTime);
        }
        let row = DisputeRow {
            booking_id: id,
            opened_by: user,
            accused: side,
            statement,
            opened_at: now,
            outcome: None,
            note: None,
            resolved_by: None,
            resolved_at: None,
        };
        queries::disputes::insert(conn, &row)
            .await
            .on_constraint("booking_disputes_pkey", || MentoringError::DisputeMade)?;
        growth_jobs::announce_dispute(conn, &row).await?;
        Ok((row, booking))
    })
    .await
}

/// The dispute of a booking, for its two sides: without what staff wrote for each other. Two statements.
pub(crate) async fn show_dispute(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<(DisputeRow, BookingRow), MentoringError> {
    let (booking, _) = view(conn, user, id).await?;
    let row = queries::disputes::find(conn, id)
        .await?
        .ok_or(MentoringError::DisputeNotFound)?;
    Ok((DisputeRow { note: None, ..row }, booking))
}

/// Decides a dispute, or decides it otherwise than before. Only the booking's state tells what changes.
pub(crate) async fn resolve_dispute(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    staff: UserId,
    id: BookingId,
    (outcome, note): (DisputeOutcome, Option<String>),
) -> Result<(DisputeRow, BookingRow), MentoringError> {
    conn.transaction(async |conn| {
        let seen = queries::bookings::find(conn, id)
            .await?
            .ok_or(MentoringError::BookingNotFound)?;
        // Nobody judges in a matter of their own.
        if seen.mentor_id == staff || seen.mentee_id == staff {
            return Err(MentoringError::DisputeStaffRequired);
        }
        claims::lock(conn, now, &[seen.mentor_id, seen.mentee_id]).await?;
        let current = queries::feedback::lock_booking(conn, id)
            .await?
            .ok_or(MentoringError::BookingNotFound)?;
        let dispute = queries::disputes::find(conn, id)
            .await?
            .ok_or(MentoringError::DisputeNotFound)?;
        if dispute.outcome == Some(outcome) {
            // The reply got lost, and staff ask again.
            return Ok((dispute, current));
        }
        let booking = decide(conn, now, staff, current, &dispute, outcome).await?;
        let decided = DisputeRow {
            outcome: Some(outcome),
            note,
            resolved_by: Some(staff),
            resolved_at: Some(now),
            ..dispute
        };
        queries::disputes::resolve(conn, &decided).await?;
        growth_jobs::announce_dispute(conn, &decided).await?;
        Ok((decided, booking))
    })
    .await
}

async fn decide(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    staff: UserId,
    current: BookingRow,
    dispute: &DisputeRow,
    outcome: DisputeOutcome,
) -> Result<BookingRow, MentoringError> {
    let (action, reason) = match outcome {
        DisputeOutcome::Completed => (Action::Acquit, "dispute_upheld"),
        DisputeOutcome::NoShow => (Action::Convict, "dispute_rejected"),
    };
    if outcome == DisputeOutcome::NoShow && current.state == BookingState::NoShow {
        let mut upheld = current;
        upheld.reason_code = Some(reason.to_owned());
        record(conn, now, Some(staff), Some(upheld.state), &upheld).await?;
        return Ok(upheld);
    }
    let facts = Facts {
        now,
        starts_at: current.starts_at,
        ends_at: current.ends_at,
        expires_at: None,
        suspended_from: None,
        reschedule_count: current.reschedule_count,
        needs_approval: false,
        checked_in: false,
    };
    let next = step(current.state, action, Party::Staff, &facts)?;
    let booking = BookingRow {
        state: next,
        no_show_party: (next == BookingState::NoShow).then(|| dispute.accused.into()),
        reason_code: Some(reason.to_owned()),
        version: current.version + 1,
        updated_at: now,
        ..current.clone()
    };
    write(conn, now, (Some(staff), action), &current, &booking).await?;
    Ok(booking)
}
