//! What happens after the answer to a change of a group session: mails, and offers that lapse.

use chrono::{DateTime, TimeDelta, Utc};
use karya_core::{EmailAddress, GroupSessionId, Lang, UserId};
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, Options, WorkerBuilder, enqueue, enqueue_with};
use karya_notifications::{GroupMail, GroupNotice, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::MentoringError;
use crate::jobs::Context;
use crate::model::{GroupRow, GroupState, SeatState};
use crate::{ops, queries, zones};

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<TellMentee>(context.clone())
        .register::<TellAll>(context.clone())
        .register::<CloseSuspended>(context.clone())
        .register::<TendGroup>(context.clone())
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
    Suspended,
    Resumed,
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
        use diesel_async::AsyncConnection;
        let mut conn = context.db.conn().await?;
        let Self {
            session_id,
            people,
            notice,
        } = self;
        // All or none, so that a second run after a failure mails nobody twice.
        conn.transaction(async |conn| {
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
                enqueue_with(conn, &job, options).await?;
            }
            Ok::<_, diesel::result::Error>(())
        })
        .await?;
        Ok(())
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
        let session = standing.session;
        let seat = standing.seat.map(|seat| seat.state);
        let (notice, is_so) = match self.notice {
            Notice::Joined => (GroupNotice::Joined, seat == Some(SeatState::Confirmed)),
            Notice::Seated => (GroupNotice::Seated, seat == Some(SeatState::Confirmed)),
            Notice::Offered => (GroupNotice::Offered, seat == Some(SeatState::Held)),
            Notice::Cancelled => (
                GroupNotice::Cancelled,
                session.state == GroupState::Cancelled,
            ),
            Notice::Suspended => (
                GroupNotice::Suspended,
                session.state == GroupState::Suspended,
            ),
            Notice::Resumed => (GroupNotice::Resumed, session.state == GroupState::Open),
        };
        let people = queries::people::contacts(&conn, &[self.user_id]).await?;
        let Some(reader) = people.into_iter().next().filter(|_| is_so) else {
            return Ok(());
        };
        let (zone, lang) = (reader.timezone.tz(), reader.locale);
        let until = standing.place.and_then(|(entry, _)| entry.offer_expires_at);
        let template = Template::Group(GroupMail {
            notice,
            display_name: reader.display_name,
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
        });
        let email = EmailAddress::parse(&reader.email)
            .map_err(|rule| format!("a stored address is not one: {}", rule.code()))?;
        Ok(context
            .mailer
            .send(context.clock.now(), &email, lang, &template)
            .await?)
    }
}
