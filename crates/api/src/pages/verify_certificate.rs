//! Where people whom somebody shows a certificate look whether it is genuine.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;
use karya_core::Lang;
use karya_db::Db;
use karya_mentoring_booking::MentoringError;
use karya_mentoring_booking::model::Side;
use karya_mentoring_booking::ops::{Verified, read_certificate_code, verify_certificate};
use karya_web::{Locale, Problem};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "verify_certificate.html")]
struct Page {
    lang: Lang,
    /// As it was typed, where nothing was found.
    typed: String,
    is_asked: bool,
    found: Option<Found>,
}

/// A certificate in words.
struct Found {
    code: String,
    holder_name: String,
    is_mentor: bool,
    hours: u32,
    minutes: u32,
    sessions: u32,
    first_on: String,
    last_on: String,
    issued_on: String,
    is_revoked: bool,
}

impl Found {
    fn new(verified: Verified, lang: Lang) -> Self {
        Self {
            code: verified.code,
            holder_name: verified.holder_name,
            is_mentor: verified.side == Side::Mentor,
            hours: verified.minutes / 60,
            minutes: verified.minutes % 60,
            sessions: verified.sessions,
            first_on: lang.date(verified.first_on),
            last_on: lang.date(verified.last_on),
            issued_on: lang.date(verified.issued_on),
            is_revoked: verified.revoked_at.is_some(),
        }
    }
}

fn page(page: &Page) -> HttpResponse {
    let mut response = super::html(page);
    if page.is_asked && page.found.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    // A certificate can be revoked at any time.
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

/// Asks for a code, and leads to the page of one that is given.
pub(super) async fn form(Locale(lang): Locale, typed: web::Query<Typed>) -> HttpResponse {
    let typed = typed.into_inner().code;
    if let Some(code) = read_certificate_code(&typed) {
        return HttpResponse::SeeOther()
            .insert_header((header::LOCATION, format!("/verify/{code}")))
            .finish();
    }
    page(&Page {
        lang,
        is_asked: !typed.is_empty(),
        typed,
        found: None,
    })
}

/// What is known about a code.
pub(super) async fn show(
    Locale(lang): Locale,
    db: web::Data<Db>,
    code: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = match verify_certificate(&*db.read().await?, &code).await {
        Ok(verified) => Some(Found::new(verified, lang)),
        Err(MentoringError::CertificateNotFound) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(page(&Page {
        lang,
        typed: code.into_inner(),
        is_asked: true,
        found,
    }))
}
