//! When a mentor cannot: others who fit, and a new request in the mentee's name where the mentee wanted that.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{BookingId, Random, RegionCode, UserId};
use karya_db::membership;

use super::book::{self, Details};
use super::discovery::{self, Found, Prefer, Search as Discovery, Window};
use super::documents;
use super::place::{Search, Span, Wish};
use super::transition::view;
use crate::jobs;
use crate::matching::{MentorSort, Wanted, region_match};
use crate::model::{BookingRow, BookingState, CascadeRow, MentorSummaryRow, Party, SessionMode};
use crate::queries::{cascades as queries, discovery::Session};
use crate::slots::Interval;
use crate::{MentoringError, claims};

/// How many other mentors somebody is shown.
pub(crate) const OTHERS: usize = 3;

/// To how many mentors a request is passed on.
pub(super) const HOPS: i16 = 3;

/// How much later than wished a session may start that a request is passed on for.
const WITHIN: TimeDelta = TimeDelta::hours(48);

/// How many mentors are tried at once, in case others are faster.
const ATTEMPTS: usize = 5;

/// The mentee's word that a request is to be passed on.
pub(super) fn wanted(booking: &BookingRow) -> CascadeRow {
    CascadeRow {
        booking_id: booking.id,
        hops_left: HOPS,
        wished_at: booking.starts_at,
        asked: vec![Some(booking.mentor_id.as_uuid())],
    }
}

/// Up to three other mentors who fit as the booked one does, with their next starts. For the mentee; five statements.
pub(crate) async fn alternatives(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
) -> Result<Vec<Found>, MentoringError> {
    let (booking, mentor, cascade) = queries::find(conn, id)
        .await?
        .filter(|(booking, _, _)| booking.mentee_id == user)
        .ok_or(MentoringError::BookingNotFound)?;
    let asked = |mentor: UserId| {
        let cascade = cascade.as_ref();
        mentor == booking.mentor_id || cascade.is_some_and(|cascade| cascade.has_asked(mentor))
    };
    let found = others(conn, now, (&booking, mentor), asked, None).await?;
    let found = found.into_iter().map(|(_, found)| found);
    Ok(found.take(OTHERS).collect())
}

/// How many mentors would still be asked for a request. For its mentee; two statements.
pub(crate) async fn hops_left(
    conn: &AsyncPgConnection,
    user: UserId,
    id: BookingId,
) -> Result<i16, MentoringError> {
    let (_, _, cascade) = queries::find(conn, id)
        .await?
        .filter(|(booking, _, _)| booking.mentee_id == user)
        .ok_or(MentoringError::BookingNotFound)?;
    match cascade {
        Some(cascade) if queries::is_wanted(conn, id).await? => Ok(cascade.hops_left),
        _ => Ok(0),
    }
}

/// How the other session would be like the booked one, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meeting {
    /// People meet in the same way; in person, near the same place.
    Same,
    /// Somehow from afar.
    Afar,
    /// In person, where the mentee did not ask for that, or elsewhere.
    Elsewhere,
}

impl Meeting {
    fn of(booked: SessionMode, regions: &[String], found: &Found) -> Option<Self> {
        let mode = found.next.as_ref()?.mode;
        let is_near = || {
            let mut regions = regions
                .iter()
                .filter_map(|code| RegionCode::parse(code).ok());
            regions.any(|code| region_match(&code, &found.mentor.regions).is_some())
        };
        Some(match mode {
            SessionMode::InPerson if booked == mode && is_near() => Self::Same,
            SessionMode::InPerson => Self::Elsewhere,
            _ if mode == booked => Self::Same,
            _ => Self::Afar,
        })
    }
}

/// Mentors with the same expertise and subsectors who are free, the closest way to meet first. Four statements.
async fn others(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    (booking, mentor): (&BookingRow, MentorSummaryRow),
    asked: impl Fn(UserId) -> bool,
    span: Option<Interval>,
) -> Result<Vec<(Meeting, Found)>, MentoringError> {
    let search = Discovery {
        wanted: Wanted {
            expertise: mentor.expertise,
            subsectors: mentor.subsectors,
            ..Wanted::default()
        },
        session: Session {
            mode: None,
            duration: None,
        },
        prefer: Some(Prefer {
            mode: booking.mode,
            duration: minutes(booking),
        }),
        window: Window {
            zone: None,
            from: None,
            to: None,
            span,
            now,
        },
        sort: MentorSort::Match,
    };
    let found = discovery::search(conn, &search, Some(booking.mentee_id)).await?;
    let mut found: Vec<(Meeting, Found)> = found
        .into_iter()
        .filter(|found| !asked(found.mentor.user_id))
        .filter_map(|found| Some((Meeting::of(booking.mode, &mentor.regions, &found)?, found)))
        .collect();
    found.sort_by_key(|(meeting, _)| *meeting);
    Ok(found)
}

/// How long a session is.
fn minutes(booking: &BookingRow) -> i16 {
    let minutes = (booking.ends_at - booking.starts_at).num_minutes();
    i16::try_from(minutes).unwrap_or_default()
}

/// Passes a request on once this transaction is over, where the mentee wanted that. It was declined or has expired.
pub(super) async fn pass_on(
    conn: &mut AsyncPgConnection,
    booking: BookingId,
) -> Result<(), MentoringError> {
    if queries::is_wanted(conn, booking).await? {
        jobs::follow_cascade(conn, booking).await?;
    }
    Ok(())
}

/// Passes a request on no more, as its mentee. Doing it again changes nothing.
///
/// Under the lock of the mentee's calendar: either it has been passed on before, or it never will be.
pub(crate) async fn stop(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: BookingId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        match view(conn, user, id).await? {
            (_, Party::Mentee) => {}
            _ => return Err(MentoringError::BookingNotFound),
        }
        claims::lock(conn, now, &[user]).await?;
        queries::stop(conn, id).await?;
        Ok(())
    })
    .await
}

/// Asks the best other mentor in the mentee's name: at the start that the mentee wished for, or else at the soonest
/// within 48 hours after it. Does nothing where that has been done, or where the mentee has something else by now.
pub(crate) async fn follow(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    id: BookingId,
) -> Result<(), MentoringError> {
    let Some((booking, mentor, Some(cascade))) = queries::find(conn, id).await? else {
        return Ok(());
    };
    let is_off = matches!(
        booking.state,
        BookingState::Declined | BookingState::Expired
    );
    if !is_off || cascade.hops_left <= 0 {
        return Ok(());
    }
    let wished_at = if booking.sequence > 0 {
        // It was moved since.
        booking.starts_at
    } else {
        cascade.wished_at
    };
    let Ok(span) = Interval::new(
        wished_at.max(now),
        wished_at + WITHIN + TimeDelta::seconds(1),
    ) else {
        return Ok(());
    };
    let asked = |mentor| cascade.has_asked(mentor);
    let found = others(conn, now, (&booking, mentor), asked, Some(span)).await?;
    // Nobody is sent to a place that they did not ask for.
    let found = found
        .into_iter()
        .filter(|(meeting, _)| *meeting != Meeting::Elsewhere);
    let mut found: Vec<Found> = found.map(|(_, found)| found).collect();
    let start = |found: &Found| {
        let next = found.next.as_ref()?;
        Some(next.slots.first()?.starts_at)
    };
    // Whoever is free at that very time comes first: nobody is free before it.
    found.sort_by_key(|found| start(found));
    for found in found.into_iter().take(ATTEMPTS) {
        let Some((next, starts_at)) = found.next.as_ref().zip(start(&found)) else {
            continue;
        };
        let wish = Wish {
            offering: next.offering,
            starts_at,
            duration_min: Some(next.duration),
        };
        let hop = Hop {
            booking: &booking,
            cascade: &cascade,
            wished_at,
        };
        match attempt(conn, now, random, hop, wish).await {
            // Somebody was faster, or the offering asks what the mentee has not answered.
            Err(
                MentoringError::SlotTaken { .. }
                | MentoringError::NotOffered { .. }
                | MentoringError::OfferingNotFound
                | MentoringError::Invalid(_)
                | MentoringError::MenteeBusy,
            ) => {}
            Err(MentoringError::TooManyActive) => return Ok(()),
            done => return done,
        }
    }
    Ok(())
}

/// A request to be passed on.
#[derive(Debug, Clone, Copy)]
struct Hop<'a> {
    booking: &'a BookingRow,
    cascade: &'a CascadeRow,
    wished_at: DateTime<Utc>,
}

/// Makes the new request, under the lock on both calendars.
async fn attempt(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    Hop {
        booking,
        cascade,
        wished_at,
    }: Hop<'_>,
    wish: Wish,
) -> Result<(), MentoringError> {
    let mentee = booking.mentee_id;
    conn.transaction(async |conn| {
        // What the mentee holds does not give way: it was they who chose it.
        let search = Search::open(conn, now, mentee, Span::of(wish), (&[], None)).await?;
        let wished = (wished_at, wished_at + (booking.ends_at - booking.starts_at));
        if !queries::is_wanted(conn, booking.id).await?
            || !claims::busy(conn, now, &[mentee], wished).await?.is_empty()
        {
            return Ok(());
        }
        let room = search.room(mentee, wish.starts_at)?;
        let answers = answers(&room.offering.questions, &booking.answers)?;
        book::check_ahead(conn, now, mentee, (1, false)).await?;
        let business = match booking.business_id {
            Some(business) if membership::role(conn, business, mentee).await?.is_some() => {
                Some(business)
            }
            _ => None,
        };
        let details = Details {
            business,
            topic: booking.topic.clone(),
            answers,
        };
        let time = (room.starts_at, room.ends_at);
        let of = (&room.offering, &room.calendar);
        let next = BookingRow {
            cascaded_from: Some(booking.id),
            ..book::draft(now, random, of, mentee, time, details)
        };
        book::write(conn, now, None, &room, (&next, Vec::new())).await?;
        let mut asked = cascade.asked.clone();
        asked.push(Some(next.mentor_id.as_uuid()));
        let row = CascadeRow {
            booking_id: next.id,
            hops_left: cascade.hops_left - 1,
            wished_at,
            asked,
        };
        queries::insert(conn, &row).await?;
        documents::hand_on(conn, booking.id, &next).await?;
        jobs::announce_cascade(conn, now, &next).await
    })
    .await
}

/// What the mentee answered before, to those questions that are asked again.
fn answers(
    questions: &serde_json::Value,
    answered: &serde_json::Value,
) -> Result<serde_json::Value, MentoringError> {
    let text = |answer: &serde_json::Value, name: &str| Some(answer[name].as_str()?.to_owned());
    let answered = answered.as_array().into_iter().flatten();
    let questions_asked = questions.as_array().into_iter().flatten();
    let keys: Vec<String> = questions_asked
        .filter_map(|question| text(question, "key"))
        .collect();
    let given = answered
        .filter_map(|answer| text(answer, "key").zip(text(answer, "text")))
        .filter(|(key, _)| keys.contains(key))
        .collect();
    Ok(book::answers(questions, given)?)
}
