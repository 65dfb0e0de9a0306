//! The mails about a change of address.

use chrono::Duration;
use karya_core::sealing::sha256;
use karya_jobs::{Job, JobError};
use karya_notifications::{AccountMail, AccountNotice, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::{Context, MAX_MAILS_AN_HOUR, parse, tell};
use crate::model::UserState;
use crate::{ops, queries};

/// Sends the link that confirms a change to the new address or, if somebody has that, a notice.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendEmailChange {
    pub change_id: Uuid,
}

impl Job for SendEmailChange {
    const NAME: &'static str = "auth.send_email_change";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        let mut conn = context.db.conn().await?;
        let Some(change) = queries::find_email_change(&conn, self.change_id)
            .await?
            .filter(|change| change.is_open(now))
        else {
            return Ok(());
        };
        let since = now - Duration::hours(1);
        if queries::count_change_mails(&conn, &change, since).await? >= MAX_MAILS_AN_HOUR {
            tracing::info!("an address got enough mails about a change for now");
            return Ok(());
        }
        let account = queries::find_account(&conn, change.user_id).await?;
        let Some(account) = account.filter(|account| account.user.state == UserState::Active)
        else {
            return Ok(());
        };
        let email = parse(&change.new_address)?;
        let holder = match queries::find_verified(&conn, &email).await? {
            Some(holder) => queries::find_account(&conn, holder).await?,
            None => None,
        };
        let (locale, template) = if let Some(holder) = holder {
            let mail = AccountMail {
                notice: AccountNotice::AddressInUse,
                display_name: holder.user.display_name,
                link: Some(context.options.public_url.clone()),
            };
            (holder.user.locale, Template::Account(mail))
        } else {
            let token = context.random.token();
            let hash = sha256(token.as_bytes());
            queries::set_confirm_hash(&mut conn, change.id, &hash).await?;
            let template = Template::ConfirmEmailChange {
                link: format!(
                    "{}/confirm-email-change?token={token}",
                    context.options.public_url
                ),
                token,
                valid_minutes: ops::CONFIRM_TTL.num_minutes(),
            };
            (account.user.locale, template)
        };
        drop(conn);
        context.mailer.send(now, &email, locale, &template).await?;
        let mut conn = context.db.conn().await?;
        queries::set_change_mailed(&mut conn, change.id, now).await?;
        Ok(())
    }
}

/// Tells the old address that the account has another one, with a link that gives it back.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyEmailChanged {
    pub change_id: Uuid,
}

impl Job for NotifyEmailChanged {
    const NAME: &'static str = "auth.notify_email_changed";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        let mut conn = context.db.conn().await?;
        let undoable = queries::find_email_change(&conn, self.change_id).await?;
        let Some(change) = undoable.filter(|change| change.can_be_undone(now)) else {
            return Ok(());
        };
        let Some(mut account) = queries::find_account(&conn, change.user_id).await? else {
            return Ok(());
        };
        let token = context.random.token();
        queries::set_undo_hash(&mut conn, change.id, &sha256(token.as_bytes())).await?;
        drop(conn);
        let template = Template::Account(AccountMail {
            notice: AccountNotice::EmailChanged {
                at: change.confirmed_at.unwrap_or(now),
                valid_days: ops::UNDO_TTL.num_days(),
            },
            display_name: account.user.display_name.clone(),
            link: Some(format!(
                "{}/undo-email-change?token={token}",
                context.options.public_url
            )),
        });
        account.email = change.old_address;
        tell(&context, &account, &template).await
    }
}
