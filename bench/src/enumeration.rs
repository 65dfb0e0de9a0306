//! Whether the time that an answer takes says whether an address has an account.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use karya_core::UserId;
use serde_json::json;
use uuid::Uuid;

use crate::load::{Call, Http};
use crate::server::{Apart, token};

const PASSWORD: &str = "kain-lurik-tujuh-warna";

/// Guesses at once, all the time, of those who make the storm.
const STORM: usize = 64;

/// What somebody does who wants to know, each with an address that nobody has named before.
///
/// `resend` is registering once more: that is how one gets another mail. Verifying takes a token and no address.
const OPERATIONS: [&str; 5] = ["login", "register", "resend", "reset", "change of address"];

pub async fn run(samples: usize, lock: Option<PathBuf>) {
    let _held = lock.map(|path| {
        let file = std::fs::File::create(path).expect("a lock");
        file.lock().expect("a lock");
        file
    });
    let apart = Apart::start(async |_url| {}).await;
    let phc = apart.parts.passwords.hash(PASSWORD).await.expect("a hash");
    let (sql, connection) = tokio_postgres::connect(&apart.database_url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let accounts = 2 * samples * OPERATIONS.len();
    sql.batch_execute(&seed(accounts, &phc))
        .await
        .expect("accounts");
    let bench = Bench {
        http: Http::new(&format!("http://{}", apart.address)),
        apart,
    };
    println!("{samples} samples each; p by Mann and Whitney, two-sided\n");
    println!(
        "| operation | when | known, median ms | unknown, median ms | difference | p | statuses |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut next = 0;
    for in_storm in [false, true] {
        let storm = in_storm.then(|| Storm::start(&bench.http));
        if in_storm {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let when = if in_storm { "storm" } else { "idle" };
        let mut of_register = Vec::new();
        for operation in OPERATIONS {
            // Registering once more is about the addresses of the first time.
            let numbers: Vec<usize> = if operation == "resend" {
                std::mem::take(&mut of_register)
            } else {
                (next..next + samples).collect()
            };
            next += samples;
            let pair = bench.measure(operation, &numbers).await;
            if operation == "register" {
                of_register = numbers;
            }
            pair.print(operation, when);
        }
        if let Some(storm) = storm {
            println!("\nThe storm made {} guesses.", storm.end().await);
        }
    }
}

/// Accounts with proved addresses and a password that is known, `kenal-…`, each its own.
fn seed(count: usize, phc: &str) -> String {
    format!(
        "CREATE TEMPORARY TABLE made AS SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
             FROM generate_series(0, {count} - 1) n;
         INSERT INTO users (id, display_name, is_demo, created_at, updated_at)
             SELECT id, 'Orang ' || n, true, now(), now() FROM made;
         INSERT INTO emails (id, user_id, address, verified_at, created_at)
             SELECT gen_random_uuid(), id, 'kenal-' || lpad(n::text, 8, '0') || '@contoh.id', now(), now() FROM made;
         INSERT INTO passwords (user_id, phc, changed_at) SELECT id, '{phc}', now() FROM made;
         ANALYZE"
    )
}

fn account(number: usize) -> UserId {
    UserId::from_uuid(Uuid::from_u128(
        0x0000_0000_0000_7000_8000_0000_0000_0000 + number as u128,
    ))
}

fn anonymous(path: &str, body: &serde_json::Value) -> Call {
    Call {
        method: "POST",
        path: path.to_owned(),
        headers: vec![("content-type", "application/json".into())],
        body: Some(body.to_string()),
    }
}

struct Bench {
    http: Http,
    apart: Apart,
}

impl Bench {
    async fn measure(&self, operation: &str, numbers: &[usize]) -> Pair {
        let mut pair = Pair::default();
        for number in numbers {
            // Which comes first must not matter.
            for known in [number % 2 == 0, number % 2 != 0] {
                let name = if known { "kenal" } else { "asing" };
                let address = format!("{name}-{number:08}@contoh.id");
                let call = self.call(operation, &address, *number).await;
                let sent = Instant::now();
                let (status, _) = self.http.send(call).await;
                pair.add(known, status, sent.elapsed().as_secs_f64() * 1000.0);
            }
        }
        pair
    }

    async fn call(&self, operation: &str, address: &str, number: usize) -> Call {
        match operation {
            "login" => {
                let body = json!({ "email": address, "password": "salah-salah-salah" });
                anonymous("/v1/auth/login", &body)
            }
            "register" | "resend" => {
                let body =
                    json!({ "email": address, "password": PASSWORD, "display_name": "Orang" });
                anonymous("/v1/auth/register", &body)
            }
            "reset" => anonymous("/v1/auth/password-reset", &json!({ "email": address })),
            "change of address" => {
                // By somebody else, who is signed in; twice by each, for one address of either kind.
                let asker = token(&self.apart.parts, account(number ^ 1)).await;
                let body = json!({ "current_password": PASSWORD, "new_email": address });
                Call::post("/v1/me/email-change", &asker, body.to_string())
            }
            other => panic!("{other}"),
        }
    }
}

/// Others who guess at passwords meanwhile.
struct Storm {
    over: Arc<AtomicBool>,
    guessers: Vec<tokio::task::JoinHandle<usize>>,
}

impl Storm {
    fn start(http: &Http) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let guessers = (0..STORM).map(|guesser| {
            let (http, over) = (http.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut guesses = 0;
                while !over.load(Ordering::Relaxed) {
                    let address = format!("badai-{guesser}-{guesses}@contoh.id");
                    let body = json!({ "email": address, "password": "tebakan-saja-ini" });
                    http.send(anonymous("/v1/auth/login", &body)).await;
                    guesses += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                guesses
            })
        });
        Self {
            guessers: guessers.collect(),
            over,
        }
    }

    async fn end(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let guesses = futures_util::future::join_all(self.guessers).await;
        guesses.into_iter().map(Result::unwrap_or_default).sum()
    }
}

/// What was measured for addresses with an account, and without.
#[derive(Default)]
struct Pair {
    known: Vec<f64>,
    unknown: Vec<f64>,
    statuses: [BTreeMap<u16, usize>; 2],
}

impl Pair {
    fn add(&mut self, known: bool, status: u16, milliseconds: f64) {
        let (times, statuses) = if known {
            (&mut self.known, &mut self.statuses[0])
        } else {
            (&mut self.unknown, &mut self.statuses[1])
        };
        times.push(milliseconds);
        *statuses.entry(status).or_default() += 1;
    }

    fn print(&self, operation: &str, when: &str) {
        let (known, unknown) = (median(&self.known), median(&self.unknown));
        println!(
            "| {operation} | {when} | {known:.2} | {unknown:.2} | {:.2} | {:.3} | {:?} / {:?} |",
            (known - unknown).abs(),
            mann_whitney(&self.known, &self.unknown),
            self.statuses[0],
            self.statuses[1],
        );
    }
}

fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

/// How probable a difference like this one is if both come from the same distribution: the rank-sum test, two-sided, by
/// the normal approximation with corrections for ties and continuity.
fn mann_whitney(one: &[f64], two: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = one.iter().map(|value| (*value, true)).collect();
    all.extend(two.iter().map(|value| (*value, false)));
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut from) = (0.0, 0.0, 0);
    while from < all.len() {
        let alike = all[from..]
            .iter()
            .take_while(|(value, _)| *value == all[from].0);
        let count = alike.count();
        // Those that are alike share the mean of their ranks.
        let rank = from as f64 + f64::midpoint(1.0, count as f64);
        let of_one = all[from..from + count].iter().filter(|(_, is_one)| *is_one);
        rank_sum += rank * of_one.count() as f64;
        ties += (count as f64).powi(3) - count as f64;
        from += count;
    }
    let (n, m) = (one.len() as f64, two.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let distance = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    if variance == 0.0 {
        return 1.0;
    }
    erfc(distance / variance.sqrt() / std::f64::consts::SQRT_2)
}

/// The complementary error function for x ≥ 0, to 1.5e-7 (Abramowitz and Stegun 7.1.26).
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let polynomial = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    polynomial * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::{mann_whitney, median};

    #[test]
    fn the_test_agrees_with_others() {
        // SciPy: mannwhitneyu(males, females, method="asymptotic").
        let (males, females) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        assert!((mann_whitney(&males, &females) - 0.111_347).abs() < 1e-5);
        assert!((mann_whitney(&females, &males) - 0.111_347).abs() < 1e-5);
        let same: Vec<f64> = (0..400).map(|n| f64::from(n % 7)).collect();
        assert!(mann_whitney(&same, &same) > 0.99);
        let later: Vec<f64> = same.iter().map(|value| value + 1.0).collect();
        assert!(mann_whitney(&same, &later) < 1e-6);
        assert!((mann_whitney(&[1.0; 9], &[1.0; 9]) - 1.0).abs() < 1e-9);
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])), (2.0, 2.5));
    }
}
