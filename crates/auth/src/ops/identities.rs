//! Accounts at other providers that are linked to one's own: each signs in by itself.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::{Invalid, Rule, SessionId, UserId, Words};
use karya_db::{Db, violated};
use karya_notifications::IdentityNotice;
use uuid::Uuid;

use super::social::{identity_of, prove};
use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyIdentity;
use crate::model::Identity;
use crate::social::{Answer, Proven};
use crate::{AuthError, IdentityProviders, queries};

const NOT_ACCEPTED: Rule = Rule::Other {
    code: "proof_not_accepted",
    words: Words {
        id: "bukan jawaban yang sah atas langkah ini, atau sudah dipakai; mulai lagi",
        en: "is no good answer to this step, or was used; begin again",
    },
};

/// The refusal of a proof of somebody who is signed in: 401 would make apps sign them out.
pub(super) fn not_accepted() -> AuthError {
    Invalid::body("/proof", NOT_ACCEPTED).into()
}

/// Who a provider says that somebody who is signed in is there.
pub(crate) async fn prove_own(
    db: &Db,
    providers: &IdentityProviders,
    now: DateTime<Utc>,
    user: UserId,
    answer: (&str, Answer<'_>),
) -> Result<Proven, AuthError> {
    let proven = prove(db, providers, now, Some(user), answer).await;
    proven.map_err(|error| match error {
        AuthError::SocialInvalid => not_accepted(),
        other => other,
    })
}

/// The identity of the account that somebody has shown again. A classic access token of Facebook does not do: it says
/// nothing about now.
pub(super) async fn show_identity(
    db: &Db,
    providers: &IdentityProviders,
    now: DateTime<Utc>,
    user: UserId,
    answer: (&str, Answer<'_>),
) -> Result<Uuid, AuthError> {
    if matches!(answer.1, Answer::AccessToken(_)) {
        return Err(Invalid::body("/proof/id_token", Rule::Required).into());
    }
    let proven = prove_own(db, providers, now, user, answer).await?;
    let conn = db.conn().await?;
    let who = (proven.issuer.as_str(), proven.subject.as_str());
    let identity = queries::find_identity(&conn, proven.provider, who).await?;
    identity
        .filter(|identity| identity.user_id == user)
        .map(|identity| identity.id)
        .ok_or_else(not_accepted)
}

/// Links what was proved, in a transaction of the caller's. Its owner gets a mail. What is linked already stays so.
pub(crate) async fn link_identity(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    proven: &Proven,
) -> Result<Identity, AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let who = (proven.issuer.as_str(), proven.subject.as_str());
    match queries::find_identity(conn, proven.provider, who).await? {
        Some(linked) if linked.user_id == user => return Ok(linked),
        // Begun by the same person, and perhaps never proved: then it makes room. If not, the constraint refuses.
        Some(other) => {
            queries::delete_unproved_account(conn, other.user_id).await?;
        }
        None => {}
    }
    let identity = identity_of(proven, user, now);
    if let Err(error) = queries::insert_identity(conn, &identity).await {
        return Err(match violated(&error) {
            Some("identities_subject_key") => AuthError::IdentityInUse,
            Some("identities_user_provider_key") => AuthError::ProviderLinked,
            _ => error.into(),
        });
    }
    let provider = proven.provider;
    let linked = Event::of(EventKind::IdentityLinked, user).session(session);
    audit::record(conn, now, linked.reason(provider.as_str())).await?;
    let notice = IdentityNotice::Linked {
        provider: provider.name().to_owned(),
    };
    NotifyIdentity::enqueue(conn, user, now, notice).await?;
    Ok(identity)
}

/// Unlinks an identity, unless nothing else signs in. Its owner gets a mail; sign-ins that it began and that wait for a
/// second factor end.
pub(crate) async fn unlink_identity(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    identity: Uuid,
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        let provider = queries::delete_identity(conn, (user, identity))
            .await?
            .ok_or(AuthError::FactorNotFound)?;
        if !queries::has_way_in(conn, user).await? {
            return Err(AuthError::LastSignInMethod);
        }
        queries::delete_challenges(conn, user).await?;
        let unlinked = Event::of(EventKind::IdentityUnlinked, user).session(session);
        audit::record(conn, now, unlinked.reason(provider.as_str())).await?;
        let notice = IdentityNotice::Unlinked {
            provider: provider.name().to_owned(),
        };
        NotifyIdentity::enqueue(conn, user, now, notice).await
    })
    .await
}
