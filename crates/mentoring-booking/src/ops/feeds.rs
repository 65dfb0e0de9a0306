//! Calendar feeds: addresses that hold a secret, under which calendar programs read somebody's sessions.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{Random, UserId};
use uuid::Uuid;

use crate::ics::emit;
use crate::invitations::{Invitations, Seen};
use crate::model::{BookingRow, FeedRow, Party};
use crate::queries::{feeds as queries, offerings, people};
use crate::{MentoringError, claims};

/// How many feeds one person may have.
const MAX_FEEDS: usize = 5;

/// How far back a feed reaches, and for how long it shows what was cancelled.
const BACK: TimeDelta = TimeDelta::days(30);
const AHEAD: TimeDelta = TimeDelta::days(365);

/// Makes a feed. Returns it with its token, which nobody can read again.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    user: UserId,
    name: String,
) -> Result<(FeedRow, String), MentoringError> {
    conn.transaction(async |conn| {
        // So that of two requests one counts the other.
        claims::lock(conn, now, &[user]).await?;
        if queries::list(conn, user).await?.len() >= MAX_FEEDS {
            return Err(MentoringError::TooManyEntries);
        }
        let token = random.token();
        let feed = FeedRow {
            id: Uuid::now_v7(),
            user_id: user,
            name,
            token_hash: sha256(token.as_bytes()),
            created_at: now,
            rotated_at: None,
        };
        queries::insert(conn, &feed).await?;
        Ok((feed, token))
    })
    .await
}

/// Gives a feed another token.
pub(crate) async fn rotate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    user: UserId,
    id: Uuid,
) -> Result<(FeedRow, String), MentoringError> {
    let token = random.token();
    let hash = sha256(token.as_bytes());
    let feed = queries::rotate(conn, now, (user, id), &hash).await?;
    Ok((feed.ok_or(MentoringError::FeedNotFound)?, token))
}

pub(crate) async fn delete(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: Uuid,
) -> Result<(), MentoringError> {
    match queries::delete(conn, user, id).await? {
        0 => Err(MentoringError::FeedNotFound),
        _ => Ok(()),
    }
}

/// What a calendar program gets for a token. Four statements, whatever the number of sessions.
pub(crate) async fn read(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    invitations: &Invitations,
    token: &str,
) -> Result<String, MentoringError> {
    let (feed, lang) = queries::find(conn, &sha256(token.as_bytes()))
        .await?
        .ok_or(MentoringError::FeedNotFound)?;
    let reach = queries::Reach {
        from: now - BACK,
        to: now + AHEAD,
        cancelled_after: now - BACK,
    };
    let user = feed.user_id;
    let sessions = queries::sessions(conn, user, reach).await?;
    let other = |booking: &BookingRow| {
        if booking.mentor_id == user {
            booking.mentee_id
        } else {
            booking.mentor_id
        }
    };
    let mut others: Vec<UserId> = sessions.iter().map(|(booking, _)| other(booking)).collect();
    others.sort_unstable();
    others.dedup();
    let names = queries::names(conn, &others).await?;
    let mut events: Vec<emit::Event> = sessions
        .iter()
        .map(|(booking, title)| {
            let name = names.iter().find(|(id, _)| *id == other(booking));
            let name = name.map_or("", |(_, name)| name.as_str());
            invitations.event(booking, &Seen::in_feed(title, name, lang))
        })
        .collect();
    for (session, mentor) in queries::groups(conn, user, reach).await? {
        let other = if session.mentor_id == user {
            ""
        } else {
            mentor.as_str()
        };
        let seen = Seen::in_feed(&session.title, other, lang);
        events.push(invitations.group_event(&session, &seen));
    }
    Ok(emit::feed(&feed.name, &events))
}

/// A booking as an event of one participant's calendar. Two statements.
pub(crate) async fn invitation(
    conn: &AsyncPgConnection,
    invitations: &Invitations,
    booking: &BookingRow,
    to: Party,
) -> Result<emit::Event, MentoringError> {
    let people = people::contacts(conn, &[booking.mentor_id, booking.mentee_id]).await?;
    let offering = offerings::find(conn, booking.offering_id)
        .await?
        .ok_or(MentoringError::BookingNotFound)?;
    let person = |id| people.iter().find(|person| person.user_id == id);
    let (reader, other) = if to == Party::Mentor {
        (booking.mentor_id, booking.mentee_id)
    } else {
        (booking.mentee_id, booking.mentor_id)
    };
    let reader = person(reader).ok_or(MentoringError::BookingNotFound)?;
    let other = person(other).map_or("", |other| other.display_name.as_str());
    Ok(invitations.event(booking, &Seen::invited(&offering, reader, other, booking)))
}
