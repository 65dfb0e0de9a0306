//! What the law gives people over what is stored on them (UU 27/2022), as far as it goes across the domains.

mod export;
mod http;
mod queries;
pub mod tables;

pub use export::{BuildExport, Context, collect, sweep};
pub use queries::ExportState;

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
}

/// The operations under `/v1`.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::ask_for_data_export)
        .service(http::list_my_data_exports)
        .service(http::download_my_data_export)
        .service(http::get_my_data_export);
}
