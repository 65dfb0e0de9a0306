//! Problem documents (RFC 9457): the one shape of every refusal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use karya_core::{ApiError, Code, FieldError, Kind, Lang, Place, Rule};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::context::RequestContext;

/// A refusal on its way out. Any domain error becomes one through `?`.
pub struct Problem {
    code: &'static Code,
    error: Box<dyn ApiError>,
    headers: Vec<(header::HeaderName, String)>,
    /// What the thing is now, where an edit built on an older version of it.
    current: Option<serde_json::Value>,
    upgrade_url: Option<String>,
}

/// The outcome of an edit; when it is refused because it built on an older version, the refusal shows what `read`
/// finds now, so that a client has both versions to merge. Other refusals stay as they are.
pub async fn or_current<T, E, V>(
    outcome: Result<T, E>,
    read: impl AsyncFnOnce() -> Result<V, Problem>,
) -> Result<T, Problem>
where
    E: Into<Problem>,
    V: Serialize,
{
    let mut problem = match outcome {
        Ok(done) => return Ok(done),
        Err(refused) => refused.into(),
    };
    if problem.code.kind == Kind::Stale {
        // Gone meanwhile, or unreadable: then there is nothing to show, and the refusal stands.
        let current = read().await.ok();
        problem.current = current.and_then(|view| serde_json::to_value(view).ok());
    }
    Err(problem)
}

impl Problem {
    /// A refusal that its code says in full.
    #[must_use]
    pub fn of(code: &'static Code) -> Self {
        Self::from(Plain {
            code,
            fields: Vec::new(),
            retry_after: None,
        })
    }

    /// A refusal that names the values at fault.
    #[must_use]
    pub fn fields(code: &'static Code, fields: Vec<FieldError>) -> Self {
        Self::from(Plain {
            code,
            fields,
            retry_after: None,
        })
    }

    #[must_use]
    pub fn parameter(name: impl Into<String>, rule: Rule) -> Self {
        Self::fields(
            &crate::codes::INVALID_QUERY,
            vec![FieldError {
                place: Place::Parameter(name.into()),
                rule,
            }],
        )
    }

    #[must_use]
    pub fn header(name: &'static str, rule: Rule) -> Self {
        Self::fields(
            &crate::codes::INVALID_HEADER,
            vec![FieldError {
                place: Place::Header(name),
                rule,
            }],
        )
    }

    #[must_use]
    pub fn later(code: &'static Code, after: Duration) -> Self {
        Self::from(Plain {
            code,
            fields: Vec::new(),
            retry_after: Some(after),
        })
    }

    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says where the newer version of the app is.
    #[must_use]
    pub(crate) fn with_upgrade_url(mut self, url: Option<String>) -> Self {
        self.upgrade_url = url;
        self
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        status_of(self.code.kind)
    }
}

/// The HTTP status of each kind of refusal: decided here and nowhere else.
#[must_use]
pub fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Timeout => StatusCode::REQUEST_TIMEOUT,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::Stale => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::VersionRequired => StatusCode::PRECONDITION_REQUIRED,
        Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Kind::Outdated => StatusCode::UPGRADE_REQUIRED,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl<E: ApiError> From<E> for Problem {
    fn from(error: E) -> Self {
        Self {
            code: error.code(),
            error: Box::new(error),
            headers: Vec::new(),
            current: None,
            upgrade_url: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{}", .code.title.en)]
struct Plain {
    code: &'static Code,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
}

impl ApiError for Plain {
    fn code(&self) -> &'static Code {
        self.code
    }

    fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl std::fmt::Debug for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Problem({}: {:?})", self.code.code, self.error)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.code, self.error)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let context = RequestContext::current();
        let status = self.status();
        if status.is_server_error() {
            log(self.code, self.error.as_ref());
        }
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::CONTENT_LANGUAGE, context.lang.as_str()));
        if let Some(after) = self.error.retry_after() {
            response.insert_header((header::RETRY_AFTER, after.as_secs().max(1).to_string()));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, r#"Bearer realm="karya""#));
        }
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.json(ProblemBody::new(self, &context))
    }
}

/// Logs a fault of ours once, here at the boundary, with the whole chain of causes.
fn log(code: &Code, error: &dyn ApiError) {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    tracing::error!(code = code.code, %error, causes = ?causes, "request failed");
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A page of this server that explains the code in both languages.
    #[serde(rename = "type")]
    #[schema(
        max_length = 300,
        example = "http://localhost:8080/problems/request.validation_failed"
    )]
    type_: String,
    /// What happened, in the language of the reply.
    #[schema(max_length = 200, example = "Beberapa isian tidak memenuhi aturan")]
    title: &'static str,
    /// The HTTP status, again.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What is particular to this occurrence, or what to do about it.
    #[schema(
        max_length = 1000,
        example = "Perbaiki isian yang disebut pada `errors`, lalu kirim ulang."
    )]
    detail: String,
    /// Stable: programs decide by this.
    #[schema(
        max_length = 80,
        pattern = "^[a-z_]+\\.[a-z_]+$",
        example = "request.validation_failed"
    )]
    code: &'static str,
    /// The values at fault; empty when the refusal is not about values.
    #[schema(max_items = 100)]
    errors: Vec<ProblemField>,
    /// Times that would do instead, when a time was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 10, value_type = Vec<chrono::DateTime<chrono::Utc>>)]
    alternatives: Vec<String>,
    /// Of several times that were wanted, those that cannot be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 12)]
    conflicts: Vec<ProblemTime>,
    /// In the document it is a member of the 412 of each operation, which knows its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    current: Option<serde_json::Value>,
    /// Where the newer version of the app is, when this one is too old.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        max_length = 300,
        example = "https://play.google.com/store/apps/details?id=id.karya"
    )]
    upgrade_url: Option<String>,
    /// What is still to prove, when a password was right and is not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    challenge: Option<ProblemChallenge>,
    /// Tell us this when you report a fault.
    #[schema(max_length = 36, example = "0199a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")]
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
}

/// What is still to prove before there is a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemChallenge {
    /// Opaque and secret: send it to `POST /v1/auth/login/verify-factor` with a code.
    #[schema(max_length = 100)]
    token: String,
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: String,
    /// What would do: `totp`, `recovery_code`. There may be more one day.
    #[schema(max_items = 10, value_type = Vec<String>, example = json!(["totp", "recovery_code"]))]
    methods: Vec<&'static str>,
}

/// A time that cannot be had.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemTime {
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    starts_at: String,
    /// Why: a code of the catalogue.
    #[schema(max_length = 80, example = "booking.slot_taken")]
    code: &'static str,
}

/// One value that broke one rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON pointer (RFC 6901) into the request body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300, example = "/name")]
    pointer: Option<String>,
    /// Name of a query or path parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100, example = "limit")]
    parameter: Option<String>,
    /// Name of a request header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100, value_type = Option<String>, example = "Idempotency-Key")]
    header: Option<&'static str>,
    /// Stable: `required`, `too_long`, `format` …
    #[schema(max_length = 80, example = "required")]
    code: &'static str,
    /// For people, in the language of the reply.
    #[schema(max_length = 500, value_type = String, example = "wajib diisi")]
    message: Cow<'static, str>,
    /// The numbers in the rule, for clients with texts of their own.
    #[schema(value_type = BTreeMap<String, f64>)]
    params: BTreeMap<&'static str, f64>,
}

impl ProblemBody {
    fn new(problem: &Problem, context: &RequestContext) -> Self {
        let Code {
            code,
            kind,
            title,
            fix,
        } = problem.code;
        let server_fault = problem.status().is_server_error();
        let detail = if server_fault {
            None
        } else {
            problem.error.detail(context.lang)
        };
        Self {
            type_: format!("{}/problems/{code}", context.public_url),
            title: context.lang.pick(*title),
            status: problem.status().as_u16(),
            detail: detail.unwrap_or_else(|| context.lang.pick(*fix).to_owned()),
            code,
            errors: problem
                .error
                .fields()
                .iter()
                .map(|field| ProblemField::new(field, context.lang))
                .collect(),
            conflicts: problem
                .error
                .conflicts()
                .iter()
                .map(|(starts_at, code)| ProblemTime {
                    starts_at: karya_core::instant::format(starts_at),
                    code: code.code,
                })
                .collect(),
            alternatives: problem
                .error
                .alternatives()
                .iter()
                .map(karya_core::instant::format)
                .collect(),
            current: problem.current.clone(),
            upgrade_url: problem.upgrade_url.clone(),
            challenge: problem.error.challenge().map(|challenge| ProblemChallenge {
                token: challenge.token.clone(),
                expires_at: karya_core::instant::format(&challenge.expires_at),
                methods: challenge.methods.clone(),
            }),
            request_id: context.request_id.to_string(),
            retryable: matches!(
                kind,
                Kind::Internal | Kind::Unavailable | Kind::TooManyRequests | Kind::Timeout
            ) || problem.error.retry_after().is_some(),
        }
    }
}

impl ProblemField {
    fn new(field: &FieldError, lang: Lang) -> Self {
        let (mut pointer, mut parameter, mut header) = (None, None, None);
        match &field.place {
            Place::Body(at) => pointer = Some(at.clone()),
            Place::Parameter(name) => parameter = Some(name.clone()),
            Place::Header(name) => header = Some(*name),
        }
        #[expect(clippy::cast_precision_loss, reason = "limits are small numbers")]
        let params = match field.rule {
            Rule::TooShort { min } => BTreeMap::from([("min", min as f64)]),
            Rule::TooLong { max } | Rule::TooMany { max } => BTreeMap::from([("max", max as f64)]),
            Rule::OutOfRange { min, max } => BTreeMap::from([("min", min), ("max", max)]),
            _ => BTreeMap::new(),
        };
        Self {
            pointer,
            parameter,
            header,
            code: field.rule.code(),
            message: field.rule.message(lang),
            params,
        }
    }
}

/// The problems that any operation can answer with. The finishing pass of the document adds the others.
#[derive(IntoResponses)]
pub enum CommonProblems {
    /// Unreadable request
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// Too many requests
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(ProblemBody),
    /// A fault on our side
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemBody),
    /// Busy; try again later
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}
