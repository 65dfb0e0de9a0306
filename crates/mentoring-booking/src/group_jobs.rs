//! What happens after the answer to a change of a group session: mails, and offers that lapse.

use chrono::{DateTime, TimeDelta, Utc};
use karya_core::{GroupSessionId, Lang, UserId};
use karya_db::AsyncPgConnection;
use karya_jobs::{
    Job, JobError, Options, Prepared, WorkerBuilder, enqueue, enqueue_all, enqueue_with,
};
use karya_notifications::{GroupMail, GroupNotice, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::MentoringError;
use crate::ics::emit::Method;
use crate::invitations::{self, Seen};
use crate::jobs::{Context, REMINDERS, post_with_calendar};
use crate::model::{GroupRow, GroupState, SeatState};
use crate::ops::groups::Standing;
use crate::{ops, queries, zones};

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<TellMentee>(context.clone())
        .register::<TellAll>(context.clone())
        .register::<CloseSuspended>(context.clone())
        .register::<TendGroup>(context.clone())
        .register::<RemindGroup>(context.clone())
        .register::<RemindPerson>(context.clone())
}

/// What somebody is told about a group session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// They took a seat.
    Joined,
    /// They got one from the waitlist.
    Seated,
    /// One is held for them.
    Offered,
    #[default]
    Cancelled,
    /// What it is called, where or in which room it is.
    Changed,
    /// They lost theirs.
    Released,
    Suspended,
    Resumed,
}

/// Sets the reminders of a session as it now stands. Earlier ones of the same session are replaced.
///
/// They are for whoever has a seat by then, so that nobody who joins later needs reminders of their own.
pub(crate) async fn plan(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    session: &GroupRow,
) -> Result<(), MentoringError> {
    let mut jobs = Vec::new();
    for before in REMINDERS {
        let delay = session.starts_at - before - now;
        if delay <= TimeDelta::zero() {
            continue;
        }
        let hours = before.num_hours();
        let options = Options {
            delay: Some(delay),
            key: Some(format!("group:{}:remind-{hours}", session.id)),
            queue: None,
        };
        let job = RemindGroup {
            session_id: session.id,
            starts_at: session.starts_at,
            hours,
        };
        jobs.push(Prepared::new(&job, options)?);
    }
    Ok(enqueue_all(conn, jobs).await?)
}

/// Mails one person, in the transaction of what happened.
pub(crate) async fn tell(
    conn: &mut AsyncPgConnection,
    session_id: GroupSessionId,
    user_id: UserId,
    notice: Notice,
) -> Result<(), MentoringError> {
    let job = TellMentee {
        session_id,
        user_id,
        notice,
    };
    Ok(enqueue(conn, &job).await?)
}

/// Mails everybody, each once.
pub(crate) async fn tell_all(
    conn: &mut AsyncPgConnection,
    session_id: GroupSessionId,
    people: Vec<UserId>,
    notice: Notice,
) -> Result<(), MentoringError> {
    let job = TellAll {
        session_id,
        people,
        notice,
    };
    Ok(enqueue(conn, &job).await?)
}

/// Calls the session off at its start if it is still held up then.
pub(crate) async fn close_at_start(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    session: &GroupRow,
) -> Result<(), MentoringError> {
    let session_id = session.id;
    let options = Options {
        delay: Some(session.starts_at - now),
        key: Some(format!("group:{session_id}:close")),
        queue: None,
    };
    Ok(enqueue_with(conn, &CloseSuspended { session_id }, options).await?)
}

/// Looks again at who is next, once this transaction is over.
pub(crate) async fn tend_soon(
    conn: &mut AsyncPgConnection,
    session_id: GroupSessionId,
) -> Result<(), MentoringError> {
    Ok(enqueue(conn, &TendGroup { session_id }).await?)
}

/// Looks again when an offer lapses.
pub(crate) async fn tend_after(
    conn: &mut AsyncPgConnection,
    session_id: GroupSessionId,
    entry: Uuid,
    delay: TimeDelta,
) -> Result<(), MentoringError> {
    let options = Options {
        delay: Some(delay),
        key: Some(format!("waitlist:{entry}:lapse")),
        queue: None,
    };
    Ok(enqueue_with(conn, &TendGroup { session_id }, options).await?)
}

/// Takes lapsed offers back and gives what is free to the next in line.
#[derive(Debug, Serialize, Deserialize)]
struct TendGroup {
    session_id: GroupSessionId,
}

impl Job for TendGroup {
    const NAME: &'static str = "mentoring.tend_group_session";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::groups::tend(&mut conn, context.clock.now(), self.session_id).await?)
    }
}

/// Fans out to one mail per person, so that a failing mailbox keeps nobody else from theirs.
#[derive(Debug, Serialize, Deserialize)]
struct TellAll {
    session_id: GroupSessionId,
    people: Vec<UserId>,
    #[serde(default)]
    notice: Notice,
}

impl Job for TellAll {
    const NAME: &'static str = "mentoring.call_off_group_session";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Self {
            session_id,
            people,
            notice,
        } = self;
        let mut jobs = Vec::new();
        for user_id in people {
            let options = Options {
                delay: None,
                key: Some(format!("group:{session_id}:{user_id}:{notice:?}")),
                queue: None,
            };
            let job = TellMentee {
                session_id,
                user_id,
                notice,
            };
            jobs.push(Prepared::new(&job, options)?);
        }
        // All or none, so that a second run after a failure mails nobody twice.
        Ok(enqueue_all(&conn, jobs).await?)
    }
}

/// Calls a session off that is still held up when it should begin.
#[derive(Debug, Serialize, Deserialize)]
struct CloseSuspended {
    session_id: GroupSessionId,
}

impl Job for CloseSuspended {
    const NAME: &'static str = "mentoring.close_suspended_group_session";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        Ok(ops::groups::close_suspended(&mut conn, context.clock.now(), self.session_id).await?)
    }
}

/// Tells one person what happened, unless it is no longer so.
#[derive(Debug, Serialize, Deserialize)]
struct TellMentee {
    session_id: GroupSessionId,
    user_id: UserId,
    notice: Notice,
}

impl Job for TellMentee {
    const NAME: &'static str = "mentoring.tell_group_mentee";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let standing = ops::groups::view(&conn, Some(self.user_id), self.session_id).await?;
        let seat = standing.seat.as_ref().map(|seat| seat.state);
        let (notice, is_so) = match self.notice {
            Notice::Joined => (GroupNotice::Joined, seat == Some(SeatState::Confirmed)),
            Notice::Seated => (GroupNotice::Seated, seat == Some(SeatState::Confirmed)),
            Notice::Offered => (GroupNotice::Offered, seat == Some(SeatState::Held)),
            Notice::Cancelled => (
                GroupNotice::Cancelled,
                standing.session.state == GroupState::Cancelled,
            ),
            Notice::Changed => (
                GroupNotice::Changed,
                standing.session.state == GroupState::Open && seat == Some(SeatState::Confirmed),
            ),
            Notice::Released => (GroupNotice::Released, seat.is_none()),
            Notice::Suspended => (
                GroupNotice::Suspended,
                standing.session.state == GroupState::Suspended,
            ),
            Notice::Resumed => (
                GroupNotice::Resumed,
                standing.session.state == GroupState::Open,
            ),
        };
        if !is_so {
            return Ok(());
        }
        mail(&conn, &context, self.user_id, standing, notice).await
    }
}

/// Fans out to one reminder per person: the mentor, and whoever has a seat by then.
#[derive(Debug, Serialize, Deserialize)]
struct RemindGroup {
    session_id: GroupSessionId,
    starts_at: DateTime<Utc>,
    /// How many before the start.
    hours: i64,
}

impl Job for RemindGroup {
    const NAME: &'static str = "mentoring.remind_group_session";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Self {
            session_id,
            starts_at,
            hours,
        } = self;
        let Some((session, _)) = queries::groups::find(&conn, session_id).await? else {
            return Ok(());
        };
        if !is_ahead(&session, starts_at, context.clock.now()) {
            return Ok(());
        }
        let seats = queries::groups::seats(&conn, session_id).await?;
        let mut people = vec![session.mentor_id];
        people.extend(
            seats
                .iter()
                .filter(|(seat, _)| seat.state == SeatState::Confirmed)
                .map(|(seat, _)| seat.mentee_id),
        );
        let mut jobs = Vec::new();
        for user_id in people {
            let options = Options {
                delay: None,
                key: Some(format!("group:{session_id}:{user_id}:remind-{hours}")),
                queue: None,
            };
            let job = RemindPerson {
                session_id,
                user_id,
                starts_at,
            };
            jobs.push(Prepared::new(&job, options)?);
        }
        // All or none, so that a second run after a failure reminds nobody twice.
        Ok(enqueue_all(&conn, jobs).await?)
    }
}

/// Whether a session is still to come at the time of which its reminder was made.
fn is_ahead(session: &GroupRow, starts_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    session.is_open(now) && session.starts_at == starts_at
}

/// Reminds one person of a session that is still to come, if they are still in it.
#[derive(Debug, Serialize, Deserialize)]
struct RemindPerson {
    session_id: GroupSessionId,
    user_id: UserId,
    starts_at: DateTime<Utc>,
}

impl Job for RemindPerson {
    const NAME: &'static str = "mentoring.remind_group_person";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let standing = ops::groups::view(&conn, Some(self.user_id), self.session_id).await?;
        let seat = standing.seat.as_ref().map(|seat| seat.state);
        let notice = if standing.session.mentor_id == self.user_id {
            GroupNotice::HostReminder
        } else if seat == Some(SeatState::Confirmed) {
            GroupNotice::Reminder
        } else {
            return Ok(());
        };
        if !is_ahead(&standing.session, self.starts_at, context.clock.now()) {
            return Ok(());
        }
        mail(&conn, &context, self.user_id, standing, notice).await
    }
}

async fn mail(
    conn: &AsyncPgConnection,
    context: &Context,
    reader: UserId,
    standing: Standing,
    notice: GroupNotice,
) -> Result<(), JobError> {
    let people = queries::people::contacts(conn, &[reader]).await?;
    let Some(reader) = people.into_iter().next() else {
        return Ok(());
    };
    let (zone, lang) = (reader.timezone.tz(), reader.locale);
    let session = standing.session;
    let until = standing.place.and_then(|(entry, _)| entry.offer_expires_at);
    let is_host = session.mentor_id == reader.user_id;
    let calendar = match method(notice).filter(|_| !is_host) {
        Some(Method::Cancel)
            if !queries::groups::had_seat(conn, session.id, reader.user_id).await? =>
        {
            None
        }
        method => method.map(|method| {
            let seen = Seen::invited_to_group(&session, &reader, &standing.mentor_name);
            let mut event = context.invitations.group_event(&session, &seen);
            event.stamp = context.clock.now();
            invitations::part(method, &event)
        }),
    };
    let template = Template::Group(GroupMail {
        notice,
        display_name: reader.display_name.clone(),
        mentor_name: standing.mentor_name,
        title: session.title,
        when: zones::spell(session.starts_at, session.ends_at, zone, lang),
        answer_by: until.map(|until| {
            let form = if lang == Lang::Id { "%H.%M" } else { "%H:%M" };
            let local = until.with_timezone(&zone).format(form);
            format!("{local} {}", zones::label(zone, until))
        }),
        link: session.meeting_url,
        place: session.place,
        seats: session.seats_taken,
    });
    post_with_calendar(context, &reader, &template, calendar).await
}

/// What a notice does to the calendar of somebody with a seat. The mentor has the session in their feed.
fn method(notice: GroupNotice) -> Option<Method> {
    match notice {
        GroupNotice::Joined
        | GroupNotice::Seated
        | GroupNotice::Changed
        | GroupNotice::Suspended
        | GroupNotice::Resumed => Some(Method::Request),
        GroupNotice::Cancelled | GroupNotice::Released => Some(Method::Cancel),
        GroupNotice::Offered | GroupNotice::Reminder | GroupNotice::HostReminder => None,
    }
}
