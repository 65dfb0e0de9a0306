//! Becoming a mentor, and what staff decide about it.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::policy::{self, Relation};
use karya_core::{Invalid, Role, UserId};
use karya_db::{OnConstraint, roles};
use karya_web::Actor;

use crate::model::{Action, Decision, MentorProfile, MentorRow, MentorState, Review};
use crate::queries::mentors::{self as queries, Found};
use crate::{MentoringError, claims, jobs};

/// `state` of accounts that may be used.
pub(super) const ACTIVE: &str = "active";

/// Applies. Whoever does gets a calendar too.
pub(crate) async fn apply(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    profile: MentorProfile,
) -> Result<Found, MentoringError> {
    conn.transaction(async |conn| {
        claims::lock(conn, now, &[user]).await?;
        let row = MentorRow {
            user_id: user,
            state: MentorState::Applied,
            headline: profile.headline,
            about: profile.about,
            expertise: profile.expertise,
            subsectors: profile.subsectors,
            languages: profile.languages,
            regions: profile.regions,
            ethics_accepted_at: now,
            review_note: None,
            reviewed_by: None,
            reviewed_at: None,
            response_minutes: None,
            completed_sessions: 0,
            rating_sum: 0,
            rating_count: 0,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        queries::insert(conn, &row)
            .await
            .on_constraint("mentors_pkey", || MentoringError::AlreadyApplied)?;
        found(conn, user).await
    })
    .await
}

pub(crate) async fn found(conn: &AsyncPgConnection, id: UserId) -> Result<Found, MentoringError> {
    queries::find(conn, id)
        .await?
        .ok_or(MentoringError::MentorNotFound)
}

/// A mentor as `viewer` may see them: approved ones are public, but not for whoever has blocked them or is blocked by
/// them; the others exist for themselves and for staff.
pub(crate) async fn show(
    conn: &AsyncPgConnection,
    id: UserId,
    viewer: Option<&Actor>,
) -> Result<Found, MentoringError> {
    let found = found(conn, id).await?;
    let user = viewer.filter(|viewer| !knows_all(viewer, id));
    let user = user.map(|viewer| viewer.user_id);
    if super::blocks::is_hidden(conn, user, id).await? {
        return Err(MentoringError::MentorNotFound);
    }
    if is_public(&found) || viewer.is_some_and(|viewer| knows_all(viewer, id)) {
        Ok(found)
    } else {
        Err(MentoringError::MentorNotFound)
    }
}

/// Whether everybody may see the mentor.
pub(crate) fn is_public((row, _, account): &Found) -> bool {
    row.state == MentorState::Approved && account == ACTIVE
}

/// Whether somebody may see all of a mentor: the mentor and the staff.
pub(crate) fn knows_all(viewer: &Actor, mentor: UserId) -> bool {
    let relation = if viewer.user_id == mentor {
        Relation::Oneself
    } else {
        Relation::Stranger
    };
    viewer.may(relation, policy::Action::SeeWholeMentor)
}

pub(crate) fn require_staff(actor: &Actor) -> Result<(), MentoringError> {
    let by = (Relation::Stranger, policy::Action::ReviewMentors);
    actor.permit(by, MentoringError::StaffRequired)
}

/// Changes one's own profile. A rejected application is one again afterwards.
pub(crate) async fn update(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    expected: Option<i32>,
    change: impl FnOnce(&MentorRow) -> Result<MentorProfile, Invalid> + Send,
) -> Result<Found, MentoringError> {
    conn.transaction(async |conn| {
        let current = queries::lock(conn, user)
            .await?
            .ok_or(MentoringError::MentorNotFound)?;
        MentoringError::unless_fresh(expected, current.version)?;
        let profile = change(&current)?;
        let state = match current.state {
            MentorState::Rejected => MentorState::Applied,
            state => state,
        };
        let stamp = (state, current.version + 1, now);
        queries::update_profile(conn, user, &profile, stamp).await?;
        found(conn, user).await
    })
    .await
}

/// What somebody on the staff decides.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) review: Review,
    pub(crate) note: Option<String>,
    /// The version that the caller has seen, if it matters.
    pub(crate) expected: Option<i32>,
}

/// Decides about a mentor and mails them. What is already so stays so.
pub(crate) async fn review(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    staff: &Actor,
    id: UserId,
    verdict: Verdict,
) -> Result<Found, MentoringError> {
    require_staff(staff)?;
    if staff.user_id == id {
        return Err(MentoringError::OwnReview);
    }
    conn.transaction(async |conn| {
        let current = queries::lock(conn, id)
            .await?
            .ok_or(MentoringError::MentorNotFound)?;
        let Verdict {
            review,
            note,
            expected,
        } = verdict;
        if current.state == review.target() {
            return found(conn, id).await;
        }
        MentoringError::unless_fresh(expected, current.version)?;
        if !review.starts_from(current.state) {
            return Err(MentoringError::MentorTransition);
        }
        let decision = Decision {
            state: review.target(),
            review_note: note,
            reviewed_by: staff.user_id,
            reviewed_at: now,
            version: current.version + 1,
            updated_at: now,
        };
        queries::decide(conn, id, &decision).await?;
        follow(conn, now, id, &decision).await?;
        jobs::tell_mentor(conn, id, review, decision.version).await?;
        found(conn, id).await
    })
    .await
}

/// Makes the role of the account and the classes follow the decision. Whoever only takes a break keeps the role.
async fn follow(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    mentor: UserId,
    decision: &Decision,
) -> Result<(), MentoringError> {
    if decision.state == MentorState::Approved {
        roles::grant(conn, now, mentor, Role::Mentor, Some(decision.reviewed_by)).await?;
        super::groups::tend_ahead(conn, now, mentor).await?;
    } else {
        roles::revoke(conn, mentor, Role::Mentor).await?;
    }
    Ok(())
}

/// Publishes the mentor's response time anew when a request was answered or lapsed.
///
/// Wants the mentor's calendar locked: whoever writes the row of a mentor here has written their calendar first.
pub(super) async fn update_response_time(
    conn: &mut AsyncPgConnection,
    action: Action,
    mentor: UserId,
) -> Result<(), MentoringError> {
    if matches!(action, Action::Approve | Action::Decline | Action::Expire) {
        queries::update_response_time(conn, mentor).await?;
    }
    Ok(())
}
