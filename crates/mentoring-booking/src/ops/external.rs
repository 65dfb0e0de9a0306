//! Calendars elsewhere: when they say that somebody is busy, that somebody is not offered. Only the times are kept.
//!
//! A calendar that cannot be read keeps its old times: nothing is ever freed by a failure, and nothing cancelled.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{MasterKey, UserId};
use karya_fetch::{FetchError, Fetched, Url};
use karya_jobs::JobError;
use uuid::Uuid;

use crate::ics::import::{self, ImportError, Imported, Limits};
use crate::jobs::{self, Context};
use crate::model::{ExternalBusyRow, ExternalCalendarRow, ImportFailure};
use crate::queries::external as queries;
use crate::{MentoringError, claims};

/// How many calendars elsewhere one person may name.
const MAX_CALENDARS: usize = 5;

const PURPOSE: &str = "external_calendars.url";

/// What is read of a calendar.
const BACK: TimeDelta = TimeDelta::days(1);
const AHEAD: TimeDelta = TimeDelta::days(120);

/// For so long the server's word that nothing changed is enough; then it is read anew, since it reaches further.
const TRUST_UNCHANGED: TimeDelta = TimeDelta::days(1);

/// Where busy times come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Read now and from then on.
    Url(Url),
    /// Read already.
    Upload(Imported),
}

fn window(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    (now - BACK, now + AHEAD)
}

/// Reads an iCalendar stream, apart from the threads that serve requests. `zone`: of times that name none.
pub(crate) async fn parse(
    bytes: Vec<u8>,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<Imported, ImportFailure> {
    let work = move || import::busy(&bytes, zone, window(now), Limits::default());
    let read = actix_web::rt::task::spawn_blocking(work).await;
    match read {
        Ok(Ok(imported)) => Ok(imported),
        Ok(Err(error)) => Err(match error {
            ImportError::TooLarge { .. } | ImportError::LineTooLong { .. } => {
                ImportFailure::TooLarge
            }
            ImportError::TooManyEvents { .. } | ImportError::TooManyInstances { .. } => {
                ImportFailure::TooManyEvents
            }
            ImportError::NotACalendar | ImportError::Unbalanced | ImportError::TooDeep { .. } => {
                ImportFailure::NotACalendar
            }
        }),
        // It panicked, or the program stops.
        Err(_lost) => Err(ImportFailure::NotACalendar),
    }
}

/// The zone in which times without one are meant.
pub(crate) async fn zone_of(conn: &AsyncPgConnection, owner: UserId) -> Result<Tz, MentoringError> {
    let calendars = crate::queries::availability::calendars(conn, &[owner]).await?;
    let zone = calendars.first().and_then(|row| row.zone.parse().ok());
    Ok(zone.unwrap_or(Tz::Asia__Jakarta))
}

/// Adds a calendar.
pub(crate) async fn add(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    key: &MasterKey,
    owner: UserId,
    source: Source,
) -> Result<ExternalCalendarRow, MentoringError> {
    conn.transaction(async |conn| {
        claims::lock(conn, now, &[owner]).await?;
        // Counted under the lock.
        if queries::list(conn, owner).await?.len() >= MAX_CALENDARS {
            return Err(MentoringError::TooManyEntries);
        }
        let id = Uuid::now_v7();
        let mut row = ExternalCalendarRow {
            id,
            owner_id: owner,
            url_sealed: None,
            host: None,
            etag: None,
            last_ok_at: None,
            last_tried_at: None,
            covered_until: None,
            last_error: None,
            event_count: 0,
            not_understood: 0,
            created_at: now,
        };
        match source {
            Source::Url(url) => {
                row.host = url.host_str().map(str::to_owned);
                row.url_sealed = Some(key.seal(PURPOSE, id.as_bytes(), url.as_str().as_bytes()));
                queries::insert(conn, &row).await?;
                jobs::import(conn, id, None).await?;
            }
            Source::Upload(imported) => {
                queries::insert(conn, &row).await?;
                row = apply(conn, now, row, &imported).await?;
            }
        }
        Ok(row)
    })
    .await
}

/// Makes the busy times of a calendar those that were read. Wants the owner's calendar locked.
async fn apply(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    row: ExternalCalendarRow,
    imported: &Imported,
) -> Result<ExternalCalendarRow, MentoringError> {
    queries::clear_busy(conn, row.id).await?;
    let busy: Vec<ExternalBusyRow> = imported
        .busy
        .iter()
        .map(|&(starts_at, ends_at)| ExternalBusyRow {
            calendar_id: row.id,
            starts_at,
            ends_at,
            owner_id: row.owner_id,
        })
        .collect();
    for rows in busy.chunks(queries::BUSY_ROWS) {
        queries::insert_busy(conn, rows).await?;
    }
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let row = ExternalCalendarRow {
        last_ok_at: Some(now),
        last_tried_at: Some(now),
        covered_until: Some(window(now).1),
        last_error: None,
        event_count: count(imported.events),
        not_understood: count(imported.not_understood),
        ..row
    };
    queries::update(conn, &row).await?;
    Ok(row)
}

/// Reads a calendar again soon.
pub(crate) async fn ask_again(
    conn: &mut AsyncPgConnection,
    owner: UserId,
    id: Uuid,
) -> Result<ExternalCalendarRow, MentoringError> {
    conn.transaction(async |conn| {
        let row = queries::find(conn, id)
            .await?
            .filter(|row| row.owner_id == owner)
            .ok_or(MentoringError::BusyCalendarNotFound)?;
        if row.url_sealed.is_none() {
            return Err(MentoringError::NothingToRefresh);
        }
        jobs::import(conn, id, None).await?;
        Ok(row)
    })
    .await
}

/// Forgets a calendar and its busy times.
pub(crate) async fn remove(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    owner: UserId,
    id: Uuid,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        claims::lock(conn, now, &[owner]).await?;
        if queries::delete(conn, owner, id).await? == 0 {
            return Err(MentoringError::BusyCalendarNotFound);
        }
        Ok(())
    })
    .await
}

/// What reading a calendar led to.
enum Outcome {
    Unchanged,
    Read {
        imported: Imported,
        etag: Option<String>,
    },
    Failed(ImportFailure),
}

/// Reads a calendar now. Says whether there is anything to read again later.
pub(crate) async fn refresh(context: &Context, id: Uuid) -> Result<bool, JobError> {
    let now = context.clock.now();
    let conn = context.db.conn().await?;
    let Some(row) = queries::find(&conn, id).await? else {
        return Ok(false);
    };
    let Some(sealed) = &row.url_sealed else {
        return Ok(false);
    };
    let zone = zone_of(&conn, row.owner_id).await?;
    // The other side may be slow: nothing is held while it answers.
    drop(conn);
    let url = context.master_key.open(PURPOSE, id.as_bytes(), sealed)?;
    let url = Url::parse(std::str::from_utf8(&url)?)?;
    let reaches = row.covered_until.unwrap_or(now) - now > AHEAD - TRUST_UNCHANGED;
    let etag = row.etag.as_deref().filter(|_| reaches);
    let outcome = match context.fetcher.get(&url, etag).await {
        Ok(Fetched::NotModified) => Outcome::Unchanged,
        Ok(Fetched::Body { bytes, etag }) => match parse(bytes.into(), zone, now).await {
            Ok(imported) => Outcome::Read { imported, etag },
            Err(failure) => Outcome::Failed(failure),
        },
        Err(error) => Outcome::Failed(failure(&error)),
    };
    let mut conn = context.db.conn().await?;
    Ok(settle(&mut conn, now, (row.owner_id, id), outcome).await?)
}

async fn settle(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (owner, id): (UserId, Uuid),
    outcome: Outcome,
) -> Result<bool, MentoringError> {
    conn.transaction(async |conn| {
        claims::lock(conn, now, &[owner]).await?;
        // It may be gone since.
        let Some(row) = queries::find(conn, id).await? else {
            return Ok(false);
        };
        match outcome {
            Outcome::Read { imported, etag } => {
                let etag = etag.filter(|etag| etag.chars().count() <= 200);
                apply(conn, now, ExternalCalendarRow { etag, ..row }, &imported).await?;
            }
            Outcome::Unchanged => {
                let row = ExternalCalendarRow {
                    last_ok_at: Some(now),
                    last_tried_at: Some(now),
                    last_error: None,
                    ..row
                };
                queries::update(conn, &row).await?;
            }
            Outcome::Failed(failure) => {
                let row = ExternalCalendarRow {
                    last_tried_at: Some(now),
                    last_error: Some(failure),
                    ..row
                };
                queries::update(conn, &row).await?;
            }
        }
        Ok(true)
    })
    .await
}

fn failure(error: &FetchError) -> ImportFailure {
    match error {
        FetchError::BadAddress => ImportFailure::BadAddress,
        FetchError::RefusedAddress => ImportFailure::RefusedAddress,
        FetchError::Unresolvable | FetchError::Unreachable | FetchError::Tls => {
            ImportFailure::Unreachable
        }
        FetchError::Redirects => ImportFailure::Redirects,
        FetchError::TooLarge => ImportFailure::TooLarge,
        FetchError::Timeout => ImportFailure::Timeout,
        FetchError::Status(401 | 403) => ImportFailure::Refused,
        FetchError::Status(404 | 410) => ImportFailure::NotFound,
        FetchError::Protocol | FetchError::Status(_) => ImportFailure::BadResponse,
    }
}
