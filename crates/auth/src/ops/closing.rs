//! Accounts that their owners want deleted: shut at once, opened again if they change their minds, and then shut for good.
//! What goes beyond accounts and sessions is put together where all domains are known.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{EmailAddress, Lang, SessionId, UserId};

use super::passwords::end_access_for;
use crate::model::UserState;
use crate::{AuthError, queries};

/// Where the owner of an account is reached, and how they are addressed.
#[derive(Debug, Clone)]
pub struct Contact {
    pub email: EmailAddress,
    pub display_name: String,
    pub locale: Lang,
}

/// Where somebody is reached; none if the account is gone.
pub async fn contact(conn: &AsyncPgConnection, user: UserId) -> Result<Option<Contact>, AuthError> {
    let Some(account) = queries::find_account(conn, user).await? else {
        return Ok(None);
    };
    let email = EmailAddress::parse(&account.email).map_err(|rule| {
        AuthError::Token(format!("a stored address is not one: {}", rule.code()))
    })?;
    Ok(Some(Contact {
        email,
        display_name: account.user.display_name,
        locale: account.user.locale,
    }))
}

/// Locks an account until the transaction ends, before anything else of it: of two who want to close, open or erase it,
/// one goes first. False: there is none that can be signed in to.
pub async fn lock_account(conn: &mut AsyncPgConnection, user: UserId) -> Result<bool, AuthError> {
    Ok(queries::lock_usable(conn, user).await?.is_some())
}

/// Shuts an account that is locked by [`lock_account`]: every session but one ends, with all that could open another.
pub async fn close_account(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, keep): (UserId, SessionId),
) -> Result<(), AuthError> {
    queries::set_state(conn, user, (UserState::Closing, None), (None, None), now).await?;
    end_access_for(conn, now, user, Some(keep), "account_closing").await
}

/// Opens it again.
pub async fn reopen_account(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), AuthError> {
    queries::set_state(conn, user, (UserState::Active, None), (None, None), now).await?;
    Ok(())
}

/// Shuts it for good. Its access tokens end too.
pub async fn end_account(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<(), AuthError> {
    queries::set_state(conn, user, (UserState::Deleted, None), (None, None), now).await?;
    queries::raise_epoch(conn, user).await?;
    Ok(())
}
