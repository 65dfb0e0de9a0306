//! Disaster alerts, and which sessions they hold up.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, GroupSessionId, UserId};
use karya_db::schema::{booking_suspensions, bookings, group_suspensions, session_alerts};

use crate::model::AlertRow;

/// Takes note of an alert. One that is known stays as it is.
pub(crate) async fn insert(conn: &mut AsyncPgConnection, alert: &AlertRow) -> QueryResult<usize> {
    diesel::insert_into(session_alerts::table)
        .values(alert)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Marks a known alert as over.
pub(crate) async fn lift(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    alert: &str,
) -> QueryResult<usize> {
    diesel::update(
        session_alerts::table
            .find(alert)
            .filter(session_alerts::lifted_at.is_null()),
    )
    .set(session_alerts::lifted_at.eq(now))
    .execute(conn)
    .await
}

/// Whether the alert has not been lifted. If so, nobody lifts it before the transaction ends.
pub(crate) async fn lock_standing(conn: &mut AsyncPgConnection, alert: &str) -> QueryResult<bool> {
    let standing: Option<String> = session_alerts::table
        .find(alert)
        .filter(session_alerts::lifted_at.is_null())
        .select(session_alerts::id)
        .for_share()
        .first(conn)
        .await
        .optional()?;
    Ok(standing.is_some())
}

/// The alerts that have been neither lifted nor outlasted.
pub(crate) async fn standing(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<AlertRow>> {
    session_alerts::table
        .filter(
            session_alerts::lifted_at
                .is_null()
                .and(session_alerts::ends_at.gt(now)),
        )
        .select(AlertRow::as_select())
        .load(&mut &*conn)
        .await
}

/// Forgets the alerts whose time ended before then, with what they held up.
pub(crate) async fn delete_ended_before(
    conn: &mut AsyncPgConnection,
    then: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(session_alerts::table.filter(session_alerts::ends_at.lt(then)))
        .execute(conn)
        .await
}

/// Notes that an alert holds these bookings up.
pub(crate) async fn hold_bookings(
    conn: &mut AsyncPgConnection,
    alert: &str,
    bookings: &[BookingId],
) -> QueryResult<usize> {
    let rows: Vec<_> = bookings
        .iter()
        .map(|id| {
            (
                booking_suspensions::booking_id.eq(*id),
                booking_suspensions::alert_id.eq(alert),
            )
        })
        .collect();
    diesel::insert_into(booking_suspensions::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// The bookings that an alert holds up, with their people, in the order of their ids.
pub(crate) async fn held_bookings(
    conn: &AsyncPgConnection,
    alert: &str,
) -> QueryResult<Vec<(BookingId, UserId, UserId)>> {
    booking_suspensions::table
        .inner_join(bookings::table)
        .filter(booking_suspensions::alert_id.eq(alert))
        .select((bookings::id, bookings::mentor_id, bookings::mentee_id))
        .order(booking_suspensions::booking_id)
        .load(&mut &*conn)
        .await
}

/// Lets go of these bookings on behalf of one alert, or of all.
pub(crate) async fn free_bookings(
    conn: &mut AsyncPgConnection,
    alert: Option<&str>,
    bookings: &[BookingId],
) -> QueryResult<usize> {
    let of_these = booking_suspensions::booking_id.eq_any(bookings);
    match alert {
        Some(alert) => {
            diesel::delete(
                booking_suspensions::table
                    .filter(of_these.and(booking_suspensions::alert_id.eq(alert))),
            )
            .execute(conn)
            .await
        }
        None => {
            diesel::delete(booking_suspensions::table.filter(of_these))
                .execute(conn)
                .await
        }
    }
}

/// Those of the bookings that some alert holds up.
pub(crate) async fn still_held(
    conn: &AsyncPgConnection,
    bookings: &[BookingId],
) -> QueryResult<Vec<BookingId>> {
    booking_suspensions::table
        .filter(booking_suspensions::booking_id.eq_any(bookings))
        .select(booking_suspensions::booking_id)
        .distinct()
        .load(&mut &*conn)
        .await
}

/// Notes that an alert holds a group session up.
pub(crate) async fn hold_group(
    conn: &mut AsyncPgConnection,
    alert: &str,
    session: GroupSessionId,
) -> QueryResult<usize> {
    diesel::insert_into(group_suspensions::table)
        .values((
            group_suspensions::session_id.eq(session),
            group_suspensions::alert_id.eq(alert),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// The group sessions that an alert holds up, in the order of their ids.
pub(crate) async fn held_groups(
    conn: &AsyncPgConnection,
    alert: &str,
) -> QueryResult<Vec<GroupSessionId>> {
    group_suspensions::table
        .filter(group_suspensions::alert_id.eq(alert))
        .select(group_suspensions::session_id)
        .order(group_suspensions::session_id)
        .load(&mut &*conn)
        .await
}

/// Lets go of a group session on behalf of an alert.
pub(crate) async fn free_group(
    conn: &mut AsyncPgConnection,
    alert: &str,
    session: GroupSessionId,
) -> QueryResult<usize> {
    diesel::delete(group_suspensions::table.find((session, alert)))
        .execute(conn)
        .await
}

/// Whether some alert holds the group session up.
pub(crate) async fn is_group_held(
    conn: &AsyncPgConnection,
    session: GroupSessionId,
) -> QueryResult<bool> {
    let held = group_suspensions::table.filter(group_suspensions::session_id.eq(session));
    diesel::select(diesel::dsl::exists(held))
        .get_result(&mut &*conn)
        .await
}
