//! The few pages for people: the landing page, the explanation of each error code, the links in mails and messages,
//! and the interactive documentation. Plain HTML; scripts only in the documentation.

mod email_change;
mod phone_change;
mod problems;
mod reset_password;
mod security_txt;
mod verify_certificate;
mod verify_email;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use karya_core::{ApiError, Clock, Invalid, Lang};
use karya_web::{Locale, PublicUrl};
use serde::Deserialize;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::AppState;

/// The policy of our own pages: one inline style sheet, forms to ourselves, nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "index.html")]
struct Index {
    lang: Lang,
    has_inbox: bool,
    has_metrics: bool,
}

pub(crate) fn routes(cfg: &mut web::ServiceConfig, state: &AppState) {
    let swagger = Config::from("/openapi.json")
        .persist_authorization(true)
        .display_request_duration(true);
    let (has_inbox, has_metrics) = (state.inbox.is_some(), state.metrics.is_some());
    cfg.route(
        "/",
        web::get().to(move |locale: Locale| index(locale, has_inbox, has_metrics)),
    )
    .route("/problems", web::get().to(problems::list))
    .route("/problems/{code}", web::get().to(problems::show))
    .route("/verify", web::get().to(verify_certificate::form))
    .route("/verify/{code}", web::get().to(verify_certificate::show))
    .route("/verify-email", web::get().to(verify_email::form))
    .route("/verify-email", web::post().to(verify_email::submit))
    .route("/reset-password", web::get().to(reset_password::form))
    .route("/reset-password", web::post().to(reset_password::submit))
    .route(
        "/confirm-email-change",
        web::get().to(email_change::confirm_form),
    )
    .route(
        "/confirm-email-change",
        web::post().to(email_change::confirm),
    )
    .route("/undo-email-change", web::get().to(email_change::undo_form))
    .route("/undo-email-change", web::post().to(email_change::undo))
    .route("/undo-phone-change", web::get().to(phone_change::form))
    .route("/undo-phone-change", web::post().to(phone_change::undo))
    .route("/docs", web::get().to(async || redirect("/docs/")))
    .service(SwaggerUi::new("/docs/{_:.*}").config(swagger));
    if let Some(contact) = state.security_contact.clone() {
        cfg.route(
            "/.well-known/security.txt",
            web::get().to(
                move |public_url: web::Data<PublicUrl>, clock: web::Data<Clock>| {
                    std::future::ready(security_txt::show(&contact, &public_url, &clock))
                },
            ),
        );
    }
    if let Some(folder) = &state.inbox {
        cfg.app_data(web::Data::new(karya_notifications::inbox::Inbox::new(
            folder.clone(),
        )));
        cfg.configure(karya_notifications::inbox::routes);
    }
    if let Some(metrics) = state.metrics.clone() {
        cfg.route(
            "/metrics",
            web::get().to(move || std::future::ready(metrics.render())),
        );
    }
}

fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, to))
        .finish()
}

#[expect(clippy::unused_async, reason = "a handler")]
async fn index(Locale(lang): Locale, has_inbox: bool, has_metrics: bool) -> HttpResponse {
    html(&Index {
        lang,
        has_inbox,
        has_metrics,
    })
}

/// What a link in a mail brings along.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

/// What is wrong with what was typed.
fn faults(invalid: &Invalid, lang: Lang) -> String {
    let faults = invalid.fields().iter();
    let words: Vec<_> = faults.map(|fault| fault.rule.message(lang)).collect();
    words.join("; ")
}

/// A page whose address holds a secret: kept out of caches.
fn private(page: &impl Template) -> HttpResponse {
    let mut response = html(page);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

fn html(page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "a page does not render");
            HttpResponse::InternalServerError().finish()
        }
    }
}
