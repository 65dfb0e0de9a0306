use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use karya_core::{Rule, Words};

use crate::Problem;
use crate::codes::VERSION_REQUIRED;

/// The entity tag of a version. A reply to GET adds a digest to it: see `conditional_get`.
#[must_use]
pub fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// The version that an edit builds on, from `If-Match` (RFC 9110 §13.1.1).
///
/// `W/"7"` is taken as `"7"`: compressing proxies weaken tags on the way, and our tags count versions, not bytes.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(Option<Expected>);

#[derive(Debug, Clone, Copy)]
enum Expected {
    Any,
    Version(i32),
}

impl IfMatch {
    /// The version to check against, `None` for `*`; 428 when the header is missing.
    pub fn required(self) -> Result<Option<i32>, Problem> {
        match self.0 {
            None => Err(Problem::of(&VERSION_REQUIRED)),
            Some(Expected::Any) => Ok(None),
            Some(Expected::Version(version)) => Ok(Some(version)),
        }
    }
}

impl IfMatch {
    /// The version to check against, where the client chose to name one.
    #[must_use]
    pub fn optional(self) -> Option<i32> {
        match self.0 {
            Some(Expected::Version(version)) => Some(version),
            None | Some(Expected::Any) => None,
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(match req.headers().get(header::IF_MATCH) {
            None => Ok(Self(None)),
            Some(value) => parse(value.to_str().unwrap_or_default())
                .map(|expected| Self(Some(expected)))
                .ok_or_else(|| {
                    let words = Words {
                        id: "harus berupa satu ETag, contoh: \"7\"",
                        en: "must be one ETag, such as \"7\"",
                    };
                    Problem::header("If-Match", Rule::Format(words))
                }),
        })
    }
}

fn parse(value: &str) -> Option<Expected> {
    let value = value.trim();
    if value == "*" {
        return Some(Expected::Any);
    }
    let tag = value.strip_prefix("W/").unwrap_or(value);
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    // After the version stand a digest of the reply and what a compressing proxy adds.
    let version = tag.split_once('-').map_or(tag, |(version, _)| version);
    version.parse().ok().map(Expected::Version)
}
