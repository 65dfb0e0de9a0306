use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, BusinessId, Invalid, Random, Rule, UserId, Words};
use karya_db::membership;
use karya_jobs::{Prepared, enqueue_all};

use super::cascade;
use super::place::{Room, Wish};
use super::transition;
use crate::jobs::{self, Notice};
use crate::model::{BookingRow, BookingState, CalendarRow, ClaimKind, OfferingRow, Question};
use crate::{MentoringError, queries};

/// How many sessions one person may have ahead, so that a few do not take all mentors.
const MAX_AHEAD: i64 = 10;

/// The same for somebody who has a series, which counts as its sessions.
const MAX_AHEAD_WITH_SERIES: i64 = 24;

/// How long a mentor may take to answer a request, and how long before the session the answer must be there.
const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(48);
const ANSWER_BEFORE_START: TimeDelta = TimeDelta::hours(2);

const NOT_A_MEMBER: Rule = Rule::Other {
    code: "not_a_member",
    words: Words {
        id: "bukan usaha Anda",
        en: "is not a business of yours",
    },
};

const NOT_ASKED: Rule = Rule::Other {
    code: "not_asked",
    words: Words {
        id: "hanya untuk layanan yang meminta persetujuan mentor",
        en: "is for offerings that want the mentor's consent",
    },
};

/// A booking whose values are in order.
#[derive(Debug)]
pub(crate) struct NewBooking {
    pub(crate) wish: Wish,
    pub(crate) business: Option<BusinessId>,
    pub(crate) topic: Option<String>,
    /// Key and text.
    pub(crate) answers: Vec<(String, String)>,
    /// Whether it is passed on to another mentor if this one cannot.
    pub(crate) cascade: bool,
}

/// Books a session, or asks for it where the offering wants the mentor's consent.
pub(crate) async fn book(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    mentee: UserId,
    new: NewBooking,
) -> Result<BookingRow, MentoringError> {
    conn.transaction(async |conn| {
        check_business(conn, mentee, new.business).await?;
        let room = Room::find(conn, now, mentee, new.wish, None).await?;
        if new.cascade && !room.offering.needs_approval {
            return Err(Invalid::body("/cascade", NOT_ASKED).into());
        }
        let answers = answers(&room.offering.questions, new.answers)?;
        check_ahead(conn, now, mentee, (1, false)).await?;
        let details = Details {
            business: new.business,
            topic: new.topic,
            answers,
        };
        let time = (room.starts_at, room.ends_at);
        let of = (&room.offering, &room.calendar);
        let booking = draft(now, random, of, mentee, time, details);
        let mut jobs = jobs::announcements(&booking, Notice::of_new(&booking))?;
        jobs.extend(jobs::deadlines(now, &booking)?);
        write(conn, now, Some(mentee), &room, (&booking, jobs)).await?;
        if new.cascade {
            queries::cascades::insert(conn, &cascade::wanted(&booking)).await?;
        }
        Ok(booking)
    })
    .await
}

/// Writes a new booking, its claims and its history, and what is to be done about it.
pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    actor: Option<UserId>,
    room: &Room,
    (booking, jobs): (&BookingRow, Vec<Prepared>),
) -> Result<(), MentoringError> {
    queries::bookings::insert(conn, booking).await?;
    let event = transition::event(now, actor, None, booking);
    let conn = &*conn;
    // One way there and back for what needs only the booking, in whatever order.
    tokio::try_join!(
        room.take(
            conn,
            claim_kind(booking),
            booking.id.as_uuid(),
            booking.expires_at
        ),
        async { Ok(queries::bookings::insert_event(conn, &event).await?) },
        async { Ok(enqueue_all(conn, jobs).await?) },
    )?;
    Ok(())
}

/// Refuses a business that the mentee is not a member of.
pub(super) async fn check_business(
    conn: &mut AsyncPgConnection,
    mentee: UserId,
    business: Option<BusinessId>,
) -> Result<(), MentoringError> {
    if let Some(business) = business
        && membership::role(conn, business, mentee).await?.is_none()
    {
        return Err(Invalid::body("/business_id", NOT_A_MEMBER).into());
    }
    Ok(())
}

/// Refuses so many `more` bookings where they are too many. Wants the mentee's calendar locked.
pub(super) async fn check_ahead(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentee: UserId,
    (more, is_series): (i64, bool),
) -> Result<(), MentoringError> {
    let (ahead, has_series) = queries::bookings::count_ahead(conn, mentee, now).await?;
    let most = if is_series || has_series {
        MAX_AHEAD_WITH_SERIES
    } else {
        MAX_AHEAD
    };
    if ahead + more > most {
        return Err(MentoringError::TooManyActive);
    }
    Ok(())
}

/// What a mentee says about a booking, checked.
#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) business: Option<BusinessId>,
    pub(super) topic: Option<String>,
    pub(super) answers: serde_json::Value,
}

/// A new booking: confirmed, or requested where the offering wants the mentor's consent.
pub(super) fn draft(
    now: DateTime<Utc>,
    random: &Random,
    (offering, calendar): (&OfferingRow, &CalendarRow),
    mentee: UserId,
    (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
    details: Details,
) -> BookingRow {
    let (state, expires_at) = if offering.needs_approval {
        (BookingState::Requested, Some(answer_by(now, starts_at)))
    } else {
        (BookingState::Confirmed, None)
    };
    BookingRow {
        id: BookingId::fresh(),
        code: code(random),
        offering_id: offering.id,
        mentor_id: offering.mentor_id,
        mentee_id: mentee,
        business_id: details.business,
        state,
        starts_at,
        ends_at,
        zone: calendar.zone.clone(),
        mode: offering.mode,
        place: offering.place.clone(),
        region_code: calendar.region_code.clone(),
        topic: details.topic,
        answers: details.answers,
        series_id: None,
        series_index: None,
        expires_at,
        suspended_from: None,
        cancelled_by: None,
        reason_code: None,
        late: false,
        no_show_party: None,
        mentor_checked_in_at: None,
        mentee_checked_in_at: None,
        reschedule_count: 0,
        sequence: 0,
        version: 1,
        created_at: now,
        updated_at: now,
        cascaded_from: None,
    }
}

/// How a booking keeps its time.
pub(super) fn claim_kind(booking: &BookingRow) -> ClaimKind {
    match booking.state {
        BookingState::Requested => ClaimKind::Request,
        _ => ClaimKind::Booking,
    }
}

/// When a request lapses: in time for both sides to make other plans, and never after the session begins.
pub(super) fn answer_by(now: DateTime<Utc>, starts_at: DateTime<Utc>) -> DateTime<Utc> {
    let early = starts_at - ANSWER_BEFORE_START;
    let latest = if early > now { early } else { starts_at };
    latest.min(now + ANSWER_WITHIN)
}

/// Eight characters of Crockford's base 32: no I, L, O or U to mishear.
fn code(random: &Random) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    random
        .bytes()
        .iter()
        .take(8)
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect()
}

/// The answers in the order of the questions, each with its question as it was asked.
pub(super) fn answers(
    questions: &serde_json::Value,
    given: Vec<(String, String)>,
) -> Result<serde_json::Value, Invalid> {
    let questions: Vec<Question> = serde_json::from_value(questions.clone()).unwrap_or_default();
    let mut check = karya_core::Check::new();
    for (at, (key, _)) in given.iter().enumerate() {
        if questions.iter().all(|question| question.key != *key) {
            check.fail(format!("/answers/{at}/key"), Rule::Unknown);
        }
    }
    let mut answered = Vec::new();
    for question in questions {
        let answer = given.iter().find(|(key, _)| *key == question.key);
        match answer {
            Some((_, text)) => answered.push(serde_json::json!({
                "key": question.key, "label": question.label, "text": text,
            })),
            None if question.required => {
                check.fail(format!("/answers/{}", question.key), Rule::Required);
            }
            None => {}
        }
    }
    check.finish(Some(serde_json::Value::Array(answered)))
}
