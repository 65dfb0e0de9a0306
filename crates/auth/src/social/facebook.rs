//! Facebook's classic login, which gives no ID token: the Graph API says whose an access token is.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use karya_fetch::{Fetcher, Url};
use serde::Deserialize;

use super::outgoing::{Answered, get};
use super::{FacebookOptions, Subject};
use crate::AuthError;

#[derive(Deserialize)]
struct Inspected {
    data: Inspection,
}

/// The answer of `/debug_token`.
#[derive(Deserialize)]
struct Inspection {
    #[serde(default)]
    is_valid: bool,
    app_id: Option<String>,
    user_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Zero: never.
    #[serde(default)]
    expires_at: i64,
}

/// The answer of `/me`.
#[derive(Deserialize)]
struct Me {
    id: String,
    name: Option<String>,
    email: Option<String>,
}

/// Whose access token it is, if it was made for our app: one that another app got is no proof. Facebook does not say
/// whether it has proved the e-mail address, so that is for show.
pub(super) async fn inspect(
    fetcher: &Fetcher,
    options: &FacebookOptions,
    now: DateTime<Utc>,
    token: &str,
) -> Result<Subject, AuthError> {
    let FacebookOptions {
        app_id, app_secret, ..
    } = options;
    let app_token = format!("{app_id}|{app_secret}");
    let url = address(
        options,
        "debug_token",
        &[("input_token", token), ("access_token", &app_token)],
    )?;
    let Answered::Yes(Inspected { data }) = get(fetcher, url, None).await? else {
        tracing::warn!(
            "Facebook refuses to look at a token: another app's, or app_id and app_secret are wrong"
        );
        return Err(AuthError::SocialInvalid);
    };
    let in_time = data.expires_at == 0 || data.expires_at > now.timestamp();
    let is_users = data.kind.as_deref().is_none_or(|kind| kind == "USER");
    if !data.is_valid || !in_time || !is_users || data.app_id.as_ref() != Some(app_id) {
        tracing::info!("an access token is not of our Facebook app, or over");
        return Err(AuthError::SocialInvalid);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    let proof = HEXLOWER.encode(hmac::sign(&key, token.as_bytes()).as_ref());
    let url = address(
        options,
        "me",
        &[
            ("fields", "id,name,email"),
            ("access_token", token),
            ("appsecret_proof", &proof),
        ],
    )?;
    let Answered::Yes(me) = get::<Me>(fetcher, url, None).await? else {
        return Err(AuthError::SocialInvalid);
    };
    if data.user_id.as_ref() != Some(&me.id) {
        tracing::info!("Facebook names two people for one access token");
        return Err(AuthError::SocialInvalid);
    }
    Ok(Subject {
        id: me.id,
        name: me.name,
        label: me.email,
    })
}

fn address(
    options: &FacebookOptions,
    path: &str,
    query: &[(&str, &str)],
) -> Result<Url, AuthError> {
    let url = format!("{}/{path}", options.graph_url);
    Url::parse_with_params(&url, query).map_err(|error| AuthError::Token(error.to_string()))
}
