use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, BusinessId, Invalid, Random, Rule, UserId, Words};
use karya_db::membership;

use super::place::{Room, Wish};
use super::transition::record;
use crate::jobs::{self, Notice};
use crate::model::{BookingRow, BookingState, ClaimKind, Question};
use crate::{MentoringError, queries};

/// How many sessions one person may have ahead, so that a few do not take all mentors.
const MAX_AHEAD: i64 = 10;

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

/// A booking whose values are in order.
#[derive(Debug)]
pub(crate) struct NewBooking {
    pub(crate) wish: Wish,
    pub(crate) business: Option<BusinessId>,
    pub(crate) topic: Option<String>,
    /// Key and text.
    pub(crate) answers: Vec<(String, String)>,
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
        if let Some(business) = new.business
            && membership::role(conn, business, mentee).await?.is_none()
        {
            return Err(Invalid::body("/business_id", NOT_A_MEMBER).into());
        }
        let room = Room::find(conn, now, mentee, new.wish, None).await?;
        let answers = answers(&room.offering.questions, new.answers)?;
        // Counted under the lock on the mentee's calendar.
        if queries::bookings::count_ahead(conn, mentee, now).await? >= MAX_AHEAD {
            return Err(MentoringError::TooManyActive);
        }
        let (state, kind, expires_at) = if room.offering.needs_approval {
            let expires_at = answer_by(now, room.starts_at);
            (
                BookingState::Requested,
                ClaimKind::Request,
                Some(expires_at),
            )
        } else {
            (BookingState::Confirmed, ClaimKind::Booking, None)
        };
        let booking = BookingRow {
            id: BookingId::fresh(),
            code: code(random),
            offering_id: room.offering.id,
            mentor_id: room.mentor(),
            mentee_id: mentee,
            business_id: new.business,
            state,
            starts_at: room.starts_at,
            ends_at: room.ends_at,
            zone: room.calendar.zone.clone(),
            mode: room.offering.mode,
            place: room.offering.place.clone(),
            region_code: room.calendar.region_code.clone(),
            topic: new.topic,
            answers,
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
        };
        queries::bookings::insert(conn, &booking).await?;
        room.take(conn, kind, booking.id.as_uuid(), expires_at)
            .await?;
        record(conn, now, Some(mentee), None, &booking).await?;
        let notice = match state {
            BookingState::Requested => Notice::Requested,
            _ => Notice::Confirmed,
        };
        jobs::announce(conn, &booking, notice).await?;
        jobs::plan(conn, now, &booking).await?;
        Ok(booking)
    })
    .await
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
fn answers(
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
