//! Several bookings in one rhythm, made and cancelled together.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{ApiError, BookingId, BookingSeriesId, Code, Invalid, Random, Rule, UserId};
use karya_jobs::enqueue_all;

use super::book::{self, Details, NewBooking};
use super::place::{Search, Span};
use super::transition::{self, cancel_all, party};
use crate::claims::Claim;
use crate::model::{BookingRow, BookingState, Party};
use crate::series::{self, Rhythm};
use crate::series_jobs::{self, Notice};
use crate::slots::Refusal;
use crate::{MentoringError, claims, jobs, queries};

/// How far ahead a series may begin.
const HORIZON: TimeDelta = TimeDelta::days(366);

karya_core::text_enum! {
    /// What happens where one of the times cannot be had.
    pub enum OnConflict {
        /// Nothing is booked.
        Refuse = "refuse",
        /// The others are booked.
        Skip = "skip",
    }
}

karya_core::text_enum! {
    /// Which sessions of a series are meant.
    pub enum SeriesScope {
        One = "one",
        /// One and all after it.
        Following = "following",
        All = "all",
    }
}

/// A series whose values are in order.
#[derive(Debug)]
pub(crate) struct NewSeries {
    /// Its wish is the first session.
    pub(crate) booking: NewBooking,
    pub(crate) rhythm: Rhythm,
    pub(crate) count: u8,
    pub(crate) on_conflict: OnConflict,
}

/// A series with what could not be had.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) id: BookingSeriesId,
    pub(crate) bookings: Vec<BookingRow>,
    pub(crate) party: Party,
    pub(crate) skipped: Vec<(DateTime<Utc>, &'static Code)>,
}

/// Books a series: all of it under one lock of both calendars, in the order of time.
///
/// Ten statements for the search and the limits, five to write whatever the count, and up to three deadlines for
/// each session.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    mentee: UserId,
    new: NewSeries,
) -> Result<Series, MentoringError> {
    conn.transaction(async |conn| {
        let NewBooking {
            wish,
            business,
            topic,
            answers,
            ..
        } = new.booking;
        book::check_business(conn, mentee, business).await?;
        let too_far = || MentoringError::NotOffered {
            refusal: Refusal::BeyondHorizon,
            alternatives: Vec::new(),
        };
        if wish.starts_at > now + HORIZON {
            return Err(too_far());
        }
        let (_, calendar) = queries::offerings::find_open(conn, wish.offering, Some(mentee))
            .await?
            .ok_or(MentoringError::OfferingNotFound)?;
        let zone: Tz = calendar.zone.parse().unwrap_or(Tz::Asia__Jakarta);
        let starts =
            series::starts(wish.starts_at, zone, new.rhythm, new.count).ok_or_else(too_far)?;
        let span = Span {
            offering: wish.offering,
            duration_min: wish.duration_min,
            first: wish.starts_at,
            last: starts.last().copied().unwrap_or(wish.starts_at),
        };
        let mut search = Search::open(conn, now, mentee, span, (&starts, None)).await?;
        if search.calendar.zone != calendar.zone {
            // The mentor moved to another zone in this very moment.
            return Err(MentoringError::CalendarBusy);
        }
        let answers = book::answers(&search.offering.questions, answers)?;
        let details = Details {
            business,
            topic,
            answers,
        };
        let (mut times, mut skipped, mut alternatives) = (Vec::new(), Vec::new(), Vec::new());
        for (index, starts_at) in (0_i16..).zip(starts) {
            match search.fit(starts_at) {
                Ok(ends_at) => {
                    search.occupy(starts_at, ends_at);
                    times.push((index, starts_at, ends_at));
                }
                Err(
                    error @ (MentoringError::SlotTaken { .. }
                    | MentoringError::NotOffered { .. }
                    | MentoringError::MenteeBusy),
                ) => {
                    if skipped.is_empty() {
                        alternatives = error.alternatives().to_vec();
                    }
                    skipped.push((starts_at, error.code()));
                }
                Err(error) => return Err(error),
            }
        }
        let refuses = new.on_conflict == OnConflict::Refuse && !skipped.is_empty();
        if refuses || times.is_empty() {
            return Err(MentoringError::SeriesConflict {
                conflicts: skipped,
                alternatives,
            });
        }
        let more = i64::try_from(times.len()).unwrap_or(i64::MAX);
        book::check_ahead(conn, now, mentee, (more, true)).await?;
        let id = BookingSeriesId::fresh();
        let of = (&search.offering, &search.calendar);
        let bookings: Vec<BookingRow> = times
            .into_iter()
            .map(|(index, starts_at, ends_at)| BookingRow {
                series_id: Some(id.as_uuid()),
                series_index: Some(index),
                ..book::draft(
                    now,
                    random,
                    of,
                    mentee,
                    (starts_at, ends_at),
                    details.clone(),
                )
            })
            .collect();
        write(conn, now, &search, &bookings).await?;
        let notice = if search.offering.needs_approval {
            Notice::Requested
        } else {
            Notice::Confirmed
        };
        series_jobs::announce(conn, id, &bookings, notice).await?;
        Ok(Series {
            id,
            bookings,
            party: Party::Mentee,
            skipped,
        })
    })
    .await
}

/// Writes the bookings, their claims, their history and their deadlines.
async fn write(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    search: &Search,
    bookings: &[BookingRow],
) -> Result<(), MentoringError> {
    let Some(first) = bookings.first() else {
        return Ok(());
    };
    let people = (first.mentor_id, first.mentee_id);
    queries::bookings::insert_all(conn, bookings).await?;
    let claims: Vec<_> = bookings
        .iter()
        .map(|booking| {
            let time = (booking.starts_at, booking.ends_at);
            let kind = book::claim_kind(booking);
            Claim::of(
                &search.offering,
                kind,
                booking.id.as_uuid(),
                time,
                booking.expires_at,
            )
        })
        .collect();
    claims::take(conn, people, &claims).await?;
    let events: Vec<_> = bookings
        .iter()
        .map(|booking| transition::event(now, Some(booking.mentee_id), None, booking))
        .collect();
    queries::bookings::insert_events(conn, &events).await?;
    let mut deadlines = Vec::new();
    for booking in bookings {
        deadlines.extend(jobs::deadlines(now, booking)?);
    }
    Ok(enqueue_all(conn, deadlines).await?)
}

/// A series and what `user` is in it; for others it does not exist. One statement.
pub(crate) async fn view(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingSeriesId,
) -> Result<Series, MentoringError> {
    let bookings = queries::bookings::series(conn, id).await?;
    let party = bookings
        .first()
        .and_then(|booking| party(booking, user))
        .ok_or(MentoringError::SeriesNotFound)?;
    Ok(Series {
        id,
        bookings,
        party,
        skipped: Vec::new(),
    })
}

/// Cancels one session of a series, it and those after it, or all that can still be cancelled. One mail a person.
pub(crate) async fn cancel(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingSeriesId,
    (scope, booking): (SeriesScope, Option<BookingId>),
    reason_code: &str,
) -> Result<Series, MentoringError> {
    conn.transaction(async |conn| {
        let seen = view(conn, user, id).await?;
        let people = seen.bookings.first();
        let people = people.map(|booking| [booking.mentor_id, booking.mentee_id]);
        claims::lock(conn, now, &people.unwrap_or([user, user])).await?;
        let current = view(conn, user, id).await?;
        let from = match (scope, booking) {
            (SeriesScope::All, _) => None,
            (_, None) => return Err(Invalid::body("/booking_id", Rule::Required).into()),
            (_, Some(id)) => {
                let named = current.bookings.iter().find(|booking| booking.id == id);
                let missing = || Invalid::body("/booking_id", Rule::NotFound);
                Some(named.ok_or_else(missing)?.series_index)
            }
        };
        let meant: Vec<BookingRow> = current
            .bookings
            .iter()
            .filter(|booking| match (scope, from) {
                (SeriesScope::One, Some(at)) => booking.series_index == at,
                (_, Some(at)) => booking.series_index >= at,
                (_, None) => true,
            })
            .cloned()
            .collect();
        let cancelled = cancel_all(conn, now, (user, current.party), &meant, reason_code).await?;
        if cancelled.is_empty() {
            // Asking again is answered with what is so.
            let are_off = |booking: &BookingRow| booking.state == BookingState::Cancelled;
            if meant.iter().any(are_off) {
                return Ok(current);
            }
            return Err(MentoringError::InvalidTransition);
        }
        series_jobs::announce(conn, id, &cancelled, Notice::Cancelled).await?;
        view(conn, user, id).await
    })
    .await
}
