use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::Problem;

/// How long a request may take from its head to the head of its reply.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Duration);

impl Deadline {
    /// Ends requests that take too long. A transaction that is cut off is rolled back.
    pub async fn enforce<B: MessageBody>(
        req: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let limit = req
            .app_data::<web::Data<Self>>()
            .map_or(Duration::from_secs(30), |limit| limit.0);
        match tokio::time::timeout(limit, next.call(req)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                Err(Problem::later(&crate::codes::TOO_SLOW, Duration::from_secs(2)).into())
            }
        }
    }
}
