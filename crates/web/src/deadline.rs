use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use tokio::time::Instant;

use crate::Problem;

/// How long a request may take from its head to the head of its reply.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Duration);

/// When the request must be answered.
#[derive(Clone)]
struct Ends(Rc<Cell<Instant>>);

impl Deadline {
    /// Ends requests that take too long. A transaction that is cut off is rolled back.
    pub async fn enforce<B: MessageBody>(
        req: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let limit = req
            .app_data::<web::Data<Self>>()
            .map_or(Duration::from_secs(30), |limit| limit.0);
        let ends = Ends(Rc::new(Cell::new(Instant::now() + limit)));
        req.extensions_mut().insert(ends.clone());
        let mut answer = std::pin::pin!(next.call(req));
        loop {
            let end = ends.0.get();
            if let Ok(outcome) = tokio::time::timeout_at(end, &mut answer).await {
                return outcome;
            }
            if ends.0.get() <= end {
                let problem = Problem::later(&crate::codes::TOO_SLOW, Duration::from_secs(2));
                return Err(problem.into());
            }
        }
    }

    /// Gives a request more time: for bodies that may take longer than a request.
    pub(crate) fn extend(req: &HttpRequest, by: Duration) {
        if let Some(ends) = req.extensions().get::<Ends>() {
            ends.0.set(ends.0.get() + by);
        }
    }
}
