use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use karya_core::ApiKeyId;

type Limiter = DefaultDirectRateLimiter<StateInformationMiddleware>;

/// How many keys have a budget in memory at once. Beyond that all begin anew, which costs nobody a request.
const CAPACITY: usize = 10_000;

/// What is left of a key's budget, for the `RateLimit` fields of the reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) per_minute: NonZeroU32,
    pub(crate) remaining: u32,
    /// In seconds.
    pub(crate) reset: u64,
}

/// The budgets of the keys that have one, in this process.
#[derive(Clone, Default)]
pub(crate) struct Budgets(Arc<Mutex<HashMap<ApiKeyId, (NonZeroU32, Arc<Limiter>)>>>);

impl Budgets {
    fn limiter(&self, key: ApiKeyId, per_minute: NonZeroU32) -> Arc<Limiter> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, limiter)) = all.get(&key).filter(|(known, _)| *known == per_minute) {
            return Arc::clone(limiter);
        }
        if all.len() >= CAPACITY {
            all.clear();
        }
        let limiter = RateLimiter::direct(Quota::per_minute(per_minute)).with_middleware();
        let limiter = Arc::new(limiter);
        all.insert(key, (per_minute, Arc::clone(&limiter)));
        limiter
    }

    /// Takes one request of the budget; with nothing left, says how long to wait.
    pub(crate) fn take(
        &self,
        key: ApiKeyId,
        per_minute: NonZeroU32,
    ) -> (Budget, Result<(), Duration>) {
        let limiter = self.limiter(key, per_minute);
        let (remaining, reset, taken) = match limiter.check() {
            Ok(state) => (state.remaining_burst_capacity(), 60, Ok(())),
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                let wait = wait + Duration::from_secs(1);
                (0, wait.as_secs(), Err(wait))
            }
        };
        let budget = Budget {
            per_minute,
            remaining,
            reset,
        };
        (budget, taken)
    }
}
