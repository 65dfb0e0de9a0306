//! The target of the link in the verification mail. Opening it changes nothing, because mail scanners open links
//! too; the button does.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use karya_core::{ApiError, Clock, Kind, Lang};
use karya_db::Db;
use karya_web::{Locale, Problem};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

enum Step {
    Ask,
    Done,
    Refused,
}

#[derive(Template)]
#[template(path = "verify_email.html")]
struct Page {
    lang: Lang,
    token: String,
    step: Step,
}

fn page(lang: Lang, token: String, step: Step) -> HttpResponse {
    let mut response = super::html(&Page { lang, token, step });
    // The address holds the token: keep it out of caches.
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

/// Asks for confirmation.
pub(super) async fn form(Locale(lang): Locale, link: web::Query<Link>) -> HttpResponse {
    page(lang, link.into_inner().token, Step::Ask)
}

/// Verifies the address.
pub(super) async fn submit(
    Locale(lang): Locale,
    db: web::Data<Db>,
    clock: web::Data<Clock>,
    form: web::Form<Link>,
) -> Result<HttpResponse, Problem> {
    let mut conn = db.conn().await?;
    let outcome = karya_auth::ops::verify_email(&mut conn, clock.now(), &form.token).await;
    match outcome {
        Ok(()) => Ok(page(lang, String::new(), Step::Done)),
        Err(error) if error.code().kind != Kind::Internal => {
            Ok(page(lang, String::new(), Step::Refused))
        }
        Err(error) => Err(error.into()),
    }
}
