//! What happens after the answer: mails, and messages to phones.

use chrono::{DateTime, Utc};
use karya_core::{Clock, EmailAddress, MasterKey, Random, SessionId, UserId};
use karya_db::{AsyncPgConnection, Db};
use karya_jobs::{Job, JobError, WorkerBuilder};
use karya_notifications::{
    AccountMail, AccountNotice, ApiKeyMail, ApiKeyNotice, FactorMail, FactorNotice, Mailer,
    Messenger, Template,
};
use serde::{Deserialize, Serialize};

pub use crate::email_change_jobs::{NotifyEmailChanged, SendEmailChange};
pub use crate::identity_jobs::NotifyIdentity;
use crate::model::{Account, Session};
pub use crate::phone_jobs::{NotifyPhone, SendPhoneCode, SendPhoneUndo};
use crate::queries::Purpose;
use crate::{AuthOptions, ops, queries};

/// So that nobody can fill a stranger's mailbox by registering with it again and again.
pub(crate) const MAX_MAILS_AN_HOUR: i64 = 3;

/// What the jobs of this crate need.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub mailer: Mailer,
    pub messenger: Messenger,
    pub master_key: MasterKey,
    pub options: AuthOptions,
}

/// Teaches a worker the jobs of this crate.
#[must_use]
pub fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<SendVerification>(context.clone())
        .register::<NotifySessionEnded>(context.clone())
        .register::<NotifyNewDevice>(context.clone())
        .register::<SendPasswordReset>(context.clone())
        .register::<NotifyPasswordChanged>(context.clone())
        .register::<NotifyFactor>(context.clone())
        .register::<NotifyApiKey>(context.clone())
        .register::<NotifyIdentity>(context.clone())
        .register::<SendEmailChange>(context.clone())
        .register::<NotifyEmailChanged>(context.clone())
        .register::<NotifyExportReady>(context.clone())
        .register::<NotifyAccount>(context.clone())
        .register::<SendPhoneCode>(context.clone())
        .register::<SendPhoneUndo>(context.clone())
        .register::<NotifyPhone>(context.clone())
}

/// Tells a mailbox that somebody registered with it: a link to prove it, or, if it is proved, a notice.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendVerification {
    pub user_id: UserId,
}

impl Job for SendVerification {
    const NAME: &'static str = "auth.send_verification";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        let Some(claim) = queries::find_account(&conn, self.user_id).await? else {
            return Ok(());
        };
        if claim.email_verified_at.is_some() {
            return Ok(());
        }
        let email = address(&claim)?;
        let now = context.clock.now();
        if let Some(holder) = queries::find_verified(&conn, &email).await? {
            let Some(holder) = queries::find_account(&conn, holder).await? else {
                return Ok(());
            };
            let template = Template::AlreadyRegistered {
                display_name: holder.user.display_name.clone(),
                link: context.options.public_url.clone(),
            };
            context
                .mailer
                .send(now, &email, holder.user.locale, &template)
                .await?;
            // Only now: an attempt that failed must find the claim again.
            queries::delete_user(&mut conn, self.user_id).await?;
            return Ok(());
        }
        let mails = queries::count_verifications(&conn, &email, now - chrono::Duration::hours(1));
        if mails.await? >= MAX_MAILS_AN_HOUR {
            tracing::info!("an address got enough verification mails for now");
            return Ok(());
        }
        let template = {
            let token = context.random.token();
            let hash = karya_core::sealing::sha256(token.as_bytes());
            let expires_at = now + context.options.verification_ttl;
            queries::void_verifications(&mut conn, self.user_id, now).await?;
            let token_hash = (hash.as_slice(), Purpose::VerifyEmail);
            queries::insert_token(&mut conn, token_hash, self.user_id, now, expires_at).await?;
            let valid_hours = context.options.verification_ttl.num_hours();
            // The page asks for a password, and would have nothing to ask for.
            if queries::find_hash(&conn, self.user_id).await?.is_none() {
                Template::ProveAddress { token, valid_hours }
            } else {
                Template::VerifyEmail {
                    link: format!("{}/verify-email?token={token}", context.options.public_url),
                    token,
                    valid_hours,
                }
            }
        };
        drop(conn);
        Ok(context
            .mailer
            .send(now, &email, claim.user.locale, &template)
            .await?)
    }
}

/// Tells the owner of a session that it was ended because its token turned up twice.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifySessionEnded {
    pub session_id: SessionId,
}

impl Job for NotifySessionEnded {
    const NAME: &'static str = "auth.notify_session_ended";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        tell_owner(&context, self.session_id, |session, display_name| {
            Template::SessionEnded {
                display_name,
                device_name: session.device_name.unwrap_or_else(|| "?".into()),
                at: session.revoked_at.unwrap_or(now),
            }
        })
        .await
    }
}

/// Tells the owner of an account that somebody signed in on a device that had not been seen before.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyNewDevice {
    pub session_id: SessionId,
}

impl Job for NotifyNewDevice {
    const NAME: &'static str = "auth.notify_new_device";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_owner(&context, self.session_id, |session, display_name| {
            Template::NewDevice {
                display_name,
                device_name: session.device_name.unwrap_or_else(|| "?".into()),
                network: session.ip_prefix.unwrap_or_else(|| "?".into()),
                at: session.created_at,
            }
        })
        .await
    }
}

/// Sends the link that somebody asked for, if the address has an account.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendPasswordReset {
    pub ask_id: uuid::Uuid,
}

impl Job for SendPasswordReset {
    const NAME: &'static str = "auth.send_password_reset";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let mut conn = context.db.conn().await?;
        let Some(asked) = queries::find_reset_ask(&conn, self.ask_id).await? else {
            return Ok(());
        };
        let email = parse(&asked)?;
        let account = queries::find_by_address(&conn, &email).await?;
        if let Some(account) = account.filter(|a| a.user.state.is_usable()) {
            send_reset(&context, &mut conn, &email, &account).await?;
        }
        queries::delete_reset_ask(&mut conn, self.ask_id).await?;
        Ok(())
    }
}

async fn send_reset(
    context: &Context,
    conn: &mut AsyncPgConnection,
    email: &EmailAddress,
    account: &Account,
) -> Result<(), JobError> {
    let (user, now) = (account.user.id, context.clock.now());
    let since = now - chrono::Duration::hours(1);
    if queries::count_resets(conn, user, since).await? >= MAX_MAILS_AN_HOUR {
        tracing::info!("an address got enough reset mails for now");
        return Ok(());
    }
    let token = context.random.token();
    let hash = karya_core::sealing::sha256(token.as_bytes());
    let token_hash = (hash.as_slice(), Purpose::ResetPassword);
    queries::insert_token(conn, token_hash, user, now, now + ops::RESET_TTL).await?;
    let template = Template::ResetPassword {
        link: format!(
            "{}/reset-password?token={token}",
            context.options.public_url
        ),
        token,
        valid_minutes: ops::RESET_TTL.num_minutes(),
    };
    let locale = account.user.locale;
    let sent = context.mailer.send(now, email, locale, &template).await;
    if sent.is_err() {
        // The next attempt makes another; what reached nobody does not count.
        queries::delete_token(conn, &hash).await?;
    }
    Ok(sent?)
}

/// Tells the owner of an account that its password is another one.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyPasswordChanged {
    pub user_id: UserId,
    pub at: DateTime<Utc>,
}

impl Job for NotifyPasswordChanged {
    const NAME: &'static str = "auth.notify_password_changed";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::PasswordChanged {
                display_name,
                at: self.at,
            }
        })
        .await
    }
}

/// Tells somebody that the copy of their data can be downloaded.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyExportReady {
    pub user_id: UserId,
}

impl Job for NotifyExportReady {
    const NAME: &'static str = "auth.notify_export_ready";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::Account(AccountMail {
                notice: AccountNotice::ExportReady,
                display_name,
                link: None,
            })
        })
        .await
    }
}

/// Tells the owner of an account what staff did with it.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyAccount {
    pub user_id: UserId,
    pub notice: AccountNotice,
}

impl NotifyAccount {
    pub(crate) async fn enqueue(
        conn: &mut AsyncPgConnection,
        user_id: UserId,
        notice: AccountNotice,
    ) -> Result<(), crate::AuthError> {
        Ok(karya_jobs::enqueue(conn, &Self { user_id, notice }).await?)
    }
}

impl Job for NotifyAccount {
    const NAME: &'static str = "auth.notify_account";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::Account(AccountMail {
                notice: self.notice,
                display_name,
                link: None,
            })
        })
        .await
    }
}

/// Tells the owner of an account what happened to its second factors.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyFactor {
    pub user_id: UserId,
    pub at: DateTime<Utc>,
    pub notice: FactorNotice,
}

impl NotifyFactor {
    pub(crate) async fn enqueue(
        conn: &mut AsyncPgConnection,
        user_id: UserId,
        at: DateTime<Utc>,
        notice: FactorNotice,
    ) -> Result<(), crate::AuthError> {
        let job = Self {
            user_id,
            at,
            notice,
        };
        Ok(karya_jobs::enqueue(conn, &job).await?)
    }
}

impl Job for NotifyFactor {
    const NAME: &'static str = "auth.notify_factor";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::Factor(FactorMail {
                notice: self.notice,
                display_name,
                at: self.at,
            })
        })
        .await
    }
}

/// Tells the owner of an account what happened to one of its API keys.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyApiKey {
    pub user_id: UserId,
    pub at: DateTime<Utc>,
    pub notice: ApiKeyNotice,
}

impl NotifyApiKey {
    pub(crate) async fn enqueue(
        conn: &mut AsyncPgConnection,
        user_id: UserId,
        at: DateTime<Utc>,
        notice: ApiKeyNotice,
    ) -> Result<(), crate::AuthError> {
        let job = Self {
            user_id,
            at,
            notice,
        };
        Ok(karya_jobs::enqueue(conn, &job).await?)
    }
}

impl Job for NotifyApiKey {
    const NAME: &'static str = "auth.notify_api_key";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::ApiKey(ApiKeyMail {
                notice: self.notice,
                display_name,
                at: self.at,
            })
        })
        .await
    }
}

/// Tells the owner of an account about it, if it is still there. `of`: what, from the owner's name.
pub(crate) async fn tell_account(
    context: &Context,
    user: UserId,
    of: impl FnOnce(String) -> Template,
) -> Result<(), JobError> {
    let conn = context.db.conn().await?;
    let Some(account) = queries::find_account(&conn, user).await? else {
        return Ok(());
    };
    drop(conn);
    let template = of(account.user.display_name.clone());
    tell(context, &account, &template).await
}

/// Tells the owner of a session about it, if it is still known. `of`: what, from the session and the owner's name.
async fn tell_owner(
    context: &Context,
    session: SessionId,
    of: impl FnOnce(Session, String) -> Template,
) -> Result<(), JobError> {
    let conn = context.db.conn().await?;
    let Some((session, account)) = queries::find_owner(&conn, session).await? else {
        return Ok(());
    };
    drop(conn);
    tell(
        context,
        &account,
        &of(session, account.user.display_name.clone()),
    )
    .await
}

pub(crate) async fn tell(
    context: &Context,
    account: &Account,
    template: &Template,
) -> Result<(), JobError> {
    let (now, locale) = (context.clock.now(), account.user.locale);
    let email = address(account)?;
    Ok(context.mailer.send(now, &email, locale, template).await?)
}

fn address(account: &Account) -> Result<EmailAddress, JobError> {
    parse(&account.email)
}

pub(crate) fn parse(address: &str) -> Result<EmailAddress, JobError> {
    EmailAddress::parse(address)
        .map_err(|rule| format!("a stored address is not one: {}", rule.code()).into())
}
