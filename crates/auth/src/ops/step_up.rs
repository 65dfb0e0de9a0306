//! Proving again who one is, before what is sensitive.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{Invalid, Rule, SessionId, UserId, Words};
use karya_db::Db;
use karya_web::RecentAuth;
use uuid::Uuid;

use super::factors::wrong_code;
use super::guard;
use super::identities::{not_accepted, show_identity};
use super::second_factor::{TypedCode, admit_code};
use crate::audit::{self, Event, EventKind};
use crate::social::Answer;
use crate::{AuthError, IdentityProviders, PasswordPool, queries};

const WRONG: Rule = Rule::Other {
    code: "wrong_password",
    words: Words {
        id: "bukan kata sandi Anda saat ini",
        en: "is not your present password",
    },
};

/// The refusal of a password in a request of somebody who is signed in.
fn wrong_password(pointer: &str) -> AuthError {
    Invalid::body(pointer, WRONG).into()
}

/// The refusal of the `current_password` that an operation takes.
pub(super) fn wrong_current_password() -> AuthError {
    wrong_password("/current_password")
}

/// Looks at the password of somebody who is signed in: its hash, if it is right. Guesses are slowed down, for whoever
/// has an access token does not necessarily know the password.
pub(super) async fn check_own_password(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    user: UserId,
    password: &str,
) -> Result<Option<String>, AuthError> {
    let place = passwords.place()?;
    let counter = guard::own_password_counter(user);
    let mut conn = db.conn().await?;
    // An account that signs in without one: none is right, and the mail for a new password sets the first.
    let Some(phc) = queries::find_hash(&conn, user).await? else {
        return Ok(None);
    };
    guard::admit(&mut conn, now, &counter, guard::PASSWORDS).await?;
    // Back before the hash is computed.
    drop(conn);
    let verdict = passwords
        .verify_in(place, password, Some(phc.clone()))
        .await;
    if verdict.as_ref().is_ok_and(|verdict| !verdict.matches) {
        return Ok(None);
    }
    // Right, or nobody looked at it.
    let mut conn = db.conn().await?;
    queries::forgive_attempt(&mut conn, &counter, guard::PASSWORDS.free).await?;
    verdict.map(|_right| Some(phc))
}

/// The same for an operation that takes `current_password`: a wrong one is a fault of that field.
pub(crate) async fn check_current_password(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    user: UserId,
    password: &str,
) -> Result<String, AuthError> {
    check_own_password(db, passwords, now, user, password)
        .await?
        .ok_or_else(wrong_current_password)
}

/// What the owner of a session shows.
pub(crate) enum Shown<'a> {
    /// The hash of the password that was checked.
    Password(String),
    Code(TypedCode<'a>),
    /// An account at another provider.
    Identity(Uuid),
}

/// What somebody who is signed in sends to show who they are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Offered<'a> {
    pub(crate) password: Option<&'a str>,
    pub(crate) code: Option<TypedCode<'a>>,
    /// The state of a question to a provider, and what that answered.
    pub(crate) identity: Option<(&'a str, Answer<'a>)>,
}

/// Takes what an account of its kind must show: a code if it has a second factor, the password or a linked identity if
/// it has none. Those two are checked here, codes in [`step_up`]; passwords and codes are counted.
pub(crate) async fn show<'a>(
    db: &Db,
    (passwords, providers): (&PasswordPool, &IdentityProviders),
    now: DateTime<Utc>,
    user: UserId,
    offered: Offered<'a>,
) -> Result<Shown<'a>, AuthError> {
    let mut conn = db.conn().await?;
    if queries::has_factors(&conn, user).await? {
        let code = offered
            .code
            .ok_or_else(|| Invalid::body("/code", Rule::Required))?;
        let counter = guard::code_counter(user, None);
        admit_code(&mut conn, now, user, &counter).await?;
        return Ok(Shown::Code(code));
    }
    drop(conn);
    if let Some(answer) = offered.identity {
        let identity = show_identity(db, providers, now, user, answer).await?;
        return Ok(Shown::Identity(identity));
    }
    let password = offered
        .password
        .ok_or_else(|| Invalid::body("/password", Rule::Required))?;
    let phc = check_own_password(db, passwords, now, user, password).await?;
    phc.map(Shown::Password)
        .ok_or_else(|| wrong_password("/password"))
}

/// Notes that the owner of the session has proved who they are, in a transaction of the caller's and after [`show`].
pub(crate) async fn step_up(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    shown: &Shown<'_>,
) -> Result<(), AuthError> {
    queries::hold_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    // After the lock: a factor that was enrolled meanwhile is asked for.
    if !matches!(shown, Shown::Code(_)) && queries::has_factors(conn, user).await? {
        return Err(Invalid::body("/code", Rule::Required).into());
    }
    let second = match shown {
        Shown::Password(phc) => {
            if queries::hold_password(conn, user).await?.as_ref() != Some(phc) {
                return Err(wrong_password("/password"));
            }
            None
        }
        Shown::Identity(identity) => {
            if queries::use_identity(conn, (user, *identity), now).await? == 0 {
                return Err(not_accepted());
            }
            None
        }
        Shown::Code(code) => {
            if !code.redeem(conn, now, user).await? {
                return Err(wrong_code());
            }
            let counter = guard::code_counter(user, None);
            queries::forgive_attempt(conn, &counter, guard::CODES.free).await?;
            let passed = Event::of(EventKind::FactorPassed, user).session(session);
            audit::record(conn, now, passed.reason(code.method.as_str())).await?;
            Some(code.method)
        }
    };
    if queries::authenticate_session(conn, session, second, now).await? == 0 {
        return Err(AuthError::AccountGone);
    }
    Ok(())
}

/// Whether an account that has a second factor signed in and stepped up too long ago, for what asks for the password
/// anyway: that alone is not enough then.
pub(crate) async fn needs_step_up(
    db: &Db,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
) -> Result<bool, AuthError> {
    let reader = db.read().await?;
    let needs = queries::has_factors(&reader, user).await?
        && !RecentAuth::given(&reader, now, session).await?;
    Ok(needs)
}
