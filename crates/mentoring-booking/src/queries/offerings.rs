use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::OfferingId;
use karya_db::schema::{calendars, mentors, offerings};

use crate::model::{CalendarRow, MentorState, OfferingRow};

/// An offering that can be booked: open, of an approved mentor; with the mentor's calendar.
pub(crate) async fn find_open(
    conn: &AsyncPgConnection,
    id: OfferingId,
) -> QueryResult<Option<(OfferingRow, CalendarRow)>> {
    offerings::table
        .inner_join(mentors::table)
        .inner_join(calendars::table.on(calendars::user_id.eq(offerings::mentor_id)))
        .filter(
            offerings::id
                .eq(id)
                .and(offerings::active)
                .and(mentors::state.eq(MentorState::Approved)),
        )
        .select((OfferingRow::as_select(), CalendarRow::as_select()))
        .first(&mut &*conn)
        .await
        .optional()
}

/// An offering in whatever state.
pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: OfferingId,
) -> QueryResult<Option<OfferingRow>> {
    offerings::table
        .find(id)
        .select(OfferingRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}
