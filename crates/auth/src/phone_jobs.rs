//! What is sent to phones, and the mails about it.

use chrono::{DateTime, Utc};
use karya_core::sealing::sha256;
use karya_core::{PhoneNumber, UserId};
use karya_jobs::{Job, JobError};
use karya_notifications::{Message, PhoneMail, PhoneNotice, Template};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::jobs::{Context, tell_account};
use crate::model::CodePurpose;
use crate::ops::{self, phone_codes};
use crate::queries;

/// Sends the code that somebody asked for. If another account has the number that is to be proved, a notice; if nobody
/// has the number whose password is lost, nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendPhoneCode {
    pub code_id: Uuid,
}

impl Job for SendPhoneCode {
    const NAME: &'static str = "auth.send_phone_code";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        let mut conn = context.db.conn().await?;
        let found = queries::find_phone_code(&conn, self.code_id).await?;
        let Some(code) = found.filter(|code| code.is_to_send(now)) else {
            return Ok(());
        };
        let number = parse(&code.number)?;
        let holder = queries::find_holder(&conn, &number).await?;
        // Whoever proves a number that somebody else has gets no code for it.
        let (receiver, has_code) = match (code.purpose, code.user_id, holder) {
            (CodePurpose::VerifyPhone, Some(user), Some(holder)) => (holder, user == holder),
            (CodePurpose::VerifyPhone, Some(user), None) => (user, true),
            (CodePurpose::ResetPassword, _, Some(holder)) => (holder, true),
            _ => return Ok(()),
        };
        let receiver = queries::find_account(&conn, receiver).await?;
        let Some(receiver) = receiver.filter(|account| account.user.state.is_usable()) else {
            return Ok(());
        };
        let message = if has_code {
            let request = (code.id, code.purpose);
            let (digits, hash) = phone_codes::make(&context.master_key, &context.random, request);
            queries::set_code_hash(&mut conn, code.id, &hash, receiver.user.id).await?;
            Message::Code {
                code: digits.into(),
                valid_minutes: ops::CODE_TTL.num_minutes(),
            }
        } else {
            Message::NumberInUse
        };
        drop(conn);
        let locale = receiver.user.locale;
        context
            .messenger
            .send(now, &number, locale, &message)
            .await?;
        let mut conn = context.db.conn().await?;
        queries::set_code_sent(&mut conn, code.id, now).await?;
        Ok(())
    }
}

/// Tells the number that an account had before that it has it no more, with a link that gives it back.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendPhoneUndo {
    pub change_id: Uuid,
}

impl Job for SendPhoneUndo {
    const NAME: &'static str = "auth.send_phone_undo";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        let mut conn = context.db.conn().await?;
        let found = queries::find_phone_change(&conn, self.change_id).await?;
        let Some(change) = found.filter(|change| change.can_be_undone(now)) else {
            return Ok(());
        };
        let Some(account) = queries::find_account(&conn, change.user_id).await? else {
            return Ok(());
        };
        let token = context.random.token();
        queries::set_phone_undo_hash(&mut conn, change.id, &sha256(token.as_bytes())).await?;
        drop(conn);
        let link = format!(
            "{}/undo-phone-change?token={token}",
            context.options.public_url
        );
        let message = Message::NumberChanged {
            at: change.changed_at,
            link: link.into(),
            valid_days: ops::PHONE_UNDO_TTL.num_days(),
        };
        let number = parse(&change.old_number)?;
        let locale = account.user.locale;
        Ok(context
            .messenger
            .send(now, &number, locale, &message)
            .await?)
    }
}

/// Tells the owner of an account by mail what happened to its number.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyPhone {
    pub user_id: UserId,
    pub at: DateTime<Utc>,
    pub notice: PhoneNotice,
    /// Most of it left out.
    pub number: String,
}

impl Job for NotifyPhone {
    const NAME: &'static str = "auth.notify_phone";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        tell_account(&context, self.user_id, |display_name| {
            Template::Phone(PhoneMail {
                notice: self.notice,
                number: self.number,
                display_name,
                at: self.at,
            })
        })
        .await
    }
}

fn parse(number: &str) -> Result<PhoneNumber, JobError> {
    PhoneNumber::parse(number)
        .map_err(|rule| format!("a stored number is not one: {}", rule.code()).into())
}
