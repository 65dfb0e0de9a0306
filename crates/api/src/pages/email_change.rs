//! The targets of the links in the mails about a change of address. Opening them changes nothing, because mail
//! scanners open links too; the forms do.

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
    /// What is wrong with the password; empty if it is not that of the account.
    Again(String),
    TooOften,
    Done,
    Refused,
}

#[derive(Template)]
#[template(path = "email_change.html")]
struct Page {
    lang: Lang,
    /// Whether it is about the way back.
    undo: bool,
    token: String,
    step: Step,
}

fn page(lang: Lang, undo: bool, token: String, step: Step) -> HttpResponse {
    super::private(&Page {
        lang,
        undo,
        token,
        step,
    })
}

/// Asks for the password of the account.
pub(super) async fn confirm_form(Locale(lang): Locale, link: web::Query<Link>) -> HttpResponse {
    page(lang, false, link.into_inner().token, Step::Ask)
}

/// Asks for a new password.
pub(super) async fn undo_form(Locale(lang): Locale, link: web::Query<Link>) -> HttpResponse {
    page(lang, true, link.into_inner().token, Step::Ask)
}

/// Changes the address.
pub(super) async fn confirm(
    Locale(lang): Locale,
    db: web::Data<Db>,
    clock: web::Data<Clock>,
    passwords: web::Data<PasswordPool>,
    standings: web::Data<Standings>,
    form: web::Form<Answer>,
) -> Result<HttpResponse, Problem> {
    let answer = form.into_inner();
    let outcome = change(&db, &passwords, clock.now(), &answer).await;
    finish(lang, false, answer.token, &standings, outcome)
}

/// Gives the old address back.
pub(super) async fn undo(
    Locale(lang): Locale,
    db: web::Data<Db>,
    clock: web::Data<Clock>,
    passwords: web::Data<PasswordPool>,
    standings: web::Data<Standings>,
    form: web::Form<Answer>,
) -> Result<HttpResponse, Problem> {
    let answer = form.into_inner();
    let outcome = restore(&db, &passwords, clock.now(), &answer).await;
    finish(lang, true, answer.token, &standings, outcome)
}

fn finish(
    lang: Lang,
    undo: bool,
    token: String,
    standings: &Standings,
    outcome: Result<UserId, AuthError>,
) -> Result<HttpResponse, Problem> {
    match outcome {
        Ok(user) => {
            standings.forget_user(user);
            Ok(page(lang, undo, String::new(), Step::Done))
        }
        Err(AuthError::EmailChangeInvalid) => Ok(page(lang, undo, String::new(), Step::Refused)),
        Err(AuthError::InvalidCredentials) => {
            Ok(page(lang, undo, token, Step::Again(String::new())))
        }
        Err(AuthError::TooManyAttempts { .. }) => Ok(page(lang, undo, token, Step::TooOften)),
        Err(AuthError::Invalid(invalid)) => Ok(page(
            lang,
            undo,
            token,
            Step::Again(super::faults(&invalid, lang)),
        )),
        Err(error) => Err(error.into()),
    }
}

async fn change(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    answer: &Answer,
) -> Result<UserId, AuthError> {
    ops::check_email_change(db, passwords, now, (&answer.token, &answer.password)).await?;
    let mut conn = db.conn().await?;
    ops::confirm_email_change(&mut conn, now, &answer.token).await
}

async fn restore(
    db: &Db,
    passwords: &PasswordPool,
    now: DateTime<Utc>,
    answer: &Answer,
) -> Result<UserId, AuthError> {
    let phc = ops::prepare_undo(db, passwords, now, (&answer.token, &answer.password)).await?;
    let mut conn = db.conn().await?;
    ops::undo_email_change(&mut conn, now, &answer.token, &phc).await
}
