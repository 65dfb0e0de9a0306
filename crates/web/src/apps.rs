//! Apps that are too old, by configuration: first they are told, then they are refused.

use std::collections::BTreeMap;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LINK};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use chrono::{NaiveDate, NaiveTime};
use karya_core::{Rule, Words};
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::codes::UPGRADE_REQUIRED;

/// In which apps say what they are, such as `android/2.3.1`. Who says nothing is never refused.
const APP_VERSION: &str = "x-app-version";

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Major, minor and patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version([u32; 3]);

impl Version {
    /// `2.3.1`, also `2.3` and `2`; what follows a `-` or `+` does not count.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let numbers = raw.split(['-', '+']).next()?;
        let mut version = [0; 3];
        for (at, number) in numbers.split('.').enumerate() {
            *version.get_mut(at)? = number.parse().ok()?;
        }
        Some(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(raw: String) -> Result<Self, &'static str> {
        Self::parse(&raw).ok_or("is no version such as 2.3.1")
    }
}

impl From<Version> for String {
    fn from(Version([major, minor, patch]): Version) -> Self {
        format!("{major}.{minor}.{patch}")
    }
}

/// Which versions of an app still work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppPolicy {
    /// Older ones are refused (426).
    pub refuse_below: Option<Version>,
    /// Older ones are told, in `Deprecation` and `Sunset`, that they will be.
    pub deprecate_below: Option<Version>,
    /// Since when, for `Deprecation` (RFC 9745).
    pub deprecated_on: Option<NaiveDate>,
    /// When they will be refused, for `Sunset` (RFC 8594). Refusing them then is a change of `refuse_below`.
    pub sunset_on: Option<NaiveDate>,
    /// Where people get the newer version.
    pub store_url: Option<String>,
}

/// By the name that the app has in `X-App-Version`.
pub type AppPolicies = BTreeMap<String, AppPolicy>;

/// Refuses apps that are too old, and tells those that soon will be.
pub async fn app_versions<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let standing = standing(&req)?;
    let mut response = next.call(req).await?;
    if let Some(policy) = standing {
        announce(&policy, response.headers_mut());
    }
    Ok(response)
}

/// The policy that the caller has to be told of.
fn standing(req: &ServiceRequest) -> Result<Option<AppPolicy>, Problem> {
    // Probes, pages and documents are for everybody, the page that explains the refusal among them.
    let Some(named) = req
        .headers()
        .get(APP_VERSION)
        .filter(|_| req.path().starts_with("/v1/"))
    else {
        return Ok(None);
    };
    let words = Words {
        id: "harus berupa nama aplikasi dan versinya, contoh: android/2.3.1",
        en: "must be the name of the app and its version, such as android/2.3.1",
    };
    let (app, version) = named
        .to_str()
        .ok()
        .and_then(|named| named.split_once('/'))
        .and_then(|(app, version)| Some((app, Version::parse(version)?)))
        .ok_or_else(|| Problem::header("X-App-Version", Rule::Format(words)))?;
    let policies = req.app_data::<web::Data<AppPolicies>>();
    let Some(policy) = policies.and_then(|policies| policies.get(app)) else {
        return Ok(None);
    };
    let is_below = |limit: Option<Version>| limit.is_some_and(|limit| version < limit);
    let (refused, deprecated) = (
        is_below(policy.refuse_below),
        is_below(policy.deprecate_below),
    );
    let told = match (refused, deprecated) {
        (true, _) => "refused",
        (_, true) => "deprecated",
        _ => "current",
    };
    let labels = [("app", app.to_owned()), ("told", told.to_owned())];
    metrics::counter!("karya_app_requests_total", &labels).increment(1);
    if refused {
        return Err(Problem::of(&UPGRADE_REQUIRED).with_upgrade_url(policy.store_url.clone()));
    }
    Ok(deprecated.then(|| policy.clone()))
}

fn announce(policy: &AppPolicy, headers: &mut HeaderMap) {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let since = policy
        .deprecated_on
        .map(|date| format!("@{}", midnight(date).timestamp()));
    let until = policy.sunset_on.map(|date| {
        midnight(date)
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    });
    let store = policy
        .store_url
        .as_ref()
        .map(|url| format!("<{url}>; rel=\"deprecation\""));
    for (name, value) in [(DEPRECATION, since), (SUNSET, until), (LINK, store)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |raw| Version::parse(raw).unwrap();
        assert!(version("2.9.0") < version("2.10.0"));
        assert!(version("2") < version("2.0.1"));
        assert_eq!(version("2.3.1-beta.2"), version("2.3.1+45"));
        for none in ["", "v2", "2.", "2.3.1.4", "2,3", "-1", "99999999999"] {
            assert_eq!(Version::parse(none), None, "{none}");
        }
    }
}
