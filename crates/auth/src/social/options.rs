//! Which providers are on, and where they are. A provider without a client id is off.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::model::IdentityProvider;

/// All of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialOptions {
    pub google: OpenIdOptions,
    pub apple: OpenIdOptions,
    pub facebook: FacebookOptions,
    pub x: XOptions,
}

/// A provider of ID tokens (`OpenID` Connect).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdOptions {
    /// What the provider calls our apps: tokens for any of them are ours, and for nobody else.
    pub client_id_android: String,
    pub client_id_ios: String,
    pub client_id_web: String,
    /// What `iss` must be, to the letter.
    pub issuer: String,
    pub jwks_url: String,
}

/// Facebook: ID tokens of Limited Login, and access tokens of the classic one if there is a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacebookOptions {
    #[serde(deserialize_with = "text_of_digits")]
    pub app_id: String,
    pub app_secret: String,
    pub app_secret_file: Option<PathBuf>,
    pub issuer: String,
    pub jwks_url: String,
    /// The Graph API, with its version. No slash at the end.
    pub graph_url: String,
}

/// X: authorization codes (OAuth 2 with PKCE).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XOptions {
    pub client_id: String,
    /// Empty for a public client.
    pub client_secret: String,
    pub client_secret_file: Option<PathBuf>,
    /// Where X may send people back to, to the letter. The first one unless an app asks for another.
    pub redirect_uris: Vec<String>,
    /// Stands for X in identities; X itself has no such name.
    pub issuer: String,
    pub authorization_url: String,
    pub token_url: String,
    pub user_url: String,
}

/// All digits, which the environment and careless files make a number of.
fn text_of_digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(u64),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    })
}

impl Default for SocialOptions {
    fn default() -> Self {
        let open_id = |issuer: &str, jwks_url: &str| OpenIdOptions {
            client_id_android: String::new(),
            client_id_ios: String::new(),
            client_id_web: String::new(),
            issuer: issuer.into(),
            jwks_url: jwks_url.into(),
        };
        Self {
            google: open_id(
                "https://accounts.google.com",
                "https://www.googleapis.com/oauth2/v3/certs",
            ),
            apple: open_id(
                "https://appleid.apple.com",
                "https://appleid.apple.com/auth/keys",
            ),
            facebook: FacebookOptions {
                app_id: String::new(),
                app_secret: String::new(),
                app_secret_file: None,
                issuer: "https://www.facebook.com".into(),
                jwks_url: "https://limited.facebook.com/.well-known/oauth/openid/jwks/".into(),
                graph_url: "https://graph.facebook.com/v24.0".into(),
            },
            x: XOptions {
                client_id: String::new(),
                client_secret: String::new(),
                client_secret_file: None,
                redirect_uris: Vec::new(),
                issuer: "https://x.com".into(),
                authorization_url: "https://x.com/i/oauth2/authorize".into(),
                token_url: "https://api.x.com/2/oauth2/token".into(),
                user_url: "https://api.x.com/2/users/me".into(),
            },
        }
    }
}

/// What is wrong, and what to do about it.
pub type SocialFault = (&'static str, &'static str);

const ADDRESS: &str =
    "leave it out, or set an https address without a query and without a pattern such as {tenant}";

impl OpenIdOptions {
    fn client_ids(&self) -> Vec<&str> {
        let all = [
            &self.client_id_web,
            &self.client_id_android,
            &self.client_id_ios,
        ];
        let set = all.into_iter().map(String::as_str);
        set.filter(|id| !id.is_empty()).collect()
    }
}

impl SocialOptions {
    /// What is half configured. A provider with a fault is off, and `karya serve` does not start.
    #[must_use]
    pub fn faults(&self) -> Vec<SocialFault> {
        IdentityProvider::ALL
            .iter()
            .flat_map(|provider| self.faults_of(*provider))
            .collect()
    }

    fn faults_of(&self, provider: IdentityProvider) -> Vec<SocialFault> {
        let Self {
            google,
            apple,
            facebook,
            x,
        } = self;
        let (on, checks) = match provider {
            IdentityProvider::Google => (
                !google.client_ids().is_empty(),
                vec![
                    (is_address(&google.issuer), "social.google.issuer", ADDRESS),
                    (
                        is_address(&google.jwks_url),
                        "social.google.jwks_url",
                        ADDRESS,
                    ),
                ],
            ),
            IdentityProvider::Apple => (
                !apple.client_ids().is_empty(),
                vec![
                    (is_address(&apple.issuer), "social.apple.issuer", ADDRESS),
                    (
                        is_address(&apple.jwks_url),
                        "social.apple.jwks_url",
                        ADDRESS,
                    ),
                ],
            ),
            IdentityProvider::Facebook => (
                !facebook.app_id.is_empty() || !facebook.app_secret.is_empty(),
                vec![
                    (
                        !facebook.app_id.is_empty(),
                        "social.facebook.app_secret is set without social.facebook.app_id",
                        "set both, or neither",
                    ),
                    (
                        is_address(&facebook.issuer),
                        "social.facebook.issuer",
                        ADDRESS,
                    ),
                    (
                        is_address(&facebook.jwks_url),
                        "social.facebook.jwks_url",
                        ADDRESS,
                    ),
                    (
                        is_address(&facebook.graph_url),
                        "social.facebook.graph_url",
                        ADDRESS,
                    ),
                ],
            ),
            IdentityProvider::X => (
                !x.client_id.is_empty()
                    || !x.client_secret.is_empty()
                    || !x.redirect_uris.is_empty(),
                vec![
                    (
                        !x.client_id.is_empty(),
                        "social.x has a secret or a redirect URI without social.x.client_id",
                        "set it, or none of them",
                    ),
                    (
                        !x.redirect_uris.is_empty(),
                        "social.x.client_id is set without social.x.redirect_uris",
                        "list what X's developer portal lists",
                    ),
                    (
                        x.redirect_uris.iter().all(|uri| is_redirect(uri)),
                        "social.x.redirect_uris holds one that is neither https nor of an app's own scheme",
                        "correct it here and in X's developer portal",
                    ),
                    (is_address(&x.issuer), "social.x.issuer", ADDRESS),
                    (
                        is_address(&x.authorization_url),
                        "social.x.authorization_url",
                        ADDRESS,
                    ),
                    (is_address(&x.token_url), "social.x.token_url", ADDRESS),
                    (is_address(&x.user_url), "social.x.user_url", ADDRESS),
                ],
            ),
        };
        if !on {
            return Vec::new();
        }
        let failed = checks.into_iter().filter(|(passes, ..)| !passes);
        failed.map(|(_, found, fix)| (found, fix)).collect()
    }

    /// Whether people may sign in with it.
    #[must_use]
    pub fn is_on(&self, provider: IdentityProvider) -> bool {
        !self.client_ids(provider).is_empty() && self.faults_of(provider).is_empty()
    }

    /// What the provider calls our apps.
    pub(crate) fn client_ids(&self, provider: IdentityProvider) -> Vec<&str> {
        match provider {
            IdentityProvider::Google => self.google.client_ids(),
            IdentityProvider::Apple => self.apple.client_ids(),
            IdentityProvider::Facebook => present(&self.facebook.app_id),
            IdentityProvider::X => present(&self.x.client_id),
        }
    }

    /// By which name identities of the provider are known.
    pub(crate) fn issuer(&self, provider: IdentityProvider) -> &str {
        match provider {
            IdentityProvider::Google => &self.google.issuer,
            IdentityProvider::Apple => &self.apple.issuer,
            IdentityProvider::Facebook => &self.facebook.issuer,
            IdentityProvider::X => &self.x.issuer,
        }
    }
}

fn present(id: &str) -> Vec<&str> {
    if id.is_empty() { Vec::new() } else { vec![id] }
}

/// An address of a provider. A pattern, as providers of many tenants publish it, is none: any tenant could sign for any
/// other.
fn is_address(text: &str) -> bool {
    let plain = !text.contains(['{', '}', '*', ' ']) && text.len() <= 255;
    plain
        && Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.host_str().is_some()
                && url.username().is_empty()
                && url.query().is_none()
                && url.fragment().is_none()
        })
}

/// `https`, `http` of this machine, or the scheme of an app (RFC 8252).
fn is_redirect(text: &str) -> bool {
    text.len() <= 500
        && Url::parse(text).is_ok_and(|url| {
            let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
            let bad = ["javascript", "data", "file", "blob"].contains(&url.scheme());
            !bad && (url.scheme() != "http" || local) && url.fragment().is_none()
        })
}

#[cfg(test)]
mod tests {
    use super::SocialOptions;
    use crate::model::IdentityProvider::{Apple, Facebook, Google, X};

    #[test]
    fn nothing_is_on_by_itself() {
        let options = SocialOptions::default();
        assert_eq!(options.faults(), []);
        assert!(
            [Google, Apple, Facebook, X]
                .iter()
                .all(|p| !options.is_on(*p))
        );
    }

    #[test]
    fn one_client_id_is_enough_and_addresses_hold_no_pattern() {
        let mut options = SocialOptions::default();
        options.google.client_id_web = "web".into();
        assert!(options.is_on(Google));
        for bad in [
            "",
            "accounts.google.com",
            "http://accounts.google.com",
            "https://login.test/{tenantid}/v2.0",
            "https://*.test",
            "https://user@issuer.test",
            "https://issuer.test?x=1",
        ] {
            options.google.issuer = bad.into();
            assert!(!options.is_on(Google), "{bad}");
            assert_eq!(options.faults().len(), 1, "{bad}");
        }
    }

    #[test]
    fn what_is_half_configured_is_a_fault() {
        let mut options = SocialOptions::default();
        options.facebook.app_secret = "rahasia".into();
        options.x.client_id = "klien".into();
        assert_eq!(options.faults().len(), 2, "{:?}", options.faults());
        options.facebook.app_id = "1234".into();
        for (uri, fits) in [
            ("id.karya:/masuk", true),
            ("https://karya.test/masuk", true),
            ("http://localhost:3000/masuk", true),
            ("http://karya.test/masuk", false),
            ("javascript:alert(1)", false),
            ("masuk", false),
        ] {
            options.x.redirect_uris = vec![uri.into()];
            assert_eq!(options.is_on(X), fits, "{uri}");
        }
        assert!(options.is_on(Facebook));
    }
}
