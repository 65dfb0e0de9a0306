//! Outgoing webhooks by Standard Webhooks (<https://www.standardwebhooks.com>): who is told what happens here.
//!
//! Triggers of the database write an event for everybody who wants it in the transaction of what it tells, with the job
//! that delivers it. Events say what happened to which thing, and no more: who wants to know asks the API. Deliveries
//! are at least once; the receiver tells repetitions by `webhook-id`.

mod deliver;
mod error;
mod events;
mod http;
mod jobs;
mod model;
mod ops;
mod queries;
mod signing;

pub use error::{CODES, WebhookError};
pub use events::document;
pub use jobs::{Context, Deliver, NotifyDisabled, register};
pub use model::{AttemptError, DeliveryState, DisabledReason, EventType, WebhookState};
pub use ops::sweep;

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations under `/v1`.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(http::webhooks::create_webhook)
        .service(http::webhooks::list_webhooks)
        .service(http::webhooks::get_webhook)
        .service(http::webhooks::update_webhook)
        .service(http::webhooks::delete_webhook)
        .service(http::webhooks::rotate_webhook_secret)
        .service(http::deliveries::test_webhook)
        .service(http::deliveries::list_webhook_deliveries)
        .service(http::deliveries::retry_webhook_delivery);
}
