//! The chain that shows what was done to the security events behind the application's back.
//!
//! Each seal is a keyed hash of the seal before it, its position and its event, so an event that was changed, removed,
//! put in or moved does not fit any more, and whoever can write to the database but does not have the master key
//! cannot make it fit. A worker seals once a minute what has been committed. A chain that each event joined in its own
//! transaction would let one sign-in at a time through: with 16 connections on two cores, 4,700 events a second are
//! written this way and 400 to 800 that way.
//!
//! What is older than it must be kept is deleted behind a checkpoint: the position and the hash at which the chain was cut,
//! under a keyed hash of their own.
//!
//! What the chain alone does not show is that its end is missing. Its head is logged at every sealing and told by
//! [`verify`], which compares with a head that somebody noted before.

use std::fmt;
use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::MasterKey;
use uuid::Uuid;

use crate::model::{CheckpointRow, Seal, SecurityEvent};
use crate::queries;

/// How many events one transaction seals, and one statement reads.
const BATCH: i64 = 1000;

/// `karyaudt`: of many who seal, one does.
const SEALING: i64 = i64::from_be_bytes(*b"karyaudt");

/// An event that waits for so long was not seen by any worker.
const OVERDUE: Duration = Duration::hours(1);

/// More faults than these are not told one by one.
const TOLD: usize = 100;

/// The end of the chain: how many seals there are, and the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub position: i64,
    pub hash: Vec<u8>,
}

impl Head {
    const fn none() -> Self {
        Self {
            position: 0,
            hash: Vec::new(),
        }
    }

    /// From the text that [`Head`] is displayed as.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (position, digits) = text.split_once(':')?;
        let position = position.parse().ok().filter(|position| *position > 0)?;
        let digits = digits.as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let hash: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
        (hash.len() == 32 && digits.len() == 64).then_some(Self { position, hash })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.position)?;
        self.hash
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where the chain begins after what was old was deleted: sealed, so that nobody without the key makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last seal that was deleted.
    pub head: Head,
    /// All that was deleted is older.
    pub events_before: DateTime<Utc>,
    pub made_at: DateTime<Utc>,
}

impl Checkpoint {
    fn hash(&self, key: &MasterKey) -> Vec<u8> {
        let text = format!(
            "karya-auth-checkpoint-1;{};{};{}",
            self.head,
            self.events_before.timestamp_micros(),
            self.made_at.timestamp_micros()
        );
        key.keyed_hash("auth event checkpoint", text.as_bytes())
    }

    fn of(row: CheckpointRow) -> (Self, Vec<u8>) {
        let checkpoint = Self {
            head: Head {
                position: row.position,
                hash: row.seal_hash,
            },
            events_before: row.events_before,
            made_at: row.made_at,
        };
        (checkpoint, row.hash)
    }
}

/// What is wrong with the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The seal does not fit: its event, its place or the seal itself was changed.
    Changed { position: i64, event: Uuid },
    /// There is a seal, and its event is gone.
    EventRemoved { position: i64, event: Uuid },
    /// Seals are missing before this position.
    SealsRemoved { position: i64 },
    /// An event is neither in the chain nor waiting for it.
    Outside { event: Uuid },
    /// Events wait, and nobody seals them.
    Waiting { events: i64 },
    /// The checkpoint at which the chain begins was not made by this program.
    Forged { position: i64 },
    /// The chain ends before the head that was noted, or has another seal there.
    NotTheHead { noted: Head },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { position, event } => {
                write!(f, "changed   seal {position}, event {event}")
            }
            Self::EventRemoved { position, event } => {
                write!(f, "removed   event {event} of seal {position}")
            }
            Self::SealsRemoved { position } => {
                write!(f, "removed   seals before {position}")
            }
            Self::Outside { event } => write!(f, "outside   event {event} is not in the chain"),
            Self::Waiting { events } => {
                write!(
                    f,
                    "waiting   {events} events for over an hour: does a worker run?"
                )
            }
            Self::Forged { position } => write!(f, "forged    checkpoint {position}"),
            Self::NotTheHead { noted } => write!(f, "removed   the chain has no head {noted}"),
        }
    }
}

/// What [`verify`] found.
#[derive(Debug)]
pub struct Verified {
    /// What was before it was old enough to go, and is not looked at.
    pub from: Option<Checkpoint>,
    pub head: Option<Head>,
    /// Events that are not sealed yet.
    pub waiting: i64,
    /// The first hundred.
    pub faults: Vec<Fault>,
}

/// Seals what waits, oldest first, and says how many events that were. Safe to run at any time, by several processes.
pub async fn seal(conn: &mut AsyncPgConnection, key: &MasterKey) -> QueryResult<usize> {
    let mut sealed = 0;
    loop {
        let batch = seal_batch(conn, key).await?;
        sealed += batch;
        if batch == 0 {
            return Ok(sealed);
        }
    }
}

async fn seal_batch(conn: &mut AsyncPgConnection, key: &MasterKey) -> QueryResult<usize> {
    let (count, head) = conn
        .transaction(async |conn| {
            if !queries::lock_sealing(conn, SEALING).await? {
                return Ok((0, Head::none()));
            }
            let mut head = head(conn).await?;
            let events = queries::events_to_seal(conn, BATCH).await?;
            let mut seals = Vec::with_capacity(events.len());
            for event in &events {
                head = next(key, &head, event);
                seals.push(Seal {
                    position: head.position,
                    event_id: event.id,
                    hash: head.hash.clone(),
                });
            }
            if !seals.is_empty() {
                queries::insert_seals(conn, &seals).await?;
                let ids = seals.iter().map(|seal| seal.event_id).collect();
                queries::delete_waiting(conn, ids).await?;
            }
            diesel::QueryResult::Ok((seals.len(), head))
        })
        .await?;
    if count > 0 {
        // To where whoever can write to the database cannot.
        tracing::info!(events = count, %head, "security events sealed");
    }
    Ok(count)
}

async fn head(conn: &AsyncPgConnection) -> QueryResult<Head> {
    if let Some(seal) = queries::last_seal(conn).await? {
        return Ok(Head {
            position: seal.position,
            hash: seal.hash,
        });
    }
    // Where all of it was old, the chain goes on from where it was cut.
    let cut = queries::last_checkpoint(conn).await?;
    Ok(cut.map_or_else(Head::none, |row| Checkpoint::of(row).0.head))
}

/// Deletes the events before `before` with their seals, behind a sealed checkpoint from which the rest of the chain is
/// verified; says how many. An event stays for as long as an older one does that is later in the chain.
pub async fn prune(
    conn: &mut AsyncPgConnection,
    key: &MasterKey,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut pruned = 0;
    loop {
        let batch = prune_batch(conn, key, now, before).await?;
        pruned += batch;
        if batch == 0 {
            break;
        }
    }
    if pruned > 0 {
        tracing::info!(events = pruned, %before, "old security events deleted");
    }
    Ok(pruned)
}

async fn prune_batch(
    conn: &mut AsyncPgConnection,
    key: &MasterKey,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    conn.transaction(async |conn| {
        if !queries::lock_sealing(conn, SEALING).await? {
            return Ok(0);
        }
        let first = queries::first_seals(conn, BATCH).await?;
        let old = first.iter().take_while(|(_, at)| *at < before);
        let Some((last, _)) = old.last() else {
            return Ok(0);
        };
        let checkpoint = Checkpoint {
            head: Head {
                position: last.position,
                hash: last.hash.clone(),
            },
            events_before: before,
            made_at: DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now),
        };
        let row = CheckpointRow {
            position: checkpoint.head.position,
            seal_hash: checkpoint.head.hash.clone(),
            events_before: checkpoint.events_before,
            made_at: checkpoint.made_at,
            hash: checkpoint.hash(key),
        };
        queries::insert_checkpoint(conn, &row).await?;
        let events = queries::delete_seals(conn, last.position).await?;
        queries::delete_events(conn, events).await
    })
    .await
}

/// Looks at every seal and every event. `noted`: a head from before that must still be there.
pub async fn verify(
    conn: &AsyncPgConnection,
    key: &MasterKey,
    now: DateTime<Utc>,
    noted: Option<&Head>,
) -> QueryResult<Verified> {
    let mut faults = Vec::new();
    let from = queries::last_checkpoint(conn).await?.map(Checkpoint::of);
    let mut head = Head::none();
    if let Some((checkpoint, hash)) = &from {
        if checkpoint.hash(key) != *hash {
            let position = checkpoint.head.position;
            faults.push(Fault::Forged { position });
        }
        head = checkpoint.head.clone();
    }
    // What is before the checkpoint is not there to compare with.
    let mut found = noted.is_none_or(|noted| noted.position < head.position || *noted == head);
    loop {
        let rows = queries::seals_after(conn, head.position, BATCH).await?;
        if rows.is_empty() {
            break;
        }
        for (seal, event) in rows {
            if seal.position != head.position + 1 {
                faults.push(Fault::SealsRemoved {
                    position: seal.position,
                });
                head.position = seal.position - 1;
            }
            let (position, id) = (seal.position, seal.event_id);
            match event {
                None => faults.push(Fault::EventRemoved {
                    position,
                    event: id,
                }),
                Some(event) if next(key, &head, &event).hash != seal.hash => {
                    faults.push(Fault::Changed {
                        position,
                        event: id,
                    });
                }
                Some(_) => {}
            }
            // By the stored hash: what follows is judged by itself.
            head = Head {
                position,
                hash: seal.hash,
            };
            found |= noted == Some(&head);
        }
    }
    if let Some(noted) = noted.filter(|_| !found) {
        faults.push(Fault::NotTheHead {
            noted: noted.clone(),
        });
    }
    let limit = i64::try_from(TOLD).unwrap_or(BATCH);
    let outside = queries::events_outside(conn, limit).await?;
    faults.extend(outside.into_iter().map(|event| Fault::Outside { event }));
    let (waiting, overdue) = queries::count_waiting(conn, now - OVERDUE).await?;
    if overdue > 0 {
        faults.push(Fault::Waiting { events: overdue });
    }
    faults.truncate(TOLD);
    Ok(Verified {
        from: from.map(|(checkpoint, _)| checkpoint),
        head: Some(head).filter(|head| head.position > 0),
        waiting,
        faults,
    })
}

/// The seal of an event that follows `head`.
fn next(key: &MasterKey, head: &Head, event: &SecurityEvent) -> Head {
    let position = head.position + 1;
    let mut text = String::new();
    let mut field = |value: Option<String>| {
        // With their lengths, so that two events never read alike.
        let written = match value {
            Some(value) => write!(text, "{}:{value};", value.len()),
            None => write!(text, "-;"),
        };
        debug_assert!(written.is_ok(), "a String takes everything");
    };
    field(Some("karya-auth-event-1".to_owned()));
    field(Some(position.to_string()));
    field(Some(event.id.to_string()));
    field(Some(event.at.timestamp_micros().to_string()));
    field(Some(event.kind.as_str().to_owned()));
    field(event.user_id.map(|id| id.to_string()));
    field(event.session_id.map(|id| id.to_string()));
    field(event.actor_id.map(|id| id.to_string()));
    field(event.reason.clone());
    field(event.ip_prefix.clone());
    field(event.request_id.map(|id| id.to_string()));
    let input = [head.hash.as_slice(), text.as_bytes()].concat();
    Head {
        position,
        hash: key.keyed_hash("auth event chain", &input),
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head {
            position: 12,
            hash: (0..32).collect(),
        };
        let text = head.to_string();
        assert_eq!(Head::parse(&text), Some(head));
        for bad in [
            "",
            "12",
            "0:00",
            "12:zz",
            &text.replace("12:", "-1:"),
            &format!("{text}0"),
        ] {
            assert_eq!(Head::parse(bad), None, "{bad}");
        }
    }
}
