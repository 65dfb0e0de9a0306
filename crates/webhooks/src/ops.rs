//! The rules about webhooks: whose they are, what they want, their secrets, and trying them.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BusinessId, MasterKey, MemberRole, Random, UserId};
use karya_db::membership;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::WebhookError;
use crate::jobs::Deliver;
use crate::model::{DeliveryRow, DeliveryState, EventType, WebhookRow, WebhookState};
use crate::queries;
use crate::signing::Secret;

/// How many webhooks somebody, or a business, may have.
pub(crate) const MAX: i64 = 20;

/// How long a secret that was rotated may sign beside the new one.
pub(crate) const MAX_OVERLAP: Duration = Duration::days(7);

/// How long the log of deliveries goes back.
const KEEP_DELIVERIES: Duration = Duration::days(30);

/// What a webhook wants, its values in order.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) description: Option<String>,
    pub(crate) event_types: Vec<EventType>,
    pub(crate) state: WebhookState,
}

impl Wanted {
    fn names(&self) -> Vec<String> {
        self.event_types.iter().map(ToString::to_string).collect()
    }
}

/// Refuses who is no owner or manager of the business.
pub(crate) async fn require_manager(
    conn: &AsyncPgConnection,
    user: UserId,
    business: BusinessId,
) -> Result<(), WebhookError> {
    match membership::role(conn, business, user).await? {
        Some(MemberRole::Owner | MemberRole::Manager) => Ok(()),
        Some(MemberRole::Staff) | None => Err(WebhookError::ManagerRequired),
    }
}

/// Whether somebody may see and change a webhook.
async fn is_theirs(
    conn: &AsyncPgConnection,
    user: UserId,
    webhook: &WebhookRow,
) -> Result<bool, WebhookError> {
    let Some(business) = webhook.business_id else {
        return Ok(webhook.owner_id == user);
    };
    match require_manager(conn, user, business).await {
        Ok(()) => Ok(true),
        Err(WebhookError::ManagerRequired) => Ok(false),
        Err(other) => Err(other),
    }
}

/// A webhook that is theirs.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    (user, id): (UserId, Uuid),
) -> Result<WebhookRow, WebhookError> {
    let row = queries::find(conn, id).await?;
    let row = row.ok_or(WebhookError::NotFound)?;
    if is_theirs(conn, user, &row).await? {
        Ok(row)
    } else {
        Err(WebhookError::NotFound)
    }
}

/// The same, locked.
async fn lock(
    conn: &mut AsyncPgConnection,
    (user, id): (UserId, Uuid),
) -> Result<WebhookRow, WebhookError> {
    let row = queries::lock(conn, id).await?;
    let row = row.ok_or(WebhookError::NotFound)?;
    if is_theirs(conn, user, &row).await? {
        Ok(row)
    } else {
        Err(WebhookError::NotFound)
    }
}

/// Makes a webhook, and its secret, which is shown once.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (key, random): (&MasterKey, &Random),
    (user, business): (UserId, Option<BusinessId>),
    wanted: Wanted,
) -> Result<(WebhookRow, Zeroizing<String>), WebhookError> {
    let (id, secret) = (Uuid::now_v7(), Secret::make(random));
    let row = WebhookRow {
        id,
        owner_id: user,
        business_id: business,
        event_types: wanted.names(),
        url: wanted.url,
        description: wanted.description,
        state: wanted.state,
        disabled_reason: None,
        secret_sealed: secret.seal(key, id),
        old_secret_sealed: None,
        old_secret_until: None,
        failing_since: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    conn.transaction(async |conn| {
        if let Some(business) = business {
            require_manager(conn, user, business).await?;
        }
        queries::lock_owner(conn, (user, business)).await?;
        if queries::count(conn, (user, business)).await? >= MAX {
            return Err(WebhookError::TooMany);
        }
        queries::insert(conn, &row).await?;
        Ok(())
    })
    .await?;
    Ok((row, secret.text()))
}

/// Changes a webhook; `change` says what it becomes. Making it active forgets that it failed.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, id, expected): (UserId, Uuid, Option<i32>),
    change: impl FnOnce(&WebhookRow) -> Result<Wanted, WebhookError> + Send,
) -> Result<WebhookRow, WebhookError> {
    conn.transaction(async |conn| {
        let mut row = lock(conn, (user, id)).await?;
        if expected.is_some_and(|version| version != row.version) {
            return Err(WebhookError::StaleVersion);
        }
        let wanted = change(&row)?;
        if wanted.state != row.state {
            row.disabled_reason = None;
            row.failing_since = None;
        }
        row.event_types = wanted.names();
        row.url = wanted.url;
        row.description = wanted.description;
        row.state = wanted.state;
        row.version += 1;
        row.updated_at = now;
        queries::update(conn, &row).await?;
        Ok(row)
    })
    .await
}

/// Deletes a webhook with its log. What was on its way to it is not sent any more.
pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    which: (UserId, Uuid),
) -> Result<(), WebhookError> {
    conn.transaction(async |conn| {
        let row = lock(conn, which).await?;
        queries::delete(conn, row.id).await?;
        Ok(())
    })
    .await
}

/// Gives a webhook another secret. The one before signs too for `overlap`; one before that no longer.
pub(crate) async fn rotate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (key, random): (&MasterKey, &Random),
    which: (UserId, Uuid),
    overlap: Duration,
) -> Result<(WebhookRow, Zeroizing<String>), WebhookError> {
    let secret = Secret::make(random);
    let row = conn
        .transaction(async |conn| {
            let mut row = lock(conn, which).await?;
            let sealed = secret.seal(key, row.id);
            row.old_secret_sealed = Some(std::mem::replace(&mut row.secret_sealed, sealed));
            row.old_secret_until = Some(now + overlap);
            row.version += 1;
            row.updated_at = now;
            queries::update(conn, &row).await?;
            Ok::<_, WebhookError>(row)
        })
        .await?;
    Ok((row, secret.text()))
}

/// Sends an event of which nothing happened, whatever the webhook wants. In a transaction of the caller's.
pub(crate) async fn test(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    which: (UserId, Uuid),
) -> Result<DeliveryRow, WebhookError> {
    let webhook = lock(conn, which).await?;
    if webhook.state != WebhookState::Active {
        return Err(WebhookError::NotActive);
    }
    let row = DeliveryRow {
        id: Uuid::now_v7(),
        webhook_id: webhook.id,
        event_id: Uuid::now_v7(),
        event_type: EventType::WebhookTest,
        occurred_at: now,
        data: json!({ "webhook_id": webhook.id }),
        state: DeliveryState::Pending,
        attempts: 0,
        round_start: 0,
        claimed_until: None,
        finished_at: None,
    };
    queries::insert_delivery(conn, &row).await?;
    Deliver::enqueue(conn, &row, row.attempts, None).await?;
    Ok(row)
}

/// Sends an event again, under the same id, now and if need be by the whole schedule; one that waits for its next
/// attempt is tried now. In a transaction of the caller's.
pub(crate) async fn retry(
    conn: &mut AsyncPgConnection,
    which: (UserId, Uuid),
    delivery: Uuid,
) -> Result<DeliveryRow, WebhookError> {
    let webhook = lock(conn, which).await?;
    let found = queries::find_delivery(conn, delivery).await?;
    found
        .filter(|row| row.webhook_id == webhook.id)
        .ok_or(WebhookError::NotFound)?;
    if webhook.state != WebhookState::Active {
        return Err(WebhookError::NotActive);
    }
    queries::reopen(conn, delivery).await?;
    let row = queries::find_delivery(conn, delivery).await?;
    let row = row.ok_or(WebhookError::NotFound)?;
    Deliver::enqueue(conn, &row, row.attempts, None).await?;
    Ok(row)
}

/// Forgets what nobody asks about any more. Returns how many rows.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<usize, WebhookError> {
    let deliveries = queries::delete_deliveries(conn, now - KEEP_DELIVERIES).await?;
    let secrets = queries::delete_old_secrets(conn, now).await?;
    Ok(deliveries + secrets)
}
