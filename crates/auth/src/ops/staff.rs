//! What staff does with accounts of others. A password nobody sets but its owner.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::policy::{Action, Relation};
use karya_core::role::Role;
use karya_core::{EmailAddress, Text, UserId};
use karya_db::{OnConstraint, roles};
use karya_notifications::AccountNotice;
use karya_web::Actor;
use uuid::Uuid;

use super::passwords::{ask_for_reset, end_access};
use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyAccount;
use crate::model::{FactorReset, FactorResetState, LockReason, StaffAccount, UserState};
use crate::queries::{AccountFilter, Void};
use crate::{AuthError, queries};

/// How long the owner of an account has to object before its factors are removed.
const RESET_WAIT: Duration = Duration::hours(24);

/// How long the second member of staff then has to decide.
const RESET_OPEN: Duration = Duration::days(7);

/// Refuses who may not manage accounts.
pub(crate) fn require_account_staff(actor: &Actor) -> Result<(), AuthError> {
    let by = (Relation::Stranger, Action::ManageAccounts);
    actor.permit(by, AuthError::StaffRequired)
}

/// One account.
pub async fn staff_account(
    conn: &AsyncPgConnection,
    id: UserId,
) -> Result<StaffAccount, AuthError> {
    let filter = AccountFilter {
        id: Some(id),
        ..AccountFilter::default()
    };
    let found = queries::staff_accounts(conn, filter, None, 1).await?;
    found.into_iter().next().ok_or(AuthError::AccountNotFound)
}

/// Locks an account: every session ends, nothing signs in, and what it shows to others is hidden. A locked one gets the
/// new reason. The owner is told why.
pub async fn lock_account(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: Option<UserId>,
    user: UserId,
    (reason, note): (LockReason, Option<Text>),
) -> Result<StaffAccount, AuthError> {
    if by == Some(user) {
        return Err(AuthError::OwnAccount);
    }
    conn.transaction(async |conn| {
        // Before the account itself: in the order of whoever takes a role away.
        let others = queries::lock_others_with(conn, Role::Admin, user).await?;
        let state = state_of(conn, user).await?;
        if others == 0
            && staff_account(conn, user)
                .await?
                .roles
                .contains(&Role::Admin)
        {
            return Err(AuthError::LastAdmin);
        }
        let note = note.as_ref().map(Text::as_str);
        queries::set_state(
            conn,
            user,
            (UserState::Locked, by),
            (Some(reason), note),
            now,
        )
        .await?;
        if state.is_usable() {
            queries::raise_epoch(conn, user).await?;
            let ended = queries::revoke_sessions(conn, user, None, "locked", now).await?;
            audit::sessions_ended(conn, now, user, &ended, "locked").await?;
            queries::delete_challenges(conn, user).await?;
            queries::void_tokens(conn, user, now).await?;
            NotifyAccount::enqueue(conn, user, AccountNotice::Locked { at: now }).await?;
        }
        staff_account(conn, user).await
    })
    .await
}

/// Unlocks an account; one that is not locked stays as it is.
pub async fn unlock_account(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: Option<UserId>,
    user: UserId,
) -> Result<StaffAccount, AuthError> {
    conn.transaction(async |conn| {
        if state_of(conn, user).await? == UserState::Locked {
            queries::set_state(conn, user, (UserState::Active, by), (None, None), now).await?;
            NotifyAccount::enqueue(conn, user, AccountNotice::Unlocked { at: now }).await?;
        }
        staff_account(conn, user).await
    })
    .await
}

/// Ends every session of an account, and says how many.
pub async fn end_sessions_of(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<usize, AuthError> {
    conn.transaction(async |conn| {
        state_of(conn, user).await?;
        queries::raise_epoch(conn, user).await?;
        let ended = queries::revoke_sessions(conn, user, None, "admin", now).await?;
        audit::sessions_ended(conn, now, user, &ended, "admin").await?;
        Ok(ended.len())
    })
    .await
}

/// Sends the mail of a forgotten password to the owner of an account, as if they had asked for it.
pub(crate) async fn send_reset(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), AuthError> {
    let email = staff_account(conn, user).await?.email;
    let email = email.and_then(|email| EmailAddress::parse(&email).ok());
    let email = email.ok_or(AuthError::AccountNotFound)?;
    ask_for_reset(conn, now, &email).await
}

/// Gives a role to an account. The role of mentors comes with the approval of an application.
pub async fn grant_role(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: Option<UserId>,
    user: UserId,
    role: Role,
) -> Result<StaffAccount, AuthError> {
    if role == Role::Mentor {
        return Err(AuthError::MentorRole);
    }
    conn.transaction(async |conn| {
        if state_of(conn, user).await? != UserState::Active {
            return Err(AuthError::AccountNotFound);
        }
        roles::grant(conn, now, user, role, by).await?;
        staff_account(conn, user).await
    })
    .await
}

/// Takes a role from an account, if it has it. The last admin keeps theirs.
pub async fn revoke_role(
    conn: &mut AsyncPgConnection,
    by: Option<UserId>,
    user: UserId,
    role: Role,
) -> Result<StaffAccount, AuthError> {
    if role == Role::Mentor {
        return Err(AuthError::MentorRole);
    }
    if by == Some(user) {
        return Err(AuthError::OwnAccount);
    }
    conn.transaction(async |conn| {
        let others = queries::lock_others_with(conn, role, user).await?;
        state_of(conn, user).await?;
        if role == Role::Admin && others == 0 {
            return Err(AuthError::LastAdmin);
        }
        roles::revoke(conn, user, role).await?;
        staff_account(conn, user).await
    })
    .await
}

/// Asks for the removal of all second factors of somebody who lost them and proved otherwise who they are.
///
/// Another member of staff decides, a day later at the earliest, and the owner is told at once: whoever still has a
/// factor signs in with it, and the request is void.
pub(crate) async fn ask_for_factor_reset(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: UserId,
    user: UserId,
    evidence: Text,
) -> Result<FactorReset, AuthError> {
    if by == user {
        return Err(AuthError::OwnAccount);
    }
    let reset = FactorReset {
        id: Uuid::now_v7(),
        user_id: user,
        state: FactorResetState::Open,
        evidence: evidence.into_string(),
        asked_by: Some(by),
        asked_at: now,
        not_before: now + RESET_WAIT,
        expires_at: now + RESET_WAIT + RESET_OPEN,
        settled_by: None,
        settled_at: None,
    };
    conn.transaction(async |conn| {
        if state_of(conn, user).await? != UserState::Active {
            return Err(AuthError::AccountNotFound);
        }
        if staff_account(conn, user).await?.factors == (false, false) {
            return Err(AuthError::NoFactor);
        }
        queries::void_factor_reset(conn, user, Void::Expired, now).await?;
        queries::insert_factor_reset(conn, &reset)
            .await
            .on_constraint("factor_resets_open_key", || AuthError::FactorResetOpen)?;
        audit::record(
            conn,
            now,
            Event::of(EventKind::FactorResetAsked, user).by(by),
        )
        .await?;
        let notice = AccountNotice::FactorResetAsked {
            at: now,
            not_before: reset.not_before,
        };
        NotifyAccount::enqueue(conn, user, notice).await?;
        Ok(reset)
    })
    .await
}

/// Decides on such a request.
pub(crate) async fn settle_factor_reset(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    by: UserId,
    id: Uuid,
    verdict: FactorResetState,
) -> Result<FactorReset, AuthError> {
    conn.transaction(async |conn| {
        let reset = queries::lock_factor_reset(conn, id)
            .await?
            .ok_or(AuthError::FactorResetNotFound)?;
        let user = reset.user_id;
        if reset.state != FactorResetState::Open || reset.expires_at <= now {
            return Err(AuthError::FactorResetOver);
        }
        let approve = verdict == FactorResetState::Approved;
        if approve && reset.asked_by.is_none_or(|asked_by| asked_by == by) {
            return Err(AuthError::FourEyes);
        }
        if by == user {
            return Err(AuthError::OwnAccount);
        }
        if approve && now < reset.not_before {
            let retry_after = (reset.not_before - now).to_std().unwrap_or_default();
            return Err(AuthError::FactorResetEarly { retry_after });
        }
        queries::settle_factor_reset(conn, id, (verdict, by), now).await?;
        if approve {
            queries::delete_all_factors(conn, user).await?;
            queries::raise_epoch(conn, user).await?;
            end_access(conn, now, user, None).await?;
            audit::record(conn, now, Event::of(EventKind::FactorsReset, user).by(by)).await?;
            NotifyAccount::enqueue(conn, user, AccountNotice::FactorsReset { at: now }).await?;
        } else {
            let refused = Event::of(EventKind::FactorResetRefused, user).by(by);
            audit::record(conn, now, refused).await?;
        }
        Ok(FactorReset {
            state: verdict,
            settled_by: Some(by),
            settled_at: Some(now),
            ..reset
        })
    })
    .await
}

/// Whoever shows a second factor has not lost it.
pub(super) async fn void_factor_reset(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), AuthError> {
    if queries::void_factor_reset(conn, user, Void::Any, now).await? > 0 {
        let refused = Event::of(EventKind::FactorResetRefused, user).reason("factor_shown");
        audit::record(conn, now, refused).await?;
    }
    Ok(())
}

/// Locks the row of an account that is not erased.
async fn state_of(conn: &mut AsyncPgConnection, user: UserId) -> Result<UserState, AuthError> {
    queries::lock_account_row(conn, user)
        .await?
        .filter(|state| *state != UserState::Deleted)
        .ok_or(AuthError::AccountNotFound)
}
