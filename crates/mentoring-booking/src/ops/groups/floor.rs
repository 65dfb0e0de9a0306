//! What every change of seats has in common: who is locked, whose offers lapsed, and who is next.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::UserId;
use uuid::Uuid;

use super::host::refused;
use crate::claims::{self, Claim};
use crate::group_jobs::{self, Notice};
use crate::model::{
    CalendarRow, ClaimKind, GroupRow, SeatRow, SeatState, WaitlistRow, WaitlistState,
};
use crate::ops::transition;
use crate::queries::people::Host;
use crate::slots::Refusal;
use crate::{MentoringError, queries};

/// How long a seat is kept for somebody from the waitlist.
const OFFER_FOR: TimeDelta = TimeDelta::hours(2);

/// Within this time before the start nobody is asked: the next in line has the seat.
const AT_ONCE_WITHIN: TimeDelta = TimeDelta::hours(24);

/// How many more than needed are locked, in case one of them gets busy meanwhile.
const SPARE: usize = 2;

/// A locked session, with the calendars of all whom a change can concern locked too.
pub(super) struct Floor {
    pub(super) session: GroupRow,
    /// The seat of whoever acts.
    pub(super) seat: Option<SeatRow>,
    /// Their place in the line.
    pub(super) entry: Option<WaitlistRow>,
    /// How many wait.
    pub(super) waiting: usize,
    actor: Option<UserId>,
    host: Option<Host>,
    calendars: Vec<CalendarRow>,
    /// Offers that nobody took in time.
    lapsed: Vec<WaitlistRow>,
    /// Who may get a seat, in order.
    next: Vec<WaitlistRow>,
    /// Whether others wait behind them.
    is_longer: bool,
}

impl Floor {
    /// Locks the calendars. Wants the session locked; `freeing`: how many seats the caller is about to give back.
    pub(super) async fn around(
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        session: GroupRow,
        (actor, seat): (Option<UserId>, Option<SeatRow>),
        freeing: i16,
    ) -> Result<Self, MentoringError> {
        let host = queries::people::host(conn, session.mentor_id).await?;
        let line = queries::waitlist::line(conn, session.id).await?;
        let entry = line
            .iter()
            .find(|entry| Some(entry.mentee_id) == actor)
            .cloned();
        let (lapsed, line): (Vec<_>, Vec<_>) = line
            .into_iter()
            .partition(|entry| entry.offer_expires_at.is_some_and(|until| until <= now));
        let mut waiting: Vec<_> = line
            .into_iter()
            .filter(|entry| entry.state == WaitlistState::Waiting)
            .collect();
        let waits = waiting.len();
        let free = session.free() + freeing;
        let free = usize::try_from(free).unwrap_or_default() + lapsed.len();
        if free == 0 || check_open(now, &session, host.as_ref()).is_err() {
            waiting.clear();
        }
        if !waiting.is_empty() {
            let busy = claims::busy(conn, now, &people(&waiting), time(&session)).await?;
            waiting.retain(|entry| !busy.contains(&entry.mentee_id));
        }
        let is_longer = waiting.len() > free + SPARE;
        waiting.truncate(free + SPARE);
        let mut owners: Vec<UserId> = actor.into_iter().collect();
        owners.extend(people(&lapsed));
        owners.extend(people(&waiting));
        owners.sort_unstable();
        owners.dedup();
        let calendars = claims::lock(conn, now, &owners).await?;
        transition::lapse_due(conn, now, &owners).await?;
        Ok(Self {
            session,
            seat,
            entry,
            waiting: waits,
            actor,
            host,
            calendars,
            lapsed,
            next: waiting,
            is_longer,
        })
    }

    /// The calendar of whoever acts.
    pub(super) fn calendar(&self) -> Option<&CalendarRow> {
        let actor = self.actor?;
        self.calendars.iter().find(|row| row.user_id == actor)
    }

    /// Refuses whoever wants to come in where nobody can.
    pub(super) fn check_open(&self, now: DateTime<Utc>) -> Result<(), MentoringError> {
        check_open(now, &self.session, self.host.as_ref())
    }

    /// Whether the actor's own offer lapsed.
    pub(super) fn is_too_late(&self) -> bool {
        let actor = self.actor;
        self.lapsed
            .iter()
            .any(|entry| Some(entry.mentee_id) == actor)
    }

    /// Leaves a place in the line out of account.
    pub(super) fn forget(&mut self, entry: Uuid) {
        self.next.retain(|next| next.id != entry);
    }

    /// Takes back what nobody took, and gives what is free to the next in line.
    pub(super) async fn settle(
        &mut self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> Result<(), MentoringError> {
        let lapsed = std::mem::take(&mut self.lapsed);
        if !lapsed.is_empty() {
            let entries: Vec<Uuid> = lapsed.iter().map(|entry| entry.id).collect();
            let seats: Vec<Uuid> = lapsed.iter().filter_map(|entry| entry.seat_id).collect();
            queries::waitlist::close(conn, now, &entries, WaitlistState::Lapsed).await?;
            self.give_back(conn, now, &seats).await?;
            if self
                .seat
                .as_ref()
                .is_some_and(|seat| seats.contains(&seat.id))
            {
                self.seat = None;
                self.entry = None;
            }
        }
        if self.session.free() <= 0 || self.next.is_empty() {
            return Ok(());
        }
        let next = std::mem::take(&mut self.next);
        // Looked at again under the lock.
        let busy = claims::busy(conn, now, &people(&next), time(&self.session)).await?;
        let mut seated = Vec::new();
        for entry in next {
            if self.session.free() > 0 && !busy.contains(&entry.mentee_id) {
                seated.push(entry.mentee_id);
                self.promote(conn, now, entry).await?;
                self.waiting = self.waiting.saturating_sub(1);
            }
        }
        if self.session.free() > 0 && self.is_longer {
            group_jobs::tend_soon(conn, self.session.id).await?;
        }
        Ok(())
    }

    /// Gives somebody from the line a seat, or offers it.
    async fn promote(
        &mut self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        mut entry: WaitlistRow,
    ) -> Result<(), MentoringError> {
        let at_once = self.session.starts_at - now < AT_ONCE_WITHIN;
        let state = if at_once {
            SeatState::Confirmed
        } else {
            SeatState::Held
        };
        let seat = self.take(conn, now, entry.mentee_id, state).await?;
        entry.seat_id = Some(seat.id);
        entry.updated_at = now;
        let session = self.session.id;
        if at_once {
            entry.state = WaitlistState::Accepted;
            group_jobs::tell(conn, session, entry.mentee_id, Notice::Seated).await?;
        } else {
            entry.state = WaitlistState::Offered;
            entry.offer_expires_at = Some(now + OFFER_FOR);
            group_jobs::tell(conn, session, entry.mentee_id, Notice::Offered).await?;
            group_jobs::tend_after(conn, session, entry.id, OFFER_FOR).await?;
        }
        queries::waitlist::update(conn, &entry).await?;
        if Some(entry.mentee_id) == self.actor {
            self.seat = Some(seat);
            self.entry = (!at_once).then_some(entry);
        }
        Ok(())
    }

    /// A seat for somebody whose calendar is locked and free at that time.
    pub(super) async fn take(
        &mut self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        mentee: UserId,
        state: SeatState,
    ) -> Result<SeatRow, MentoringError> {
        if queries::groups::count_in(conn, self.session.id).await? == 0 {
            return Err(MentoringError::GroupFull);
        }
        self.session.seats_taken += 1;
        let seat = SeatRow {
            id: Uuid::now_v7(),
            session_id: self.session.id,
            mentee_id: mentee,
            state,
            attended: None,
            created_at: now,
            updated_at: now,
        };
        queries::groups::insert_seat(conn, &seat).await?;
        let claim = Claim {
            kind: ClaimKind::Seat,
            ref_id: seat.id,
            starts_at: self.session.starts_at,
            ends_at: self.session.ends_at,
            before_min: 0,
            after_min: 0,
            expires_at: None,
            held_by: None,
        };
        claims::insert(conn, mentee, claim).await?;
        Ok(seat)
    }

    /// Frees seats and the time of those who had them.
    pub(super) async fn give_back(
        &mut self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        seats: &[Uuid],
    ) -> Result<(), MentoringError> {
        let count = i16::try_from(seats.len()).unwrap_or_default();
        queries::groups::set_seats(conn, now, seats, SeatState::Released).await?;
        queries::groups::count_out(conn, self.session.id, count).await?;
        self.session.seats_taken -= count;
        claims::release(conn, seats).await?;
        Ok(())
    }
}

fn check_open(
    now: DateTime<Utc>,
    session: &GroupRow,
    host: Option<&Host>,
) -> Result<(), MentoringError> {
    let Some(host) = host.filter(|host| host.is_active()) else {
        return Err(MentoringError::GroupNotFound);
    };
    if !session.is_open(now) {
        return Err(MentoringError::GroupClosed);
    }
    if host.pauses_at(session.starts_at) {
        return Err(refused(Refusal::Paused));
    }
    Ok(())
}

pub(super) fn time(session: &GroupRow) -> (DateTime<Utc>, DateTime<Utc>) {
    (session.starts_at, session.ends_at)
}

fn people(entries: &[WaitlistRow]) -> Vec<UserId> {
    entries.iter().map(|entry| entry.mentee_id).collect()
}
