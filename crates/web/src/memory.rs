//! What the database said a moment ago.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// How old an answer of the database may be: so long after its end, what opened a door may still open it in another
/// process.
const FRESH: Duration = Duration::seconds(3);

/// How many answers are remembered at once, at about 200 bytes each.
pub(crate) const CAPACITY: usize = 50_000;

struct Remembered<V> {
    /// None: there is no such thing.
    answer: Option<V>,
    read_at: DateTime<Utc>,
}

impl<V> Remembered<V> {
    /// A clock that was set back makes nothing young again.
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.read_at <= now && now - self.read_at < FRESH
    }
}

/// Answers of the database, believed for three seconds.
pub(crate) struct Memory<K, V>(Mutex<HashMap<K, Remembered<V>>>);

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memory<K, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Remembered<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, if there is a fresh one.
    pub(crate) fn recall(&self, now: DateTime<Utc>, key: &K) -> Option<Option<V>> {
        let all = self.lock();
        let known = all.get(key).filter(|known| known.is_fresh(now))?;
        Some(known.answer.clone())
    }

    pub(crate) fn remember(&self, now: DateTime<Utc>, key: K, answer: Option<V>) {
        let mut all = self.lock();
        if all.len() >= CAPACITY {
            all.retain(|_, remembered| remembered.is_fresh(now));
            if all.len() >= CAPACITY {
                all.clear();
            }
        }
        let read_at = now;
        all.insert(key, Remembered { answer, read_at });
    }

    /// Forgets what there is not, and every answer of which `which` is true.
    pub(crate) fn forget(&self, which: impl Fn(&V) -> bool) {
        self.lock().retain(|_, remembered| {
            let answer = remembered.answer.as_ref();
            answer.is_some_and(|answer| !which(answer))
        });
    }

    pub(crate) fn forget_one(&self, key: &K) {
        self.lock().remove(key);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}
