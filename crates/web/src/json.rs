use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use karya_core::{FieldError, Place, Rule};
use serde::de::DeserializeOwned;

use crate::codes::{BODY_TOO_LARGE, MALFORMED_JSON, REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE};
use crate::{Deadline, Problem};

/// How much body is taken, and how long a client may take to send it.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    pub max_bytes: usize,
    pub read_timeout: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024,
            read_timeout: Duration::from_secs(10),
        }
    }
}

/// SHA-256 of the body that an extractor read; idempotency keys are bound to it.
#[derive(Clone)]
pub(crate) struct BodyDigest(pub(crate) Vec<u8>);

/// A JSON body. Faults of form name the field and the rule.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let body = read(&req, payload, &["application/json"]).await?;
            parse(&body).map(Self)
        })
    }
}

/// Reads the whole body within the limits and remembers its digest.
pub(crate) async fn read(
    req: &HttpRequest,
    payload: Payload,
    types: &[&str],
) -> Result<Bytes, Problem> {
    let limits = req
        .app_data::<web::Data<BodyLimits>>()
        .map_or_else(BodyLimits::default, |limits| ***limits);
    if !types.contains(&req.content_type().to_ascii_lowercase().as_str()) {
        return Err(
            Problem::of(&UNSUPPORTED_MEDIA_TYPE).with_header(header::ACCEPT, types.join(", "))
        );
    }
    read_body(req, payload, limits).await
}

/// Reads a whole body of any type within `limits` and remembers its digest. A declared length over the limit is
/// refused before anything is read; the request's deadline moves by what the reading may take.
pub async fn read_body(
    req: &HttpRequest,
    mut payload: Payload,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    Deadline::extend(req, limits.read_timeout);
    let declared = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.max_bytes) {
        return Err(Problem::of(&BODY_TOO_LARGE));
    }
    let collect = async {
        // What a client declares is not yet sent.
        let mut body = BytesMut::with_capacity(declared.unwrap_or_default().min(256 * 1024));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_broken_off| Problem::of(&MALFORMED_JSON))?;
            if body.len() + chunk.len() > limits.max_bytes {
                return Err(Problem::of(&BODY_TOO_LARGE));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let body = tokio::time::timeout(limits.read_timeout, collect)
        .await
        .map_err(|_elapsed| Problem::of(&REQUEST_TIMEOUT))??;
    req.extensions_mut()
        .insert(BodyDigest(karya_core::sealing::sha256(&body)));
    Ok(body)
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        fault(pointer, &error.into_inner())
    })?;
    reader.end().map_err(|error| fault(String::new(), &error))?;
    Ok(value)
}

/// Tells a document that cannot be read from one whose values are of the wrong shape.
pub(crate) fn fault(pointer: String, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return Problem::of(&MALFORMED_JSON);
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let named = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        rest.split('`').next().map(str::to_owned)
    };
    let (pointer, rule) = if let Some(field) = named("missing field `") {
        (format!("{pointer}/{field}"), Rule::Required)
    } else if named("unknown field `").is_some() {
        (pointer, Rule::Unknown)
    } else if let Some(field) = named("duplicate field `") {
        (format!("{pointer}/{field}"), Rule::Duplicate)
    } else {
        (
            pointer,
            Rule::WrongType(
                message
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect(),
            ),
        )
    };
    Problem::fields(
        &karya_core::validate::VALIDATION_FAILED,
        vec![FieldError {
            place: Place::Body(pointer),
            rule,
        }],
    )
}

/// JSON pointer (RFC 6901) of a place in the body.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => {
                let key: String = key.chars().take(100).collect();
                format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Enum { .. } | Segment::Unknown => pointer,
        })
}
