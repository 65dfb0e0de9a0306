//! `ETag` on every GET, and 304 for what the client already has (RFC 9110 §13).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Tags the replies to GET, and answers `If-None-Match`.
///
/// A resource tagged with its version (`"7"`) is tagged `"7-…"` with a digest of the reply: what it shows depends on
/// who looks, and on more than the version counts. `If-Match` takes either form. A weak tag stays as it is.
pub async fn conditional_get(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let reading = matches!(*req.method(), Method::GET | Method::HEAD);
    let wanted = req
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let response = next.call(req).await?;
    if !reading || response.status() != StatusCode::OK {
        return Ok(response.map_into_boxed_body());
    }
    let (req, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let body: BoxBody = match body.try_into_bytes() {
        Ok(bytes) => {
            if let Ok(tag) = HeaderValue::from_str(&tag(response.headers(), &bytes)) {
                response.headers_mut().insert(header::ETAG, tag);
            }
            BoxBody::new(bytes)
        }
        Err(stream) => BoxBody::new(stream),
    };
    let tag = response
        .headers()
        .get(header::ETAG)
        .and_then(|tag| tag.to_str().ok());
    if let (Some(wanted), Some(tag)) = (wanted, tag)
        && matches(&wanted, tag)
    {
        let mut fresh = HttpResponse::NotModified();
        for name in [
            header::ETAG,
            header::CACHE_CONTROL,
            header::CONTENT_LOCATION,
            header::VARY,
        ] {
            for value in response.headers().get_all(&name) {
                fresh.append_header((name.clone(), value.clone()));
            }
        }
        return Ok(ServiceResponse::new(req, fresh.finish()));
    }
    Ok(ServiceResponse::new(req, response.set_body(body)))
}

fn tag(headers: &HeaderMap, body: &[u8]) -> String {
    let own = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let version = own.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
    match (own, version) {
        (_, Some(version)) => format!("\"{version}-{}\"", digest(body)),
        (Some(weak), None) => weak.to_owned(),
        (None, None) => weak(body),
    }
}

/// The weak tag of what has this content.
pub(crate) fn weak(content: &[u8]) -> String {
    format!("W/\"{}\"", digest(content))
}

fn digest(content: &[u8]) -> String {
    let mut digest = URL_SAFE_NO_PAD.encode(karya_core::sealing::sha256(content));
    digest.truncate(16);
    digest
}

/// Weak comparison (RFC 9110 §8.8.3.2).
fn matches(wanted: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    wanted.trim() == "*"
        || wanted
            .split(',')
            .any(|candidate| opaque(candidate) == opaque(tag))
}
