//! The application: one function, so that the server, the tests and the document cannot differ.

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{Compress, Condition, DefaultHeaders, from_fn};
use actix_web::{App, Error, HttpResponse, get, web};
use karya_web::{Deadline, Routes};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::state::AppState;
use crate::{health, pages, rights, scopes, spec, sync};

/// Every documented operation. Each is registered once; the document is collected from here.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(
        scope("/v1")
            // The router tries them in this order: the most wanted first.
            .configure(karya_business_profile::routes)
            .configure(karya_mentoring_booking::routes)
            .configure(karya_auth::routes)
            .configure(rights::routes)
            .configure(karya_webhooks::routes)
            .configure(karya_reference::routes)
            .service(sync::list_changes),
    )
    .configure(karya_auth::well_known_routes)
    .service(health::get_liveness)
    .service(health::get_readiness)
    .service(get_openapi);
}

/// This document
///
/// The same as `openapi/karya.json` in the source: what every client is generated from.
#[utoipa::path(tag = "operations", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
#[get("/openapi.json")]
async fn get_openapi() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(spec::document())
}

/// The whole application: routes, pages and middleware.
pub fn app(
    state: AppState,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let https = state.public_url.0.starts_with("https://");
    let hsts = DefaultHeaders::new().add((
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=63072000; includeSubDomains",
    ));
    // The first middleware named is the innermost.
    App::new()
        .into_utoipa_app()
        .configure(routes)
        .into_app()
        .configure(|cfg| pages::routes(cfg, &state))
        .configure(|cfg| data(cfg, &state))
        .default_service(web::to(karya_web::fallback))
        .wrap(from_fn(Deadline::enforce))
        .wrap(from_fn(karya_web::app_versions))
        .wrap(from_fn(karya_web::rate_limit))
        .wrap(from_fn(karya_web::conditional_get))
        .wrap(from_fn(karya_web::skip_small_bodies))
        .wrap(Compress::default())
        .wrap(cors(&state.cors_origins))
        .wrap(from_fn(karya_web::security_headers))
        .wrap(Condition::new(https, hsts))
        .wrap(from_fn(karya_web::observe))
}

fn data(cfg: &mut web::ServiceConfig, state: &AppState) {
    cfg.app_data(state.db.clone())
        .app_data(state.clock.clone())
        .app_data(state.random.clone())
        .app_data(state.master_key.clone())
        .app_data(state.cursors.clone())
        .app_data(state.issuer.clone())
        .app_data(state.verifier.clone())
        .app_data(state.standings.clone())
        .app_data(state.passwords.clone())
        .app_data(state.captcha.clone())
        .app_data(state.auth.clone())
        .app_data(state.privacy.clone())
        .app_data(state.identity_providers.clone())
        .app_data(state.staff_factor.clone())
        .app_data(state.public_url.clone())
        .app_data(state.trusted_proxies.clone())
        .app_data(state.body_limits.clone())
        .app_data(state.uploads.clone())
        .app_data(state.storage.clone())
        .app_data(state.deadline.clone())
        .app_data(state.rate_limits.clone())
        .app_data(state.readiness.clone())
        .app_data(state.apps.clone())
        .app_data(state.fetcher.clone())
        .app_data(state.invitations.clone())
        .app_data(web::Data::new(Routes::of(spec::document())))
        .app_data(web::Data::new(scopes::of_operations(spec::document())))
        .app_data(karya_web::path_config());
}

/// Browsers may call from the listed origins only, and never with cookies.
fn cors(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([
            Method::GET,
            Method::POST,
            Method::PATCH,
            Method::PUT,
            Method::DELETE,
        ])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::HeaderName::from_static("captcha-token"),
            header::HeaderName::from_static("idempotency-key"),
            header::HeaderName::from_static("x-app-version"),
        ])
        .expose_headers([
            "etag",
            "location",
            "retry-after",
            "x-request-id",
            "idempotency-replayed",
            "ratelimit",
            "deprecation",
            "sunset",
            "link",
        ])
        .max_age(3600)
}
