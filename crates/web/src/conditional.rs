//! `ETag` on every GET, and 304 for what the client already has (RFC 9110 §13).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse};

/// Tags the replies to GET that have no tag of their own, and answers `If-None-Match`.
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
            if !response.headers().contains_key(header::ETAG)
                && let Ok(tag) = HeaderValue::from_str(&weak_tag(&bytes))
            {
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

fn weak_tag(body: &Bytes) -> String {
    let digest = karya_core::sealing::sha256(body);
    let hex: String = digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("W/\"{hex}\"")
}

/// Weak comparison (RFC 9110 §8.8.3.2).
fn matches(wanted: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    wanted.trim() == "*"
        || wanted
            .split(',')
            .any(|candidate| opaque(candidate) == opaque(tag))
}
