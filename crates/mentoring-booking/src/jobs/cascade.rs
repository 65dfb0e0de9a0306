use chrono::{DateTime, Utc};
use karya_core::{BookingId, Random};
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, enqueue, enqueue_all};
use karya_notifications::{BookingNotice, OtherMentor};
use serde::{Deserialize, Serialize};

use super::{Context, Notice, TellParticipants, deadlines};
use crate::model::{BookingRow, Party};
use crate::ops::cascade::{self as ops, OTHERS};
use crate::queries::people::Contact;
use crate::{MentoringError, zones};

/// Passes a request on once this transaction is over.
pub(crate) async fn follow_cascade(
    conn: &mut AsyncPgConnection,
    booking_id: BookingId,
) -> Result<(), MentoringError> {
    Ok(enqueue(conn, &FollowCascade { booking_id }).await?)
}

/// Mails both sides about a booking that the system made in place of another: to the mentor it is like any other.
pub(crate) async fn announce_cascade(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    booking: &BookingRow,
) -> Result<(), MentoringError> {
    let mut jobs = deadlines(now, booking)?;
    for (to, notice) in [
        (Party::Mentor, Notice::of_new(booking)),
        (Party::Mentee, Notice::PassedOn),
    ] {
        jobs.push(TellParticipants::prepare(booking, to, notice)?);
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// Asks another mentor in place of the one who could not.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FollowCascade {
    booking_id: BookingId,
}

impl Job for FollowCascade {
    const NAME: &'static str = "mentoring.follow_cascade";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        let now = context.clock.now();
        Ok(ops::follow(&mut conn, now, &Random::System, self.booking_id).await?)
    }
}

/// Whom a mentee may ask instead, where that is what the mail is about.
pub(super) async fn others(
    conn: &AsyncPgConnection,
    context: &Context,
    booking: &BookingRow,
    (notice, to): (BookingNotice, Party),
    reader: &Contact,
) -> Result<Vec<OtherMentor>, JobError> {
    let is_off = matches!(notice, BookingNotice::Declined | BookingNotice::Expired);
    if !is_off || to != Party::Mentee {
        return Ok(Vec::new());
    }
    let now = context.clock.now();
    let found = ops::alternatives(conn, now, booking.mentee_id, booking.id).await?;
    let (zone, lang) = (reader.timezone.tz(), reader.locale);
    let other = |found: crate::ops::discovery::Found| {
        let slots = found.next.map(|next| next.slots).unwrap_or_default();
        let times = slots
            .iter()
            .map(|slot| zones::spell(slot.starts_at, slot.ends_at, zone, lang));
        OtherMentor {
            name: found.display_name,
            times: times.collect(),
            link: format!("{}/v1/mentors/{}", context.public_url, found.mentor.user_id),
        }
    };
    Ok(found.into_iter().take(OTHERS).map(other).collect())
}
