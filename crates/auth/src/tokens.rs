use chrono::{DateTime, Duration, Utc};
use karya_core::role::Role;
use karya_core::{PhoneNumber, SessionId, UserId};
use karya_web::actor::Claims;
use uuid::Uuid;

use crate::keys::KeyError;
use crate::model::{FactorMethod, FirstFactor};
use crate::{AuthError, Issuer};

/// Whose passkeys they are, and which programs may use them.
#[derive(Debug, Clone, Default)]
pub struct PasskeyOptions {
    /// The domain that passkeys are made for. Empty: the host of the public address.
    pub rp_id: String,
    /// Web origins and apps (`android:apk-key-hash:…`). Empty: the public address.
    pub origins: Vec<String>,
}

/// To which phones codes go.
#[derive(Debug, Clone)]
pub struct PhoneOptions {
    /// The starts of the numbers that are served: `+62`. Codes to others cost more than they are worth to us, and are
    /// asked for by those who earn by them.
    pub countries: Vec<String>,
}

impl PhoneOptions {
    pub(crate) fn serves(&self, number: &PhoneNumber) -> bool {
        let number = number.as_str();
        self.countries.iter().any(|start| number.starts_with(start))
    }
}

/// Lifetimes, and where links lead.
#[derive(Debug, Clone)]
pub struct AuthOptions {
    pub access_ttl: Duration,
    /// A session that is not used for so long is over.
    pub refresh_idle: Duration,
    /// A session is over after so long, whatever its use.
    pub refresh_absolute: Duration,
    /// For so long after a rotation, a client that lost the reply gets the same successor again.
    pub refresh_grace: Duration,
    /// How many sessions an account may have at a time. One more ends the one that was not used for the longest time.
    pub max_sessions: u16,
    pub verification_ttl: Duration,
    /// Start of every link in a mail. Never taken from a request.
    pub public_url: String,
    pub passkeys: PasskeyOptions,
    /// None: this server reaches no phones.
    pub phones: Option<PhoneOptions>,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            access_ttl: Duration::minutes(10),
            refresh_idle: Duration::days(30),
            refresh_absolute: Duration::days(90),
            refresh_grace: Duration::seconds(30),
            max_sessions: 50,
            verification_ttl: Duration::hours(24),
            public_url: String::new(),
            passkeys: PasskeyOptions::default(),
            phones: None,
        }
    }
}

impl From<KeyError> for AuthError {
    fn from(error: KeyError) -> Self {
        Self::Token(error.to_string())
    }
}

/// What the owner of a session has shown, and when they last did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proved {
    pub(crate) at: DateTime<Utc>,
    pub(crate) first: FirstFactor,
    pub(crate) second: Option<FactorMethod>,
}

impl Proved {
    /// In the words of RFC 8176: a code of an app and a recovery code are both one-time passwords.
    fn methods(&self) -> Vec<String> {
        let first = match self.first {
            FirstFactor::Password => ["pwd"].as_slice(),
            // RFC 8176 has no word for what another provider asked for.
            FirstFactor::Operator | FirstFactor::Social => &[],
            // A key on a device that asked for a finger, a face or a PIN.
            FirstFactor::Passkey => &["pop", "user", "mfa"],
        };
        let second = match self.second {
            Some(FactorMethod::Totp | FactorMethod::RecoveryCode) => ["otp", "mfa"].as_slice(),
            None => &[],
        };
        [first, second]
            .concat()
            .into_iter()
            .map(Into::into)
            .collect()
    }
}

/// Makes an access token. The only caller of the signer.
#[expect(clippy::too_many_arguments, reason = "each becomes a claim")]
pub(crate) fn access_token(
    issuer: &Issuer,
    options: &AuthOptions,
    now: DateTime<Utc>,
    user: UserId,
    session: SessionId,
    epoch: i32,
    proof: &Proved,
    roles: &[Role],
) -> Result<String, AuthError> {
    let claims = Claims {
        iss: issuer.name().to_owned(),
        aud: issuer.name().to_owned(),
        sub: user,
        sid: session,
        jti: Uuid::now_v7(),
        iat: now.timestamp(),
        exp: (now + options.access_ttl).timestamp(),
        epoch,
        auth_time: proof.at.timestamp(),
        amr: proof.methods(),
        roles: roles.to_vec(),
    };
    Ok(issuer.sign(&claims)?)
}
