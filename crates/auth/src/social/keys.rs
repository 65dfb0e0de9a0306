//! The keys with which a provider signs, as it publishes them (RFC 7517).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use karya_fetch::{Bytes, Fetcher, HeaderMap, Method, Outgoing, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::AuthError;

/// A key that is not there is looked for once in so long: whoever invents key ids makes no traffic.
const UNKNOWN_FLOOR: Duration = Duration::seconds(60);

/// After a failure, the provider is left alone for so long.
const FAILURE_FLOOR: Duration = Duration::seconds(5);

/// How long keys are good where the provider does not say, and within which bounds it may say.
const FRESH: Duration = Duration::hours(1);
const FRESH_MIN: Duration = Duration::minutes(5);
const FRESH_MAX: Duration = Duration::hours(24);

/// For so long, keys that cannot be fetched anew go on being good.
const STALE: Duration = Duration::hours(1);

/// No provider has more.
const MAX_KEYS: usize = 32;

/// A key, and the one algorithm that it is for.
pub(super) struct SigningKey {
    pub(super) decoding: DecodingKey,
    pub(super) algorithm: Algorithm,
}

/// The keys of one provider.
pub(super) struct KeySet {
    url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Arc<SigningKey>>,
    fresh_until: DateTime<Utc>,
    asked_at: Option<DateTime<Utc>>,
    /// Whether the last question was answered.
    answered: bool,
}

impl KeySet {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            state: Mutex::default(),
        }
    }

    /// The key with this id; none if the provider has no such key. One request asks the provider while others wait.
    ///
    /// # Errors
    /// [`AuthError::ProviderUnavailable`] when the provider does not say.
    pub(super) async fn find(
        &self,
        fetcher: &Fetcher,
        now: DateTime<Utc>,
        kid: &str,
    ) -> Result<Option<Arc<SigningKey>>, AuthError> {
        let mut state = self.state.lock().await;
        let is_fresh = now < state.fresh_until;
        if is_fresh && let Some(key) = state.keys.get(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        let floor = if is_fresh && state.answered {
            UNKNOWN_FLOOR
        } else {
            FAILURE_FLOOR
        };
        if state.asked_at.is_none_or(|at| now - at >= floor) {
            state.asked_at = Some(now);
            match fetch(fetcher, &self.url).await {
                Ok((keys, fresh)) => {
                    state.keys = keys;
                    state.fresh_until = now + fresh;
                    state.answered = true;
                }
                Err(reason) => {
                    tracing::warn!(url = self.url, reason, "a provider's keys cannot be had");
                    state.answered = false;
                }
            }
        }
        let is_good = now < state.fresh_until + STALE;
        match state.keys.get(kid) {
            Some(key) if is_good => Ok(Some(Arc::clone(key))),
            None if is_good && state.answered => Ok(None),
            _ => Err(AuthError::ProviderUnavailable),
        }
    }
}

async fn fetch(
    fetcher: &Fetcher,
    url: &str,
) -> Result<(HashMap<String, Arc<SigningKey>>, Duration), String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let request = Outgoing {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let response = fetcher.send(request).await.map_err(|e| e.to_string())?;
    // A redirect too: keys come from where the configuration says, or not at all.
    if response.status != StatusCode::OK {
        return Err(format!("answers {}", response.status));
    }
    let keys = read(&response.body)?;
    let control = response.headers.get("cache-control");
    let control = control.and_then(|value| value.to_str().ok());
    Ok((keys, freshness(control.unwrap_or_default())))
}

/// Keys that we have a use for; others are left out.
fn read(body: &[u8]) -> Result<HashMap<String, Arc<SigningKey>>, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let keys: HashMap<_, _> = set
        .keys
        .into_iter()
        .take(MAX_KEYS)
        .filter_map(|key| signing_key(&serde_json::from_value(key).ok()?))
        .collect();
    if keys.is_empty() {
        return Err("publishes no key that signs".into());
    }
    Ok(keys)
}

fn signing_key(jwk: &Jwk) -> Option<(String, Arc<SigningKey>)> {
    let common = &jwk.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match (&jwk.algorithm, &common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
        (AlgorithmParameters::EllipticCurve(key), None | Some(KeyAlgorithm::ES256))
            if key.curve == EllipticCurve::P256 =>
        {
            Algorithm::ES256
        }
        _ => return None,
    };
    let key = SigningKey {
        decoding: DecodingKey::from_jwk(jwk).ok()?,
        algorithm,
    };
    Some((common.key_id.clone()?, Arc::new(key)))
}

/// `max-age` of a `Cache-Control`, within our bounds.
fn freshness(control: &str) -> Duration {
    let directives = control.split(',').map(str::trim);
    let mut max_age = FRESH;
    for directive in directives {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache")
        {
            return FRESH_MIN;
        }
        let seconds = directive.split_once('=').and_then(|(name, value)| {
            let named = name.trim().eq_ignore_ascii_case("max-age");
            value.trim().parse().ok().filter(|_: &u32| named)
        });
        if let Some(seconds) = seconds {
            max_age = Duration::seconds(seconds.into());
        }
    }
    max_age.clamp(FRESH_MIN, FRESH_MAX)
}

#[cfg(test)]
mod tests {
    use super::{freshness, read};

    #[test]
    fn freshness_has_bounds() {
        for (control, minutes) in [
            ("", 60),
            ("public, max-age=1800, must-revalidate", 30),
            ("MAX-AGE = 1800", 30),
            ("max-age=0", 5),
            ("no-store", 5),
            ("max-age=99999999999", 60),
            ("max-age=4000000000", 24 * 60),
            ("max-age=-1", 60),
        ] {
            assert_eq!(freshness(control).num_minutes(), minutes, "{control}");
        }
    }

    #[test]
    fn what_does_not_sign_is_left_out() {
        let ec = |more: &str| {
            format!(
                r#"{{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"{more}}}"#
            )
        };
        let good = ec(r#","kid":"a","use":"sig","alg":"ES256""#);
        let set = |keys: &[&str]| read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes());
        assert_eq!(set(&[&good]).unwrap().len(), 1);
        for bad in [
            ec(r#","kid":"a","use":"enc""#),
            ec(r#","kid":"a","alg":"ES384""#),
            ec(""),
            r#"{"kty":"oct","kid":"a","k":"c2VjcmV0","alg":"HS256"}"#.to_owned(),
            r#"{"kty":"new","kid":"a"}"#.to_owned(),
            "7".to_owned(),
        ] {
            assert!(set(&[&bad]).is_err(), "{bad}");
            assert_eq!(set(&[&bad, &good]).unwrap().len(), 1, "{bad}");
        }
        assert!(read(b"{}").is_err() && read(b"<html>").is_err());
    }
}
