//! The target of the link that goes to a number which an account had before. Opening it changes nothing, because
//! messengers open links too, to show what is behind them; the form does.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use karya_auth::{AuthError, PasswordPool, ops};
use karya_core::{Clock, Lang, UserId};
use karya_db::Db;
use karya_web::{Locale, Problem, Standings};
use serde::Deserialize;

use super::Link;

#[derive(Deserialize)]
pub(super) struct Answer {
    token: String,
    password: String,
}

enum Step {
    Ask,
    /// What is wrong with the password.
    Again(String),
    Done,
    Refused,
}

#[derive(Template)]
#[template(path = "phone_change.html")]
struct Page {
    lang: Lang,
    token: String,
    step: Step,
}

/// Asks for a new password.
pub(super) async fn form(Locale(lang): Locale, link: web::Query<Link>) -> HttpResponse {
    let token = link.into_inner().token;
    let step = Step::Ask;
    super::private(&Page { lang, token, step })
}

/// Gives the old number back.
pub(super) async fn undo(
    Locale(lang): Locale,
    db: web::Data<Db>,
    clock: web::Data<Clock>,
    passwords: web::Data<PasswordPool>,
    standings: web::Data<Standings>,
    form: web::Form<Answer>,
) -> Result<HttpResponse, Problem> {
    let answer = form.into_inner();
    let (token, step) = match restore(&db, &passwords, clock.now(), &answer).await {
        Ok(user) => {
            standings.forget_user(user);
            (String::new(), Step::Done)
        }
        Err(AuthError::PhoneChangeInvalid) => (String::new(), Step::Refused),
        Err(AuthError::Invalid(invalid)) => {
            let fault = super::faults(&invalid, lang);
            (answer.token, Step::Again(fault))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(super::private(&Page { lang, token, step }))
}

async fn restore(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    answer: &Answer,
) -> Result<UserId, AuthError> {
    let secrets = (answer.token.as_str(), answer.password.as_str());
    let phc = ops::prepare_phone_undo(db, passwords, now, secrets).await?;
    let mut conn = db.conn().await?;
    ops::undo_phone_change(&mut conn, now, &answer.token, &phc).await
}
