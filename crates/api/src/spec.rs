//! The OpenAPI document: collected from the routes themselves, then finished in one place.

pub mod changes;
pub mod examples;
mod finish;
mod keys;
mod limits;
pub mod older;
mod stale;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

use self::examples::Example;

/// POST operations whose reply holds credentials, so it is never kept; each is safe to repeat by its own rules.
pub const NOT_IDEMPOTENT_BY_KEY: [&str; 19] = [
    "create_webhook",
    "rotate_webhook_secret",
    "create_api_key",
    "rotate_api_key",
    "begin_social_sign_in",
    "verify_social",
    "begin_identity",
    "begin_passkey",
    "begin_passkey_sign_in",
    "verify_passkey",
    "login",
    "verify_factor",
    "enrol_totp",
    "make_recovery_codes",
    "exchange_reset_code",
    "refresh_tokens",
    "logout",
    "create_calendar_feed",
    "rotate_calendar_feed",
];

/// POST operations that refuse to run without an `Idempotency-Key`, as a repetition would cost somebody something.
pub const KEY_REQUIRED: [&str; 2] = ["create_booking", "create_booking_series"];

/// Operations that are never refused for asking too often.
pub const UNLIMITED: [&str; 2] = ["get_liveness", "get_readiness"];

/// What the owner of an account may still do while it is about to be deleted: look, fetch what is theirs, take it back.
/// Everything else that wants an access token answers 403 `auth.account_closing`. Contract-tested.
pub const OPEN_WHILE_CLOSING: [&str; 19] = [
    "get_me",
    "logout",
    "step_up",
    "list_my_sessions",
    "end_my_session",
    "end_my_other_sessions",
    "end_all_my_sessions",
    "list_my_security_events",
    "list_my_consents",
    "withdraw_consent",
    "ask_for_data_export",
    "list_my_data_exports",
    "get_my_data_export",
    "download_my_data_export",
    "ask_for_deletion",
    "get_my_deletion",
    "cancel_my_deletion",
    "make_data_request",
    "list_my_data_requests",
];

/// Operations that anyone may call. Contract-tested; this list may grow only with a reason.
pub const PUBLIC: [&str; 42] = [
    "register_account",
    "verify_email",
    "login",
    "verify_factor",
    "begin_passkey_sign_in",
    "verify_passkey",
    "list_auth_providers",
    "begin_social_sign_in",
    "verify_social",
    "register_social",
    "refresh_tokens",
    "ask_for_password_reset",
    "confirm_password_reset",
    "confirm_email_change",
    "undo_email_change",
    "exchange_reset_code",
    "undo_phone_change",
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
            lewat `Accept-Language`. Program tanpa pengguna memakai kunci API (`POST /v1/me/api-keys`).\n\n\
            **Conventions**: ids are UUIDv7; instants are RFC 3339 in UTC with three fractional digits; lists are \
            paged by an opaque `cursor`; every refusal is a problem document (RFC 9457) with a stable `code`; every \
            GET has an `ETag`; edits need `If-Match`; POST takes an `Idempotency-Key`; apps name themselves in \
            `X-App-Version: android/2.3.1`. Enumerations may grow: treat values you do not know as unknown.",
        contact(name = "Karya", url = "https://github.com/karya/karya"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "auth", description = "Accounts, sessions and tokens"),
        (name = "me", description = "The account that is signed in"),
        (name = "accounts", description = "Accounts of others, for staff"),
        (name = "api keys", description = "Keys with which programs act for an account"),
        (name = "webhooks", description = "Addresses that are told what happens, by Standard Webhooks"),
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
        (name = "data requests", description = "What people ask for by their rights over their data, for staff"),
        (name = "reference", description = "Subsectors, regions and KBLI codes"),
        (name = "operations", description = "Probes for whatever runs the server"),
    ),
)]
struct Base;

struct Built {
    document: utoipa::openapi::OpenApi,
    faults: Vec<String>,
}

fn build(examples: BTreeMap<String, Example>) -> Built {
    let (_app, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(crate::routes)
        .split_for_parts();
    let faults = finish::finish(&mut document, examples);
    Built { document, faults }
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    // Without any, the faults say which are missing.
    BUILT.get_or_init(|| build(examples::all().unwrap_or_default()))
}

/// What is said of a document that lacks the examples of these operations.
#[must_use]
pub fn faults_without(ids: &[&str]) -> Vec<String> {
    let mut examples = examples::all().unwrap_or_default();
    examples.retain(|id, _| !ids.contains(&id.as_str()));
    build(examples).faults
}

/// The finished document. Built once.
#[must_use]
pub fn document() -> &'static utoipa::openapi::OpenApi {
    &built().document
}

/// Why there is no document to publish.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    #[error("the document is not complete:\n{}", .0.join("\n"))]
    Incomplete(&'static [String]),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Untranslatable(#[from] older::Untranslatable),
}

/// The document as `openapi/karya.json` holds it. Fails when an operation lacks an example.
pub fn json() -> Result<String, SpecError> {
    Ok(text(&complete()?)?)
}

/// The same for older generators, as `openapi/karya-3.0.json` holds it.
pub fn json_3_0() -> Result<String, SpecError> {
    Ok(text(&older::v3_0(&complete()?)?)?)
}

/// The document of what webhooks get, as `openapi/karya-webhooks.json` holds it.
pub fn webhooks_json() -> Result<String, SpecError> {
    Ok(text(&karya_webhooks::document())?)
}

fn complete() -> Result<serde_json::Value, SpecError> {
    let Built { document, faults } = built();
    if !faults.is_empty() {
        return Err(SpecError::Incomplete(faults));
    }
    // A value's maps are sorted: the diff of a change shows the change and nothing else.
    Ok(serde_json::to_value(document)?)
}

fn text(value: &serde_json::Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
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
