use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, BookingSeriesId, PageSize, UserId};
use karya_db::schema::{booking_events, bookings, calendars, offerings};

use crate::model::{BookingEvent, BookingRow, BookingState, OfferingRow, Party, Reach};

pub(crate) async fn find(
    conn: &AsyncPgConnection,
    id: BookingId,
) -> QueryResult<Option<BookingRow>> {
    bookings::table
        .find(id)
        .select(BookingRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// Those of the bookings that exist, in no order.
pub(crate) async fn find_many(
    conn: &AsyncPgConnection,
    ids: &[BookingId],
) -> QueryResult<Vec<BookingRow>> {
    bookings::table
        .filter(bookings::id.eq_any(ids))
        .select(BookingRow::as_select())
        .load(&mut &*conn)
        .await
}

pub(crate) async fn insert(conn: &mut AsyncPgConnection, row: &BookingRow) -> QueryResult<usize> {
    diesel::insert_into(bookings::table)
        .values(row)
        .execute(conn)
        .await
}

/// Writes the row if the booking still has the version before it.
pub(crate) async fn update(conn: &mut AsyncPgConnection, row: &BookingRow) -> QueryResult<usize> {
    diesel::update(
        bookings::table
            .find(row.id)
            .filter(bookings::version.eq(row.version - 1)),
    )
    .set(row)
    .execute(conn)
    .await
}

pub(crate) async fn insert_event(
    conn: &AsyncPgConnection,
    event: &BookingEvent,
) -> QueryResult<usize> {
    diesel::insert_into(booking_events::table)
        .values(event)
        .execute(&mut &*conn)
        .await
}

/// How many bookings of a mentee lie ahead, and whether some of them are a series.
pub(crate) async fn count_ahead(
    conn: &AsyncPgConnection,
    mentee: UserId,
    now: DateTime<Utc>,
) -> QueryResult<(i64, bool)> {
    bookings::table
        .filter(
            bookings::mentee_id
                .eq(mentee)
                .and(bookings::ends_at.gt(now))
                .and(bookings::state.eq_any(BookingState::LIVE)),
        )
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::count(bookings::series_id).gt(0),
        ))
        .get_result(&mut &*conn)
        .await
}

pub(crate) async fn insert_all(
    conn: &mut AsyncPgConnection,
    rows: &[BookingRow],
) -> QueryResult<usize> {
    diesel::insert_into(bookings::table)
        .values(rows)
        .execute(conn)
        .await
}

pub(crate) async fn insert_events(
    conn: &mut AsyncPgConnection,
    events: &[BookingEvent],
) -> QueryResult<usize> {
    diesel::insert_into(booking_events::table)
        .values(events)
        .execute(conn)
        .await
}

/// The bookings of a series, in its order.
pub(crate) async fn series(
    conn: &AsyncPgConnection,
    id: BookingSeriesId,
) -> QueryResult<Vec<BookingRow>> {
    bookings::table
        .filter(bookings::series_id.eq(id.as_uuid()))
        .select(BookingRow::as_select())
        .order(bookings::series_index)
        .load(&mut &*conn)
        .await
}

/// Requests of these people that lapsed, oldest first.
pub(crate) async fn lapsed(
    conn: &AsyncPgConnection,
    owners: &[UserId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<BookingRow>> {
    bookings::table
        .filter(
            bookings::mentor_id
                .eq_any(owners)
                .or(bookings::mentee_id.eq_any(owners)),
        )
        .filter(
            bookings::state
                .eq(BookingState::Requested)
                .and(bookings::expires_at.le(now)),
        )
        .select(BookingRow::as_select())
        .order(bookings::id)
        .load(&mut &*conn)
        .await
}

/// The live bookings that an alert reaches, with their people: where either side is, or where they meet.
pub(crate) async fn reached(
    conn: &AsyncPgConnection,
    reach: &Reach,
) -> QueryResult<Vec<(BookingId, UserId, UserId)>> {
    let regions = reach.pattern();
    // A mentee without a calendar cannot have a booking.
    let mentees = calendars::table.on(calendars::user_id.eq(bookings::mentee_id));
    bookings::table
        .inner_join(mentees)
        .filter(
            bookings::state
                .eq_any(BookingState::LIVE)
                .and(bookings::starts_at.lt(reach.to))
                .and(bookings::ends_at.gt(reach.from))
                .and(bookings::mode.eq_any(&reach.modes)),
        )
        .filter(
            bookings::region_code
                .similar_to(regions.clone())
                .or(calendars::region_code.similar_to(regions)),
        )
        .select((bookings::id, bookings::mentor_id, bookings::mentee_id))
        .order(bookings::id)
        .load(&mut &*conn)
        .await
}

/// Those of the bookings that exist with what was booked, in the order of their ids.
pub(crate) async fn find_with_offerings(
    conn: &AsyncPgConnection,
    ids: &[BookingId],
) -> QueryResult<Vec<(BookingRow, OfferingRow)>> {
    bookings::table
        .inner_join(offerings::table)
        .filter(bookings::id.eq_any(ids))
        .select((BookingRow::as_select(), OfferingRow::as_select()))
        .order(bookings::id)
        .load(&mut &*conn)
        .await
}

/// Which bookings a list shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub(crate) user: UserId,
    /// Only those in which the user is this.
    pub(crate) party: Option<Party>,
    pub(crate) state: Option<BookingState>,
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) to: Option<DateTime<Utc>>,
}

/// By start. `after`: start and id of the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    filter: Filter,
    size: PageSize,
    after: Option<(DateTime<Utc>, BookingId)>,
) -> QueryResult<Vec<BookingRow>> {
    let mut query = bookings::table.select(BookingRow::as_select()).into_boxed();
    query = match filter.party {
        Some(Party::Mentor) => query.filter(bookings::mentor_id.eq(filter.user)),
        Some(Party::Mentee) => query.filter(bookings::mentee_id.eq(filter.user)),
        _ => query.filter(
            bookings::mentor_id
                .eq(filter.user)
                .or(bookings::mentee_id.eq(filter.user)),
        ),
    };
    if let Some(state) = filter.state {
        query = query.filter(bookings::state.eq(state));
    }
    if let Some(from) = filter.from {
        query = query.filter(bookings::ends_at.gt(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(bookings::starts_at.lt(to));
    }
    if let Some((starts_at, id)) = after {
        query = query.filter(
            bookings::starts_at
                .gt(starts_at)
                .or(bookings::starts_at.eq(starts_at).and(bookings::id.gt(id))),
        );
    }
    query
        .order((bookings::starts_at, bookings::id))
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}
