//! Random lives of three mentors and five mentees: step by step against a model of what should happen, and all at
//! once against what must always hold.

mod oracle;
mod trace;
mod world;

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;

use self::oracle::{Model, State};
use self::trace::{Step, trace};
use self::world::{World, answer, told};
use super::assert_sound;
use crate::harness::TestApp;

const STEPS: usize = 60;

/// For how long to try random traces besides the fixed ones: `KARYA_MODEL_SECONDS`, or a few seconds.
fn budget() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "how long a test may take")]
    let asked = std::env::var("KARYA_MODEL_SECONDS").ok();
    Duration::from_secs(asked.map_or(8, |seconds| seconds.parse().unwrap()))
}

fn config() -> Config {
    Config {
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    }
}

/// The same traces on every machine, then others until the time is up. A failure shows the shortest trace found.
fn check(fixed: usize, test: impl Fn(Vec<Step>) -> Result<(), TestCaseError>) {
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config(), seed);
    let started = Instant::now();
    let run = |runner: &mut TestRunner| {
        let tree = trace(STEPS).new_tree(runner).unwrap();
        if let Err(failure) = runner.run_one(tree, &test) {
            panic!("{failure}");
        }
    };
    for _ in 0..fixed {
        run(&mut runner);
    }
    let mut runner = TestRunner::new(config());
    while started.elapsed() < budget() {
        run(&mut runner);
    }
}

fn in_system<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

fn differ(expected: &[String], found: &[String]) -> String {
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|line| !b.contains(line)).cloned().collect()
    };
    format!(
        "expected {:#?}, found {:#?}",
        only(expected, found),
        only(found, expected)
    )
}

/// What the model says to a step, if there is something to do it to.
fn foretell(model: &mut Model, step: Step) -> Option<oracle::Answer> {
    let of = |at: usize, len: usize| (len > 0).then(|| at % len);
    match step {
        Step::Hold {
            mentee,
            mentor,
            start,
        } => Some(model.hold(mentee, mentor, start)),
        Step::Release { by, hold } => Some(model.release(by, of(hold, model.holds.len())?)),
        Step::Book {
            mentee,
            mentor,
            start,
        } => Some(model.book(mentee, mentor, start)),
        Step::Act {
            by,
            booking,
            action,
        } => Some(model.act(by, of(booking, model.sessions.len())?, action)),
        Step::Alert => {
            model.alert();
            None
        }
        Step::AllClear => {
            model.all_clear();
            None
        }
        Step::Wait(_) | Step::WaitFor { .. } => None,
    }
}

/// How many minutes a step lets pass, from `now` and the starts of the bookings.
fn minutes(step: Step, now: i64, starts: &[i64]) -> i64 {
    match step {
        Step::Wait(minutes) => minutes,
        Step::WaitFor { booking, after } if !starts.is_empty() => {
            (starts[booking % starts.len()] + after - now).max(0)
        }
        _ => 0,
    }
}

async fn step_by_step(steps: Vec<Step>, answers: &Answers) -> Result<(), TestCaseError> {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let mut model = Model::default();
    for (number, step) in steps.into_iter().enumerate() {
        let starts: Vec<i64> = model.sessions.iter().map(|one| one.start).collect();
        let until = model.now + minutes(step, model.now, &starts);
        // Workers are punctual: they run at each deadline on the way.
        while model.now < until {
            let next = model.next_deadline(until);
            world.wait(next - model.now).await;
            model.now = next;
            model.fall_due();
        }
        let expected = foretell(&mut model, step);
        let reply = match step {
            Step::Wait(_) | Step::WaitFor { .. } => None,
            _ => world.perform(step).await,
        };
        let found = reply.as_ref().map(answer);
        let expected = expected.map(|one| one.map_err(|(status, code)| (status, code.to_owned())));
        answers.count(&expected);
        if found != expected {
            let text = reply.map(|reply| reply.text());
            return Err(TestCaseError::fail(format!(
                "step {number}, {step:?}: expected {expected:?}, found {found:?} {text:?}"
            )));
        }
        // After an alert the mentor has some time again to answer.
        for (at, one) in model.sessions.iter_mut().enumerate() {
            if one.state == State::Requested && one.deadline.is_none() {
                one.deadline = world.deadline(at).await;
                let fits = one
                    .deadline
                    .is_some_and(|by| model.now < by && by <= one.start);
                if !fits {
                    let found = one.deadline;
                    return Err(TestCaseError::fail(format!(
                        "step {number}, {step:?}: a request may be answered until {found:?}"
                    )));
                }
            }
        }
        let (expected, found) = (told(&model), world.state().await);
        if expected != found {
            return Err(TestCaseError::fail(format!(
                "step {number}, {step:?}: {}",
                differ(&expected, &found)
            )));
        }
    }
    Ok(())
}

/// How often each answer was right: a model that is never asked proves nothing.
#[derive(Default)]
struct Answers(std::cell::RefCell<HashMap<String, usize>>);

impl Answers {
    fn count(&self, answer: &Option<Result<u16, (u16, String)>>) {
        if let Some(answer) = answer {
            *self
                .0
                .borrow_mut()
                .entry(format!("{answer:?}"))
                .or_default() += 1;
        }
    }
}

#[test]
fn every_step_does_what_the_model_says() {
    let answers = Answers::default();
    check(6, |steps| in_system(step_by_step(steps, &answers)));
    let answers = answers.0.borrow();
    assert!(answers.len() > 6, "{answers:?}");
}

/// Eight at a time; only while time passes or an alert comes do all wait for each other.
async fn all_at_once(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let app = TestApp::new().await;
    let (views, made);
    {
        let world = World::new(&app).await;
        let now = Cell::new(0);
        let mut left: VecDeque<Step> = steps.into();
        while !left.is_empty() {
            let is_alone = |step: &Step| {
                matches!(
                    step,
                    Step::Alert | Step::AllClear | Step::Wait(_) | Step::WaitFor { .. }
                )
            };
            let many = left.iter().position(is_alone).unwrap_or(left.len());
            let together: Vec<Step> = left.drain(..many).collect();
            let lanes = (0..8).map(|lane| {
                let (world, together) = (&world, &together);
                async move {
                    let mut faults = Vec::new();
                    for step in together.iter().skip(lane).step_by(8) {
                        let Some(reply) = world.perform(*step).await else { continue };
                        let answer = answer(&reply);
                        let collided = matches!(&answer, Err((_, code)) if code == "booking.slot_taken")
                            && reply.json()["alternatives"].as_array().is_none_or(Vec::is_empty);
                        if reply.status.as_u16() >= 500 || collided {
                            faults.push(format!("{step:?}: {}", reply.text()));
                        }
                    }
                    faults
                }
            });
            let faults = join_all(lanes).await.concat();
            if !faults.is_empty() {
                return Err(TestCaseError::fail(faults.join("\n")));
            }
            let Some(step) = left.pop_front() else {
                continue;
            };
            let starts: Vec<i64> = world.views.borrow().iter().map(start_of).collect();
            let minutes = minutes(step, now.get(), &starts);
            if minutes > 0 {
                now.set(now.get() + minutes);
                world.wait(minutes).await;
            } else {
                world.perform(step).await;
            }
        }
        views = world.views.take();
        made = world.bookings.take();
    }
    assert_sound(&app).await;
    let mut faults = histories(&app, &views, made.len()).await;
    // Under the locks nobody waits for each other in a circle, and the constraint has nothing to refuse.
    let log = app.db.log();
    let bad = |line: &&str| {
        ["deadlock detected", "exclusion constraint"]
            .iter()
            .any(|bad| line.contains(bad))
    };
    faults.extend(log.lines().filter(bad).map(str::to_owned));
    if faults.is_empty() {
        Ok(())
    } else {
        Err(TestCaseError::fail(faults.join("\n")))
    }
}

fn start_of(view: &Value) -> i64 {
    let at: chrono::DateTime<chrono::Utc> = view["starts_at"].as_str().unwrap().parse().unwrap();
    (at - crate::harness::noon()).num_minutes()
}

/// What is wrong with what the bookings went through.
async fn histories(app: &TestApp, views: &[Value], made: usize) -> Vec<String> {
    const LEGAL: [(&str, &str); 19] = [
        ("", "requested"),
        ("", "confirmed"),
        ("requested", "requested"),
        ("requested", "confirmed"),
        ("requested", "declined"),
        ("requested", "expired"),
        ("requested", "cancelled"),
        ("requested", "suspended"),
        ("confirmed", "confirmed"),
        ("confirmed", "requested"),
        ("confirmed", "cancelled"),
        ("confirmed", "suspended"),
        ("confirmed", "completed"),
        ("confirmed", "no_show"),
        ("suspended", "requested"),
        ("suspended", "confirmed"),
        ("suspended", "cancelled"),
        ("completed", "no_show"),
        ("no_show", "completed"),
    ];
    let mut faults = Vec::new();
    let sql = app.db.sql().await;
    let statement = "SELECT b.id::text, coalesce(e.from_state, ''), e.to_state, b.state, b.version
        FROM bookings b JOIN booking_events e ON e.booking_id = b.id ORDER BY b.id, e.at, e.id";
    let mut last: HashMap<String, (String, String, i32, i32)> = HashMap::new();
    for row in sql.query(statement, &[]).await.unwrap() {
        let (id, from, to, state, version): (String, String, String, String, i32) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        let before = last.get(&id);
        if before.map_or("", |before| &before.0) != from || !LEGAL.contains(&(&from, &to)) {
            faults.push(format!("{id}: {from} to {to} after {before:?}"));
        }
        let events = before.map_or(0, |before| before.3) + 1;
        last.insert(id, (to, state, version, events));
    }
    for (id, (to, state, version, events)) in &last {
        if to != state || version != events {
            faults.push(format!(
                "{id} is {state}, {version}; its history ends in {to}, {events}"
            ));
        }
    }
    if last.len() != made {
        faults.push(format!(
            "{made} bookings were promised, {} are there",
            last.len()
        ));
    }
    let mut by_booking: HashMap<&str, Vec<&Value>> = HashMap::new();
    for view in views {
        by_booking
            .entry(view["id"].as_str().unwrap())
            .or_default()
            .push(view);
    }
    for views in by_booking.values_mut() {
        views.sort_by_key(|view| view["version"].as_i64());
        for pair in views.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let (first, second) = (a["sequence"].as_i64(), b["sequence"].as_i64());
            let told_otherwise = a["starts_at"] != b["starts_at"]
                || (a["state"] != b["state"] && b["state"] == "cancelled");
            if second < first || (told_otherwise && second == first) {
                faults.push(format!("{a} then {b}"));
            }
        }
    }
    faults
}

#[test]
fn at_once_everything_stays_sound() {
    check(6, |steps| in_system(all_at_once(steps)));
}
