//! ID tokens (`OpenID` Connect Core 1.0, section 3.1.3.7; RFC 8725).

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use karya_core::EmailAddress;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::keys::SigningKey;

/// Longer ones are none.
const MAX: usize = 10_000;

/// How far the clocks of the two sides may be apart, in seconds.
const LEEWAY: i64 = 60;

/// What an ID token says. Numbers are integers: an `exp` that is text must not count as absent.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    pub(super) nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Verified>,
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Verified {
    Flag(bool),
    Text(String),
    Other(IgnoredAny),
}

/// What a token must fit.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audiences: &'a [&'a str],
    pub(super) now: DateTime<Utc>,
}

/// The id of the key that a token says it is signed with. The rest of what its header says is not listened to: an
/// algorithm that no provider uses ends here, before anybody is asked for a key.
pub(super) fn key_id(token: &str) -> Result<(Header, String), &'static str> {
    if token.len() > MAX {
        return Err("is too long");
    }
    let header = decode_header(token).map_err(|_garbage| "is no JWT")?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err("has an algorithm that no provider uses");
    }
    if header.crit.is_some() {
        return Err("has a crit");
    }
    let typ = header.typ.as_deref().unwrap_or("JWT");
    if !typ.eq_ignore_ascii_case("JWT") {
        return Err("has the type of another token");
    }
    let kid = header.kid.clone().ok_or("names no key")?;
    Ok((header, kid))
}

/// What the token says, if it is signed with the key, and for us, and in time. The nonce is for the caller to look at.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &SigningKey,
    expected: &Expected<'_>,
) -> Result<Claims, &'static str> {
    // The key decides on the algorithm, not the token.
    if header.alg != key.algorithm {
        return Err("has another algorithm than its key");
    }
    let mut validation = Validation::new(key.algorithm);
    // Below, against the injected clock and by stricter rules.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = decode::<Claims>(token, &key.decoding, &validation);
    let claims = claims.map_err(|_reason| "is not signed, or lacks claims")?;
    claims.claims.check(expected)?;
    Ok(claims.claims)
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), &'static str> {
        let ours = |id: &String| expected.audiences.contains(&id.as_str());
        if self.iss != expected.issuer {
            return Err("is another issuer's");
        }
        let audiences = match &self.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Many(many) => many.as_slice(),
        };
        if !audiences.iter().any(ours) {
            return Err("is for another audience");
        }
        if audiences.len() > 1 && self.azp.is_none() {
            return Err("is for several and does not say who asked");
        }
        if self.azp.as_ref().is_some_and(|azp| !ours(azp)) {
            return Err("was asked for by somebody else (azp)");
        }
        let now = expected.now.timestamp();
        if self.exp <= now - LEEWAY {
            return Err("is expired");
        }
        if self.iat > now + LEEWAY || self.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
            return Err("is not valid yet");
        }
        if self.sub.is_empty() || self.sub.chars().count() > 255 {
            return Err("has no subject");
        }
        Ok(())
    }

    /// The address, if the provider says that it has proved it. `as_text`: it says so in text, as Apple does.
    pub(super) fn verified_email(&self, as_text: bool) -> Option<EmailAddress> {
        let verified = match &self.email_verified {
            Some(Verified::Flag(flag)) => *flag,
            Some(Verified::Text(text)) => as_text && text == "true",
            Some(Verified::Other(_)) | None => false,
        };
        self.any_email().filter(|_| verified)
    }

    /// The address, proved or not: to be shown, not to be believed.
    pub(super) fn any_email(&self) -> Option<EmailAddress> {
        EmailAddress::parse(self.email.as_deref()?).ok()
    }
}
