use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;

/// Below this, a compressed reply fits the same network packet and only costs time.
const WORTH_COMPRESSING: u64 = 860;

/// Stands just inside `Compress` and marks what must go out as it is: small bodies, images, event streams.
pub async fn skip_small_bodies<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(req).await?;
    let small = matches!(response.response().body().size(), BodySize::Sized(size) if size < WORTH_COMPRESSING);
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let dense = (content_type.starts_with("image/") && !content_type.contains("svg"))
        || content_type.starts_with("text/event-stream");
    if (small || dense) && !response.headers().contains_key(header::CONTENT_ENCODING) {
        response.headers_mut().insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static("identity"),
        );
    }
    Ok(response)
}
