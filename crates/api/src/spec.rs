//! The OpenAPI document: collected from the routes themselves, then finished in one place.

use std::sync::OnceLock;

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, RefOr, Required, Server, Type};
use utoipa_actix_web::AppExt;

/// POST operations whose reply holds credentials, so it is never kept; each is safe to repeat by its own rules.
pub const NOT_IDEMPOTENT_BY_KEY: [&str; 5] = [
    "login",
    "refresh_tokens",
    "logout",
    "create_calendar_feed",
    "rotate_calendar_feed",
];

/// Operations that anyone may call. Contract-tested; this list may grow only with a reason.
pub const PUBLIC: [&str; 31] = [
    "register_account",
    "verify_email",
    "login",
    "refresh_tokens",
    "ask_for_password_reset",
    "confirm_password_reset",
    "get_jwks",
    "get_liveness",
    "get_readiness",
    "list_businesses",
    "get_business",
    "get_business_by_slug",
    "list_slots",
    "list_available_days",
    "explain_slot",
    "list_holidays",
    "list_calendar_presets",
    "read_calendar_feed",
    "list_mentors",
    "get_mentor",
    "list_mentor_offerings",
    "get_offering",
    "list_group_sessions",
    "get_group_session",
    "list_mentor_feedback",
    "verify_certificate",
    "list_subsectors",
    "list_regions",
    "get_region",
    "list_kbli",
    "get_openapi",
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Karya",
        description = "Marketplace, mentoring, online safety and early warning for Indonesia's creative-economy SMEs.\n\n\
            **Mulai cepat**: daftar (`POST /v1/auth/register`), buka surel verifikasi, masuk (`POST /v1/auth/login`), \
            lalu kirim `Authorization: Bearer …`. Pesan galat tersedia dalam bahasa Indonesia (bawaan) dan Inggris \
            lewat `Accept-Language`.\n\n\
            **Conventions**: ids are UUIDv7; instants are RFC 3339 in UTC with three fractional digits; lists are \
            paged by an opaque `cursor`; every refusal is a problem document (RFC 9457) with a stable `code`; every \
            GET has an `ETag`; edits need `If-Match`; POST takes an `Idempotency-Key`. Enumerations may grow: treat \
            values you do not know as unknown.",
        contact(name = "Karya", url = "https://github.com/karya/karya"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "auth", description = "Accounts, sessions and tokens"),
        (name = "me", description = "The account that is signed in"),
        (name = "businesses", description = "Creative-economy businesses"),
        (name = "mentors", description = "Mentors and what they offer"),
        (name = "calendar", description = "The time that a mentor gives"),
        (name = "bookings", description = "Mentoring sessions: finding a time, booking, moving, cancelling"),
        (name = "sync", description = "Changes, for clients that keep a copy"),
        (name = "group sessions", description = "Mentoring sessions with many seats, and their waitlists"),
        (name = "session notes", description = "Agenda and notes of a session"),
        (name = "documents", description = "Files that the two sides of a session give each other"),
        (name = "feedback", description = "What the two sides of a session say about it"),
        (name = "disputes", description = "No-shows that the accused denies"),
        (name = "mentorships", description = "Working together for some weeks, towards goals"),
        (name = "blocks", description = "People whom one wants nothing to do with"),
        (name = "proof", description = "Mentoring hours and certificates"),
        (name = "reference", description = "Subsectors, regions and KBLI codes"),
        (name = "operations", description = "Probes for whatever runs the server"),
    ),
)]
struct Base;

/// The finished document. Built once.
pub fn document() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let (_app, mut document) = actix_web::App::new()
            .into_utoipa_app()
            .openapi(Base::openapi())
            .configure(crate::routes)
            .split_for_parts();
        finish(&mut document);
        document
    })
}

/// The document as `openapi/karya.json` holds it.
pub fn json() -> Result<String, serde_json::Error> {
    // Through a value, whose maps are sorted: the diff of a change shows the change and nothing else.
    let value = serde_json::to_value(document())?;
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

/// The error catalogue as `docs/errors.md` holds it.
#[must_use]
pub fn errors_markdown() -> String {
    let rows: String = crate::error_codes()
        .into_iter()
        .map(|code| {
            let status = karya_web::problem::status_of(code.kind).as_u16();
            format!(
                "| `{}` | {status} | {} | {} | {} |\n",
                code.code, code.title.id, code.title.en, code.fix.en
            )
        })
        .collect();
    format!(
        "# Error codes\n\nGenerated from the code; do not edit. \
         Write it anew with `cargo run -- openapi --errors docs/errors.md`.\n\n\
         | code | status | Indonesia | English | what to do |\n|---|---|---|---|---|\n{rows}"
    )
}

fn finish(document: &mut utoipa::openapi::OpenApi) {
    document.servers = Some(vec![Server::new("/")]);
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some("JWT".into());
    scheme.description = Some(
        "Access token of `POST /v1/auth/login`: a JWT (RFC 9068) signed with EdDSA and checked by the rules of \
         RFC 8725; it lives 10 minutes."
            .into(),
    );
    let components = document.components.take().unwrap_or_default();
    document.components = Some(
        ComponentsBuilder::from(components)
            .security_scheme("bearer", SecurityScheme::Http(scheme))
            .build(),
    );
    for item in document.paths.paths.values_mut() {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                add_headers(method, operation);
            }
        }
    }
}

fn add_headers(method: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let mut parameters = vec![header(
        "Accept-Language",
        Required::False,
        "`id` (default) or `en`",
        100,
    )];
    // What can find its resource changed (412) takes the header, and what contends for it (428) demands it.
    let has = |status| operation.responses.responses.contains_key(status);
    if has("428") {
        parameters.push(header(
            "If-Match",
            Required::True,
            "The `ETag` of the version that you edit.",
            100,
        ));
    } else if has("412") {
        parameters.push(header(
            "If-Match",
            Required::False,
            "The `ETag` of the version that you have seen: 412 if it changed since.",
            100,
        ));
    }
    if method == "post" && !NOT_IDEMPOTENT_BY_KEY.contains(&id.as_str()) {
        parameters.push(header(
            "Idempotency-Key",
            Required::False,
            "Make a UUID per intent and send the same one when you repeat the request: it takes effect once, and the \
             reply says `Idempotency-Replayed: true`.",
            255,
        ));
    }
    if method == "patch" {
        parameters.push(
            ParameterBuilder::new()
                .name("update_mask")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(
                    "Comma-separated members; one that is listed here and absent from the body is cleared. For \
                     clients that cannot send `null`.",
                ))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(1000))))
                .build(),
        );
    }
    operation
        .parameters
        .get_or_insert_default()
        .extend(parameters.into_iter().map(RefOr::T));
}

fn header(name: &str, required: Required, description: &str, max_length: usize) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(Some(max_length)),
        ))
        .build()
}
