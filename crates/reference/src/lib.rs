//! Reference data: administrative regions, the subsectors of the creative economy, KBLI codes.
//!
//! It is part of the program, so reading it costs no SQL. The tables `regions` and `subsectors` hold the same rows,
//! for foreign keys and for joins; [`load()`] keeps them equal.

mod http;
pub mod kbli;
mod load;
pub mod regions;
pub mod subsectors;

pub use load::{Loaded, load};

use utoipa_actix_web::service_config::ServiceConfig;

karya_core::codes! {
    REGION_NOT_FOUND = "reference.region_not_found", NotFound,
        title: "Wilayah tidak ditemukan" / "There is no such region",
        fix: "Pakai kode Kemendagri dari `GET /v1/reference/regions`." / "Use a Kemendagri code from `GET /v1/reference/regions`.";
}

/// The operations under `/v1`.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::list_subsectors)
        .service(http::list_regions)
        .service(http::get_region)
        .service(http::list_kbli);
}
