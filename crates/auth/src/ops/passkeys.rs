//! Passkeys: `WebAuthn` credentials that say themselves whose they are, and ask for a finger, a face or a PIN.

use chrono::{DateTime, Duration, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use karya_core::sealing::sha256;
use karya_core::{Invalid, Random, Rule, Text, UserId, Words};
use karya_db::{Db, OnConstraint};
use karya_notifications::FactorNotice;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

use super::factors::MAX;
use super::second_factor::{Issued, Proof};
use super::sessions::{Device, SignedIn, Tools, failed, issue_session};
use crate::audit::{self, Event, EventKind};
use crate::jobs::NotifyFactor;
use crate::model::{CeremonyRow, PasskeyRow};
use crate::{AuthError, AuthOptions, queries};

/// How long a challenge waits for its answer.
const CEREMONY_TTL: Duration = Duration::minutes(5);

const OVER: Rule = Rule::Other {
    code: "ceremony_over",
    words: Words {
        id: "sudah dipakai atau kedaluwarsa; mulai lagi",
        en: "was used or has expired; begin again",
    },
};

const NOT_ACCEPTED: Rule = Rule::Other {
    code: "passkey_not_accepted",
    words: Words {
        id: "bukan jawaban yang sah atas tantangan ini",
        en: "is no good answer to this challenge",
    },
};

/// Whether there can be passkeys with these options, and why not.
pub fn check_passkey_options(options: &AuthOptions) -> Result<(), AuthError> {
    relying_party(options).map(|_fits| ())
}

fn relying_party(options: &AuthOptions) -> Result<Webauthn, AuthError> {
    let refuse = |why: String| AuthError::Token(format!("passkeys: {why}"));
    let listed = &options.passkeys.origins;
    let texts = if listed.is_empty() {
        std::slice::from_ref(&options.public_url)
    } else {
        listed
    };
    let mut origins = Vec::new();
    for text in texts {
        origins.push(Url::parse(text).map_err(|error| refuse(format!("{text}: {error}")))?);
    }
    let web = origins.iter().position(|origin| origin.domain().is_some());
    let web = web.map(|at| origins.remove(at));
    let web = web.ok_or_else(|| refuse("no origin has a domain".into()))?;
    let rp_id = match options.passkeys.rp_id.as_str() {
        "" => web.domain().unwrap_or_default(),
        rp_id => rp_id,
    };
    let builder = WebauthnBuilder::new(rp_id, &web)
        .map_err(|error| refuse(error.to_string()))?
        .rp_name("Karya")
        .timeout(CEREMONY_TTL.to_std().unwrap_or_default());
    let builder = origins.iter().fold(builder, |builder, origin| {
        builder.append_allowed_origin(origin)
    });
    builder.build().map_err(|error| refuse(error.to_string()))
}

/// A challenge on its way to an authenticator.
pub(crate) struct Ceremony {
    pub(crate) token: String,
    /// What the device's interface for passkeys takes, as JSON.
    pub(crate) options_json: String,
    pub(crate) expires_at: DateTime<Utc>,
}

async fn open(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    random: &Random,
    user: Option<UserId>,
    (state, options): (Value, Value),
) -> Result<Ceremony, AuthError> {
    let token = random.token();
    let row = CeremonyRow {
        token_hash: sha256(token.as_bytes()),
        user_id: user,
        state,
        created_at: now,
        expires_at: now + CEREMONY_TTL,
    };
    queries::insert_ceremony(conn, &row).await?;
    Ok(Ceremony {
        token,
        options_json: options.to_string(),
        expires_at: row.expires_at,
    })
}

fn to_json(value: &impl Serialize) -> Result<Value, AuthError> {
    serde_json::to_value(value).map_err(|error| AuthError::Token(error.to_string()))
}

fn of_database<T: DeserializeOwned>(value: Value) -> Result<T, AuthError> {
    serde_json::from_value(value).map_err(|error| AuthError::Token(error.to_string()))
}

/// Begins to add a passkey. Authenticators that have one of the account's are asked not to make another.
pub(crate) async fn begin_passkey(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (random, options): (&Random, &AuthOptions),
    user: UserId,
) -> Result<Ceremony, AuthError> {
    let webauthn = relying_party(options)?;
    let account = queries::find_account(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let present = queries::passkeys(conn, user).await?;
    if present.len() >= MAX {
        return Err(AuthError::TooManyFactors);
    }
    let exclude = present.into_iter().map(|row| row.credential_id);
    let (challenge, state) = webauthn
        .start_passkey_registration(
            user.as_uuid(),
            &account.email,
            &account.user.display_name,
            Some(exclude.collect()),
        )
        .map_err(|error| AuthError::Token(error.to_string()))?;
    let mut creation = to_json(&challenge.public_key)?;
    // One that cannot be found without a name would not sign in.
    if let Some(Value::Object(selection)) = creation.get_mut("authenticatorSelection") {
        selection.insert("residentKey".into(), json!("required"));
        selection.insert("requireResidentKey".into(), json!(true));
    }
    open(conn, now, random, Some(user), (to_json(&state)?, creation)).await
}

/// Whether the browser says that another site held ours in a frame when it asked. Nothing of ours is to be framed, and
/// webauthn-rs does not look. What cannot be read is for it to refuse.
fn is_framed(client_data: &[u8]) -> bool {
    let data: Option<Value> = serde_json::from_slice(client_data).ok();
    data.is_some_and(|data| data.get("crossOrigin") == Some(&Value::Bool(true)))
}

/// Adds the passkey that an authenticator made, in a transaction of the caller's. Its owner gets a mail.
pub(crate) async fn add_passkey(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    options: &AuthOptions,
    user: UserId,
    (token, label, credential): (&str, Text, &str),
) -> Result<PasskeyRow, AuthError> {
    let webauthn = relying_party(options)?;
    let not_accepted = || Invalid::body("/credential_json", NOT_ACCEPTED);
    queries::lock_usable(conn, user)
        .await?
        .ok_or(AuthError::AccountGone)?;
    let state = queries::take_ceremony(conn, &sha256(token.as_bytes()), Some(user), now)
        .await?
        .ok_or_else(|| Invalid::body("/ceremony_token", OVER))?;
    let state: PasskeyRegistration = of_database(state)?;
    let made: RegisterPublicKeyCredential =
        serde_json::from_str(credential).map_err(|_garbage| not_accepted())?;
    if is_framed(&made.response.client_data_json) {
        return Err(not_accepted().into());
    }
    let passkey = webauthn
        .finish_passkey_registration(&made, &state)
        .map_err(|error| {
            tracing::debug!(%error, "a passkey was not accepted");
            not_accepted()
        })?;
    if queries::passkeys(conn, user).await?.len() >= MAX {
        return Err(AuthError::TooManyFactors);
    }
    let row = PasskeyRow {
        id: Uuid::now_v7(),
        user_id: user,
        credential_id: passkey.cred_id().clone(),
        label: label.into_string(),
        credential: to_json(&passkey)?,
        created_at: now,
        last_used_at: None,
    };
    queries::insert_passkey(conn, &row)
        .await
        .on_constraint(
            "passkeys_credential_key",
            || AuthError::from(not_accepted()),
        )?;
    let added = Event::of(EventKind::FactorAdded, user).reason("passkey");
    audit::record(conn, now, added).await?;
    let notice = FactorNotice::PasskeyAdded {
        label: row.label.clone(),
    };
    NotifyFactor::enqueue(conn, user, now, notice).await?;
    Ok(row)
}

/// Removes a passkey, unless nothing else signs in. Its owner gets a mail.
pub(crate) async fn remove_passkey(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    user: UserId,
    passkey: Uuid,
) -> Result<(), AuthError> {
    conn.transaction(async |conn| {
        queries::lock_usable(conn, user)
            .await?
            .ok_or(AuthError::AccountGone)?;
        let label = queries::delete_passkey(conn, (user, passkey))
            .await?
            .ok_or(AuthError::FactorNotFound)?;
        if !queries::has_way_in(conn, user).await? {
            return Err(AuthError::LastSignInMethod);
        }
        let removed = Event::of(EventKind::FactorRemoved, user).reason("passkey");
        audit::record(conn, now, removed).await?;
        NotifyFactor::enqueue(conn, user, now, FactorNotice::PasskeyRemoved { label }).await
    })
    .await
}

/// Begins a sign-in. It asks for nothing and tells nothing: the authenticator knows whose passkey it has.
pub(crate) async fn begin_passkey_sign_in(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    (random, options): (&Random, &AuthOptions),
) -> Result<Ceremony, AuthError> {
    let (challenge, state) = relying_party(options)?
        .start_discoverable_authentication()
        .map_err(|error| AuthError::Token(error.to_string()))?;
    let request = to_json(&challenge.public_key)?;
    open(conn, now, random, None, (to_json(&state)?, request)).await
}

/// What an authenticator answered to the challenge of a sign-in.
pub(super) struct Assertion<'a> {
    webauthn: &'a Webauthn,
    answer: &'a PublicKeyCredential,
    state: &'a DiscoverableAuthentication,
}

impl Assertion<'_> {
    /// Checks the signature with the key that the account has, in the transaction that opens the session. A signature
    /// counter that does not go up tells of a copied key.
    pub(super) async fn redeem(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
        user: UserId,
    ) -> Result<(), AuthError> {
        let row = queries::lock_passkey(conn, user, self.answer.get_credential_id())
            .await?
            .ok_or(AuthError::PasskeyInvalid)?;
        let mut passkey: Passkey = of_database(row.credential)?;
        let result = self
            .webauthn
            .finish_discoverable_authentication_v2(self.answer, self.state.clone(), &passkey)
            .map_err(|error| {
                tracing::debug!(%error, "a passkey was refused");
                AuthError::PasskeyInvalid
            })?;
        if !result.user_verified() {
            return Err(AuthError::PasskeyInvalid);
        }
        passkey.update_credential(&result);
        queries::use_passkey(conn, row.id, to_json(&passkey)?, now).await?;
        Ok(())
    }
}

/// Signs in with a passkey. Whatever is wrong, the refusal is the same.
pub(crate) async fn verify_passkey(
    db: &Db,
    tools: &Tools<'_>,
    now: DateTime<Utc>,
    (token, credential): (&str, &str),
    device: Device,
) -> Result<SignedIn, AuthError> {
    let webauthn = relying_party(tools.options)?;
    let mut conn = db.conn().await?;
    // Whether or not the answer is good: a challenge has one.
    let state = queries::take_ceremony(&mut conn, &sha256(token.as_bytes()), None, now)
        .await?
        .ok_or(AuthError::PasskeyInvalid)?;
    let state: DiscoverableAuthentication = of_database(state)?;
    let answer: PublicKeyCredential =
        serde_json::from_str(credential).map_err(|_garbage| AuthError::PasskeyInvalid)?;
    if is_framed(&answer.response.client_data_json) {
        return Err(AuthError::PasskeyInvalid);
    }
    let (user, _credential_id) = webauthn
        .identify_discoverable_authentication(&answer)
        .map_err(|_nobodys| AuthError::PasskeyInvalid)?;
    let account = queries::find_account(&conn, UserId::from_uuid(user))
        .await?
        .ok_or(AuthError::PasskeyInvalid)?;
    let device_token = known_token(&conn, &device, account.user.id).await?;
    let device_token = device_token.unwrap_or_else(|| tools.random.token());
    let device = Device {
        token: Some(device_token.clone()),
        ..device
    };
    let proof = Proof::Passkey(Assertion {
        webauthn: &webauthn,
        answer: &answer,
        state: &state,
    });
    let issued = issue_session(&mut conn, tools, now, &account, device, proof)
        .await
        .inspect_err(|_refused| failed("passkey"))?;
    let Issued::Session(issued) = issued else {
        return Err(AuthError::PasskeyInvalid);
    };
    Ok(SignedIn {
        account,
        issued,
        device_token,
    })
}

/// The token of the device, if it is known as one of the account's.
pub(super) async fn known_token(
    conn: &AsyncPgConnection,
    device: &Device,
    user: UserId,
) -> Result<Option<String>, AuthError> {
    let Some(token) = &device.token else {
        return Ok(None);
    };
    let owner = queries::device_user(conn, &sha256(token.as_bytes())).await?;
    Ok((owner == Some(user)).then(|| token.clone()))
}

#[cfg(test)]
mod tests {
    use super::check_passkey_options;
    use crate::{AuthOptions, PasskeyOptions};

    #[test]
    fn origins_are_of_the_domain() {
        let fits = |public_url: &str, rp_id: &str, origins: &[&str]| {
            let options = AuthOptions {
                public_url: public_url.into(),
                passkeys: PasskeyOptions {
                    rp_id: rp_id.into(),
                    origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
                },
                ..AuthOptions::default()
            };
            check_passkey_options(&options).is_ok()
        };
        let android = "android:apk-key-hash:Vb4mNWXFkZqXNPjW1HTj9nOhPZl1jBC3EO2TSXCZuoE";
        assert!(fits("https://api.contoh.id", "", &[]));
        assert!(fits("http://localhost:8080", "", &[]));
        assert!(fits("https://api.contoh.id", "contoh.id", &[]));
        assert!(fits(
            "https://x.test",
            "contoh.id",
            &[android, "https://contoh.id"]
        ));
        assert!(
            !fits("https://api.contoh.id", "", &[android]),
            "no domain at all"
        );
        assert!(!fits("https://api.contoh.id", "lain.id", &[]));
        assert!(!fits("https://bukancontoh.id", "contoh.id", &[]));
        assert!(!fits("https://10.0.0.1", "", &[]));
        assert!(!fits("", "", &[]));
    }
}
