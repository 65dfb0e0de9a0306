//! Mentorships: a mentor and a mentee who agree to work together for some weeks, towards goals.

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, PageSize, Rule, UserId, Words};
use karya_db::OnConstraint;

use crate::jobs;
use crate::model::{
    ActionItemId, ActionItemRow, GoalId, GoalRow, GoalStatus, MentorshipId, MentorshipRow,
    MentorshipState, Party, Side,
};
use crate::{MentoringError, claims, growth_jobs, queries};

/// How many goals a mentorship, and how many action items a goal has at most.
pub(crate) const MAX_GOALS: i64 = 50;

const NO_BOOKING: Rule = Rule::Other {
    code: "no_booking_together",
    words: Words {
        id: "belum pernah punya sesi dengan Anda",
        en: "has no session with you yet",
    },
};
pub(super) const YOURSELF: Rule = Rule::Other {
    code: "yourself",
    words: Words {
        id: "tidak bisa diri sendiri",
        en: "cannot be yourself",
    },
};

/// With whom.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Partner {
    Mentor(UserId),
    Mentee(UserId),
}

/// A mentorship whose values are in order.
#[derive(Debug)]
pub(crate) struct NewMentorship {
    pub(crate) partner: Partner,
    pub(crate) starts_on: NaiveDate,
    pub(crate) ends_on: NaiveDate,
    pub(crate) focus: String,
}

/// Proposes a mentorship to the other side.
pub(crate) async fn propose(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    new: NewMentorship,
) -> Result<MentorshipRow, MentoringError> {
    conn.transaction(async |conn| {
        let (mentor, mentee, side, pointer) = match new.partner {
            Partner::Mentor(mentor) => (mentor, user, Side::Mentee, "/mentor_id"),
            Partner::Mentee(mentee) => (user, mentee, Side::Mentor, "/mentee_id"),
        };
        if mentor == mentee {
            return Err(Invalid::body(pointer, YOURSELF).into());
        }
        if !queries::feedback::is_approved(conn, mentor).await? {
            return Err(MentoringError::MentorNotFound);
        }
        if side == Side::Mentor && !queries::mentorships::have_booked(conn, mentor, mentee).await? {
            return Err(Invalid::body(pointer, NO_BOOKING).into());
        }
        // Whoever blocks somebody holds these locks too. To either it is as if the two had never met.
        claims::lock(conn, now, &[mentor, mentee]).await?;
        if queries::blocks::between(conn, mentor, mentee).await? {
            return Err(match side {
                Side::Mentee => MentoringError::MentorNotFound,
                Side::Mentor => Invalid::body(pointer, NO_BOOKING).into(),
            });
        }
        let row = MentorshipRow {
            id: MentorshipId::fresh(),
            mentor_id: mentor,
            mentee_id: mentee,
            proposed_by: side,
            state: MentorshipState::Proposed,
            starts_on: new.starts_on,
            ends_on: new.ends_on,
            focus: new.focus,
            mentor_agreed_at: (side == Side::Mentor).then_some(now),
            mentee_agreed_at: (side == Side::Mentee).then_some(now),
            ended_by: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        queries::mentorships::insert(conn, &row)
            .await
            .on_constraint("mentorships_live_key", || MentoringError::MentorshipLive)?;
        jobs::plan_mentorship(conn, now, &row).await?;
        growth_jobs::announce_mentorship(conn, &row).await?;
        Ok(row)
    })
    .await
}

/// What a participant does with a mentorship as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Accept,
    Decline,
    End,
}

/// Takes a step. Asking for what is already so changes nothing.
pub(crate) async fn step_mentorship(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: MentorshipId,
    step: Step,
) -> Result<(MentorshipRow, Side), MentoringError> {
    use MentorshipState::{Active, Declined, Ended, Proposed};
    conn.transaction(async |conn| {
        let mut row = queries::mentorships::lock(conn, id)
            .await?
            .ok_or(MentoringError::MentorshipNotFound)?;
        let side = row.side(user).ok_or(MentoringError::MentorshipNotFound)?;
        let asked = side != row.proposed_by;
        row.state = match (step, row.state) {
            (Step::Accept, Active) | (Step::Decline, Declined) if asked => return Ok((row, side)),
            (Step::End, Ended) if row.ended_by == Some(side.into()) => return Ok((row, side)),
            (Step::Accept, Proposed) if asked => Active,
            (Step::Decline, Proposed) if asked => Declined,
            // Whoever proposed it may take it back.
            (Step::End, Active) => Ended,
            (Step::End, Proposed) if !asked => Ended,
            _ => return Err(MentoringError::MentorshipState),
        };
        match (row.state, side) {
            (Ended, _) => row.ended_by = Some(side.into()),
            (Active, Side::Mentor) => row.mentor_agreed_at = Some(now),
            (Active, Side::Mentee) => row.mentee_agreed_at = Some(now),
            _ => {}
        }
        row.version += 1;
        row.updated_at = now;
        queries::mentorships::update(conn, &row).await?;
        if row.state == Active {
            jobs::plan_mentorship(conn, now, &row).await?;
        }
        growth_jobs::announce_mentorship(conn, &row).await?;
        Ok((row, side))
    })
    .await
}

/// Ends what is over: a proposal that nobody answered, a mentorship past its last day.
pub(crate) async fn close_mentorship(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    id: MentorshipId,
) -> Result<(), MentoringError> {
    conn.transaction(async |conn| {
        let Some(mut row) = queries::mentorships::lock(conn, id).await? else {
            return Ok(());
        };
        match (row.state, jobs::closes_at(&row)) {
            (_, Some(due_at)) if due_at > now => {
                jobs::plan_mentorship(conn, now, &row).await?;
                return Ok(());
            }
            (MentorshipState::Proposed, _) => row.state = MentorshipState::Expired,
            (MentorshipState::Active, _) => {
                row.state = MentorshipState::Ended;
                row.ended_by = Some(Party::System);
            }
            _ => return Ok(()),
        }
        row.version += 1;
        row.updated_at = now;
        queries::mentorships::update(conn, &row).await?;
        growth_jobs::announce_mentorship(conn, &row).await
    })
    .await
}

/// A mentorship and the side of `user` in it; for others it does not exist.
pub(crate) async fn view_mentorship(
    conn: &AsyncPgConnection,
    user: UserId,
    id: MentorshipId,
) -> Result<(MentorshipRow, Side), MentoringError> {
    let row = queries::mentorships::find(conn, id)
        .await?
        .ok_or(MentoringError::MentorshipNotFound)?;
    let side = row.side(user).ok_or(MentoringError::MentorshipNotFound)?;
    Ok((row, side))
}

/// Sets a goal of a running mentorship.
pub(crate) async fn add_goal(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: MentorshipId,
    (title, description, target_on): (String, Option<String>, Option<NaiveDate>),
) -> Result<GoalRow, MentoringError> {
    conn.transaction(async |conn| {
        let mentorship = queries::mentorships::lock(conn, id)
            .await?
            .filter(|row| row.side(user).is_some())
            .ok_or(MentoringError::MentorshipNotFound)?;
        running(&mentorship)?;
        if queries::mentorships::count_goals(conn, id).await? >= MAX_GOALS {
            return Err(MentoringError::TooManyGoals);
        }
        let row = GoalRow {
            id: GoalId::fresh(),
            mentorship_id: id,
            title,
            description,
            target_on,
            status: GoalStatus::Open,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        queries::mentorships::insert_goal(conn, &row).await?;
        Ok(row)
    })
    .await
}

fn running(mentorship: &MentorshipRow) -> Result<(), MentoringError> {
    if mentorship.state == MentorshipState::Active {
        Ok(())
    } else {
        Err(MentoringError::MentorshipState)
    }
}

/// The goals of a mentorship. `after`: the last one of the page before.
pub(crate) async fn list_goals(
    conn: &AsyncPgConnection,
    user: UserId,
    id: MentorshipId,
    (size, after): (PageSize, Option<GoalId>),
) -> Result<Vec<GoalRow>, MentoringError> {
    view_mentorship(conn, user, id).await?;
    Ok(queries::mentorships::goals(conn, id, size, after).await?)
}

/// A goal of a mentorship of one's own.
pub(crate) async fn own_goal(
    conn: &AsyncPgConnection,
    user: UserId,
    id: GoalId,
) -> Result<(GoalRow, MentorshipRow), MentoringError> {
    queries::mentorships::find_goal(conn, id)
        .await?
        .filter(|(_, mentorship)| mentorship.side(user).is_some())
        .ok_or(MentoringError::GoalNotFound)
}

/// Changes a goal, also after the mentorship: what was reached may be said then.
pub(crate) async fn update_goal(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (id, expected): (GoalId, Option<i32>),
    change: impl FnOnce(GoalRow) -> Result<GoalRow, Invalid>,
) -> Result<GoalRow, MentoringError> {
    let (current, _) = own_goal(conn, user, id).await?;
    MentoringError::unless_fresh(expected, current.version)?;
    let version = current.version + 1;
    let row = GoalRow {
        version,
        updated_at: now,
        ..change(current)?
    };
    match queries::mentorships::update_goal(conn, &row).await? {
        0 => Err(MentoringError::StaleVersion),
        _ => Ok(row),
    }
}

/// Adds a step towards a goal of a running mentorship.
pub(crate) async fn add_action_item(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: GoalId,
    (text, due_on, assignee): (String, Option<NaiveDate>, Side),
) -> Result<ActionItemRow, MentoringError> {
    conn.transaction(async |conn| {
        let (_, seen) = own_goal(conn, user, id).await?;
        let mentorship = queries::mentorships::lock(conn, seen.id)
            .await?
            .ok_or(MentoringError::GoalNotFound)?;
        running(&mentorship)?;
        if queries::mentorships::count_items(conn, id).await? >= MAX_GOALS {
            return Err(MentoringError::TooManyGoals);
        }
        let row = ActionItemRow {
            id: ActionItemId::fresh(),
            goal_id: id,
            text,
            due_on,
            assignee,
            done_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        queries::mentorships::insert_item(conn, &row).await?;
        Ok(row)
    })
    .await
}

/// The steps towards a goal. `after`: the last one of the page before.
pub(crate) async fn list_action_items(
    conn: &AsyncPgConnection,
    user: UserId,
    id: GoalId,
    (size, after): (PageSize, Option<ActionItemId>),
) -> Result<Vec<ActionItemRow>, MentoringError> {
    own_goal(conn, user, id).await?;
    Ok(queries::mentorships::items(conn, id, size, after).await?)
}

/// Says that a step is done, or that it is not. Saying it again changes nothing.
pub(crate) async fn mark_action_item(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    id: ActionItemId,
    done: bool,
) -> Result<ActionItemRow, MentoringError> {
    conn.transaction(async |conn| {
        let mut row = queries::mentorships::lock_item(conn, id)
            .await?
            .ok_or(MentoringError::ActionItemNotFound)?;
        match own_goal(conn, user, row.goal_id).await {
            Err(MentoringError::GoalNotFound) => return Err(MentoringError::ActionItemNotFound),
            found => found?,
        };
        if row.done_at.is_some() != done {
            row.done_at = done.then_some(now);
            row.version += 1;
            row.updated_at = now;
            queries::mentorships::update_item(conn, &row).await?;
        }
        Ok(row)
    })
    .await
}
