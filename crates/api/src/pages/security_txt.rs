use actix_web::HttpResponse;
use actix_web::http::header;
use chrono::{DateTime, Days, Utc};
use karya_core::Clock;
use karya_web::PublicUrl;

/// How long what it says may be relied on; RFC 9116 §2.5.5 recommends less than a year.
const GOOD_FOR: Days = Days::new(180);

/// Where who finds a vulnerability writes to (RFC 9116).
pub(super) fn show(contact: &str, public_url: &PublicUrl, clock: &Clock) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(text(contact, &public_url.0, clock.now()))
}

fn text(contact: &str, public_url: &str, now: DateTime<Utc>) -> String {
    let expires = (now + GOOD_FOR).format("%Y-%m-%dT00:00:00Z");
    format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: id, en\n\
         Canonical: {public_url}/.well-known/security.txt\n"
    )
}
