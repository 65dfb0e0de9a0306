use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{PageSize, UserId};
use karya_db::schema::{data_requests, users};
use uuid::Uuid;

use crate::rights::requests::{DUE, RequestState};

karya_core::text_enum! {
    /// What somebody wants, by UU 27/2022.
    pub enum DataRequestKind {
        /// To know what is done with their data, and with whom it is shared (art. 5 and 7).
        Access = "access",
        /// A copy (art. 7 and 13): asked for at `POST /v1/me/data-exports`.
        Export = "export",
        /// To have something put right (art. 6).
        Rectification = "rectification",
        /// That the account is deleted (art. 8): asked for at `POST /v1/me/deletion`.
        Erasure = "erasure",
        /// That something is not done with their data for now (art. 11).
        Restriction = "restriction",
        /// To take back a consent that has no switch of its own (art. 9).
        Withdrawal = "withdrawal",
        /// That no program alone decides about them (art. 10).
        Objection = "objection",
    }
}

karya_core::text_enum! {
    /// What came of a request.
    pub enum RequestOutcome {
        Fulfilled = "fulfilled",
        /// For a reason that the answer gives.
        Refused = "refused",
        /// By whoever asked.
        Withdrawn = "withdrawn",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_requests, check_for_backend(diesel::pg::Pg))]
pub(in crate::rights) struct DataRequest {
    pub(in crate::rights) id: Uuid,
    pub(in crate::rights) user_id: UserId,
    pub(in crate::rights) kind: DataRequestKind,
    pub(in crate::rights) detail: Option<String>,
    pub(in crate::rights) received_at: DateTime<Utc>,
    pub(in crate::rights) due_at: DateTime<Utc>,
    pub(in crate::rights) done_at: Option<DateTime<Utc>>,
    pub(in crate::rights) outcome: Option<RequestOutcome>,
    pub(in crate::rights) answer: Option<String>,
    pub(in crate::rights) answered_by: Option<UserId>,
}

impl DataRequest {
    /// One that has just come, to be done within what the law gives.
    pub(in crate::rights) fn new(
        id: Uuid,
        (user_id, kind): (UserId, DataRequestKind),
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            user_id,
            kind,
            detail: None,
            received_at: now,
            due_at: now + DUE,
            done_at: None,
            outcome: None,
            answer: None,
            answered_by: None,
        }
    }
}

pub(in crate::rights) async fn insert_request(
    conn: &mut AsyncPgConnection,
    request: &DataRequest,
) -> QueryResult<usize> {
    diesel::insert_into(data_requests::table)
        .values(request)
        .execute(conn)
        .await
}

/// Closes a request that is open.
pub(in crate::rights) async fn finish_request(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    outcome: RequestOutcome,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = data_requests::table
        .find(id)
        .filter(data_requests::done_at.is_null());
    diesel::update(open)
        .set((
            data_requests::done_at.eq(now),
            data_requests::outcome.eq(outcome),
        ))
        .execute(conn)
        .await
}

/// Closes what is open of an account that is gone: nobody waits for it.
pub(in crate::rights) async fn withdraw_requests(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let open = data_requests::user_id
        .eq(user)
        .and(data_requests::done_at.is_null());
    diesel::update(data_requests::table.filter(open))
        .set((
            data_requests::done_at.eq(now),
            data_requests::outcome.eq(RequestOutcome::Withdrawn),
        ))
        .execute(conn)
        .await
}

/// A request, locked: of two answers, one goes first.
pub(in crate::rights) async fn lock_request(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<DataRequest>> {
    data_requests::table
        .find(id)
        .select(DataRequest::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
}

pub(in crate::rights) async fn set_answer(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (outcome, answer): (RequestOutcome, &str),
    (staff, now): (UserId, DateTime<Utc>),
) -> QueryResult<DataRequest> {
    diesel::update(data_requests::table.find(id))
        .set((
            data_requests::done_at.eq(now),
            data_requests::outcome.eq(outcome),
            data_requests::answer.eq(answer),
            data_requests::answered_by.eq(staff),
        ))
        .returning(DataRequest::as_returning())
        .get_result(conn)
        .await
}

/// How many requests of an account wait for staff.
pub(in crate::rights) async fn count_waiting(
    conn: &AsyncPgConnection,
    user: UserId,
) -> QueryResult<i64> {
    let by_itself = [DataRequestKind::Export, DataRequestKind::Erasure];
    let waiting = data_requests::user_id
        .eq(user)
        .and(data_requests::done_at.is_null())
        .and(data_requests::kind.ne_all(by_itself));
    data_requests::table
        .filter(waiting)
        .count()
        .get_result(&mut &*conn)
        .await
}

pub(in crate::rights) async fn find_request(
    conn: &AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<DataRequest>> {
    data_requests::table
        .find(id)
        .select(DataRequest::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The requests of an account, the newest first. `after`: the last one of the page before.
pub(in crate::rights) async fn requests_of(
    conn: &AsyncPgConnection,
    user: UserId,
    size: PageSize,
    after: Option<Uuid>,
) -> QueryResult<Vec<DataRequest>> {
    let mut query = data_requests::table
        .filter(data_requests::user_id.eq(user))
        .select(DataRequest::as_select())
        .order(data_requests::id.desc())
        .limit(size.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(data_requests::id.lt(after));
    }
    query.load(&mut &*conn).await
}

/// Everybody's requests with the names of who made them, the oldest first. `after`: of the last one of the page before.
pub(in crate::rights) async fn all_requests(
    conn: &AsyncPgConnection,
    (state, now): (Option<RequestState>, DateTime<Utc>),
    size: PageSize,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> QueryResult<Vec<(DataRequest, String)>> {
    let mut query = data_requests::table
        .inner_join(users::table.on(users::id.eq(data_requests::user_id)))
        .select((DataRequest::as_select(), users::display_name))
        .order((data_requests::received_at, data_requests::id))
        .limit(size.and_one())
        .into_boxed();
    query = match state {
        Some(RequestState::Open) => query.filter(data_requests::done_at.is_null()),
        Some(RequestState::Overdue) => query.filter(
            data_requests::done_at
                .is_null()
                .and(data_requests::due_at.lt(now)),
        ),
        Some(RequestState::Done) => query.filter(data_requests::done_at.is_not_null()),
        None => query,
    };
    if let Some((at, id)) = after {
        query = query.filter(
            data_requests::received_at
                .gt(at)
                .or(data_requests::received_at
                    .eq(at)
                    .and(data_requests::id.gt(id))),
        );
    }
    query.load(&mut &*conn).await
}

/// How many requests should be done and are not.
pub(in crate::rights) async fn count_overdue(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    let overdue = data_requests::done_at
        .is_null()
        .and(data_requests::due_at.lt(now));
    data_requests::table
        .filter(overdue)
        .count()
        .get_result(&mut &*conn)
        .await
}
