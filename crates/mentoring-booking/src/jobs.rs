//! What happens after the answer: mails, and deadlines.

mod alerts;
mod cascade;
mod mentors;
mod post;

pub use alerts::SuspendSessions;
pub(crate) use cascade::{announce_cascade, follow_cascade};
pub(crate) use mentors::tell_mentor;
pub(crate) use post::{post, post_with_calendar};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use karya_core::{BookingId, Clock, MasterKey};
use karya_db::{AsyncPgConnection, Db};
use karya_fetch::Fetcher;
use karya_jobs::{Job, JobError, Options, Prepared, WorkerBuilder, enqueue_all, enqueue_with};
use karya_notifications::{BookingMail, BookingNotice, CalendarPart, Mailer, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ics::emit::Method;
use crate::invitations::{self, Seen};
pub use crate::model::Reach;
use crate::model::{
    BookingRow, BookingState, FINISH_AFTER, MentorshipId, MentorshipRow, MentorshipState,
    OfferingRow, Party,
};
use crate::queries;
use crate::queries::people::Contact;
use crate::{Invitations, MentoringError, ops, zones};

/// What the jobs of this crate need.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Clock,
    pub mailer: Mailer,
    /// Where clients reach the server; links start with it.
    pub public_url: String,
    pub invitations: Invitations,
    pub master_key: MasterKey,
    /// Fetches calendars elsewhere.
    pub fetcher: Fetcher,
}

/// Teaches a worker the jobs of this crate.
#[must_use]
pub fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    let worker = crate::group_jobs::register(worker, context);
    let worker = crate::growth_jobs::register(worker, context);
    let worker = crate::document_jobs::register(worker, context);
    crate::series_jobs::register(worker, context)
        .register::<TellParticipants>(context.clone())
        .register::<LapseRequest>(context.clone())
        .register::<FinishBooking>(context.clone())
        .register::<RemindParticipants>(context.clone())
        .register::<alerts::CloseSuspended>(context.clone())
        .register::<SuspendSessions>(context.clone())
        .register::<ImportCalendar>(context.clone())
        .register::<mentors::TellMentor>(context.clone())
        .register::<RevealFeedback>(context.clone())
        .register::<CloseMentorship>(context.clone())
        .register::<cascade::FollowCascade>(context.clone())
}

/// What the people of a booking are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    Requested,
    Confirmed,
    Declined,
    Expired,
    Cancelled,
    Moved,
    Suspended,
    /// The system asked, or booked, this mentor in place of another.
    PassedOn,
    /// No alert holds it up any more.
    Resumed,
}

impl Notice {
    /// Of a booking that was just made.
    pub(crate) fn of_new(booking: &BookingRow) -> Self {
        match booking.state {
            BookingState::Requested => Self::Requested,
            _ => Self::Confirmed,
        }
    }
}

/// How long before a session the people are reminded, the first time first.
pub(crate) const REMINDERS: [TimeDelta; 2] = [TimeDelta::hours(24), TimeDelta::hours(1)];

/// The mails to both sides about what happened.
pub(crate) fn announcements(booking: &BookingRow, notice: Notice) -> QueryResult<Vec<Prepared>> {
    [Party::Mentor, Party::Mentee]
        .into_iter()
        .map(|to| TellParticipants::prepare(booking, to, notice))
        .collect()
}

/// The deadlines of a booking as it now stands. Earlier ones of the same booking are replaced.
pub(crate) fn deadlines(now: DateTime<Utc>, booking: &BookingRow) -> QueryResult<Vec<Prepared>> {
    let at = |what, due_at| once(now, booking, what, due_at);
    let booking_id = booking.id;
    if booking.state == BookingState::Suspended {
        let job = alerts::CloseSuspended { booking_id };
        return Ok(vec![Prepared::new(&job, at("close", booking.starts_at))?]);
    }
    if let Some(expires_at) = booking.expires_at {
        let job = LapseRequest { booking_id };
        return Ok(vec![Prepared::new(&job, at("lapse", expires_at))?]);
    }
    let finish = at("finish", booking.ends_at + FINISH_AFTER);
    let finish = Prepared::new(&FinishBooking { booking_id }, finish)?;
    let reminder = next_reminder(now, booking)?;
    Ok(reminder.into_iter().chain([finish]).collect())
}

/// When a job about a booking is due. A later one about the same thing replaces it.
fn once(now: DateTime<Utc>, booking: &BookingRow, what: &str, due_at: DateTime<Utc>) -> Options {
    Options {
        delay: Some(due_at - now),
        key: Some(format!("booking:{}:{what}", booking.id)),
        queue: None,
    }
}

/// The first reminder that is still to come. Each one plans the next, so that a booking waits with one.
fn next_reminder(now: DateTime<Utc>, booking: &BookingRow) -> QueryResult<Option<Prepared>> {
    let starts_at = booking.starts_at;
    let to_come = |before: &TimeDelta| starts_at - *before > now + SLACK;
    let Some(before) = REMINDERS.into_iter().find(to_come) else {
        return Ok(None);
    };
    // A key for each: the job that runs must not be replaced by the one it plans.
    let what = format!("remind-{}", before.num_hours());
    let options = once(now, booking, &what, starts_at - before);
    let job = RemindParticipants {
        booking_id: booking.id,
        starts_at,
    };
    Prepared::new(&job, options).map(Some)
}

/// Workers go by the clock of the database, rules by that of the program: a little later is surely late enough.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// How long a proposed mentorship waits for an answer.
const PROPOSAL_STANDS: TimeDelta = TimeDelta::days(14);

/// Counts feedback when it is revealed.
pub(crate) async fn plan_reveal(
    conn: &mut AsyncPgConnection,
    booking_id: BookingId,
    wait: TimeDelta,
) -> Result<(), MentoringError> {
    let options = Options {
        delay: Some(wait + SLACK),
        key: Some(format!("booking:{booking_id}:reveal")),
        queue: None,
    };
    Ok(enqueue_with(conn, &RevealFeedback { booking_id }, options).await?)
}

/// When a mentorship is over without anybody's doing, if it is live.
pub(crate) fn closes_at(mentorship: &MentorshipRow) -> Option<DateTime<Utc>> {
    match mentorship.state {
        MentorshipState::Proposed => Some(mentorship.created_at + PROPOSAL_STANDS),
        // Midnight in UTC is morning in Indonesia: the last day is surely over.
        MentorshipState::Active => Some(
            (mentorship.ends_on + TimeDelta::days(1))
                .and_time(chrono::NaiveTime::MIN)
                .and_utc(),
        ),
        _ => None,
    }
}

/// Sets the end of a mentorship as it now stands.
pub(crate) async fn plan_mentorship(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentorship: &MentorshipRow,
) -> Result<(), MentoringError> {
    let Some(due_at) = closes_at(mentorship) else {
        return Ok(());
    };
    let options = Options {
        delay: Some(due_at - now + SLACK),
        key: Some(format!("mentorship:{}:close", mentorship.id)),
        queue: None,
    };
    let job = CloseMentorship {
        mentorship_id: mentorship.id,
    };
    Ok(enqueue_with(conn, &job, options).await?)
}

/// Tells one side of a booking what happened to it.
#[derive(Debug, Serialize, Deserialize)]
struct TellParticipants {
    booking_id: BookingId,
    notice: Notice,
    to: Party,
    /// Of the invitation when it happened: a later one has its own mail.
    sequence: i32,
}

impl TellParticipants {
    fn prepare(booking: &BookingRow, to: Party, notice: Notice) -> QueryResult<Prepared> {
        let job = Self {
            booking_id: booking.id,
            notice,
            to,
            sequence: booking.sequence,
        };
        Prepared::new(&job, Options::default())
    }
}

impl Job for TellParticipants {
    const NAME: &'static str = "mentoring.tell_participants";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some(booking) = queries::bookings::find(&conn, self.booking_id).await? else {
            return Ok(());
        };
        if booking.sequence != self.sequence {
            return Ok(());
        }
        let notice = match self.notice {
            Notice::Requested => BookingNotice::Requested,
            Notice::Confirmed => BookingNotice::Confirmed,
            Notice::Declined => BookingNotice::Declined,
            Notice::Expired => BookingNotice::Expired,
            Notice::Cancelled => BookingNotice::Cancelled,
            Notice::Moved if booking.state == BookingState::Requested => {
                BookingNotice::RequestMoved
            }
            Notice::Moved => BookingNotice::Moved,
            Notice::Suspended => BookingNotice::Suspended,
            Notice::PassedOn if booking.state == BookingState::Confirmed => {
                BookingNotice::BookedNext
            }
            Notice::PassedOn => BookingNotice::AskedNext,
            Notice::Resumed => BookingNotice::Resumed,
        };
        send(&conn, &context, &booking, notice, self.to).await
    }
}

/// Ends a request that nobody answered in time.
#[derive(Debug, Serialize, Deserialize)]
struct LapseRequest {
    booking_id: BookingId,
}

impl Job for LapseRequest {
    const NAME: &'static str = "mentoring.lapse_request";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::lapse(&mut conn, context.clock.now(), self.booking_id).await?)
    }
}

/// Closes a session that took place and that the mentor did not close.
#[derive(Debug, Serialize, Deserialize)]
struct FinishBooking {
    booking_id: BookingId,
}

impl Job for FinishBooking {
    const NAME: &'static str = "mentoring.finish_booking";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::finish(&mut conn, context.clock.now(), self.booking_id).await?)
    }
}

/// Reminds both sides of a session that is still to come at that time.
#[derive(Debug, Serialize, Deserialize)]
struct RemindParticipants {
    booking_id: BookingId,
    starts_at: DateTime<Utc>,
}

impl Job for RemindParticipants {
    const NAME: &'static str = "mentoring.remind_participants";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some(booking) = queries::bookings::find(&conn, self.booking_id).await? else {
            return Ok(());
        };
        let now = context.clock.now();
        let is_due = booking.state == BookingState::Confirmed
            && booking.starts_at == self.starts_at
            && now < booking.starts_at;
        if is_due {
            enqueue_all(&conn, next_reminder(now, &booking)?).await?;
            for to in [Party::Mentor, Party::Mentee] {
                send(&conn, &context, &booking, BookingNotice::Reminder, to).await?;
            }
        }
        Ok(())
    }
}

/// Counts the rating of a session once it is revealed.
#[derive(Debug, Serialize, Deserialize)]
struct RevealFeedback {
    booking_id: BookingId,
}

impl Job for RevealFeedback {
    const NAME: &'static str = "mentoring.reveal_feedback";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::reveal_feedback(&mut conn, context.clock.now(), self.booking_id).await?)
    }
}

/// Ends a mentorship that is over, or a proposal that nobody answered.
#[derive(Debug, Serialize, Deserialize)]
struct CloseMentorship {
    mentorship_id: MentorshipId,
}

impl Job for CloseMentorship {
    const NAME: &'static str = "mentoring.close_mentorship";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::close_mentorship(&mut conn, context.clock.now(), self.mentorship_id).await?)
    }
}

async fn send(
    conn: &AsyncPgConnection,
    context: &Context,
    booking: &BookingRow,
    notice: BookingNotice,
    to: Party,
) -> Result<(), JobError> {
    let people = queries::people::contacts(conn, &[booking.mentor_id, booking.mentee_id]).await?;
    let person = |id| people.iter().find(|person| person.user_id == id);
    let (Some(mentor), Some(mentee)) = (person(booking.mentor_id), person(booking.mentee_id))
    else {
        return Ok(());
    };
    let (reader, other) = if to == Party::Mentor {
        (mentor, mentee)
    } else {
        (mentee, mentor)
    };
    let offering = queries::offerings::find(conn, booking.offering_id).await?;
    let offering = offering.ok_or("the offering of a booking is gone")?;
    let calendar = calendar(conn, context, booking, notice, (&offering, reader, other)).await?;
    let others = cascade::others(conn, context, booking, (notice, to), reader).await?;
    let template = Template::Booking(BookingMail {
        notice,
        display_name: reader.display_name.clone(),
        other_name: other.display_name.clone(),
        title: offering.title.clone(),
        when: zones::spell(
            booking.starts_at,
            booking.ends_at,
            reader.timezone.tz(),
            reader.locale,
        ),
        code: booking.code.clone(),
        link: offering
            .meeting_url
            .map(|url| url.replace("{code}", &booking.code)),
        place: booking.place.clone(),
        others,
    });
    post_with_calendar(context, reader, &template, calendar).await
}

/// What a notice does to the reader's calendar: a session that is on goes in or moves; one that was on becomes
/// tentative while it is held up, and goes out when it is off. What was never on is in nobody's calendar.
async fn calendar(
    conn: &AsyncPgConnection,
    context: &Context,
    booking: &BookingRow,
    notice: BookingNotice,
    (offering, reader, other): (&OfferingRow, &Contact, &Contact),
) -> Result<Option<CalendarPart>, JobError> {
    // What is told late is told as it is now.
    let (method, is_new) = match (notice, booking.state) {
        (
            BookingNotice::Confirmed
            | BookingNotice::Moved
            | BookingNotice::Resumed
            | BookingNotice::BookedNext,
            BookingState::Confirmed,
        ) => (Method::Request, true),
        (BookingNotice::Suspended, BookingState::Suspended) => (Method::Request, false),
        (
            BookingNotice::Cancelled | BookingNotice::Declined | BookingNotice::Expired,
            BookingState::Cancelled | BookingState::Declined | BookingState::Expired,
        ) => (Method::Cancel, false),
        _ => return Ok(None),
    };
    if !is_new && !queries::feeds::was_confirmed(conn, booking.id).await? {
        return Ok(None);
    }
    let seen = Seen::invited(offering, reader, &other.display_name, booking);
    let event = context.invitations.event(booking, &seen);
    Ok(Some(invitations::part(method, &event)))
}

/// How often a calendar elsewhere is read again.
const REFRESH_EVERY: TimeDelta = TimeDelta::hours(6);

/// Reads a calendar elsewhere, now and from then on.
pub(crate) async fn import(
    conn: &mut AsyncPgConnection,
    calendar_id: Uuid,
    delay: Option<TimeDelta>,
) -> Result<(), MentoringError> {
    let options = Options {
        delay,
        key: Some(format!("import_calendar:{calendar_id}")),
        queue: None,
    };
    enqueue_with(conn, &ImportCalendar { calendar_id }, options).await?;
    Ok(())
}

/// Reads a calendar elsewhere, and plans the next time.
#[derive(Debug, Serialize, Deserialize)]
struct ImportCalendar {
    calendar_id: Uuid,
}

impl Job for ImportCalendar {
    const NAME: &'static str = "mentoring.import_calendar";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let goes_on = ops::external::refresh(&context, self.calendar_id).await?;
        if goes_on {
            let mut conn = context.db.conn().await?;
            import(&mut conn, self.calendar_id, Some(REFRESH_EVERY)).await?;
        }
        Ok(())
    }
}
