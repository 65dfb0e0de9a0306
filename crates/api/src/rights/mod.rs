//! What the law gives people over what is stored on them (UU 27/2022), as far as it goes across the domains.

mod deletion;
mod erase;
pub mod erasures;
mod export;
mod http;
mod jobs;
mod queries;
mod requests;
pub mod tables;

pub use export::{BuildExport, collect};
pub use jobs::{Context, EraseAccount, register};
pub use queries::{DataRequestKind, DeletionState, ExportState, RequestOutcome};

use chrono::{DateTime, TimeDelta, Utc};
use karya_db::{AsyncPgConnection, DbError};
use utoipa_actix_web::service_config::ServiceConfig;

karya_core::codes! {
    IN_PROGRESS = "privacy.export_in_progress", Conflict,
        title: "Salinan data Anda sedang disiapkan" / "A copy of your data is being made",
        fix: "Tunggu surel yang memberi tahu bahwa salinan itu siap." / "Wait for the mail that says it is ready.";
    TOO_MANY = "privacy.too_many_exports", TooManyRequests,
        title: "Terlalu banyak salinan data dalam sehari" / "Too many copies of your data within a day",
        fix: "Unduh salinan yang sudah ada, atau coba lagi besok." / "Download one that is there, or try again tomorrow.";
    NOT_READY = "privacy.export_not_ready", Conflict,
        title: "Salinan data belum siap" / "The copy of your data is not ready",
        fix: "Tunggu sampai `state` menjadi `ready`." / "Wait until `state` is `ready`.";
    STORAGE_UNAVAILABLE = "privacy.storage_unavailable", Unavailable,
        title: "Salinan data tidak dapat dibaca saat ini" / "The copy of your data cannot be read right now",
        fix: "Coba lagi setelah waktu pada `Retry-After`." / "Try again after the time in `Retry-After`.";
    LAST_ADMIN = "privacy.last_admin", Conflict,
        title: "Anda satu-satunya admin" / "You are the only administrator",
        fix: "Jadikan orang lain admin dulu." / "Make somebody else an administrator first.";
    TOO_MANY_REQUESTS = "privacy.too_many_requests", Conflict,
        title: "Lima permintaan Anda masih menunggu jawaban" / "Five of your requests wait for an answer already",
        fix: "Tunggu jawabannya, atau tambahkan di permintaan berikutnya." / "Wait for the answers, and put the rest into the next request.";
    ADMIN_REQUIRED = "privacy.admin_required", Forbidden,
        title: "Hanya admin yang boleh melakukan ini" / "Only an administrator may do this",
        fix: "Minta admin melakukannya." / "Ask an administrator.";
    REQUEST_CLOSED = "privacy.request_closed", Conflict,
        title: "Permintaan ini sudah dijawab" / "This request was answered already",
        fix: "Muat ulang permintaannya untuk melihat jawabannya." / "Load the request again to see the answer.";
}

/// How long what is kept.
#[derive(Debug, Clone, Copy)]
pub struct PrivacyOptions {
    /// For so long an account that its owner wants deleted is closed and can be had back.
    pub deletion_grace: TimeDelta,
    /// Security events that are older are deleted.
    pub security_events: TimeDelta,
}

impl Default for PrivacyOptions {
    fn default() -> Self {
        Self {
            deletion_grace: TimeDelta::days(14),
            security_events: TimeDelta::days(730),
        }
    }
}

/// How long the address of the last mail is kept if it cannot be sent.
const KEEP_FAREWELLS: TimeDelta = TimeDelta::days(2);

/// The operations under `/v1`.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::exports::ask_for_data_export)
        .service(http::exports::list_my_data_exports)
        .service(http::exports::download_my_data_export)
        .service(http::exports::get_my_data_export)
        .service(http::deletion::ask_for_deletion)
        .service(http::deletion::get_my_deletion)
        .service(http::deletion::cancel_my_deletion)
        .service(http::requests::make_data_request)
        .service(http::requests::list_my_data_requests)
        .service(http::requests::list_data_requests)
        .service(http::requests::answer_data_request);
}

/// Deletes what has expired, and says how many requests should be done and are not.
pub async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<i64, DbError> {
    queries::delete_expired(conn, now).await?;
    queries::forget_old_farewells(conn, now - KEEP_FAREWELLS).await?;
    Ok(queries::count_overdue(conn, now).await?)
}
