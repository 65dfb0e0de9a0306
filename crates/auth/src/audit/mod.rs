//! The security events: what happened to accounts and sessions, append-only and chained.
//!
//! An event is one line in the transaction of what it tells, so that there is never one without the other:
//!
//! ```ignore
//! audit::record(conn, now, Event::of(EventKind::FactorAdded, user).session(session).reason("totp")).await?;
//! ```
//!
//! Where the request came from and its id are added here. Changes of roles and of the state of an account are recorded
//! by the database itself, whoever makes them.

pub mod chain;
mod kind;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use karya_core::{SessionId, UserId};
use karya_web::RequestContext;
use uuid::Uuid;

pub use kind::EventKind;

use crate::model::SecurityEvent;
use crate::queries;

/// What happened, and to whom. No names and no addresses: events outlive the account.
#[derive(Debug, Clone)]
pub struct Event {
    kind: EventKind,
    user: Option<UserId>,
    session: Option<SessionId>,
    actor: Option<UserId>,
    reason: Option<&'static str>,
}

impl Event {
    /// Something about an account.
    #[must_use]
    pub const fn of(kind: EventKind, user: UserId) -> Self {
        Self {
            kind,
            user: Some(user),
            session: None,
            actor: None,
            reason: None,
        }
    }

    /// A sign-in that was refused. Without an account too: known addresses and unknown ones make the same work.
    #[must_use]
    pub const fn refused(user: Option<UserId>, reason: &'static str) -> Self {
        Self {
            kind: EventKind::SignInRefused,
            user,
            session: None,
            actor: None,
            reason: Some(reason),
        }
    }

    /// In which session, or what happened to which.
    #[must_use]
    pub const fn session(self, session: SessionId) -> Self {
        Self {
            session: Some(session),
            ..self
        }
    }

    /// Which member of staff did it.
    #[must_use]
    pub const fn by(self, staff: UserId) -> Self {
        Self {
            actor: Some(staff),
            ..self
        }
    }

    /// A fixed word that says more than the kind: `lower_snake`, at most 40 letters, never what somebody typed.
    #[must_use]
    pub const fn reason(self, reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }
}

/// Records an event, in the transaction that `conn` is in. One statement.
pub async fn record(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    event: Event,
) -> QueryResult<()> {
    record_all(conn, now, vec![event]).await
}

/// The same for many, in one statement, or none.
pub async fn record_all(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    events: Vec<Event>,
) -> QueryResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let request = RequestContext::current();
    let rows: Vec<SecurityEvent> = events
        .into_iter()
        .map(|event| SecurityEvent {
            id: Uuid::now_v7(),
            at: now,
            kind: event.kind,
            user_id: event.user,
            session_id: event.session,
            actor_id: event.actor,
            reason: event.reason.map(str::to_owned),
            ip_prefix: request.network.as_deref().map(str::to_owned),
            request_id: Some(request.request_id).filter(|id| !id.is_nil()),
        })
        .collect();
    queries::insert_events(conn, &rows).await?;
    Ok(())
}

/// Records that sessions of an account were ended. None: nothing happened.
pub async fn sessions_ended(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    sessions: &[SessionId],
    reason: &'static str,
) -> QueryResult<()> {
    let ended = |session: &SessionId| {
        Event::of(EventKind::SessionEnded, user)
            .session(*session)
            .reason(reason)
    };
    record_all(conn, now, sessions.iter().map(ended).collect()).await
}
