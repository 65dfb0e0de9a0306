//! Mails about mentorships and disputes, each in the transaction of what happened.

use karya_core::{BookingId, UserId};
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, Options, Prepared, WorkerBuilder, enqueue_all};
use karya_notifications::{DisputeMail, DisputeNotice, MentorshipMail, MentorshipNotice, Template};
use serde::{Deserialize, Serialize};

use crate::jobs::{Context, post};
use crate::model::{
    DisputeOutcome, DisputeRow, MentorshipId, MentorshipRow, MentorshipState, Party, Side,
};
use crate::queries::people::Contact;
use crate::{MentoringError, queries, zones};

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<TellMentorship>(context.clone())
        .register::<TellDispute>(context.clone())
}

/// What the newest change of a mentorship is called, and whom it concerns: the other side, or both if it was the
/// program.
fn newest(row: &MentorshipRow) -> (MentorshipNotice, &'static [Side]) {
    const fn only(side: Side) -> &'static [Side] {
        match side {
            Side::Mentor => &[Side::Mentor],
            Side::Mentee => &[Side::Mentee],
        }
    }
    let proposer = only(row.proposed_by);
    let asked = only(row.proposed_by.other());
    let was_active = row.mentor_agreed_at.is_some() && row.mentee_agreed_at.is_some();
    match row.state {
        MentorshipState::Proposed => (MentorshipNotice::Proposed, asked),
        MentorshipState::Active => (MentorshipNotice::Accepted, proposer),
        MentorshipState::Declined => (MentorshipNotice::Declined, proposer),
        MentorshipState::Expired => (MentorshipNotice::Lapsed, proposer),
        MentorshipState::Ended if !was_active => (MentorshipNotice::Withdrawn, asked),
        MentorshipState::Ended => {
            let readers = match row.ended_by {
                Some(Party::Mentor) => only(Side::Mentee),
                Some(Party::Mentee) => only(Side::Mentor),
                _ => &[Side::Mentor, Side::Mentee],
            };
            (MentorshipNotice::Ended, readers)
        }
    }
}

/// Mails the people whom the newest change of a mentorship concerns.
pub(crate) async fn announce_mentorship(
    conn: &mut AsyncPgConnection,
    row: &MentorshipRow,
) -> Result<(), MentoringError> {
    let (_, readers) = newest(row);
    let mut jobs = Vec::new();
    for to in readers {
        let job = TellMentorship {
            mentorship_id: row.id,
            to: *to,
            version: row.version,
        };
        jobs.push(Prepared::new(&job, Options::default())?);
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// Mails the side that did not open it, or both when it is decided.
pub(crate) async fn announce_dispute(
    conn: &mut AsyncPgConnection,
    row: &DisputeRow,
) -> Result<(), MentoringError> {
    let readers: &[Side] = match row.outcome {
        None => &[row.accused.other()],
        Some(_) => &[Side::Mentor, Side::Mentee],
    };
    let mut jobs = Vec::new();
    for to in readers {
        let job = TellDispute {
            booking_id: row.booking_id,
            outcome: row.outcome,
            to: *to,
        };
        jobs.push(Prepared::new(&job, Options::default())?);
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// The reader and the other side, if both can be reached.
async fn pair(
    conn: &AsyncPgConnection,
    (mentor, mentee): (UserId, UserId),
    to: Side,
) -> Result<Option<(Contact, Contact)>, JobError> {
    let mut people = queries::people::contacts(conn, &[mentor, mentee]).await?;
    let reader = match to {
        Side::Mentor => mentor,
        Side::Mentee => mentee,
    };
    let at = people.iter().position(|person| person.user_id == reader);
    let Some(reader) = at.map(|at| people.swap_remove(at)) else {
        return Ok(None);
    };
    Ok(people.pop().map(|other| (reader, other)))
}

/// Tells one side what happened to a mentorship, unless something else has happened since.
#[derive(Debug, Serialize, Deserialize)]
struct TellMentorship {
    mentorship_id: MentorshipId,
    to: Side,
    /// Of the mentorship when it happened.
    version: i32,
}

impl Job for TellMentorship {
    const NAME: &'static str = "mentoring.tell_mentorship";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let row = queries::mentorships::find(&conn, self.mentorship_id).await?;
        let Some(row) = row.filter(|row| row.version == self.version) else {
            return Ok(());
        };
        let people = (row.mentor_id, row.mentee_id);
        let Some((reader, other)) = pair(&conn, people, self.to).await? else {
            return Ok(());
        };
        let (notice, _) = newest(&row);
        let template = Template::Mentorship(MentorshipMail {
            notice,
            display_name: reader.display_name.clone(),
            other_name: other.display_name,
            focus: row.focus,
            from: reader.locale.date(row.starts_on),
            to: reader.locale.date(row.ends_on),
        });
        post(&context, &reader, &template).await
    }
}

/// Tells one side about a dispute, unless it has been decided otherwise since.
#[derive(Debug, Serialize, Deserialize)]
struct TellDispute {
    booking_id: BookingId,
    /// None: it was opened.
    outcome: Option<DisputeOutcome>,
    to: Side,
}

impl Job for TellDispute {
    const NAME: &'static str = "mentoring.tell_dispute";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let dispute = queries::disputes::find(&conn, self.booking_id).await?;
        if dispute.is_none_or(|dispute| dispute.outcome != self.outcome) {
            return Ok(());
        }
        let booking = queries::bookings::find(&conn, self.booking_id).await?;
        let booking = booking.ok_or("the booking of a dispute is gone")?;
        let offering = queries::offerings::find(&conn, booking.offering_id).await?;
        let offering = offering.ok_or("the offering of a booking is gone")?;
        let people = (booking.mentor_id, booking.mentee_id);
        let Some((reader, other)) = pair(&conn, people, self.to).await? else {
            return Ok(());
        };
        let (zone, lang) = (reader.timezone.tz(), reader.locale);
        let template = Template::Dispute(DisputeMail {
            notice: match self.outcome {
                None => DisputeNotice::Opened,
                Some(DisputeOutcome::Completed) => DisputeNotice::Completed,
                Some(DisputeOutcome::NoShow) => DisputeNotice::NoShow,
            },
            display_name: reader.display_name.clone(),
            other_name: other.display_name,
            title: offering.title,
            when: zones::spell(booking.starts_at, booking.ends_at, zone, lang),
            code: booking.code,
        });
        post(&context, &reader, &template).await
    }
}
