//! What happens after the answer to a change of a group session: mails, and offers that lapse.

use chrono::TimeDelta;
use karya_core::{EmailAddress, GroupSessionId, Lang, UserId};
use karya_db::AsyncPgConnection;
use karya_jobs::{Job, JobError, Options, WorkerBuilder, enqueue, enqueue_with};
use karya_notifications::{GroupMail, GroupNotice, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::MentoringError;
use crate::jobs::Context;
use crate::model::{GroupState, SeatState};
use crate::{ops, queries, zones};

pub(crate) fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<TellMentee>(context.clone())
        .register::<CallOff>(context.clone())
        .register::<TendGroup>(context.clone())
}

/// What somebody is told about a group session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// They took a seat.
    Joined,
    /// They got one from the waitlist.
    Seated,
    /// One is held for them.
    Offered,
    Cancelled,
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

/// Mails everybody that it is called off.
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    session_id: GroupSessionId,
    people: Vec<UserId>,
) -> Result<(), MentoringError> {
    Ok(enqueue(conn, &CallOff { session_id, people }).await?)
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
struct CallOff {
    session_id: GroupSessionId,
    people: Vec<UserId>,
}

impl Job for CallOff {
    const NAME: &'static str = "mentoring.call_off_group_session";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        use diesel_async::AsyncConnection;
        let mut conn = context.db.conn().await?;
        let Self { session_id, people } = self;
        // All or none, so that a second run after a failure mails nobody twice.
        conn.transaction(async |conn| {
            for user_id in people {
                let options = Options {
                    delay: None,
                    key: Some(format!("group:{session_id}:{user_id}:cancelled")),
                    queue: None,
                };
                let notice = Notice::Cancelled;
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
