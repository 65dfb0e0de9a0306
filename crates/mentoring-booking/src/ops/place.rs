//! Finding room for a session: the checks that holding, booking and moving share.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{Invalid, OfferingId, Rule, UserId, Words};
use karya_web::Actor;
use uuid::Uuid;

use crate::MentoringError;
use crate::availability::{self, Availability, Session};
use crate::claims::{self, Claim};
use crate::model::{CalendarRow, ClaimKind, OfferingRow};
use crate::ops::transition;
use crate::queries;
use crate::slots::{Interval, Refusal};

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
        let (offering, _) = queries::offerings::find_open(conn, wish.offering)
            .await?
            .ok_or(MentoringError::OfferingNotFound)?;
        let duration = wish
            .duration_min
            .or(offering.durations.first().copied())
            .unwrap_or_default();
        if !offering.durations.contains(&duration) {
            return Err(Invalid::body("/duration_min", NOT_OFFERED).into());
        }
        let mentor = offering.mentor_id;
        if mentor == mentee {
            return Err(Invalid::body("/offering_id", OWN_OFFERING).into());
        }
        let starts_at = wish.starts_at;
        let ends_at = starts_at + TimeDelta::minutes(duration.into());
        let interval = Interval::new(starts_at, ends_at)
            .map_err(|_empty| MentoringError::from(Invalid::body("/duration_min", NOT_OFFERED)))?;

        // Requests that lapsed are ended here, and each has another side, which is locked in the same order.
        let owners = transition::with_lapsed(conn, now, [mentor, mentee]).await?;
        let mut calendars = claims::lock(conn, now, &owners).await?;
        claims::drop_lapsed_holds(conn, now, &owners).await?;
        transition::lapse_due(conn, now, &owners).await?;
        calendars.retain(|row| row.user_id == mentor || row.user_id == mentee);
        let own_holds = claims::holds_of(conn, now, mentee).await?;
        let own_holds: Vec<Uuid> = own_holds
            .iter()
            .filter(|hold| hold.starts_at < ends_at && starts_at < hold.ends_at)
            .map(|hold| hold.ref_id)
            .collect();
        if !own_holds.is_empty() {
            claims::release(conn, &own_holds).await?;
        }

        let look_ahead = Interval::new(starts_at, starts_at + LOOK_AHEAD).unwrap_or(interval);
        let mut people =
            availability::load(conn, calendars.clone(), look_ahead, now, moving).await?;
        let (Some(mentors), Some(mentees)) = (people.remove(&mentor), people.remove(&mentee))
        else {
            return Err(MentoringError::OfferingNotFound);
        };
        let session = Session {
            mode: offering.mode,
            mentee_region: mentees.region(),
        };
        let rules = availability::rules(&offering, duration)
            .ok_or_else(|| MentoringError::from(Invalid::body("/duration_min", NOT_OFFERED)))?;
        if let Err(refusal) = mentors.bookable(session, &rules, starts_at, now) {
            let found = mentors.slots(session, &rules, look_ahead, now)?;
            let alternatives: Vec<DateTime<Utc>> = found
                .iter()
                .filter(|slot| is_free(&mentees, slot.starts_at, slot.ends_at))
                .map(|slot| slot.starts_at)
                .take(ALTERNATIVES)
                .collect();
            return Err(match refusal {
                Refusal::Busy | Refusal::Buffer => MentoringError::SlotTaken { alternatives },
                refusal => MentoringError::NotOffered {
                    refusal,
                    alternatives,
                },
            });
        }
        if mentees.is_busy(interval) {
            return Err(MentoringError::MenteeBusy);
        }
        let calendar = calendars
            .into_iter()
            .find(|row| row.user_id == mentor)
            .ok_or(MentoringError::OfferingNotFound)?;
        Ok(Self {
            offering,
            calendar,
            mentee,
            starts_at,
            ends_at,
        })
    }

    pub(crate) fn mentor(&self) -> UserId {
        self.offering.mentor_id
    }

    /// Takes the room for `ref_id`.
    pub(crate) async fn take(
        &self,
        conn: &mut AsyncPgConnection,
        kind: ClaimKind,
        ref_id: Uuid,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), MentoringError> {
        let claim = Claim {
            kind,
            ref_id,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            before_min: self.offering.before_min,
            after_min: self.offering.after_min,
            expires_at,
        };
        claims::take(conn, (self.mentor(), self.mentee), claim).await?;
        claims::bump(conn, &[self.mentor(), self.mentee]).await?;
        Ok(())
    }
}

fn is_free(mentee: &Availability, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> bool {
    Interval::new(starts_at, ends_at).is_ok_and(|interval| !mentee.is_busy(interval))
}
