//! One SQL statement per function.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BusinessId, Lang, UserId};
use karya_db::schema::{businesses, emails, users, webhook_attempts, webhook_deliveries, webhooks};
use uuid::Uuid;

use crate::model::{AttemptRow, DeliveryRow, DeliveryState, WebhookRow};

/// So that those who count do so one after the other.
pub(crate) async fn lock_owner(
    conn: &mut AsyncPgConnection,
    (user, business): (UserId, Option<BusinessId>),
) -> QueryResult<()> {
    match business {
        Some(business) => businesses::table
            .find(business)
            .select(businesses::id)
            .for_no_key_update()
            .first::<BusinessId>(conn)
            .await
            .map(drop),
        None => users::table
            .find(user)
            .select(users::id)
            .for_no_key_update()
            .first::<UserId>(conn)
            .await
            .map(drop),
    }
}

pub(crate) async fn count(
    conn: &AsyncPgConnection,
    (user, business): (UserId, Option<BusinessId>),
) -> QueryResult<i64> {
    let all = webhooks::table.select(count_star()).into_boxed();
    let theirs = match business {
        Some(business) => all.filter(webhooks::business_id.eq(business)),
        None => all.filter(
            webhooks::owner_id
                .eq(user)
                .and(webhooks::business_id.is_null()),
        ),
    };
    theirs.get_result(&mut &*conn).await
}

/// The webhooks of a business, or somebody's own, the newest first.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    (user, business): (UserId, Option<BusinessId>),
) -> QueryResult<Vec<WebhookRow>> {
    let all = webhooks::table
        .select(WebhookRow::as_select())
        .order(webhooks::id.desc())
        .into_boxed();
    let theirs = match business {
        Some(business) => all.filter(webhooks::business_id.eq(business)),
        None => all.filter(
            webhooks::owner_id
                .eq(user)
                .and(webhooks::business_id.is_null()),
        ),
    };
    theirs.load(&mut &*conn).await
}

pub(crate) async fn find(conn: &AsyncPgConnection, id: Uuid) -> QueryResult<Option<WebhookRow>> {
    webhooks::table
        .find(id)
        .select(WebhookRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The same, locked. Whoever locks deliveries too locks this first.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<WebhookRow>> {
    webhooks::table
        .find(id)
        .select(WebhookRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &WebhookRow) -> QueryResult<usize> {
    diesel::insert_into(webhooks::table)
        .values(row)
        .execute(conn)
        .await
}

/// Writes the row that was locked.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &WebhookRow) -> QueryResult<usize> {
    diesel::update(webhooks::table.find(row.id))
        .set(row)
        .execute(conn)
        .await
}

pub(crate) async fn delete(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<usize> {
    diesel::delete(webhooks::table.find(id)).execute(conn).await
}

/// Whether the account may be used, and how to reach it.
pub(crate) async fn owner(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<Option<(bool, String, String, Lang)>> {
    users::table
        .inner_join(emails::table)
        .filter(users::id.eq(user))
        .select((
            users::state.eq("active"),
            users::display_name,
            emails::address,
            users::locale,
        ))
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn insert_delivery(
    conn: &mut AsyncPgConnection,
    row: &DeliveryRow,
) -> QueryResult<usize> {
    diesel::insert_into(webhook_deliveries::table)
        .values(row)
        .execute(conn)
        .await
}

/// A page of a webhook's deliveries, the newest first.
pub(crate) async fn deliveries(
    conn: &AsyncPgConnection,
    webhook: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<DeliveryRow>> {
    let mut query = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .select(DeliveryRow::as_select())
        .order(webhook_deliveries::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(webhook_deliveries::id.lt(after));
    }
    query.load(&mut &*conn).await
}

/// The attempts of deliveries, the first one first.
pub(crate) async fn attempts(
    conn: &AsyncPgConnection,
    of: Vec<Uuid>,
) -> QueryResult<Vec<AttemptRow>> {
    webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq_any(of))
        .select(AttemptRow::as_select())
        .order(webhook_attempts::number)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn find_delivery(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<DeliveryRow>> {
    webhook_deliveries::table
        .find(id)
        .select(DeliveryRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Takes an attempt that is due and that nobody is at.
pub(crate) async fn claim(
    conn: &mut AsyncPgConnection,
    (id, attempt): (Uuid, i32),
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<Option<DeliveryRow>> {
    let free = webhook_deliveries::claimed_until
        .is_null()
        .or(webhook_deliveries::claimed_until.le(now));
    let due = webhook_deliveries::state
        .eq(DeliveryState::Pending)
        .and(webhook_deliveries::attempts.eq(attempt));
    diesel::update(webhook_deliveries::table.find(id).filter(due).filter(free))
        .set(webhook_deliveries::claimed_until.eq(until))
        .returning(DeliveryRow::as_returning())
        .get_result(conn)
        .await
        .optional()
}

/// Writes how a delivery stands after an attempt, if it is still that attempt's. `attempt`: how many there were before.
pub(crate) async fn settle(
    conn: &mut AsyncPgConnection,
    (id, attempt): (Uuid, i32),
    attempts: i32,
    (state, finished_at): (DeliveryState, Option<DateTime<Utc>>),
) -> QueryResult<usize> {
    let theirs = webhook_deliveries::state
        .eq(DeliveryState::Pending)
        .and(webhook_deliveries::attempts.eq(attempt));
    diesel::update(webhook_deliveries::table.find(id).filter(theirs))
        .set((
            webhook_deliveries::attempts.eq(attempts),
            webhook_deliveries::state.eq(state),
            webhook_deliveries::finished_at.eq(finished_at),
            webhook_deliveries::claimed_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
}

pub(crate) async fn insert_attempt(
    conn: &mut AsyncPgConnection,
    row: &AttemptRow,
) -> QueryResult<usize> {
    diesel::insert_into(webhook_attempts::table)
        .values(row)
        .execute(conn)
        .await
}

/// Puts a delivery that ended back in the line, with the whole schedule before it.
pub(crate) async fn reopen(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<usize> {
    let ended = webhook_deliveries::state.ne(DeliveryState::Pending);
    diesel::update(webhook_deliveries::table.find(id).filter(ended))
        .set((
            webhook_deliveries::state.eq(DeliveryState::Pending),
            webhook_deliveries::finished_at.eq(None::<DateTime<Utc>>),
            webhook_deliveries::round_start.eq(webhook_deliveries::attempts),
        ))
        .execute(conn)
        .await
}

/// Removes deliveries from before. Returns how many.
pub(crate) async fn delete_deliveries(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::occurred_at.lt(before)))
        .execute(conn)
        .await
}

/// Removes secrets that were rotated and are no longer good. Returns how many.
pub(crate) async fn delete_old_secrets(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(webhooks::table.filter(webhooks::old_secret_until.le(now)))
        .set((
            webhooks::old_secret_sealed.eq(None::<Vec<u8>>),
            webhooks::old_secret_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
}
