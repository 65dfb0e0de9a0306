//! What happens after the answer: deliveries, and mails about webhooks that this server gave up on.

use chrono::Duration;
use karya_core::{Clock, EmailAddress, MasterKey, Random};
use karya_db::{AsyncPgConnection, Db};
use karya_fetch::Fetcher;
use karya_jobs::{Job, JobError, Options, WorkerBuilder};
use karya_notifications::{Mailer, Template, WebhookMail};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{DeliveryRow, DisabledReason};
use crate::{WebhookError, deliver, queries};

/// What the jobs of this crate need.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Clock,
    pub random: Random,
    pub master_key: MasterKey,
    pub fetcher: Fetcher,
    pub mailer: Mailer,
}

/// Teaches a worker the jobs of this crate.
#[must_use]
pub fn register(worker: WorkerBuilder, context: &Context) -> WorkerBuilder {
    worker
        .register::<Deliver>(context.clone())
        .register::<NotifyDisabled>(context.clone())
}

/// One attempt at a delivery. The database writes these too, with the first attempt.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deliver {
    pub delivery_id: Uuid,
    /// How many there were before. A job whose attempt was made does nothing.
    pub attempt: i32,
}

impl Deliver {
    /// Enqueues the attempt after so many. A webhook gets one request at a time, so that a slow receiver holds up
    /// itself and no other.
    pub(crate) async fn enqueue(
        conn: &mut AsyncPgConnection,
        delivery: &DeliveryRow,
        attempt: i32,
        delay: Option<Duration>,
    ) -> Result<(), WebhookError> {
        let job = Self {
            delivery_id: delivery.id,
            attempt,
        };
        let options = Options {
            delay,
            key: None,
            queue: Some(format!("webhook:{}", delivery.webhook_id)),
        };
        Ok(karya_jobs::enqueue_with(conn, &job, options).await?)
    }
}

impl Job for Deliver {
    const NAME: &'static str = "webhooks.deliver";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        deliver::attempt(&context, self).await
    }
}

/// Tells whoever made a webhook that it gets nothing any more.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyDisabled {
    pub webhook_id: Uuid,
}

impl Job for NotifyDisabled {
    const NAME: &'static str = "webhooks.notify_disabled";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let conn = context.db.conn().await?;
        let Some(webhook) = queries::find(&conn, self.webhook_id).await? else {
            return Ok(());
        };
        let Some(reason) = webhook.disabled_reason else {
            return Ok(());
        };
        let owner = queries::owner(&conn, webhook.owner_id).await?;
        drop(conn);
        let Some((true, display_name, address, locale)) = owner else {
            return Ok(());
        };
        let email = EmailAddress::parse(&address)
            .map_err(|rule| format!("a stored address is not one: {}", rule.code()))?;
        let mail = Template::Webhook(WebhookMail {
            display_name,
            url: webhook.url,
            is_gone: reason == DisabledReason::Gone,
        });
        let now = context.clock.now();
        Ok(context.mailer.send(now, &email, locale, &mail).await?)
    }
}
