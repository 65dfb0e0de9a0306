use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use karya_core::Rule;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::codes::NOT_FOUND;

/// Query parameters. Unknown ones are refused, if `T` is `deny_unknown_fields`, which every one of ours is:
/// a misspelt filter that is silently ignored shows the wrong list for ever.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> Query<T> {
    pub(crate) fn of(req: &HttpRequest) -> Result<Self, Problem> {
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(
            req.query_string().as_bytes(),
        ));
        serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| {
                let path = error.path().to_string();
                let message = error.into_inner().to_string();
                let between = |prefix: &str| {
                    message
                        .strip_prefix(prefix)
                        .and_then(|rest| rest.split('`').next())
                };
                if let Some(name) = between("unknown field `") {
                    Problem::parameter(name.chars().take(100).collect::<String>(), Rule::Unknown)
                } else if let Some(name) = between("missing field `") {
                    Problem::parameter(name, Rule::Required)
                } else if let Some(name) = between("duplicate field `") {
                    Problem::parameter(name, Rule::Duplicate)
                } else {
                    Problem::parameter(path, Rule::WrongType(message.chars().take(200).collect()))
                }
            })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(req))
    }
}

/// An id that is not one names nothing: 404, like any other that is not there.
#[must_use]
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_error, _req| Problem::of(&NOT_FOUND).into())
}
