//! A copy of everything that is stored on a person, made by the worker, sealed in the storage, gone after a week.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use futures_util::TryStreamExt;
use karya_auth::audit::{self, Event, EventKind};
use karya_auth::jobs::NotifyExportReady;
use karya_business_profile::rights::identity_numbers;
use karya_core::{MasterKey, SessionId, UserId};
use karya_db::{DbError, OnConstraint};
use karya_jobs::{Job, JobError};
use karya_storage::{Key, Storage, objects};
use karya_web::Problem;
use karya_web::codes::NOT_FOUND;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Context;
use super::queries::{self, DataRequest, DataRequestKind, Export, ExportState, RequestOutcome};
use super::tables::{TABLES, Treatment};
use super::{IN_PROGRESS, NOT_READY, STORAGE_UNAVAILABLE, TOO_MANY};

/// How long an export can be downloaded.
pub(super) const KEPT: TimeDelta = TimeDelta::days(7);

/// How many somebody may ask for within a day.
const MAX_A_DAY: i64 = 3;

const PURPOSE: &str = "data export";

/// Asks for an export. One at a time, and three a day at most.
pub(super) async fn ask(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
) -> Result<Export, Problem> {
    let export = Export {
        id: Uuid::now_v7(),
        user_id: user,
        state: ExportState::Preparing,
        asked_at: now,
        ready_at: None,
        expires_at: None,
        object_key: None,
        size: None,
    };
    let request = DataRequest::new(export.id, (user, DataRequestKind::Export), now);
    queries::insert_request(conn, &request)
        .await
        .map_err(DbError::from)?;
    // Before the count: who waits here for another request sees what that one did.
    queries::insert_export(conn, &export)
        .await
        .on_constraint("data_exports_preparing_key", || Refused::InProgress)?;
    let today = queries::count_exports(conn, user, now - TimeDelta::days(1));
    if today.await.map_err(DbError::from)? > MAX_A_DAY {
        return Err(Problem::later(&TOO_MANY, Duration::from_hours(24)));
    }
    let asked = Event::of(EventKind::ExportAsked, user).session(session);
    audit::record(conn, now, asked)
        .await
        .map_err(DbError::from)?;
    let job = BuildExport {
        export_id: export.id,
    };
    karya_jobs::enqueue(conn, &job)
        .await
        .map_err(DbError::from)?;
    Ok(export)
}

/// Why asking was refused.
enum Refused {
    InProgress,
    Db(DbError),
}

impl From<diesel::result::Error> for Refused {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::InProgress => Self::of(&IN_PROGRESS),
            Refused::Db(error) => error.into(),
        }
    }
}

/// One of one's own exports that has not expired.
pub(super) async fn find(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: Uuid,
) -> Result<Export, Problem> {
    queries::find_export(conn, id)
        .await
        .map_err(DbError::from)?
        .filter(|export| export.user_id == user)
        .filter(|export| export.expires_at.is_none_or(|expires_at| expires_at > now))
        .ok_or_else(|| Problem::of(&NOT_FOUND))
}

/// What an export holds.
pub(super) async fn read(
    storage: &Storage,
    master_key: &MasterKey,
    export: &Export,
) -> Result<Vec<u8>, Problem> {
    let key = export.object_key.clone().map(Key::stored);
    let key = key.ok_or_else(|| Problem::of(&NOT_READY))?;
    let unavailable = || Problem::later(&STORAGE_UNAVAILABLE, Duration::from_mins(1));
    let content = storage.get(&key).await.map_err(|error| {
        tracing::error!(%error, "an export cannot be read");
        unavailable()
    })?;
    let content = content.ok_or_else(|| {
        tracing::error!(export = %export.id, "the storage lacks an object");
        unavailable()
    })?;
    let sealed = content
        .try_fold(Vec::new(), async |mut all, part| {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await
        .map_err(|error| {
            tracing::error!(%error, "an export cannot be read");
            unavailable()
        })?;
    let plain = master_key
        .open(PURPOSE, export.id.as_bytes(), &sealed)
        .map_err(|error| {
            tracing::error!(%error, export = %export.id, "an export does not open");
            Problem::of(&karya_db::INTERNAL)
        })?;
    Ok(plain.to_vec())
}

/// Everything that is stored on a person, at one moment.
pub async fn collect(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    user: UserId,
) -> Result<Value, DbError> {
    let (tables, left_out, numbers) = conn
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let (mut tables, mut left_out) = (Map::new(), Map::new());
            for (name, treatment) in TABLES {
                match treatment {
                    Treatment::Exempt(reason) => {
                        left_out.insert((*name).to_owned(), json!(reason));
                    }
                    Treatment::Export(rows) => {
                        let found = queries::rows_about(conn, user, name, rows).await?;
                        tables.insert((*name).to_owned(), found);
                    }
                }
            }
            let numbers = identity_numbers(conn, master_key, user).await?;
            diesel::QueryResult::Ok((tables, left_out, numbers))
        })
        .await?;
    Ok(json!({
        "format": "karya-export-1",
        "account_id": user,
        "made_at": now,
        "tables": tables,
        "identity_numbers": numbers,
        "left_out": left_out,
    }))
}

/// Makes an export, and tells its owner.
#[derive(Debug, Serialize, Deserialize)]
pub struct BuildExport {
    pub export_id: Uuid,
}

impl Job for BuildExport {
    const NAME: &'static str = "rights.build_export";
    type Context = Context;

    async fn run(self, context: Context) -> Result<(), JobError> {
        let now = context.clock.now();
        let mut conn = context.db.conn().await?;
        let Some(export) = queries::find_export(&conn, self.export_id)
            .await?
            .filter(|export| export.state == ExportState::Preparing)
        else {
            return Ok(());
        };
        let content = {
            let (key, user) = (&context.master_key, export.user_id);
            serde_json::to_vec_pretty(&collect(&mut conn, now, key, user).await?)?
        };
        let size = i32::try_from(content.len())?;
        let sealed = context
            .master_key
            .seal(PURPOSE, export.id.as_bytes(), &content);
        let key = Key::fresh(&context.random, "exports");
        objects::reserve(&mut conn, now, &key).await?;
        drop(conn);
        context.storage.put(&key, sealed.into()).await?;
        let mut conn = context.db.conn().await?;
        let expires_at = now + KEPT;
        let is_ready = conn
            .transaction(async |conn| {
                let place = (key.as_str(), size);
                let made = queries::set_ready(conn, export.id, place, (now, expires_at)).await?;
                if made == 0 || !objects::keep(conn, now, &key).await? {
                    // Made by another run, or gone with the account.
                    return Err(diesel::result::Error::RollbackTransaction);
                }
                queries::finish_request(conn, export.id, RequestOutcome::Fulfilled, now).await?;
                let notice = NotifyExportReady {
                    user_id: export.user_id,
                };
                karya_jobs::enqueue(conn, &notice).await
            })
            .await;
        match is_ready {
            Err(diesel::result::Error::RollbackTransaction) => {
                Ok(objects::release(&mut conn, now, &key).await?)
            }
            outcome => Ok(outcome?),
        }
    }
}
