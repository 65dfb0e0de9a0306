use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use karya_core::{BookingId, PageSize, Timezone, UserId};
use karya_db::schema::{bookings, businesses, certificates, users};

use crate::model::{BookingState, CertificateId, CertificateRow, SessionMode, Side};

/// A completed session, with all that a report says about it.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct HoursRecord {
    pub(crate) booking_id: BookingId,
    pub(crate) mentor_id: UserId,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) mode: SessionMode,
    pub(crate) mentor_name: String,
    pub(crate) mentor_zone: Timezone,
    pub(crate) mentee_name: String,
    pub(crate) mentee_zone: Timezone,
    pub(crate) business: Option<String>,
    pub(crate) subsector: Option<String>,
}

/// Completed sessions of a person that start in a range, at most `limit`, by start.
pub(crate) async fn hours(
    conn: &AsyncPgConnection,
    user: UserId,
    side: Option<Side>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> QueryResult<Vec<HoursRecord>> {
    let (mentor, mentee) = diesel::alias!(users as mentor, users as mentee);
    let mut query = bookings::table
        .inner_join(mentor.on(mentor.field(users::id).eq(bookings::mentor_id)))
        .inner_join(mentee.on(mentee.field(users::id).eq(bookings::mentee_id)))
        .left_join(businesses::table)
        .filter(
            bookings::state
                .eq(BookingState::Completed)
                .and(bookings::starts_at.ge(from))
                .and(bookings::starts_at.lt(to)),
        )
        .select((
            bookings::id,
            bookings::mentor_id,
            bookings::starts_at,
            bookings::ends_at,
            bookings::mode,
            mentor.field(users::display_name),
            mentor.field(users::timezone),
            mentee.field(users::display_name),
            mentee.field(users::timezone),
            businesses::name.nullable(),
            businesses::main_subsector.nullable(),
        ))
        .into_boxed();
    query = match side {
        Some(Side::Mentor) => query.filter(bookings::mentor_id.eq(user)),
        Some(Side::Mentee) => query.filter(bookings::mentee_id.eq(user)),
        None => query.filter(
            bookings::mentor_id
                .eq(user)
                .or(bookings::mentee_id.eq(user)),
        ),
    };
    query
        .order((bookings::starts_at, bookings::id))
        .limit(limit)
        .load(&mut &*conn)
        .await
}

/// Writes a certificate, unless its code is taken.
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    row: &CertificateRow,
) -> QueryResult<usize> {
    diesel::insert_into(certificates::table)
        .values(row)
        .on_conflict(certificates::code)
        .do_nothing()
        .execute(conn)
        .await
}

/// A certificate of `holder`.
pub(crate) async fn find_own(
    conn: &AsyncPgConnection,
    holder: UserId,
    id: CertificateId,
) -> QueryResult<Option<CertificateRow>> {
    certificates::table
        .find(id)
        .filter(certificates::user_id.eq(holder))
        .select(CertificateRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

pub(crate) async fn find_by_code(
    conn: &AsyncPgConnection,
    code: &str,
) -> QueryResult<Option<CertificateRow>> {
    certificates::table
        .filter(certificates::code.eq(code))
        .select(CertificateRow::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}

/// The newest first. `after`: the last one of the page before.
pub(crate) async fn list(
    conn: &AsyncPgConnection,
    holder: UserId,
    size: PageSize,
    after: Option<CertificateId>,
) -> QueryResult<Vec<CertificateRow>> {
    let mut query = certificates::table
        .filter(certificates::user_id.eq(holder))
        .select(CertificateRow::as_select())
        .into_boxed();
    if let Some(id) = after {
        query = query.filter(certificates::id.lt(id));
    }
    query
        .order(certificates::id.desc())
        .limit(size.and_one())
        .load(&mut &*conn)
        .await
}

/// Revokes a certificate; once it is, the time stays.
pub(crate) async fn revoke(
    conn: &mut AsyncPgConnection,
    id: CertificateId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(
        certificates::table
            .find(id)
            .filter(certificates::revoked_at.is_null()),
    )
    .set(certificates::revoked_at.eq(now))
    .execute(conn)
    .await
}
