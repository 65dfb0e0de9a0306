//! X: an authorization code for an access token (RFC 6749, RFC 7636), and that for a name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use karya_fetch::{Fetcher, Url};
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::outgoing::{Answered, get, post_form};
use super::{Subject, XOptions};
use crate::AuthError;

/// What reading one's own name takes. No `offline.access`: nothing is done in people's names later.
pub(crate) const SCOPES: [&str; 2] = ["users.read", "tweet.read"];

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: String,
}

#[derive(Deserialize)]
struct Found {
    data: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: Option<String>,
    username: Option<String>,
}

/// Where the app sends people, and what with.
pub(super) fn authorization_url(
    options: &XOptions,
    (state, code_challenge, redirect_uri): (&str, &str, &str),
) -> Result<String, AuthError> {
    let query = [
        ("response_type", "code"),
        ("client_id", &options.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &SCOPES.join(" ")),
        ("state", state),
        ("code_challenge", code_challenge),
        ("code_challenge_method", "S256"),
    ];
    let url = Url::parse_with_params(&options.authorization_url, query);
    url.map(String::from)
        .map_err(|error| AuthError::Token(error.to_string()))
}

/// Who came back with this code. Its token is forgotten at once.
pub(super) async fn exchange(
    fetcher: &Fetcher,
    options: &XOptions,
    (code, code_verifier, redirect_uri): (&str, &str, &str),
) -> Result<Subject, AuthError> {
    let parse = |url: &str| Url::parse(url).map_err(|error| AuthError::Token(error.to_string()));
    let form = Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_id", &options.client_id),
            ("code_verifier", code_verifier),
        ])
        .finish();
    let basic = (!options.client_secret.is_empty()).then(|| {
        // Each in the encoding of forms (RFC 6749, section 2.3.1).
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = [encode(&options.client_id), encode(&options.client_secret)].join(":");
        format!("Basic {}", STANDARD.encode(pair))
    });
    let url = parse(&options.token_url)?;
    let answered = post_form::<Tokens>(fetcher, url, form, basic.as_deref()).await?;
    let Answered::Yes(tokens) = answered else {
        return Err(AuthError::SocialInvalid);
    };
    if !tokens.token_type.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::SocialInvalid);
    }
    let bearer = format!("Bearer {}", tokens.access_token);
    let url = parse(&options.user_url)?;
    let Answered::Yes(Found { data }) = get(fetcher, url, Some(&bearer)).await? else {
        return Err(AuthError::SocialInvalid);
    };
    Ok(Subject {
        id: data.id,
        name: data.name,
        label: data.username.map(|name| format!("@{name}")),
    })
}
