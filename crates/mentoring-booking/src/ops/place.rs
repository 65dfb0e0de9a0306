//! Finding room for a session: the checks that holding, booking and moving share.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{Invalid, OfferingId, Rule, UserId, Words};
use karya_web::Actor;
use uuid::Uuid;

use crate::MentoringError;
use crate::availability::{self, Availability, Session};
use crate::claims::{self, Claim};
use crate::model::{CalendarRow, ClaimKind, ClaimRow, OfferingRow};
use crate::ops::transition;
use crate::queries;
use crate::slots::{self, Interval, Refusal};

const NOT_OFFERED: Rule = Rule::Other {
    code: "not_offered",
    words: Words {
        id: "tidak termasuk durasi yang ditawarkan",
        en: "is not one of the durations on offer",
    },
};

const OWN_OFFERING: Rule = Rule::Other {
    code: "own_offering",
    words: Words {
        id: "adalah layanan Anda sendiri",
        en: "is your own",
    },
};

/// How many other times a refusal names.
const ALTERNATIVES: usize = 5;

/// How far ahead it looks for them.
const LOOK_AHEAD: TimeDelta = TimeDelta::days(14);

/// A time that somebody wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) offering: OfferingId,
    pub(crate) starts_at: DateTime<Utc>,
    /// One of the offering's durations; its first when absent.
    pub(crate) duration_min: Option<i16>,
}

/// Room for a session, with both calendars locked: nobody else takes it before the transaction ends.
pub(crate) struct Room {
    pub(crate) offering: OfferingRow,
    pub(crate) calendar: CalendarRow,
    pub(crate) mentee: UserId,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

/// The session that a viewer would have: where they are decides about blackouts.
pub(crate) async fn listing_session(
    conn: &AsyncPgConnection,
    viewer: Option<&Actor>,
) -> Result<Option<String>, MentoringError> {
    let Some(viewer) = viewer else {
        return Ok(None);
    };
    let calendars = queries::availability::calendars(conn, &[viewer.user_id]).await?;
    Ok(calendars.into_iter().next().and_then(|row| row.region_code))
}

/// The time of both sides, with both calendars locked: where sessions fit, for as many starts as one asks.
pub(super) struct Search {
    pub(super) offering: OfferingRow,
    pub(super) calendar: CalendarRow,
    length: TimeDelta,
    rules: slots::Offering,
    mentors: Availability,
    mentees: Availability,
    now: DateTime<Utc>,
}

/// What is looked for: an offering, how long, and the first and last start that will be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) offering: OfferingId,
    pub(super) duration_min: Option<i16>,
    pub(super) first: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
}

impl Span {
    /// Of a single start.
    pub(super) fn of(wish: Wish) -> Self {
        Self {
            offering: wish.offering,
            duration_min: wish.duration_min,
            first: wish.starts_at,
            last: wish.starts_at,
        }
    }
}

impl Search {
    /// Locks both calendars and loads them, once for all starts of the span. At `starts` the mentee's own holds
    /// give way; claims of `moving` do not count.
    pub(super) async fn open(
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        mentee: UserId,
        span: Span,
        (starts, moving): (&[DateTime<Utc>], Option<Uuid>),
    ) -> Result<Self, MentoringError> {
        let (offering, _) = queries::offerings::find_open(conn, span.offering, Some(mentee))
            .await?
            .ok_or(MentoringError::OfferingNotFound)?;
        let duration = span
            .duration_min
            .or(offering.durations.first().copied())
            .unwrap_or_default();
        let rules = Some(duration)
            .filter(|duration| offering.durations.contains(duration))
            .and_then(|duration| availability::rules(&offering, duration))
            .ok_or_else(|| MentoringError::from(Invalid::body("/duration_min", NOT_OFFERED)))?;
        let mentor = offering.mentor_id;
        if mentor == mentee {
            return Err(Invalid::body("/offering_id", OWN_OFFERING).into());
        }
        let length = TimeDelta::minutes(duration.into());

        // Requests that lapsed are ended here: each has another side, which is locked too.
        let owners = transition::with_lapsed(conn, now, [mentor, mentee]).await?;
        let mut calendars = claims::lock(conn, now, &owners).await?;
        // Looked at again under the lock: whoever blocks somebody holds it too.
        let (is_blocked, holds) = tokio::try_join!(
            queries::blocks::between(conn, mentor, mentee),
            claims::holds_of(conn, now, mentee),
        )?;
        if is_blocked {
            return Err(MentoringError::OfferingNotFound);
        }
        transition::lapse_due(conn, now, &owners).await?;
        calendars.retain(|row| row.user_id == mentor || row.user_id == mentee);
        let is_hit = |hold: &&ClaimRow| {
            let overlaps =
                |start: DateTime<Utc>| hold.starts_at < start + length && start < hold.ends_at;
            starts.iter().copied().any(overlaps)
        };
        let given_up: Vec<Uuid> = holds
            .iter()
            .filter(is_hit)
            .map(|hold| hold.ref_id)
            .collect();
        if !given_up.is_empty() {
            // The other side may lose a claim without its calendar locked: locking it now, after others, would be out
            // of order.
            claims::release(conn, &given_up).await?;
        }

        let range = Interval::new(span.first, span.last + LOOK_AHEAD)
            .map_err(|_empty| MentoringError::from(Invalid::body("/duration_min", NOT_OFFERED)))?;
        let mut people = availability::load(conn, calendars.clone(), range, now, moving).await?;
        let calendar = calendars.into_iter().find(|row| row.user_id == mentor);
        let (Some(mentors), Some(mentees), Some(calendar)) =
            (people.remove(&mentor), people.remove(&mentee), calendar)
        else {
            return Err(MentoringError::OfferingNotFound);
        };
        Ok(Self {
            offering,
            calendar,
            length,
            rules,
            mentors,
            mentees,
            now,
        })
    }

    /// When a session from `starts_at` ends, or why there is no room for it.
    pub(super) fn fit(&self, starts_at: DateTime<Utc>) -> Result<DateTime<Utc>, MentoringError> {
        let session = Session::of(&self.offering, self.mentees.region());
        let ends_at = starts_at + self.length;
        if let Err(refusal) = self
            .mentors
            .bookable(session, &self.rules, starts_at, self.now)
        {
            let look_ahead = Interval::new(starts_at, starts_at + LOOK_AHEAD)
                .map_err(|_empty| MentoringError::RangeTooLong)?;
            let found = self.mentors.first_slots(
                session,
                &self.rules,
                (look_ahead, self.now),
                ALTERNATIVES,
                Some(&self.mentees),
            )?;
            let alternatives = found.iter().map(|slot| slot.starts_at).collect();
            return Err(match refusal {
                Refusal::Busy | Refusal::Buffer => MentoringError::SlotTaken { alternatives },
                refusal => MentoringError::NotOffered {
                    refusal,
                    alternatives,
                },
            });
        }
        if !self.mentees.is_free(starts_at, ends_at) {
            return Err(MentoringError::MenteeBusy);
        }
        Ok(ends_at)
    }

    /// The room that there is for the mentee from `starts_at`, or why there is none.
    pub(super) fn room(
        self,
        mentee: UserId,
        starts_at: DateTime<Utc>,
    ) -> Result<Room, MentoringError> {
        let ends_at = self.fit(starts_at)?;
        Ok(Room {
            offering: self.offering,
            calendar: self.calendar,
            mentee,
            starts_at,
            ends_at,
        })
    }

    /// Takes note that this time is going to be taken: what is asked next sees it, the mentor's caps too.
    pub(super) fn occupy(&mut self, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) {
        let buffers = (self.offering.before_min, self.offering.after_min);
        self.mentors.occupy(starts_at, ends_at, buffers);
        self.mentees.occupy(starts_at, ends_at, (0, 0));
    }
}

impl Room {
    /// Locks both calendars and finds room for the wish, or says why there is none.
    ///
    /// What the mentee already keeps for this very purpose gives way: holds of theirs with the same mentor, and the
    /// claims of `moving`.
    pub(crate) async fn find(
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        mentee: UserId,
        wish: Wish,
        moving: Option<Uuid>,
    ) -> Result<Self, MentoringError> {
        let starts_at = wish.starts_at;
        let span = Span::of(wish);
        let search = Search::open(conn, now, mentee, span, (&[starts_at], moving)).await?;
        search.room(mentee, starts_at)
    }

    pub(crate) fn mentor(&self) -> UserId {
        self.offering.mentor_id
    }

    /// Takes the room for `ref_id`.
    pub(crate) async fn take(
        &self,
        conn: &AsyncPgConnection,
        kind: ClaimKind,
        ref_id: Uuid,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), MentoringError> {
        let time = (self.starts_at, self.ends_at);
        let claim = Claim {
            held_by: (kind == ClaimKind::Hold).then_some(self.mentee),
            ..Claim::of(&self.offering, kind, ref_id, time, expires_at)
        };
        claims::take(conn, (self.mentor(), self.mentee), &[claim]).await
    }
}
