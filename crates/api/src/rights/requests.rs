//! The clock of what people may ask for: every request has a deadline by law, and what is late is told.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use karya_auth::audit::{self, Event, EventKind};
use karya_auth::ops::lock_account;
use karya_core::{SessionId, UserId};
use karya_db::DbError;
use karya_web::Problem;
use karya_web::codes::{NOT_FOUND, UNAUTHENTICATED};
use uuid::Uuid;

use super::jobs::TellAnswered;
use super::queries::{self, DataRequest, DataRequestKind, RequestOutcome};
use super::{REQUEST_CLOSED, TOO_MANY_REQUESTS};

/// How long the law gives: 3 times 24 hours (UU 27/2022 art. 30, 32, 40 and 41).
pub(super) const DUE: TimeDelta = TimeDelta::hours(72);

/// How many requests of one account may wait for staff at a time.
const MAX_WAITING: i64 = 5;

karya_core::text_enum! {
    /// How far a request is.
    pub enum RequestState {
        Open = "open",
        /// Open, and past its deadline.
        Overdue = "overdue",
        Done = "done",
    }
}

impl DataRequestKind {
    /// Whether staff see to it, not the program.
    pub(super) fn is_for_staff(self) -> bool {
        !matches!(self, Self::Export | Self::Erasure)
    }
}

/// Hands a request to staff.
pub(super) async fn ask(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    (kind, detail): (DataRequestKind, String),
) -> Result<DataRequest, Problem> {
    // Under the lock, so that many at once are counted too.
    if !lock_account(conn, user).await? {
        return Err(Problem::of(&UNAUTHENTICATED));
    }
    let waiting = queries::count_waiting(conn, user).await;
    if waiting.map_err(DbError::from)? >= MAX_WAITING {
        return Err(Problem::of(&TOO_MANY_REQUESTS));
    }
    let request = DataRequest {
        detail: Some(detail),
        ..DataRequest::new(Uuid::now_v7(), (user, kind), now)
    };
    queries::insert_request(conn, &request)
        .await
        .map_err(DbError::from)?;
    let made = Event::of(EventKind::DataRequestMade, user)
        .session(session)
        .reason(kind.as_str());
    audit::record(conn, now, made)
        .await
        .map_err(DbError::from)?;
    Ok(request)
}

/// What staff say to a request. Saying the same again changes nothing; anything else is refused, since the answer went
/// out.
pub(super) async fn answer(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    staff: UserId,
    id: Uuid,
    (outcome, answer): (RequestOutcome, &str),
) -> Result<DataRequest, Problem> {
    let found = queries::lock_request(conn, id)
        .await
        .map_err(DbError::from)?;
    let request = found
        .filter(|request| request.kind.is_for_staff())
        .ok_or_else(|| Problem::of(&NOT_FOUND))?;
    if request.done_at.is_some() {
        let is_same = (request.outcome, request.answer.as_deref()) == (Some(outcome), Some(answer));
        return if is_same {
            Ok(request)
        } else {
            Err(Problem::of(&REQUEST_CLOSED))
        };
    }
    let answered = queries::set_answer(conn, id, (outcome, answer), (staff, now))
        .await
        .map_err(DbError::from)?;
    let event = Event::of(EventKind::DataRequestAnswered, answered.user_id)
        .by(staff)
        .reason(outcome.as_str());
    audit::record(conn, now, event)
        .await
        .map_err(DbError::from)?;
    karya_jobs::enqueue(conn, &TellAnswered { request_id: id })
        .await
        .map_err(DbError::from)?;
    Ok(answered)
}
