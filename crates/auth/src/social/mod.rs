//! Accounts at other providers, as proofs of who somebody is.
//!
//! Google, Apple and Facebook sign ID tokens, which are checked here with their published keys; for X, and for
//! Facebook's classic login, the provider is asked. `jsonwebtoken` and [`karya_fetch`] do all of it: the crate
//! `openidconnect` would bring `rsa` (RUSTSEC-2023-0071), further implementations of every primitive, and an HTTP client
//! of its own.

mod facebook;
mod id_token;
mod keys;
mod options;
mod outgoing;
mod x;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use karya_core::EmailAddress;
use karya_core::sealing::sha256;
use karya_fetch::{Fetcher, Policy};
use subtle::ConstantTimeEq;

use self::id_token::Expected;
use self::keys::KeySet;
pub use self::options::{FacebookOptions, OpenIdOptions, SocialFault, SocialOptions, XOptions};
pub(crate) use self::x::SCOPES as X_SCOPES;
use crate::AuthError;
use crate::model::{AuthorizationRequest, IdentityProvider};

/// The providers that are on.
pub struct IdentityProviders {
    options: SocialOptions,
    fetcher: Fetcher,
    google: KeySet,
    apple: KeySet,
    facebook: KeySet,
}

/// What an app brings from a provider.
#[derive(Clone, Copy)]
pub(crate) enum Answer<'a> {
    IdToken(&'a str),
    /// Of Facebook's classic login.
    AccessToken(&'a str),
    Code {
        code: &'a str,
        code_verifier: &'a str,
    },
}

/// Who a provider says it is.
struct Subject {
    id: String,
    name: Option<String>,
    label: Option<String>,
}

/// Somebody at a provider, proved.
pub(crate) struct Proven {
    pub(crate) provider: IdentityProvider,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Only if the provider says that it has proved it.
    pub(crate) email: Option<EmailAddress>,
    pub(crate) name: Option<String>,
    /// For its owner to recognise it.
    pub(crate) label: Option<String>,
}

/// The signed part of an answer, its nonce not yet looked at.
pub(crate) struct Signed {
    claims: id_token::Claims,
}

fn refused(provider: IdentityProvider, reason: &'static str) -> AuthError {
    tracing::info!(%provider, "an ID token {reason}");
    AuthError::SocialInvalid
}

impl IdentityProviders {
    #[must_use]
    pub fn new(options: SocialOptions, fetcher: Fetcher) -> Self {
        Self {
            google: KeySet::new(&options.google.jwks_url),
            apple: KeySet::new(&options.apple.jwks_url),
            facebook: KeySet::new(&options.facebook.jwks_url),
            options,
            fetcher,
        }
    }

    /// How providers are asked: on the public internet, briefly, and following no redirect.
    #[must_use]
    pub fn policy() -> Policy {
        Policy {
            timeout: Duration::from_secs(5),
            max_bytes: 128 * 1024,
            max_redirects: 0,
            ..Policy::default()
        }
    }

    pub(crate) fn options(&self) -> &SocialOptions {
        &self.options
    }

    pub(crate) fn authorization_url(&self, parts: (&str, &str, &str)) -> Result<String, AuthError> {
        x::authorization_url(&self.options.x, parts)
    }

    /// Checks everything about an ID token but its nonce. Nothing is used up by that, so that an app may try again when
    /// the provider's keys could not be had.
    pub(crate) async fn check_id_token(
        &self,
        provider: IdentityProvider,
        now: DateTime<Utc>,
        token: &str,
    ) -> Result<Signed, AuthError> {
        let keys = match provider {
            IdentityProvider::Google => &self.google,
            IdentityProvider::Apple => &self.apple,
            IdentityProvider::Facebook => &self.facebook,
            IdentityProvider::X => return Err(refused(provider, "is not what X gives")),
        };
        let refuse = |reason| refused(provider, reason);
        let (header, kid) = id_token::key_id(token).map_err(refuse)?;
        let key = keys.find(&self.fetcher, now, &kid).await?;
        let key = key.ok_or_else(|| refuse("is signed with an unknown key"))?;
        let expected = Expected {
            issuer: self.options.issuer(provider),
            audiences: &self.options.client_ids(provider),
            now,
        };
        let claims = id_token::verify(token, &header, &key, &expected).map_err(refuse)?;
        Ok(Signed { claims })
    }

    /// Who brought a token that [`Self::check_id_token`] passed, if it is the answer to this very request.
    pub(crate) fn accept_id_token(
        request: &AuthorizationRequest,
        signed: Signed,
    ) -> Result<Proven, AuthError> {
        let provider = request.provider;
        let claims = signed.claims;
        let presented = claims.nonce.as_deref().map(|n| sha256(n.as_bytes()));
        let is_answer = match (&request.nonce_hash, presented) {
            (Some(asked), Some(presented)) => bool::from(asked.ct_eq(&presented)),
            _ => false,
        };
        if !is_answer {
            return Err(refused(provider, "has the nonce of another request"));
        }
        let email = claims.verified_email(provider == IdentityProvider::Apple);
        let label = claims.any_email().map(|email| email.as_str().to_owned());
        Ok(Proven {
            provider,
            email,
            label,
            issuer: claims.iss,
            subject: claims.sub,
            name: claims.name,
        })
    }

    /// Who brought an access token or a code, after the request was used up: a second use asks no provider.
    pub(crate) async fn ask(
        &self,
        request: &AuthorizationRequest,
        now: DateTime<Utc>,
        answer: Answer<'_>,
    ) -> Result<Proven, AuthError> {
        let provider = request.provider;
        let subject = match answer {
            Answer::AccessToken(token) if provider == IdentityProvider::Facebook => {
                facebook::inspect(&self.fetcher, &self.options.facebook, now, token).await?
            }
            Answer::Code {
                code,
                code_verifier,
            } => {
                let (Some(challenge), Some(redirect_uri)) =
                    (&request.code_challenge, &request.redirect_uri)
                else {
                    return Err(AuthError::SocialInvalid);
                };
                if code_challenge(code_verifier) != *challenge {
                    tracing::info!(%provider, "a code comes with another's verifier");
                    return Err(AuthError::SocialInvalid);
                }
                let parts = (code, code_verifier, redirect_uri.as_str());
                x::exchange(&self.fetcher, &self.options.x, parts).await?
            }
            Answer::IdToken(_) | Answer::AccessToken(_) => return Err(AuthError::SocialInvalid),
        };
        if subject.id.is_empty() || subject.id.chars().count() > 255 {
            return Err(AuthError::SocialInvalid);
        }
        Ok(Proven {
            provider,
            issuer: self.options.issuer(provider).to_owned(),
            subject: subject.id,
            email: None,
            name: subject.name,
            label: subject.label,
        })
    }
}

/// S256 (RFC 7636, section 4.2).
fn code_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        assert_eq!(
            super::code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
