//! Proving once more who one is, before something that a stolen phone must not do.

use chrono::{DateTime, Utc};
use karya_core::UserId;
use karya_db::Db;

use super::guard;
use super::passwords::wrong;
use crate::{AuthError, PasswordPool, queries};

/// The hash of the account's password if `password` is that one. Wrong ones are counted like those at sign-in, apart.
pub(crate) async fn prove(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    user: UserId,
    password: &str,
) -> Result<Option<String>, AuthError> {
    let place = passwords.place()?;
    let counter = guard::account_counter(user);
    let mut conn = db.conn().await?;
    let phc = queries::find_hash(&conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    guard::admit(&mut conn, now, &counter).await?;
    // Back before the hash is computed.
    drop(conn);
    let verdict = passwords
        .verify_in(place, password, Some(phc.clone()))
        .await;
    if !matches!(&verdict, Ok(verdict) if !verdict.matches) {
        let mut conn = db.conn().await?;
        queries::forgive_attempt(&mut conn, &counter, guard::FREE).await?;
    }
    Ok(verdict?.matches.then_some(phc))
}

/// The same for an operation that takes `current_password`: a wrong one is a fault of that field.
pub(crate) async fn prove_current(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    user: UserId,
    password: &str,
) -> Result<String, AuthError> {
    prove(db, passwords, now, user, password)
        .await?
        .ok_or_else(wrong)
}
