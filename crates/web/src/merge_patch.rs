//! Partial updates: JSON merge patch (RFC 7396), and `update_mask` for clients that cannot send null.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use karya_core::{Check, Rule};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Problem;
use crate::json;

/// One member of a merge patch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Not mentioned: leave it as it is.
    #[default]
    Keep,
    /// `null`, or listed in `update_mask` and absent: clear it.
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(f(value)),
        }
    }

    /// What the member becomes, given what it is.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// What the member becomes, where there must be one: clearing it is a fault at `pointer`.
    pub fn required(self, check: &mut Check, pointer: &str, current: T) -> T {
        match self {
            Self::Keep => current,
            Self::Set(value) => value,
            Self::Clear => {
                check.fail(pointer, Rule::Required);
                current
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// The body of a PATCH: `application/merge-patch+json` or `application/json`, with an optional `?update_mask=`.
///
/// Members of `T` are `#[serde(default)] Patch<_>`.
#[derive(Debug, Clone)]
pub struct MergePatch<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for MergePatch<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Mask {
            update_mask: Option<String>,
        }
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let crate::Query(Mask { update_mask }) = crate::Query::of(&req)?;
            let body = json::read(
                &req,
                payload,
                &["application/merge-patch+json", "application/json"],
            )
            .await?;
            let Some(mask) = update_mask.filter(|mask| !mask.is_empty()) else {
                return json::parse(&body).map(Self);
            };
            let mut members: Map<String, Value> = json::parse(&body)?;
            for name in mask.split(',').take(100) {
                members.entry(name.trim()).or_insert(Value::Null);
            }
            json::parse(&serde_json::to_vec(&members).unwrap_or_default()).map(Self)
        })
    }
}
