//! Mentoring: mentors publish time, owners of businesses book it, and no two people ever get the same hour.
//!
//! Every person's time is one list of claims (`time_claims`), on which the database allows no overlap. Whoever changes
//! it first locks the calendars of all concerned, in one order, and then asks the same function that lists slots.

mod availability;
mod claims;
mod demo;
mod document_jobs;
mod documents;
mod error;
mod group_jobs;
mod growth_jobs;
pub mod holidays;
mod http;
pub mod ics;
mod invitations;
pub mod jobs;
mod matching;
pub mod model;
pub mod ops;
pub mod proof;
mod queries;
pub mod rights;
mod series;
mod series_jobs;
pub mod slots;
pub mod sync;
#[cfg(test)]
mod tests;
mod zones;

pub use demo::seed_demo;
pub use error::{CODES, MentoringError};
pub use http::booking_documents::Uploads;
pub use invitations::Invitations;
pub use ops::sweep;

/// How large a document of a booking may be, and how long its upload may take.
pub const UPLOAD_LIMITS: karya_web::BodyLimits = karya_web::BodyLimits {
    max_bytes: 10 * 1024 * 1024,
    read_timeout: std::time::Duration::from_mins(5),
};

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations under `/v1`.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    http::groups::routes(cfg);
    http::series::routes(cfg);
    cfg.service(http::slots::list_slots)
        .service(http::slots::list_available_days)
        .service(http::slots::explain_slot)
        .service(http::holds::create_slot_hold)
        .service(http::holds::delete_slot_hold)
        .service(http::book::create_booking)
        .service(http::bookings::list_bookings)
        .service(http::bookings::get_booking)
        .service(http::transitions::approve_booking)
        .service(http::transitions::decline_booking)
        .service(http::transitions::cancel_booking)
        .service(http::transitions::reschedule_booking)
        .service(http::transitions::check_in_to_booking)
        .service(http::transitions::report_no_show)
        .service(http::transitions::complete_booking);
    http::calendar::routes(cfg);
    http::mentors::routes(cfg);
    http::offerings::routes(cfg);
    cfg.configure(http::growth_routes);
}
