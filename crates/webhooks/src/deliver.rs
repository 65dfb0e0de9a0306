//! One attempt at a delivery, and what follows from how it went.

use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::Random;
use karya_fetch::{
    Bytes, FetchError, HeaderMap, HeaderName, HeaderValue, Method, Outgoing, Response, StatusCode,
    Url,
};
use karya_jobs::JobError;

use crate::WebhookError;
use crate::events::Payload;
use crate::jobs::{Context, Deliver, NotifyDisabled};
use crate::model::{
    AttemptError, AttemptRow, DeliveryRow, DeliveryState, DisabledReason, WebhookRow, WebhookState,
};
use crate::{queries, signing};

/// How long an attempt is one worker's: longer than it takes at most, shorter than it takes until the job of a worker
/// that died is given to another.
const LEASE: Duration = Duration::seconds(60);

/// For so long nothing may get through before this server gives up on a webhook.
const PATIENCE: Duration = Duration::days(5);

/// How much of an answer is kept.
const KEPT: usize = 500;

/// Pauses after the first failed attempt, the second and so on, in seconds: the schedule of the specification.
const PAUSES: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
];

/// How long to wait after so many failed attempts, a tenth more or less, so that what failed together does not come
/// back together; none: there were enough.
fn pause(failed: i32, random: &Random) -> Option<Duration> {
    let at = usize::try_from(failed).ok()?.checked_sub(1)?;
    let seconds = PAUSES.get(at)?;
    let [one, two, ..] = random.bytes();
    let share = i64::from(u16::from_be_bytes([one, two]));
    let jitter = seconds * 1000 / 5 * share / i64::from(u16::MAX) - seconds * 100;
    Some(Duration::milliseconds(seconds * 1000 + jitter))
}

/// How an attempt went.
struct Outcome {
    at: DateTime<Utc>,
    took: std::time::Duration,
    answer: Result<Response, FetchError>,
}

impl Outcome {
    fn status(&self) -> Option<StatusCode> {
        self.answer.as_ref().ok().map(|answer| answer.status)
    }

    fn got_through(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    fn row(&self, delivery: &DeliveryRow) -> AttemptRow {
        let error = self.answer.as_ref().err().cloned();
        AttemptRow {
            delivery_id: delivery.id,
            number: delivery.attempts + 1,
            at: self.at,
            duration_ms: i32::try_from(self.took.as_millis()).unwrap_or(i32::MAX),
            status: self.status().map(|status| status.as_u16().into()),
            error: error.map(AttemptError::from),
            answer: self
                .answer
                .as_ref()
                .ok()
                .and_then(|answer| kept(&answer.body)),
        }
    }
}

/// The beginning of an answer, as text.
fn kept(body: &Bytes) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_control())
        .take(KEPT)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// Makes an attempt, if it is still due.
pub(crate) async fn attempt(context: &Context, job: Deliver) -> Result<(), JobError> {
    let now = context.clock.now();
    let mut conn = context.db.conn().await?;
    let due = (job.delivery_id, job.attempt);
    let Some(delivery) = queries::claim(&mut conn, due, now, now + LEASE).await? else {
        let known = queries::find_delivery(&conn, job.delivery_id).await?;
        let is_busy = known.is_some_and(|known| {
            known.state == DeliveryState::Pending && known.attempts == job.attempt
        });
        if is_busy {
            // It may have died. Whoever looks again after its time knows.
            return Err("another worker is at this delivery".into());
        }
        return Ok(());
    };
    let Some(webhook) = queries::find(&conn, delivery.webhook_id).await? else {
        return Ok(());
    };
    let owner = queries::owner(&conn, webhook.owner_id).await?;
    let is_wanted =
        webhook.state == WebhookState::Active && owner.is_some_and(|(is_active, ..)| is_active);
    if !is_wanted {
        let dropped = (DeliveryState::Dropped, Some(now));
        queries::settle(&mut conn, due, delivery.attempts, dropped).await?;
        return Ok(());
    }
    // Nothing slow with a connection in hand.
    drop(conn);
    let started = Instant::now();
    let answer = send(context, now, &webhook, &delivery).await?;
    let outcome = Outcome {
        at: now,
        took: started.elapsed(),
        answer,
    };
    let label = if outcome.got_through() {
        "delivered"
    } else {
        "failed"
    };
    metrics::counter!("karya_webhook_attempts_total", "outcome" => label).increment(1);
    let mut conn = context.db.conn().await?;
    Ok(record(&mut conn, &context.random, &delivery, &outcome).await?)
}

async fn send(
    context: &Context,
    now: DateTime<Utc>,
    webhook: &WebhookRow,
    delivery: &DeliveryRow,
) -> Result<Result<Response, FetchError>, JobError> {
    let body = serde_json::to_string(&Payload::of(delivery))?;
    let content = (delivery.event_id, body.as_str());
    let signature = signing::signature(&context.master_key, webhook, now, content)?;
    let Ok(url) = Url::parse(&webhook.url) else {
        return Ok(Err(FetchError::BadAddress));
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", delivery.event_id.to_string()),
        ("webhook-timestamp", now.timestamp().to_string()),
        ("webhook-signature", signature),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(&value)?,
        );
    }
    let request = Outgoing {
        method: Method::POST,
        url,
        headers,
        body: body.into(),
    };
    Ok(context.fetcher.send(request).await)
}

/// Writes how an attempt went, and what is next.
async fn record(
    conn: &mut AsyncPgConnection,
    random: &Random,
    delivery: &DeliveryRow,
    outcome: &Outcome,
) -> Result<(), WebhookError> {
    let now = outcome.at;
    conn.transaction(async |conn| {
        let Some(mut webhook) = queries::lock(conn, delivery.webhook_id).await? else {
            return Ok(());
        };
        let made = delivery.attempts + 1;
        let next = pause(made - delivery.round_start, random);
        let is_gone = outcome.status() == Some(StatusCode::GONE);
        let state = match next {
            _ if outcome.got_through() => DeliveryState::Delivered,
            Some(_) if !is_gone => DeliveryState::Pending,
            _ => DeliveryState::Failed,
        };
        let finished_at = (state != DeliveryState::Pending).then_some(now);
        let due = (delivery.id, delivery.attempts);
        if queries::settle(conn, due, made, (state, finished_at)).await? == 0 {
            // Its time was up, and another made this attempt too.
            return Ok(());
        }
        queries::insert_attempt(conn, &outcome.row(delivery)).await?;
        if let Some(delay) = next.filter(|_| state == DeliveryState::Pending) {
            Deliver::enqueue(conn, delivery, made, Some(delay)).await?;
        }
        if learn(&mut webhook, outcome, is_gone) {
            queries::update(conn, &webhook).await?;
            if webhook.state == WebhookState::Disabled {
                let notice = NotifyDisabled {
                    webhook_id: webhook.id,
                };
                karya_jobs::enqueue(conn, &notice).await?;
            }
        }
        Ok(())
    })
    .await
}

/// What an attempt says about the webhook; whether anything changes.
fn learn(webhook: &mut WebhookRow, outcome: &Outcome, is_gone: bool) -> bool {
    if webhook.state != WebhookState::Active {
        return false;
    }
    if outcome.got_through() {
        return webhook.failing_since.take().is_some();
    }
    let is_first = webhook.failing_since.is_none();
    let since = *webhook.failing_since.get_or_insert(outcome.at);
    let reason = if is_gone {
        Some(DisabledReason::Gone)
    } else {
        (outcome.at - since >= PATIENCE).then_some(DisabledReason::Failing)
    };
    if reason.is_some() {
        webhook.state = WebhookState::Disabled;
        webhook.disabled_reason = reason;
        webhook.version += 1;
        webhook.updated_at = outcome.at;
    }
    is_first || reason.is_some()
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use karya_core::Random;

    use super::{PAUSES, kept, pause};

    #[test]
    fn pauses_grow_by_the_schedule_and_end() {
        let random = Random::seeded(7);
        for (at, seconds) in (1..).zip(PAUSES) {
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..200 {
                let pause = pause(at, &random).unwrap();
                let tenth = Duration::milliseconds(seconds * 100);
                let usual = Duration::seconds(seconds);
                assert!(pause >= usual - tenth && pause <= usual + tenth, "{pause}");
                seen.insert(pause);
            }
            assert!(seen.len() > 100, "{at}: {}", seen.len());
        }
        assert_eq!(pause(10, &random), None);
        assert_eq!(pause(0, &random), None);
    }

    #[test]
    fn little_of_an_answer_is_kept_and_nothing_that_postgres_refuses() {
        assert_eq!(kept(&"".into()), None);
        assert_eq!(kept(&"o\0k\n".into()).as_deref(), Some("ok"));
        assert_eq!(kept(&"é".repeat(900).into()).unwrap().chars().count(), 500);
        assert!(kept(&b"\xff".as_slice().into()).is_some());
    }
}
