use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::GroupSessionId;
use karya_db::schema::waitlist_entries;
use uuid::Uuid;

use crate::model::{WaitlistRow, WaitlistState};

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &WaitlistRow) -> QueryResult<usize> {
    diesel::insert_into(waitlist_entries::table)
        .values(row)
        .execute(conn)
        .await
}

/// Who waits or has an offer, first come first.
pub(crate) async fn line(
    conn: &AsyncPgConnection,
    session: GroupSessionId,
) -> QueryResult<Vec<WaitlistRow>> {
    waitlist_entries::table
        .filter(
            waitlist_entries::session_id
                .eq(session)
                .and(waitlist_entries::state.eq_any(WaitlistState::LIVE)),
        )
        .select(WaitlistRow::as_select())
        .order(waitlist_entries::position)
        .load(&mut &*conn)
        .await
}

pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &WaitlistRow) -> QueryResult<usize> {
    diesel::update(waitlist_entries::table.find(row.id))
        .set(row)
        .execute(conn)
        .await
}

/// Ends the places of these.
pub(crate) async fn close(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    entries: &[Uuid],
    state: WaitlistState,
) -> QueryResult<usize> {
    diesel::update(waitlist_entries::table.filter(waitlist_entries::id.eq_any(entries)))
        .set((
            waitlist_entries::state.eq(state),
            waitlist_entries::offer_expires_at.eq(None::<DateTime<Utc>>),
            waitlist_entries::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}
