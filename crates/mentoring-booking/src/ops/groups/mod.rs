//! Group sessions: many seats, one mentor, and a line for those who come late.
//!
//! Order of locks: the row of the session first, then all calendars at once. Nobody who holds a calendar waits for
//! the row of a session, so there is no circle.

mod alert;
mod floor;
mod host;
mod seats;

pub(crate) use alert::close_suspended;
pub(super) use alert::{hold_up, let_go};
pub(crate) use host::{NewGroup, cancel, create, seats_for_host, take_attendance, update};
pub(crate) use seats::{accept, join, leave, tend, wait};

use chrono::{DateTime, Utc};
use karya_core::{GroupSessionId, UserId};
use karya_db::AsyncPgConnection;

use crate::model::{GroupRow, SeatRow, WaitlistRow, WaitlistState};
use crate::{MentoringError, group_jobs, queries};

/// A group session as somebody sees it.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) session: GroupRow,
    pub(crate) mentor_name: String,
    /// The viewer's seat.
    pub(crate) seat: Option<SeatRow>,
    /// The viewer's place in the line, and how many wait before them.
    pub(crate) place: Option<(WaitlistRow, usize)>,
    /// How many wait in all.
    pub(crate) waiting: usize,
}

/// Looks again at who is next in the mentor's sessions ahead: while the mentor was off nobody was.
pub(super) async fn tend_ahead(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
) -> Result<(), MentoringError> {
    for session in queries::groups::ahead(conn, mentor, now).await? {
        group_jobs::tend_soon(conn, session).await?;
    }
    Ok(())
}

/// A group session as the viewer may see it: to somebody who is blocked, or has blocked its mentor, there is none; one
/// whose mentor is no longer active exists for the mentor and for those who have something in it. Two statements more
/// than [`view`] for most.
pub(crate) async fn show(
    conn: &AsyncPgConnection,
    viewer: Option<UserId>,
    id: GroupSessionId,
) -> Result<Standing, MentoringError> {
    let standing = view(conn, viewer, id).await?;
    if super::blocks::is_hidden(conn, viewer, standing.session.mentor_id).await? {
        return Err(MentoringError::GroupNotFound);
    }
    let mentor = standing.session.mentor_id;
    let is_in = standing.seat.is_some() || standing.place.is_some() || viewer == Some(mentor);
    let is_shown = is_in
        || queries::people::host(conn, mentor)
            .await?
            .is_some_and(|host| host.is_active());
    is_shown
        .then_some(standing)
        .ok_or(MentoringError::GroupNotFound)
}

/// A group session, and what the viewer has in it. Two statements, three for somebody who is signed in.
pub(crate) async fn view(
    conn: &AsyncPgConnection,
    viewer: Option<UserId>,
    id: GroupSessionId,
) -> Result<Standing, MentoringError> {
    let (session, mentor_name) = queries::groups::find(conn, id)
        .await?
        .ok_or(MentoringError::GroupNotFound)?;
    let line = queries::waitlist::line(conn, id).await?;
    let mut seat = None;
    if let Some(viewer) = viewer {
        seat = queries::groups::seat_of(conn, id, viewer).await?;
    }
    let waits = |entry: &&WaitlistRow| entry.state == WaitlistState::Waiting;
    let waiting = line.iter().filter(waits).count();
    let place = line
        .iter()
        .find(|entry| Some(entry.mentee_id) == viewer)
        .map(|mine| {
            let before = |entry: &&WaitlistRow| entry.position < mine.position;
            let ahead = line.iter().filter(waits).filter(before).count();
            (mine.clone(), ahead)
        });
    Ok(Standing {
        session,
        mentor_name,
        seat,
        place,
        waiting,
    })
}
