//! What people agree to: versioned documents, with the proof of who agreed to which.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use karya_core::{Check, Lang, Rule, SessionId, UserId, Words};
use karya_web::RequestContext;
use uuid::Uuid;

use crate::audit::{self, Event, EventKind};
use crate::model::{Consent, ConsentChannel, LegalDocument, Platform};
use crate::{AuthError, queries};

const NOT_CURRENT: Rule = Rule::Other {
    code: "not_current",
    words: Words {
        id: "bukan versi yang berlaku sekarang",
        en: "is not the version that is in force",
    },
};

/// A document, where it stands in the request, and the version that somebody agrees to.
type Accepted = (LegalDocument, &'static str, String);

/// A document, and what an account last said about it.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) document: LegalDocument,
    pub(crate) current_version: String,
    pub(crate) latest: Option<Consent>,
}

/// Every document that is in force, in their order. Two statements.
pub(crate) async fn list_consents(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
) -> Result<Vec<Standing>, AuthError> {
    let mut latest = queries::latest_consents(conn, user).await?;
    let mut standings: Vec<Standing> = queries::current_versions(conn, now)
        .await?
        .into_iter()
        .map(|(document, current_version)| Standing {
            document,
            current_version,
            latest: latest
                .iter()
                .position(|consent| consent.document == document)
                .map(|at| latest.swap_remove(at)),
        })
        .collect();
    standings.sort_by_key(|standing| standing.document);
    Ok(standings)
}

/// One document of [`list_consents`].
async fn standing(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    document: LegalDocument,
) -> Result<Standing, AuthError> {
    let all = list_consents(conn, now, user).await?;
    all.into_iter()
        .find(|standing| standing.document == document)
        .ok_or(AuthError::DocumentNotFound)
}

/// Agrees to a version, which must be the one in force. A second time changes nothing.
pub(crate) async fn give_consent(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (user, session): (UserId, SessionId),
    locale: Lang,
    (document, version): (LegalDocument, &str),
) -> Result<Standing, AuthError> {
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let accepted = [(document, "/version", version.to_owned())];
    check_current(conn, now, &accepted).await?;
    let session = queries::find_session(conn, session).await?;
    let channel = match session.and_then(|session| session.platform) {
        Some(Platform::Android) => ConsentChannel::Android,
        Some(Platform::Ios) => ConsentChannel::Ios,
        Some(Platform::Web) => ConsentChannel::Web,
        Some(Platform::Other) | None => ConsentChannel::Other,
    };
    keep(conn, now, user, (locale, channel), &accepted).await?;
    standing(conn, now, user, document).await
}

/// What somebody agrees to as they register: documents, where they stand in the request, and versions.
pub(crate) async fn accept_at_registration(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    locale: Lang,
    accepted: &[Accepted],
) -> Result<(), AuthError> {
    if accepted.is_empty() {
        return Ok(());
    }
    check_current(conn, now, accepted).await?;
    let how = (locale, ConsentChannel::Registration);
    keep(conn, now, user, how, accepted).await
}

async fn check_current(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    accepted: &[Accepted],
) -> Result<(), AuthError> {
    let current = queries::current_versions(conn, now).await?;
    let mut check = Check::new();
    for (document, pointer, version) in accepted {
        let is_current = current
            .iter()
            .any(|(known, newest)| known == document && newest == version);
        if !is_current {
            check.fail(*pointer, NOT_CURRENT);
        }
    }
    Ok(check.finish(Some(()))?)
}

async fn keep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    (locale, channel): (Lang, ConsentChannel),
    accepted: &[Accepted],
) -> Result<(), AuthError> {
    let network = RequestContext::current().network;
    let rows: Vec<Consent> = accepted
        .iter()
        .map(|(document, _, version)| Consent {
            id: Uuid::now_v7(),
            user_id: user,
            document: *document,
            version: version.clone(),
            locale,
            channel,
            ip_prefix: network.as_deref().map(str::to_owned),
            given_at: now,
            withdrawn_at: None,
        })
        .collect();
    if queries::insert_consents(conn, &rows).await? > 0 {
        let given = |(document, ..): &Accepted| {
            Event::of(EventKind::ConsentGiven, user).reason(document.as_str())
        };
        audit::record_all(conn, now, accepted.iter().map(given).collect()).await?;
    }
    Ok(())
}

/// Takes a consent back. A second time changes nothing; one that the account cannot be without stays.
pub(crate) async fn withdraw_consent(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    document: LegalDocument,
) -> Result<Standing, AuthError> {
    if document.is_required() {
        return Err(AuthError::ConsentRequired);
    }
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    if queries::withdraw_consents(conn, user, document, now).await? > 0 {
        let withdrawn = Event::of(EventKind::ConsentWithdrawn, user).reason(document.as_str());
        audit::record(conn, now, withdrawn).await?;
    }
    standing(conn, now, user, document).await
}
