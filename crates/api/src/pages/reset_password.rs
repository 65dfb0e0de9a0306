//! The target of the link in the reset mail. Opening it changes nothing, because mail scanners open links too; the
//! form does.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use karya_auth::{AuthError, PasswordPool, ops};
use karya_core::{Clock, Lang};
use karya_db::Db;
use karya_web::{Locale, Problem, Standings};
use serde::Deserialize;

use super::Link;

#[derive(Deserialize)]
pub(super) struct Answer {
    token: String,
    new_password: String,
}

enum Step {
    Ask,
    /// What is wrong with the password.
    Again(String),
    Done,
    Refused,
}

#[derive(Template)]
#[template(path = "reset_password.html")]
struct Page {
    lang: Lang,
    token: String,
    step: Step,
}

fn page(lang: Lang, token: String, step: Step) -> HttpResponse {
    super::private(&Page { lang, token, step })
}

/// Asks for the new password.
pub(super) async fn form(Locale(lang): Locale, link: web::Query<Link>) -> HttpResponse {
    page(lang, link.into_inner().token, Step::Ask)
}

/// Sets it.
pub(super) async fn submit(
    Locale(lang): Locale,
    db: web::Data<Db>,
    clock: web::Data<Clock>,
    passwords: web::Data<PasswordPool>,
    standings: web::Data<Standings>,
    form: web::Form<Answer>,
) -> Result<HttpResponse, Problem> {
    let Answer {
        token,
        new_password,
    } = form.into_inner();
    match reset(
        &db,
        &passwords,
        &standings,
        clock.now(),
        &token,
        &new_password,
    )
    .await
    {
        Ok(()) => Ok(page(lang, String::new(), Step::Done)),
        Err(AuthError::ResetInvalid) => Ok(page(lang, String::new(), Step::Refused)),
        Err(AuthError::Invalid(invalid)) => Ok(page(
            lang,
            token,
            Step::Again(super::faults(&invalid, lang)),
        )),
        Err(error) => Err(error.into()),
    }
}

async fn reset(
    db: &Db,
    passwords: &PasswordPool,
    standings: &Standings,
    now: DateTime<Utc>,
    token: &str,
    new_password: &str,
) -> Result<(), AuthError> {
    let phc = ops::prepare_reset(db, passwords, now, (token, new_password)).await?;
    let mut conn = db.conn().await?;
    let user = ops::reset_password(&mut conn, now, token, &phc).await?;
    standings.forget_user(user);
    Ok(())
}
