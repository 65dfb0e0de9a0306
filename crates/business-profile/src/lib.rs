//! Businesses of the creative economy: who they are, where they are, who runs them.

mod demo;
mod error;
mod http;
pub mod model;
mod ops;
mod queries;
pub mod rights;
pub mod sync;

pub use demo::seed_demo;
pub use error::{BusinessError, CODES};

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations under `/v1`.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    // by-slug before {business_id}: both fit the same path.
    cfg.service(http::list::list_businesses)
        .service(http::list::list_my_businesses)
        .service(http::create::create_business)
        .service(http::show::get_business_by_slug)
        .service(http::show::get_business)
        .service(http::update::update_business)
        .service(http::delete::delete_business);
}
