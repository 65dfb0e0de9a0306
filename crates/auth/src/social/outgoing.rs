//! Questions to providers, and their answers in JSON.

use karya_fetch::{Bytes, Fetcher, HeaderMap, HeaderValue, Method, Outgoing, Url};
use serde::de::DeserializeOwned;

use crate::AuthError;

/// What a provider answered.
pub(super) enum Answered<T> {
    Yes(T),
    /// It does not like what it was shown.
    No,
}

pub(super) async fn get<T: DeserializeOwned>(
    fetcher: &Fetcher,
    url: Url,
    authorization: Option<&str>,
) -> Result<Answered<T>, AuthError> {
    send(fetcher, (Method::GET, url, String::new()), authorization).await
}

pub(super) async fn post_form<T: DeserializeOwned>(
    fetcher: &Fetcher,
    url: Url,
    form: String,
    authorization: Option<&str>,
) -> Result<Answered<T>, AuthError> {
    send(fetcher, (Method::POST, url, form), authorization).await
}

async fn send<T: DeserializeOwned>(
    fetcher: &Fetcher,
    (method, url, form): (Method, Url, String),
    authorization: Option<&str>,
) -> Result<Answered<T>, AuthError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json"));
    if !form.is_empty() {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert("content-type", kind);
    }
    if let Some(text) = authorization {
        // What is no header was never a token.
        let Ok(mut value) = HeaderValue::from_str(text) else {
            return Ok(Answered::No);
        };
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    let request = Outgoing {
        method,
        url,
        headers,
        body: Bytes::from(form),
    };
    let unavailable = |reason: &dyn std::fmt::Display| {
        tracing::warn!(host, %reason, "a provider does not answer");
        AuthError::ProviderUnavailable
    };
    let response = fetcher.send(request).await.map_err(|e| unavailable(&e))?;
    let status = response.status;
    if status.is_success() {
        let body = serde_json::from_slice(&response.body).map_err(|e| unavailable(&e))?;
        return Ok(Answered::Yes(body));
    }
    if status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429) {
        tracing::info!(host, %status, "a provider refuses what it was shown");
        return Ok(Answered::No);
    }
    Err(unavailable(&status))
}
