//! The target of the link in the verification mail. Opening it changes nothing, because mail scanners open links
//! too; the button does.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use karya_auth::{AuthError, PasswordPool, ops};
use karya_core::{Clock, Lang};
use karya_db::Db;
use karya_web::{Locale, Problem};
use serde::Deserialize;

use super::Link;

#[derive(Deserialize)]
pub(super) struct Answer {
    token: String,
    password: String,
}

enum Step {
    Ask,
    WrongPassword,
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
    super::private(&Page { lang, token, step })
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
    passwords: web::Data<PasswordPool>,
    form: web::Form<Answer>,
) -> Result<HttpResponse, Problem> {
    let Answer { token, password } = form.into_inner();
    match verify(&db, &passwords, clock.now(), &token, &password).await {
        Ok(()) => Ok(page(lang, String::new(), Step::Done)),
        Err(AuthError::InvalidCredentials) => Ok(page(lang, token, Step::WrongPassword)),
        Err(AuthError::TokenInvalid) => Ok(page(lang, String::new(), Step::Refused)),
        Err(error) => Err(error.into()),
    }
}

async fn verify(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    token: &str,
    password: &str,
) -> Result<(), AuthError> {
    ops::check_verification(db, passwords, (token, password)).await?;
    let mut conn = db.conn().await?;
    ops::verify_email(&mut conn, now, token).await
}
