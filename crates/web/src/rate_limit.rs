//! Rate limits by client, with the `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-10.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::api_key::{Budget, Budgets, KeyStanding};
use crate::codes::RATE_LIMITED;
use crate::{ClientIp, Problem};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How often forgotten clients are dropped from memory, in requests.
const SWEEP_EVERY: u32 = 10_000;

type Keyed =
    RateLimiter<[u8; 8], DashMapStateStore<[u8; 8]>, DefaultClock, StateInformationMiddleware>;

struct Limiter {
    name: &'static str,
    per_minute: NonZeroU32,
    limiter: Keyed,
    requests: AtomicU32,
}

/// The budgets of one client: one for everything, a smaller one for what tries credentials. API keys may have one of
/// their own beside it.
#[derive(Clone)]
pub struct RateLimits {
    general: Arc<Limiter>,
    credentials: Arc<Limiter>,
    keys: Budgets,
}

impl RateLimits {
    /// Requests a minute; all of them may come at once.
    #[must_use]
    pub fn per_minute(general: NonZeroU32, credentials: NonZeroU32) -> Self {
        let limiter = |name, per_minute| {
            let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware();
            Arc::new(Limiter {
                name,
                per_minute,
                limiter,
                requests: AtomicU32::new(0),
            })
        };
        Self {
            general: limiter("general", general),
            credentials: limiter("credentials", credentials),
            keys: Budgets::default(),
        }
    }

    /// Takes one request of a key's own budget, if it has one, whose state goes with the reply.
    pub(crate) fn take_of_key(
        &self,
        req: &HttpRequest,
        standing: &KeyStanding,
    ) -> Result<(), Problem> {
        let Some(per_minute) = standing.per_minute else {
            return Ok(());
        };
        let mut known = req.extensions_mut();
        if known.contains::<Budget>() {
            return Ok(());
        }
        let (budget, taken) = self.keys.take(standing.key, per_minute);
        known.insert(budget);
        taken.map_err(|wait| {
            metrics::counter!("karya_rate_limited_total", "policy" => "api_key").increment(1);
            Problem::later(&RATE_LIMITED, wait)
        })
    }

    /// `path` as the router sees it: percent-encoded letters are letters.
    fn of(&self, path: &str) -> &Limiter {
        const CREDENTIALS: [&str; 21] = [
            "/v1/auth/register",
            "/v1/auth/login",
            "/v1/auth/email-verification",
            "/v1/auth/password-reset",
            "/v1/auth/email-change",
            "/v1/auth/phone-change/",
            "/v1/auth/passkey/",
            "/v1/auth/social/",
            "/v1/auth/step-up",
            "/v1/me/identities",
            "/v1/me/passkeys/",
            "/v1/me/password",
            "/v1/me/email-change",
            "/v1/me/phone",
            "/v1/me/factors/",
            "/v1/me/recovery-codes",
            "/verify-email",
            "/reset-password",
            "/confirm-email-change",
            "/undo-email-change",
            "/undo-phone-change",
        ];
        if CREDENTIALS.iter().any(|prefix| path.starts_with(prefix)) {
            &self.credentials
        } else {
            &self.general
        }
    }
}

impl Limiter {
    /// What is left, or how long to wait.
    fn take(&self, client: ClientIp) -> Result<u32, Duration> {
        if self.requests.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&client.bucket()) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(refused) => Err(refused.wait_time_from(DefaultClock::default().now())),
        }
    }
}

/// Refuses clients that ask too often. Probes are never refused.
pub async fn rate_limit(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let limits = req
        .app_data::<web::Data<RateLimits>>()
        .map(|limits| limits.get_ref().clone());
    let Some(limits) = limits.filter(|_| !matches!(req.path(), "/livez" | "/readyz")) else {
        return next
            .call(req)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    };
    let limiter = limits.of(req.match_info().as_str());
    let (mut response, remaining, reset) = match limiter.take(ClientIp::of(req.request())) {
        Ok(remaining) => (next.call(req).await?.map_into_boxed_body(), remaining, 60),
        Err(wait) => {
            metrics::counter!("karya_rate_limited_total", "policy" => limiter.name).increment(1);
            let wait = wait + Duration::from_secs(1);
            let refusal = Problem::later(&RATE_LIMITED, wait).error_response();
            (req.into_response(refusal), 0, wait.as_secs())
        }
    };
    let mut policy = format!("\"{}\";q={};w=60", limiter.name, limiter.per_minute);
    let mut state = format!("\"{}\";r={remaining};t={reset}", limiter.name);
    if let Some(key) = response.request().extensions().get::<Budget>() {
        let (remaining, reset) = (key.remaining, key.reset);
        policy = format!("{policy}, \"api_key\";q={};w=60", key.per_minute);
        state = format!("{state}, \"api_key\";r={remaining};t={reset}");
    }
    for (name, value) in [(POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
