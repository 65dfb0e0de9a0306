//! What happens to closed accounts by and by, and the mails about rights over one's data.

use chrono::{TimeDelta, Utc};
use karya_auth::ops::{Contact, contact};
use karya_core::{Clock, EmailAddress, MasterKey, Random};
use karya_db::Db;
use karya_jobs::{Job, JobError, Options, WorkerBuilder, enqueue_with};
use karya_notifications::{AccountMail, AccountNotice, Mailer, Template};
use karya_storage::Storage;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::deletion::REMIND_BEFORE;
use super::erase::{Farewell, erase};
use super::export::BuildExport;
use super::queries::{self, Deletion, DeletionState};

/// What the jobs about rights need.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub master_key: MasterKey,
    pub storage: Storage,
    pub mailer: Mailer,
}

/// How long an account is left for mails to go out that need it.
const MAILS_TAKE: TimeDelta = TimeDelta::minutes(10);

/// For no longer than this.
const MOST_PATIENT: TimeDelta = TimeDelta::hours(2);

fn wait(delay: TimeDelta) -> Options {
    Options {
        delay: Some(delay),
        ..Options::default()
    }
}

/// Teaches a worker these jobs.
#[must_use]
pub fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<BuildExport>(context.clone())
        .register::<CloseAccount>(context.clone())
        .register::<TellDeletion>(context.clone())
        .register::<RemindDeletion>(context.clone())
        .register::<EraseAccount>(context.clone())
        .register::<SendFarewell>(context.clone())
        .register::<TellAnswered>(context.clone())
}

impl Context {
    async fn send(&self, to: &Contact, notice: AccountNotice) -> Result<(), JobError> {
        let template = Template::Account(AccountMail {
            notice,
            display_name: to.display_name.clone(),
            link: None,
        });
        let now = self.clock.now();
        Ok(self
            .mailer
            .send(now, &to.email, to.locale, &template)
            .await?)
    }

    /// A deletion that has not ended.
    async fn pending(&self, id: Uuid) -> Result<Option<Deletion>, JobError> {
        let conn = self.db.conn().await?;
        let found = queries::find_deletion(&conn, id).await?;
        Ok(found.filter(|deletion| deletion.state == DeletionState::Pending))
    }

    /// Plans a job anew if its time has not come: the queue goes by the database's clock.
    async fn is_early<J: Job>(
        &self,
        job: &J,
        due_at: chrono::DateTime<Utc>,
    ) -> Result<bool, JobError> {
        let now = self.clock.now();
        if due_at <= now {
            return Ok(false);
        }
        let mut conn = self.db.conn().await?;
        enqueue_with(&mut conn, job, wait(due_at - now)).await?;
        Ok(true)
    }
}

/// Calls off what a closed account has ahead with others.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CloseAccount {
    pub(super) deletion_id: Uuid,
}

impl Job for CloseAccount {
    const NAME: &'static str = "rights.close_account";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let Some(deletion) = context.pending(self.deletion_id).await? else {
            return Ok(());
        };
        let mut conn = context.db.conn().await?;
        let (now, user) = (context.clock.now(), deletion.user_id);
        karya_mentoring_booking::rights::withdraw(&mut conn, now, user).await?;
        Ok(())
    }
}

/// Which mail about a deletion.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeletionNews {
    Asked,
    Cancelled,
}

/// Tells the owner of an account that its deletion was asked for, or taken back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TellDeletion {
    pub(super) deletion_id: Uuid,
    pub(super) news: DeletionNews,
}

impl Job for TellDeletion {
    const NAME: &'static str = "rights.tell_deletion";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some(deletion) = queries::find_deletion(&conn, self.deletion_id).await? else {
            return Ok(());
        };
        let Some(to) = contact(&conn, deletion.user_id).await? else {
            return Ok(());
        };
        drop(conn);
        let notice = match self.news {
            DeletionNews::Asked => AccountNotice::DeletionAsked {
                effective_at: deletion.effective_at,
            },
            DeletionNews::Cancelled => AccountNotice::DeletionCancelled,
        };
        context.send(&to, notice).await
    }
}

/// Reminds the owner of a closed account some days before it is erased.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RemindDeletion {
    pub(super) deletion_id: Uuid,
}

impl Job for RemindDeletion {
    const NAME: &'static str = "rights.remind_deletion";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let Some(deletion) = context.pending(self.deletion_id).await? else {
            return Ok(());
        };
        let effective_at = deletion.effective_at;
        if context
            .is_early(&self, effective_at - REMIND_BEFORE)
            .await?
        {
            return Ok(());
        }
        let conn = context.db.conn().await?;
        let to = contact(&conn, deletion.user_id).await?;
        drop(conn);
        match to {
            Some(to) => {
                let near = AccountNotice::DeletionNear { effective_at };
                context.send(&to, near).await
            }
            None => Ok(()),
        }
    }
}

/// Erases an account when its days of grace are over.
#[derive(Debug, Serialize, Deserialize)]
pub struct EraseAccount {
    pub deletion_id: Uuid,
}

impl Job for EraseAccount {
    const NAME: &'static str = "rights.erase_account";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let Some(deletion) = context.pending(self.deletion_id).await? else {
            return Ok(());
        };
        if context.is_early(&self, deletion.effective_at).await? {
            return Ok(());
        }
        let mut conn = context.db.conn().await?;
        let (now, user) = (context.clock.now(), deletion.user_id);
        // A request that was on its way when the account was closed may have left something.
        let ended = karya_mentoring_booking::rights::withdraw(&mut conn, now, user).await?;
        if ended > 0 && now < deletion.effective_at + MOST_PATIENT {
            // The mails to the others name who called it off: they go first.
            return Ok(enqueue_with(&mut conn, &self, wait(MAILS_TAKE)).await?);
        }
        if erase(&mut conn, now, &context.master_key, &deletion).await? {
            tracing::info!(deletion = %deletion.id, "an account was erased");
        } else if context.pending(deletion.id).await?.is_some() {
            // Staff have locked it: it is erased once they have seen to it.
            enqueue_with(&mut conn, &self, wait(TimeDelta::days(1))).await?;
        }
        Ok(())
    }
}

/// The last mail to somebody whose account was erased.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SendFarewell {
    pub(super) deletion_id: Uuid,
}

impl Job for SendFarewell {
    const NAME: &'static str = "rights.send_farewell";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let found = queries::find_deletion(&conn, self.deletion_id).await?;
        drop(conn);
        let Some(sealed) = found.and_then(|deletion| deletion.farewell_sealed) else {
            return Ok(());
        };
        let farewell = Farewell::open(&sealed, &context.master_key, self.deletion_id)?;
        let email = EmailAddress::parse(&farewell.email).map_err(|rule| rule.code())?;
        let to = Contact {
            email,
            display_name: farewell.display_name,
            locale: farewell.locale,
        };
        context.send(&to, AccountNotice::Deleted).await?;
        let mut conn = context.db.conn().await?;
        queries::forget_farewell(&mut conn, self.deletion_id).await?;
        Ok(())
    }
}

/// Tells somebody that staff have answered their request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TellAnswered {
    pub(super) request_id: Uuid,
}

impl Job for TellAnswered {
    const NAME: &'static str = "rights.tell_answered";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some(request) = queries::find_request(&conn, self.request_id).await? else {
            return Ok(());
        };
        let to = contact(&conn, request.user_id).await?;
        drop(conn);
        match to {
            Some(to) => context.send(&to, AccountNotice::RequestAnswered).await,
            None => Ok(()),
        }
    }
}
