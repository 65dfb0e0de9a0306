//! Signing in with an account at another provider, and registering with one.
//!
//! Who somebody is, provider, issuer and subject say (ASVS 6.8.1); an e-mail address never does. It counts only where
//! the provider says that it has proved it, and then for this alone:
//!
//! - Nobody has it: a new account gets it, proved. What others had registered with it and never proved ends, with its
//!   passwords, and is merged into nothing, or whoever registers with a stranger's address would share what the stranger
//!   builds up later.
//! - An account has proved it: that is not linked behind its owner's back, for providers' accounts change hands more
//!   easily than people think. The app hears `auth.link_required`, the owner gets a mail, and links after signing in.
//!
//! Where a provider proves no address, the app asks for one and it is proved by mail, as at registration; what stands
//! for the password there is the same account of the provider, shown again.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{EmailAddress, Invalid, Lang, Random, Rule, Text, Timezone, UserId, Words};
use karya_db::{Db, OnConstraint};
use karya_notifications::IdentityNotice;
use uuid::Uuid;

use super::accounts::{new_user, prove_address};
use super::consents::accept_at_registration;
use super::passkeys::known_token;
use super::second_factor::{Issued, Proof};
use super::sessions::{Device, SignedIn, Tools, issue_session, refuse};
use crate::audit::{self, Event, EventKind};
use crate::jobs::{self, NotifyIdentity};
use crate::model::{
    Account, AuthorizationRequest, Identity, IdentityProvider, LegalDocument, UserState,
};
use crate::social::{Answer, Proven};
use crate::{AuthError, IdentityProviders, queries};

/// How long a provider's answer is waited for: people look for their passwords there.
const REQUEST_TTL: Duration = Duration::minutes(10);

const OFF: Rule = Rule::Other {
    code: "provider_off",
    words: Words {
        id: "tidak tersedia di sini; lihat GET /v1/auth/providers",
        en: "is not available here; see GET /v1/auth/providers",
    },
};

const CHALLENGE: Rule = Rule::Format(Words {
    id: "harus SHA-256 dari code_verifier dalam base64url, 43 huruf",
    en: "must be the SHA-256 of code_verifier in base64url, 43 letters",
});

const REDIRECT: Rule = Rule::Other {
    code: "not_registered",
    words: Words {
        id: "bukan alamat kembali yang terdaftar",
        en: "is not a redirect URI that is registered",
    },
};

/// What an app is about to ask a provider.
pub(crate) struct Question<'a> {
    pub(crate) provider: IdentityProvider,
    pub(crate) code_challenge: Option<&'a str>,
    pub(crate) redirect_uri: Option<&'a str>,
}

/// What the provider must be asked with.
pub(crate) struct Begun {
    pub(crate) state: String,
    /// For providers of ID tokens.
    pub(crate) nonce: Option<String>,
    /// For providers of authorization codes.
    pub(crate) authorization_url: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Begins a sign-in or, with `user`, a proof of somebody who is signed in. It tells nothing about anybody.
pub(crate) async fn begin_social(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (random, providers): (&Random, &IdentityProviders),
    user: Option<UserId>,
    question: Question<'_>,
) -> Result<Begun, AuthError> {
    let provider = question.provider;
    if !providers.options().is_on(provider) {
        return Err(Invalid::body("/provider", OFF).into());
    }
    let state = random.token();
    let mut request = AuthorizationRequest {
        state_hash: sha256(state.as_bytes()),
        provider,
        user_id: user,
        nonce_hash: None,
        code_challenge: None,
        redirect_uri: None,
        created_at: now,
        expires_at: now + REQUEST_TTL,
    };
    let (mut nonce, mut authorization_url) = (None, None);
    if provider == IdentityProvider::X {
        let challenge = parse_challenge(question.code_challenge)?;
        let redirect_uri = choose_redirect(providers, question.redirect_uri)?;
        let parts = (state.as_str(), challenge, redirect_uri);
        authorization_url = Some(providers.authorization_url(parts)?);
        request.code_challenge = Some(challenge.to_owned());
        request.redirect_uri = Some(redirect_uri.to_owned());
    } else {
        let fresh = random.token();
        request.nonce_hash = Some(sha256(fresh.as_bytes()));
        nonce = Some(fresh);
    }
    queries::insert_authorization_request(conn, &request).await?;
    Ok(Begun {
        state,
        nonce,
        authorization_url,
        expires_at: request.expires_at,
    })
}

fn parse_challenge(challenge: Option<&str>) -> Result<&str, AuthError> {
    let fault = |rule| Invalid::body("/code_challenge", rule);
    let challenge = challenge.ok_or_else(|| fault(Rule::Required))?;
    let is_base64url = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if challenge.len() != 43 || !challenge.bytes().all(is_base64url) {
        return Err(fault(CHALLENGE).into());
    }
    Ok(challenge)
}

/// To the letter (RFC 9700, section 2.1).
fn choose_redirect<'a>(
    providers: &'a IdentityProviders,
    wanted: Option<&str>,
) -> Result<&'a str, AuthError> {
    let mut registered = providers.options().x.redirect_uris.iter();
    let chosen = match wanted {
        None => registered.next(),
        Some(wanted) => registered.find(|uri| *uri == wanted),
    };
    let chosen = chosen.ok_or_else(|| Invalid::body("/redirect_uri", REDIRECT))?;
    Ok(chosen)
}

/// Whether the provider gives answers of this kind; what is missing, otherwise.
fn check_kind(
    providers: &IdentityProviders,
    provider: IdentityProvider,
    answer: Answer<'_>,
) -> Result<(), AuthError> {
    let has_secret = !providers.options().facebook.app_secret.is_empty();
    let missing = match (provider, answer) {
        (IdentityProvider::X, Answer::Code { .. }) => return Ok(()),
        (IdentityProvider::X, _) => "/proof/code",
        (_, Answer::IdToken(_)) => return Ok(()),
        (IdentityProvider::Facebook, Answer::AccessToken(_)) if has_secret => return Ok(()),
        _ => "/proof/id_token",
    };
    Err(Invalid::body(missing, Rule::Required).into())
}

/// Who a provider says it is, in answer to a question that is used up by this. `user`: who asked it; none signs in.
///
/// While a provider's keys cannot be had, nothing is used up. An access token is good for as long as Facebook says and
/// for whoever has it: the question that it answers keeps it from nothing but repetition.
pub(super) async fn prove(
    db: &Db,
    providers: &IdentityProviders,
    now: DateTime<Utc>,
    user: Option<UserId>,
    (state, answer): (&str, Answer<'_>),
) -> Result<Proven, AuthError> {
    let hash = sha256(state.as_bytes());
    let conn = db.conn().await?;
    let request = queries::find_authorization_request(&conn, &hash, user, now)
        .await?
        .filter(|request| providers.options().is_on(request.provider))
        .ok_or(AuthError::SocialInvalid)?;
    // Back before anybody else is asked.
    drop(conn);
    check_kind(providers, request.provider, answer)?;
    let signed = match answer {
        Answer::IdToken(token) => {
            match providers.check_id_token(request.provider, now, token).await {
                Err(AuthError::ProviderUnavailable) => return Err(AuthError::ProviderUnavailable),
                checked => Some(checked),
            }
        }
        Answer::AccessToken(_) | Answer::Code { .. } => None,
    };
    let mut conn = db.conn().await?;
    // Whether or not the answer is good: a question has one.
    if queries::take_authorization_request(&mut conn, &hash).await? == 0 {
        return Err(AuthError::SocialInvalid);
    }
    drop(conn);
    match signed {
        Some(signed) => IdentityProviders::accept_id_token(&request, signed?),
        None => providers.ask(&request, now, answer).await,
    }
}

/// What a new account is to have.
#[derive(Default)]
pub(crate) struct SocialRegistration {
    pub(crate) display_name: Option<Text>,
    pub(crate) locale: Option<Lang>,
    pub(crate) timezone: Option<Timezone>,
    pub(crate) accepted: Vec<(LegalDocument, &'static str, String)>,
}

/// What proves somebody: the state of a question and its answer, and the code that proves a claimed address.
pub(crate) struct Presented<'a> {
    pub(crate) answer: (&'a str, Answer<'a>),
    pub(crate) email_token: Option<&'a str>,
}

/// Signs in with what a provider said, after registering if it is the first time.
pub(crate) async fn verify_social(
    db: &Db,
    (providers, tools): (&IdentityProviders, &Tools<'_>),
    now: DateTime<Utc>,
    presented: Presented<'_>,
    device: Device,
    registration: SocialRegistration,
) -> Result<SignedIn, AuthError> {
    let proven = prove_stranger(db, providers, now, presented.answer).await?;
    let token = presented.email_token;
    let (account, identity) = match enter(db, now, &proven, token, &registration).await {
        Ok(found) => found,
        Err(AuthError::LinkRequired) => {
            tell_holder(db, now, &proven).await?;
            return Err(AuthError::LinkRequired);
        }
        Err(error) => return Err(error),
    };
    let user = account.user.id;
    match account.user.state {
        UserState::Active | UserState::Closing => {}
        UserState::Locked => {
            let event = Event::refused(Some(user), "locked");
            return Err(refuse(db, now, "locked", event, AuthError::AccountLocked).await);
        }
        UserState::Deleted => return Err(AuthError::SocialInvalid),
    }
    let mut conn = db.conn().await?;
    let known = known_token(&conn, &device, user).await?;
    let known_device = known.as_ref().map(|token| sha256(token.as_bytes()));
    let device_token = known.unwrap_or_else(|| tools.random.token());
    let device = Device {
        token: Some(device_token.clone()),
        ..device
    };
    let proof = Proof::Social {
        provider: proven.provider,
        identity,
        known_device: known_device.as_deref(),
    };
    match issue_session(&mut conn, tools, now, &account, device, proof).await? {
        Issued::Session(issued) => Ok(SignedIn {
            account,
            issued,
            device_token,
        }),
        Issued::Challenge(challenge) => Err(AuthError::FactorRequired(Box::new(challenge))),
    }
}

/// Who somebody is who is not signed in. A refusal is counted and recorded.
pub(crate) async fn prove_stranger(
    db: &Db,
    providers: &IdentityProviders,
    now: DateTime<Utc>,
    answer: (&str, Answer<'_>),
) -> Result<Proven, AuthError> {
    let reason = "social";
    match prove(db, providers, now, None, answer).await {
        Err(refusal @ AuthError::SocialInvalid) => {
            Err(refuse(db, now, reason, Event::refused(None, reason), refusal).await)
        }
        other => other,
    }
}

/// The account of somebody at a provider, made if there is none.
async fn enter(
    db: &Db,
    now: DateTime<Utc>,
    proven: &Proven,
    email_token: Option<&str>,
    registration: &SocialRegistration,
) -> Result<(Account, Uuid), AuthError> {
    let mut conn = db.conn().await?;
    // Twice: of two that register at once, the second finds what the first made.
    for _ in 0..2 {
        let who = (proven.issuer.as_str(), proven.subject.as_str());
        let found = queries::find_identity(&conn, proven.provider, who).await?;
        if let Some(identity) = &found {
            let user = identity.user_id;
            if let Some(token) = email_token {
                prove_if_claimed(&mut conn, now, user, token).await?;
            }
            let account = queries::find_account(&conn, user).await?;
            let account = account.filter(|account| account.email_verified_at.is_some());
            if let Some(account) = account {
                return Ok((account, identity.id));
            }
        }
        let email = proven.email.as_ref().ok_or(AuthError::EmailRequired)?;
        match register(&mut conn, now, proven, (email, Some(now)), registration).await {
            Ok(()) | Err(AuthError::IdentityInUse) => {}
            Err(error) => return Err(error),
        }
    }
    Err(AuthError::SocialInvalid)
}

/// Registers somebody with an address that they typed, in a transaction of the caller's. A code goes there; whether it
/// has an account already is for its mailbox alone to know.
pub(crate) async fn register_social(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    proven: &Proven,
    email: &EmailAddress,
    registration: &SocialRegistration,
) -> Result<(), AuthError> {
    register(conn, now, proven, (email, None), registration).await
}

/// Proves the address that an account claims. One that is proved already stays so, whatever the code.
async fn prove_if_claimed(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    token: &str,
) -> Result<(), AuthError> {
    let account = queries::find_account(conn, user).await?;
    if account.is_some_and(|account| account.email_verified_at.is_none()) {
        prove_address(conn, now, Some(user), token).await?;
    }
    Ok(())
}

/// Makes an account with an address, proved at the given time or claimed. An account that the same person began and
/// never proved makes room, as its address may have been a slip of the finger.
async fn register(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    proven: &Proven,
    (email, verified_at): (&EmailAddress, Option<DateTime<Utc>>),
    registration: &SocialRegistration,
) -> Result<(), AuthError> {
    let name = display_name(proven, registration, email)?;
    conn.transaction(async |conn| {
        // The claims first, as everybody does who proves an address.
        if verified_at.is_some() {
            queries::lock_claims_on(conn, email.as_str()).await?;
        }
        let who = (proven.issuer.as_str(), proven.subject.as_str());
        if let Some(found) = queries::find_identity(conn, proven.provider, who).await? {
            queries::delete_unproved_account(conn, found.user_id).await?;
        }
        let locale = registration.locale.unwrap_or(Lang::Id);
        let timezone = registration.timezone.unwrap_or(Timezone::Jakarta);
        let user = new_user(&name, locale, timezone, false, now);
        queries::insert_user(conn, &user).await?;
        // Before the address: who comes second with the same identity must not take the first for somebody else.
        queries::insert_identity(conn, &identity_of(proven, user.id, now))
            .await
            .on_constraint("identities_subject_key", || AuthError::IdentityInUse)?;
        queries::insert_email(conn, user.id, email, verified_at, now)
            .await
            .on_constraint("emails_verified_address_key", || AuthError::LinkRequired)?;
        let provider = proven.provider.as_str();
        let made = Event::of(EventKind::Registered, user.id).reason(provider);
        audit::record(conn, now, made).await?;
        accept_at_registration(conn, now, user.id, locale, &registration.accepted).await?;
        if verified_at.is_none() {
            karya_jobs::enqueue(conn, &jobs::SendVerification { user_id: user.id }).await?;
            return Ok(());
        }
        queries::delete_other_claims(conn, email.as_str(), user.id).await?;
        let proved = Event::of(EventKind::EmailVerified, user.id).reason(provider);
        audit::record(conn, now, proved).await?;
        Ok(())
    })
    .await
}

pub(super) fn identity_of(proven: &Proven, user: UserId, now: DateTime<Utc>) -> Identity {
    let label = proven.label.as_deref();
    Identity {
        id: Uuid::now_v7(),
        user_id: user,
        provider: proven.provider,
        issuer: proven.issuer.clone(),
        subject: proven.subject.clone(),
        label: label.and_then(|label| Some(Text::line(label, 1, 254).ok()?.into_string())),
        created_at: now,
        last_used_at: Some(now),
    }
}

/// As the app says; otherwise as the provider does, if that is a name; otherwise the start of the address.
fn display_name(
    proven: &Proven,
    registration: &SocialRegistration,
    email: &EmailAddress,
) -> Result<Text, AuthError> {
    if let Some(name) = &registration.display_name {
        return Ok(name.clone());
    }
    let theirs = proven.name.as_deref();
    if let Some(Ok(name)) = theirs.map(|name| Text::line(name, 1, 100)) {
        return Ok(name);
    }
    let local = email.as_str().split('@').next().unwrap_or_default();
    Text::line(local, 1, 100)
        .map_err(|rule| Invalid::body("/registration/display_name", rule).into())
}

/// Tells the owner of the address that a provider proved. Only its owner can bring that about, so nobody fills a
/// stranger's mailbox.
async fn tell_holder(db: &Db, now: DateTime<Utc>, proven: &Proven) -> Result<(), AuthError> {
    let Some(email) = &proven.email else {
        return Ok(());
    };
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        let Some(holder) = queries::find_verified(conn, email).await? else {
            return Ok(());
        };
        audit::record(conn, now, Event::refused(Some(holder), "link_required")).await?;
        let provider = proven.provider.name().to_owned();
        let notice = IdentityNotice::LinkRequired { provider };
        NotifyIdentity::enqueue(conn, holder, now, notice).await
    })
    .await
}
