//! What mentors offer. Every change locks the mentor's calendar, since it can change their slots.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, OfferingId, UserId};

use super::mentors::ACTIVE;
use crate::model::{MentorState, OfferingRow};
use crate::queries::offerings as queries;
use crate::{MentoringError, claims};

/// How many offerings a mentor may have open: discovery looks at all of them.
const MAX_OPEN: i64 = 20;

/// Adds an offering. Mentors may prepare theirs before they are approved.
pub(crate) async fn create(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    row: OfferingRow,
) -> Result<OfferingRow, MentoringError> {
    conn.transaction(async |conn| {
        let mentor = row.mentor_id;
        crate::queries::mentors::find(conn, mentor)
            .await?
            .filter(|(mentor, _, _)| mentor.state != MentorState::Rejected)
            .ok_or(MentoringError::MentorRequired)?;
        claims::lock(conn, now, &[mentor]).await?;
        if row.active {
            require_room(conn, mentor).await?;
        }
        queries::insert(conn, &row).await?;
        Ok(row)
    })
    .await
}

/// Wants the mentor's calendar locked.
async fn require_room(conn: &AsyncPgConnection, mentor: UserId) -> Result<(), MentoringError> {
    if queries::count_open(conn, mentor).await? < MAX_OPEN {
        Ok(())
    } else {
        Err(MentoringError::TooManyOfferings)
    }
}

/// An offering as `viewer` may see it: open ones of approved mentors are public, the others are their mentor's.
pub(crate) async fn show(
    conn: &AsyncPgConnection,
    id: OfferingId,
    viewer: Option<UserId>,
) -> Result<OfferingRow, MentoringError> {
    let (row, is_public) = find(conn, id).await?;
    if super::blocks::is_hidden(conn, viewer, row.mentor_id).await? {
        return Err(MentoringError::OfferingNotFound);
    }
    if is_public || viewer == Some(row.mentor_id) {
        Ok(row)
    } else {
        Err(MentoringError::OfferingNotFound)
    }
}

/// The offering, and whether it is public.
async fn find(
    conn: &AsyncPgConnection,
    id: OfferingId,
) -> Result<(OfferingRow, bool), MentoringError> {
    let (row, mentor, account) = queries::find_with_mentor(conn, id)
        .await?
        .ok_or(MentoringError::OfferingNotFound)?;
    let is_public = row.active && mentor == MentorState::Approved && account == ACTIVE;
    Ok((row, is_public))
}

/// The offering, if it is `user`'s.
async fn owned(
    conn: &AsyncPgConnection,
    id: OfferingId,
    user: UserId,
) -> Result<OfferingRow, MentoringError> {
    match find(conn, id).await? {
        (row, _) if row.mentor_id == user => Ok(row),
        // Public, so its existence is no secret; anything else is.
        (_, true) => Err(MentoringError::OfferingOwnerRequired),
        (_, false) => Err(MentoringError::OfferingNotFound),
    }
}

/// Changes an offering. `change` gets the current row and returns the new one, checked as when it was made.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (id, expected): (OfferingId, Option<i32>),
    change: impl FnOnce(&OfferingRow) -> Result<OfferingRow, Invalid> + Send,
) -> Result<OfferingRow, MentoringError> {
    conn.transaction(async |conn| {
        owned(conn, id, user).await?;
        claims::lock(conn, now, &[user]).await?;
        // Whose it is never changes; everything else may have, while we waited.
        let current = owned(conn, id, user).await?;
        MentoringError::unless_fresh(expected, current.version)?;
        let row = OfferingRow {
            id,
            mentor_id: user,
            version: current.version + 1,
            created_at: current.created_at,
            updated_at: now,
            ..change(&current)?
        };
        if row.active && !current.active {
            require_room(conn, user).await?;
        }
        write(conn, &row).await?;
        Ok(row)
    })
    .await
}

/// Closes an offering. Its bookings stay; closing it again changes nothing.
pub(crate) async fn close(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (id, expected): (OfferingId, Option<i32>),
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        owned(conn, id, user).await?;
        claims::lock(conn, now, &[user]).await?;
        let current = owned(conn, id, user).await?;
        if !current.active {
            return Ok(());
        }
        MentoringError::unless_fresh(expected, current.version)?;
        let row = OfferingRow {
            active: false,
            version: current.version + 1,
            updated_at: now,
            ..current
        };
        write(conn, &row).await
    })
    .await
}

async fn write(conn: &mut AsyncPgConnection, row: &OfferingRow) -> Result<(), MentoringError> {
    if queries::update(conn, row).await? == 0 {
        return Err(MentoringError::StaleVersion);
    }
    Ok(())
}
