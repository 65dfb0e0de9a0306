//! Erases an account whose days of grace are over.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_auth::audit::{self, Event, EventKind};
use karya_auth::ops::{Contact, contact, end_account, lock_account};
use karya_core::{Lang, MasterKey, UserId};
use karya_db::DbError;
use karya_jobs::JobError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::erasures::{ERASURES, Step};
use super::jobs::SendFarewell;
use super::queries::{self, Deletion, DeletionState, RequestOutcome};

/// Purpose of the key that seals the last mail's address.
const PURPOSE: &str = "farewell";

/// Where the last mail goes, and in which words: what is left of the account until that is sent.
#[derive(Serialize, Deserialize)]
pub(super) struct Farewell {
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) locale: Lang,
}

impl Farewell {
    fn seal(to: Contact, key: &MasterKey, deletion: Uuid) -> Result<Vec<u8>, serde_json::Error> {
        let farewell = Self {
            email: to.email.as_str().to_owned(),
            display_name: to.display_name,
            locale: to.locale,
        };
        let plain = serde_json::to_vec(&farewell)?;
        Ok(key.seal(PURPOSE, deletion.as_bytes(), &plain))
    }

    pub(super) fn open(sealed: &[u8], key: &MasterKey, deletion: Uuid) -> Result<Self, JobError> {
        let plain = key
            .open(PURPOSE, deletion.as_bytes(), sealed)
            .map_err(|error| error.to_string())?;
        Ok(serde_json::from_slice(&plain)?)
    }
}

/// Why an account is not erased this time.
enum Stopped {
    /// It was taken back, or erased by another run.
    Over,
    Failed(JobError),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Erases everything personal in one transaction; false if that is not wanted any more. What others have with the
/// account must have been called off.
pub(super) async fn erase(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    deletion: &Deletion,
) -> Result<bool, JobError> {
    let erased = begin(conn, now, master_key, deletion).await;
    match erased {
        Ok(()) => Ok(true),
        Err(Stopped::Over) => Ok(false),
        Err(Stopped::Failed(error)) => Err(error),
    }
}

async fn begin(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    master_key: &MasterKey,
    deletion: &Deletion,
) -> Result<(), Stopped> {
    let user = deletion.user_id;
    conn.transaction(async |conn| {
        // Of erasing and taking back, one goes first; sign-ins wait too, and then find nothing.
        if !lock_account(conn, user).await? {
            return Err(Stopped::Over);
        }
        let current = queries::find_deletion(conn, deletion.id).await?;
        if current.is_none_or(|current| current.state != DeletionState::Pending) {
            return Err(Stopped::Over);
        }
        karya_mentoring_booking::rights::lock(conn, user).await?;
        karya_business_profile::rights::hand_over(conn, user).await?;
        let farewell = match contact(conn, user).await? {
            Some(to) => Some(Farewell::seal(to, master_key, deletion.id)?),
            None => None,
        };
        wipe(conn, now, user).await?;
        end_account(conn, now, user).await?;
        queries::end_deletion(conn, deletion.id, (DeletionState::Done, farewell), now).await?;
        queries::finish_request(conn, deletion.id, RequestOutcome::Fulfilled, now).await?;
        queries::withdraw_requests(conn, user, now).await?;
        audit::record(conn, now, Event::of(EventKind::AccountErased, user)).await?;
        let farewell = SendFarewell {
            deletion_id: deletion.id,
        };
        karya_jobs::enqueue(conn, &farewell).await?;
        Ok(())
    })
    .await
}

/// Does what the list says, table by table.
async fn wipe(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), DbError> {
    for (table, erasure) in ERASURES {
        for step in erasure.steps {
            let statement = match step {
                Step::Delete(rows) => format!("DELETE FROM {table} AS t WHERE ({rows})"),
                Step::Set(rows, values) => {
                    let values: Vec<String> = values
                        .iter()
                        .map(|(column, value)| format!("{column} = {value}"))
                        .collect();
                    format!(
                        "UPDATE {table} AS t SET {} WHERE ({rows})",
                        values.join(", ")
                    )
                }
            };
            queries::erase(conn, user, now, &statement).await?;
        }
    }
    Ok(())
}
