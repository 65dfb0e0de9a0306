//! What is known about a request while it runs, and what is recorded when it ends.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest, web};
use karya_core::Lang;
use tracing::Instrument;
use uuid::Uuid;

use crate::ClientIp;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The address under which clients reach this server; links and problem types start with it.
#[derive(Debug, Clone)]
pub struct PublicUrl(pub Arc<str>);

/// What belongs to the request being served.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub request_id: Uuid,
    pub lang: Lang,
    pub public_url: Arc<str>,
    /// What may be kept of the client's address: IPv4 /24, IPv6 /48. None outside of requests.
    pub network: Option<Arc<str>>,
}

impl RequestContext {
    /// The request of this task; a blank one outside of any request.
    #[must_use]
    pub fn current() -> Self {
        CURRENT
            .try_with(Clone::clone)
            .unwrap_or_else(|_outside| Self {
                request_id: Uuid::nil(),
                lang: Lang::Id,
                public_url: Arc::from(""),
                network: None,
            })
    }
}

/// The language of the reply, from `Accept-Language`.
#[derive(Debug, Clone, Copy)]
pub struct Locale(pub Lang);

impl FromRequest for Locale {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(_req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(RequestContext::current().lang)))
    }
}

/// The outermost middleware: gives the request its id, language and trace, and records its end.
///
/// The log line names the route pattern, never the path or query: those can hold personal data.
pub async fn observe(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let lang = Lang::negotiate(text(req.headers(), &header::ACCEPT_LANGUAGE));
    let public_url = req
        .app_data::<web::Data<PublicUrl>>()
        .map_or_else(|| Arc::from(""), |url| Arc::clone(&url.0));
    let context = RequestContext {
        request_id: Uuid::now_v7(),
        lang,
        public_url,
        network: Some(ClientIp::of(req.request()).prefix().into()),
    };
    let trace = Trace::of(text(req.headers(), &TRACEPARENT), context.request_id);
    let method = req.method().clone();
    let span = tracing::info_span!(
        "request", request_id = %context.request_id, trace_id = %trace.trace_id, method = %method);
    let request_id = context.request_id;
    let (outcome, statements) = karya_db::statements::counted(CURRENT.scope(context, async {
        match next.call(req).await {
            Ok(response) => Ok(response.map_into_boxed_body()),
            // Rendered while the request's language and id are still known.
            Err(error) => Err(error.error_response()),
        }
    }))
    .instrument(span.clone())
    .await;

    let (route, status) = match &outcome {
        Ok(response) => (
            response.request().match_pattern().unwrap_or_default(),
            response.status(),
        ),
        Err(response) => (String::new(), response.status()),
    };
    let route = if route.is_empty() {
        "unmatched".to_owned()
    } else {
        route
    };
    let elapsed = started.elapsed();
    span.in_scope(|| {
        tracing::info!(target: "karya::access", route, status = status.as_u16(), sql = statements,
            ms = elapsed.as_secs_f64() * 1000.0, "served");
    });
    let labels = [
        ("route", route),
        ("method", method_label(&method).to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("karya_http_request_seconds", &labels).record(elapsed.as_secs_f64());

    let stamp = |headers: &mut HeaderMap| {
        set(headers, X_REQUEST_ID, &request_id.to_string());
        set(headers, TRACEPARENT, &trace.parent());
        set(
            headers,
            SERVER_TIMING,
            &format!("sql;desc=\"{statements}\", app;dur={}", elapsed.as_millis()),
        );
        if !headers.contains_key(header::CONTENT_LANGUAGE) {
            set(headers, header::CONTENT_LANGUAGE, lang.as_str());
        }
        headers.append(
            header::VARY,
            HeaderValue::from_static("Accept-Language, Authorization"),
        );
    };
    match outcome {
        Ok(mut response) => {
            stamp(response.headers_mut());
            Ok(response)
        }
        Err(mut response) => {
            stamp(response.headers_mut());
            Err(InternalError::from_response("refused by a middleware", response).into())
        }
    }
}

/// Anybody may invent methods; each would be a time series for ever.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// W3C Trace Context, level 1: joins the caller's trace, or starts one.
struct Trace {
    trace_id: String,
    span_id: String,
    sampled: bool,
}

impl Trace {
    fn of(traceparent: Option<&str>, request_id: Uuid) -> Self {
        let own = request_id.simple().to_string();
        let span_id = own.get(16..).unwrap_or_default().to_owned();
        match traceparent.and_then(Self::parse) {
            Some((trace_id, sampled)) => Self {
                trace_id,
                span_id,
                sampled,
            },
            None => Self {
                trace_id: own,
                span_id,
                sampled: true,
            },
        }
    }

    fn parse(header: &str) -> Option<(String, bool)> {
        let parts: Vec<&str> = header.trim().split('-').collect();
        let &[version, trace_id, parent_id, flags] = parts.get(..4)? else {
            return None;
        };
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let nonzero = |part: &str| part.bytes().any(|b| b != b'0');
        let valid = hex(version, 2)
            && version != "ff"
            && (version != "00" || parts.len() == 4)
            && hex(trace_id, 32)
            && nonzero(trace_id)
            && hex(parent_id, 16)
            && nonzero(parent_id)
            && hex(flags, 2);
        valid.then(|| {
            (
                trace_id.to_owned(),
                flags.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']),
            )
        })
    }

    fn parent(&self) -> String {
        format!(
            "00-{}-{}-{:02x}",
            self.trace_id,
            self.span_id,
            u8::from(self.sampled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    #[test]
    fn joins_only_well_formed_traces() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            Trace::parse(valid),
            Some(("4bf92f3577b34da6a3ce929d0e0e4736".to_owned(), true))
        );
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
    }
}
