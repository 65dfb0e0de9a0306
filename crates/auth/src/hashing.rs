//! Password hashing, kept apart from everything else.
//!
//! A hash takes 19 MiB and about 14 ms of a core. On the server's own threads, or on an unbounded pool, a storm of
//! sign-ins starves every other route; here it fills a short queue, and what does not fit is told to come again.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, ParamsBuilder, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

use crate::AuthError;
use crate::pepper::{Pepper, Peppers};

const SALT: usize = 16;
const HASH: usize = 32;

/// Stored parameters above these are refused: whoever can write to the database must not be able to stop the server.
const MEMORY_CEILING_KIB: u32 = 64 * 1024;
const ITERATIONS_CEILING: u32 = 10;

/// The cost of a hash and the size of the pool. The defaults are OWASP's argon2id set of 19 MiB, t=2, p=1.
#[derive(Debug, Clone)]
pub struct HashingOptions {
    pub threads: usize,
    /// How many hashes may wait.
    pub queue: usize,
    pub memory_kib: u32,
    pub iterations: u32,
    /// A job that waited longer is dropped: its client has given up, or soon will.
    pub max_wait: Duration,
    pub peppers: Peppers,
}

impl Default for HashingOptions {
    fn default() -> Self {
        Self {
            threads: 2,
            queue: 16,
            memory_kib: 19 * 1024,
            iterations: 2,
            max_wait: Duration::from_millis(1500),
            peppers: Peppers::default(),
        }
    }
}

/// What a check of a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub matches: bool,
    /// Right, but hashed at another cost or with another pepper than today's: hash it again.
    pub outdated: bool,
}

enum Task {
    Hash {
        password: Zeroizing<String>,
        salt: [u8; SALT],
        reply: oneshot::Sender<Option<String>>,
    },
    /// Without a stored hash it does the same work and says no.
    Verify {
        password: Zeroizing<String>,
        stored: Option<String>,
        reply: oneshot::Sender<Verdict>,
    },
}

struct Job {
    task: Task,
    queued: Instant,
    _place: Place,
}

/// A place in the queue. It is free again when this is dropped, or what it was used for is done.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "holding it is its use")] OwnedSemaphorePermit);

/// The threads that hash, and the queue before them. Cheap to clone.
#[derive(Clone)]
pub struct PasswordPool {
    queue: SyncSender<Job>,
    places: Arc<Semaphore>,
    random: karya_core::Random,
}

impl PasswordPool {
    /// Starts the threads. Each allocates its memory at its first hash and keeps it for good.
    pub fn start(options: HashingOptions) -> std::io::Result<Self> {
        // Those that wait, and those at work.
        let places = options.queue.max(1) + options.threads.max(1);
        let (queue, jobs) = sync_channel(places);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..options.threads.max(1) {
            let (jobs, options) = (Arc::clone(&jobs), options.clone());
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || Hasher::new(&options).run(&jobs))?;
        }
        Ok(Self {
            queue,
            places: Arc::new(Semaphore::new(places)),
            random: karya_core::Random::System,
        })
    }

    /// Takes a place in the queue, for who has something to do before: where there is none, it need not be done.
    pub fn place(&self) -> Result<Place, AuthError> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        permit.map(Place).map_err(|_full| {
            metrics::counter!("karya_hashing_shed_total").increment(1);
            busy()
        })
    }

    /// The PHC string of a new password.
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let place = self.place()?;
        let mut salt = [0; SALT];
        salt.copy_from_slice(
            self.random
                .bytes()
                .first_chunk::<SALT>()
                .unwrap_or(&[0; SALT]),
        );
        let (reply, answer) = oneshot::channel();
        let task = Task::Hash {
            password: password.to_owned().into(),
            salt,
            reply,
        };
        self.submit(place, task)?;
        answer
            .await
            .map_err(|_dropped| busy())?
            .ok_or_else(|| AuthError::Token("argon2 refused its parameters".into()))
    }

    /// Checks a password in a place of its own. `None` costs as much as a stored hash and never matches: an account that
    /// does not exist takes as long as one that does, even under load.
    pub async fn verify(
        &self,
        password: &str,
        stored: Option<String>,
    ) -> Result<Verdict, AuthError> {
        let place = self.place()?;
        self.verify_in(place, password, stored).await
    }

    /// The same in a place that was taken before.
    pub async fn verify_in(
        &self,
        place: Place,
        password: &str,
        stored: Option<String>,
    ) -> Result<Verdict, AuthError> {
        let (reply, answer) = oneshot::channel();
        let task = Task::Verify {
            password: password.to_owned().into(),
            stored,
            reply,
        };
        self.submit(place, task)?;
        answer.await.map_err(|_dropped| busy())
    }

    fn submit(&self, place: Place, task: Task) -> Result<(), AuthError> {
        let job = Job {
            task,
            queued: Instant::now(),
            _place: place,
        };
        // There is room for every place.
        self.queue.try_send(job).map_err(|_gone| {
            tracing::error!("the hashing threads are gone");
            busy()
        })
    }
}

/// Spread over a few seconds, so that the refused do not come back together.
fn busy() -> AuthError {
    let jitter = u64::from(
        karya_core::Random::System
            .bytes()
            .first()
            .copied()
            .unwrap_or_default()
            % 3,
    );
    AuthError::HashingBusy {
        retry_after: Duration::from_secs(1 + jitter),
    }
}

struct Hasher {
    params: Params,
    peppers: Peppers,
    memory: Vec<Block>,
    max_wait: Duration,
}

impl Hasher {
    fn new(options: &HashingOptions) -> Self {
        let mut params = ParamsBuilder::new();
        params
            .m_cost(options.memory_kib)
            .t_cost(options.iterations)
            .p_cost(1)
            .output_len(HASH);
        if let Some(pepper) = options.peppers.current() {
            params.keyid(pepper.id);
        }
        Self {
            params: params.build().unwrap_or_default(),
            peppers: options.peppers.clone(),
            memory: Vec::new(),
            max_wait: options.max_wait,
        }
    }

    fn run(&mut self, jobs: &Mutex<Receiver<Job>>) {
        // Nice: the threads that serve requests come first. In Linux this is the calling thread's own priority.
        let _not_vital = rustix::process::setpriority_process(None, 10);
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            let waited = job.queued.elapsed();
            metrics::histogram!("karya_hashing_wait_seconds").record(waited.as_secs_f64());
            // Dropping the job drops its reply channel, which tells the caller that the pool was too busy.
            if waited <= self.max_wait {
                self.work(job.task);
            } else {
                metrics::counter!("karya_hashing_shed_total").increment(1);
            }
        }
    }

    fn work(&mut self, task: Task) {
        match task {
            Task::Hash {
                password,
                salt,
                reply,
            } if !reply.is_closed() => {
                let pepper = self.peppers.current().cloned();
                let phc = self
                    .compute(&password, &salt, self.params.clone(), pepper.as_ref())
                    .map(|hash| encode(&self.params, &salt, &hash));
                let _gone = reply.send(phc);
            }
            Task::Verify {
                password,
                stored,
                reply,
            } if !reply.is_closed() => {
                let _gone = reply.send(self.verify(&password, stored.as_deref()));
            }
            Task::Hash { .. } | Task::Verify { .. } => {}
        }
    }

    fn verify(&mut self, password: &str, stored: Option<&str>) -> Verdict {
        const NO: Verdict = Verdict {
            matches: false,
            outdated: false,
        };
        let decoded = stored.and_then(decode).and_then(|(params, salt, hash)| {
            let pepper = self.peppers.named(params.keyid());
            if pepper.is_none() {
                tracing::error!("a password was hashed with a pepper that is not configured");
            }
            Some((params, salt, hash, pepper?.cloned()))
        });
        let Some((params, salt, expected, pepper)) = decoded else {
            let _same_work = self.compute(password, &[0; SALT], self.params.clone(), None);
            return NO;
        };
        let outdated = kind(&params) != kind(&self.params);
        match self.compute(password, &salt, params, pepper.as_ref()) {
            Some(hash) if bool::from(hash.as_slice().ct_eq(&expected)) => Verdict {
                matches: true,
                outdated,
            },
            _ => NO,
        }
    }

    fn compute(
        &mut self,
        password: &str,
        salt: &[u8],
        params: Params,
        pepper: Option<&Pepper>,
    ) -> Option<Zeroizing<[u8; HASH]>> {
        if params.block_count() > self.memory.len() {
            self.memory.resize(params.block_count(), Block::default());
        }
        let mut hash = Zeroizing::new([0; HASH]);
        let secret = pepper.map_or(&[][..], |pepper| &pepper.secret);
        let argon2 =
            Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).ok()?;
        argon2
            .hash_password_into_with_memory(
                password.as_bytes(),
                salt,
                hash.as_mut(),
                &mut self.memory,
            )
            .ok()?;
        Some(hash)
    }
}

/// What two hashes that need the same work and the same pepper have in common.
fn kind(params: &Params) -> (u32, u32, u32, &[u8]) {
    (
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        params.keyid(),
    )
}

fn encode(params: &Params, salt: &[u8], hash: &[u8; HASH]) -> String {
    let (m, t, p, key) = kind(params);
    let keyid = if key.is_empty() {
        String::new()
    } else {
        format!(",keyid={}", STANDARD_NO_PAD.encode(key))
    };
    format!(
        "$argon2id$v=19$m={m},t={t},p={p}{keyid}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    )
}

fn decode(phc: &str) -> Option<(Params, Vec<u8>, Vec<u8>)> {
    let parsed = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let modest = params.m_cost() <= MEMORY_CEILING_KIB && params.t_cost() <= ITERATIONS_CEILING;
    let mut parts = phc.rsplit('$');
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    (modest && phc.starts_with("$argon2id$v=19$") && hash.len() == HASH)
        .then_some((params, salt, hash))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{HashingOptions, PasswordPool, Peppers, Verdict};
    use crate::AuthError;

    fn cheap() -> HashingOptions {
        HashingOptions {
            threads: 1,
            memory_kib: 64,
            iterations: 1,
            ..HashingOptions::default()
        }
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let pool = PasswordPool::start(cheap()).unwrap();
        let phc = pool.hash("canting-dan-malam").await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        let verify = async |password, stored: &str| {
            pool.verify(password, Some(stored.to_owned()))
                .await
                .unwrap()
        };
        assert_eq!(
            verify("canting-dan-malam", &phc).await,
            Verdict {
                matches: true,
                outdated: false
            }
        );
        assert!(!verify("canting-dan-malan", &phc).await.matches);
        assert!(!verify("canting-dan-malam", "garbage").await.matches);
        assert!(
            !pool
                .verify("canting-dan-malam", None)
                .await
                .unwrap()
                .matches
        );
        assert_ne!(phc, pool.hash("canting-dan-malam").await.unwrap());
    }

    #[tokio::test]
    async fn another_cost_is_outdated_and_a_huge_one_refused() {
        let dear = PasswordPool::start(HashingOptions {
            memory_kib: 128,
            iterations: 2,
            ..cheap()
        })
        .unwrap();
        let phc = dear.hash("canting-dan-malam").await.unwrap();
        let pool = PasswordPool::start(cheap()).unwrap();
        let verdict = pool
            .verify("canting-dan-malam", Some(phc.clone()))
            .await
            .unwrap();
        assert_eq!(
            verdict,
            Verdict {
                matches: true,
                outdated: true
            }
        );
        let huge = phc.replace("m=128", "m=1048576");
        assert!(
            !pool
                .verify("canting-dan-malam", Some(huge))
                .await
                .unwrap()
                .matches
        );
    }

    #[tokio::test]
    async fn peppers_are_changed_without_locking_anybody_out() {
        let old = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        let new = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=";
        let pool = |peppers: &[&str]| {
            PasswordPool::start(HashingOptions {
                peppers: Peppers::from_base64(peppers.iter().copied()).unwrap(),
                ..cheap()
            })
            .unwrap()
        };
        let password = "canting-dan-malam";
        let verify = async |peppers: &[&str], phc: &str| {
            let verdict = pool(peppers).verify(password, Some(phc.to_owned())).await;
            let Verdict { matches, outdated } = verdict.unwrap();
            (matches, outdated)
        };
        let bare = pool(&[]).hash(password).await.unwrap();
        let peppered = pool(&[old]).hash(password).await.unwrap();
        assert!(peppered.contains(",keyid="), "{peppered}");
        assert!(!peppered.contains(old));
        assert_eq!(verify(&[old], &bare).await, (true, true), "added");
        assert_eq!(verify(&[old], &peppered).await, (true, false));
        assert_eq!(
            verify(&[new, old], &peppered).await,
            (true, true),
            "changed"
        );
        assert_eq!(verify(&[new], &peppered).await, (false, false), "unknown");
        assert_eq!(verify(&[], &peppered).await, (false, false));
        let renamed = peppered.replace(
            &key_id(&peppered),
            &key_id(&pool(&[new]).hash(password).await.unwrap()),
        );
        assert_eq!(verify(&[new, old], &renamed).await, (false, false));
        for bad in ["", "c2hvcnQ=", "not base64"] {
            assert!(Peppers::from_base64([bad]).is_err(), "{bad}");
        }
    }

    fn key_id(phc: &str) -> String {
        let (_, rest) = phc.split_once("keyid=").unwrap();
        rest.split('$').next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let slow = HashingOptions {
            queue: 1,
            memory_kib: 64 * 1024,
            iterations: 3,
            threads: 1,
            ..cheap()
        };
        let pool = PasswordPool::start(slow).unwrap();
        let storm = (0..20).map(|_| pool.hash("canting-dan-malam"));
        let mut refused = 0;
        for outcome in futures_util::future::join_all(storm).await {
            if let Err(AuthError::HashingBusy { retry_after }) = outcome {
                assert!((1..=3).contains(&retry_after.as_secs()));
                refused += 1;
            }
        }
        assert!(refused >= 15, "{refused}");
    }

    #[tokio::test]
    async fn what_waited_too_long_is_dropped() {
        let pool = PasswordPool::start(HashingOptions {
            max_wait: Duration::ZERO,
            ..cheap()
        })
        .unwrap();
        assert!(matches!(
            pool.hash("canting-dan-malam").await,
            Err(AuthError::HashingBusy { .. })
        ));
    }
}
